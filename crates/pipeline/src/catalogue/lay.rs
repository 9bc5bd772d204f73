//! The desk's words over those of the files, message type by message type.
//!
//! Each type is checked and rehearsed as it is laid. One whose words do not hold (a variable
//! has another name now, the guard has learnt a phrase) keeps the words of its files, and
//! says why; the others serve. Stores nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use guard::{Exceptions, Own};

use super::clean::plain_punctuation;
use super::compile::{Compiler, Texts as Compiled};
use super::desk::{Desk, Texts, Wordings};
use super::fault::CatalogueFault;
use super::flat::Text;
use super::{Catalogue, Typed, samples};
use crate::render::{Brand, rehearsal};

/// For whom words are rehearsed: the marketplace itself, and not that of the samples.
#[derive(Clone, Debug)]
pub struct Stand {
    /// Who speaks.
    pub brand: Brand,
    /// What may be named besides the brand's own, without exceptions.
    pub own: Own,
    /// The exceptions in force.
    pub exceptions: Exceptions,
}

/// What the desk has laid.
#[derive(Debug, Default)]
pub(super) struct Laid {
    /// Of types whose words do not hold, what is wrong with them.
    faults: BTreeMap<String, Vec<CatalogueFault>>,
}

/// Words to lay over one message type.
pub(super) struct Over<'a> {
    pub name: &'a str,
    pub texts: &'a Wordings,
    /// The version the type has with them.
    pub version: u32,
}

/// How a text of the desk is named in faults.
pub(super) fn shown(message_type: &str, locale: &str) -> String {
    format!("desk/{message_type}/{locale}")
}

impl Catalogue {
    /// This catalogue, read from files, with the words of the desk over it. Types whose words
    /// do not hold are as in the files; [`Self::desk_faults`] says which, and why.
    #[must_use]
    pub fn with_desk(&self, desk: &Desk, stand: &Stand) -> Self {
        let mut laid = self.clone();
        let mut all = BTreeMap::new();
        for name in desk.types() {
            let faults = laid.lay((self, name), desk, stand);
            if !faults.is_empty() {
                all.insert(name.to_owned(), faults);
            }
        }
        laid.desk = Arc::new(Laid { faults: all });
        laid
    }

    /// What keeps the desk's words of one type from serving over this catalogue, which is
    /// that of the files.
    pub(crate) fn holds(&self, name: &str, desk: &Desk, stand: &Stand) -> Vec<CatalogueFault> {
        self.clone().lay((self, name), desk, stand)
    }

    fn lay(
        &mut self,
        (files, name): (&Self, &str),
        desk: &Desk,
        stand: &Stand,
    ) -> Vec<CatalogueFault> {
        let Some(next) = files.next_version(name, desk) else {
            let reason = "there is no message type of this name; its words rest";
            return vec![CatalogueFault::of_file(&format!("desk/{name}"), reason)];
        };
        let none = Wordings::new();
        let over = Over {
            name,
            texts: desk.texts_of(name).unwrap_or(&none),
            version: next - 1,
        };
        self.put(&over, stand)
    }

    /// The version that the next edition of a message type gets; this catalogue is that of
    /// the files. It counts editions on top of the files' own, so none is given twice.
    pub fn next_version(&self, message_type: &str, desk: &Desk) -> Option<u32> {
        let entry = self.get(message_type)?;
        let editions = desk.editions_of(message_type);
        Some(entry.version.saturating_add(editions).saturating_add(1))
    }

    /// What keeps words of the desk from serving, by message type.
    pub fn desk_faults(&self) -> impl Iterator<Item = (&str, &[CatalogueFault])> {
        let all = self.desk.faults.iter();
        all.map(|(name, faults)| (name.as_str(), faults.as_slice()))
    }

    /// What keeps the desk's words of one message type from serving.
    pub fn desk_faults_of(&self, message_type: &str) -> &[CatalogueFault] {
        let of = self.desk.faults.get(message_type);
        of.map_or(&[], Vec::as_slice)
    }

    /// The texts of a message type in exactly this locale, as they were written.
    pub fn wording(&self, message_type: &str, locale: &str) -> Option<Texts> {
        let texts = self.types.get(message_type)?.texts.get(locale)?;
        let plain = |(key, text): (&String, &Text)| (key.clone(), text.text.clone());
        Some(texts.iter().map(plain).collect())
    }

    /// Lays words over one type, checks and rehearses them; where they do not hold, all is
    /// as before.
    pub(super) fn put(&mut self, over: &Over<'_>, stand: &Stand) -> Vec<CatalogueFault> {
        let mut faults = Vec::new();
        let Some(before) = self.types.get(over.name).cloned() else {
            return faults;
        };
        let typed = self.compiled(&before, over, &mut faults);
        let touched = |locale: &str| over.texts.contains_key(locale);
        if faults.is_empty() {
            let parts = (&self.templates, &*self.words);
            samples::rehearse(&typed, touched, &self.stage, parts, &mut faults);
        }
        self.types.insert(over.name.to_owned(), Arc::new(typed));
        if faults.is_empty() {
            faults = self.rehearsed(over.name, touched, stand);
        }
        if !faults.is_empty() {
            self.types.insert(over.name.to_owned(), before);
        }
        faults
    }

    /// Every message of the type in these locales as it would leave, before the guard.
    pub(super) fn rehearsed(
        &self,
        name: &str,
        locales: impl Fn(&str) -> bool,
        stand: &Stand,
    ) -> Vec<CatalogueFault> {
        let numbers = self.stage.brand.phone_numbers.iter();
        let own = numbers.fold(stand.own.clone(), |own, number| own.with_number(number));
        let own = own.with(stand.exceptions.clone());
        let wanted = |of: &str, locale: &str| of == name && locales(locale);
        rehearsal::rehearse(self, (&stand.brand, &own), wanted)
    }

    /// A type with other words. Locales that do not compile stay as they were.
    pub(super) fn compiled(
        &mut self,
        before: &Typed,
        over: &Over<'_>,
        faults: &mut Vec<CatalogueFault>,
    ) -> Typed {
        let mut typed = before.clone();
        typed.entry.version = over.version;
        let sender = before.entry.locales.values().next();
        let sender = sender.map(|names| names.sender);
        for (locale, texts) in over.texts {
            let mut all: Compiled = before.texts.get(locale).cloned().unwrap_or_default();
            for (key, text) in texts {
                let text = Text {
                    file: shown(over.name, locale),
                    line: 1,
                    text: text.clone(),
                };
                all.insert(key.clone(), text);
            }
            let mut compiler = Compiler {
                words: &self.words,
                templates: &mut self.templates,
                faults,
            };
            let home = (&before.home, sender);
            if let Some(names) = compiler.locale(&before.entry, locale, &all, home) {
                typed.entry.locales.insert(locale.clone(), names);
                typed.texts.insert(locale.clone(), all);
            }
        }
        typed
    }

    /// How far into a text, in lines, the words stand that came of it. 0 where they are made
    /// of values, or are not found.
    pub(crate) fn line_in(
        &self,
        message_type: &str,
        (locale, key): (&str, &str),
        words: &str,
    ) -> usize {
        let texts = self.types.get(message_type);
        let texts = texts.and_then(|typed| typed.texts.get(locale));
        let Some(text) = texts.and_then(|texts| texts.get(key)) else {
            return 0;
        };
        let (source, lines) = plain(&text.text);
        let (words, _) = plain(words);
        let at = source.find(words.trim());
        at.and_then(|at| lines.get(at).copied()).unwrap_or(0)
    }
}

/// A text with the spaces and the punctuation that rendering makes plain, and for each octet
/// of it the line it stands on, from 0.
fn plain(text: &str) -> (String, Vec<usize>) {
    let mut plain = String::with_capacity(text.len());
    let mut lines = Vec::with_capacity(text.len());
    for (at, line) in text.split('\n').enumerate() {
        for c in plain_punctuation(line).chars().chain([' ']) {
            let c = if c.is_whitespace() { ' ' } else { c };
            if c != ' ' || !plain.ends_with(' ') {
                plain.push(c);
                lines.resize(plain.len(), at);
            }
        }
    }
    (plain, lines)
}

#[cfg(test)]
mod tests;
