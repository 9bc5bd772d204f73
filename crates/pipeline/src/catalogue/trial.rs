//! Words that nobody has published yet, tried on: what is wrong with them, and a catalogue
//! that says them, for previews. Only the one message type is compiled; the rest is shared.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::Channel;

use super::compile::KEYS;
use super::desk::{Texts, Wordings};
use super::fault::CatalogueFault;
use super::flat::{control, no_text};
use super::lay::{Over, Stand, shown};
use super::load::PLACEHOLDER;
use super::{Catalogue, MessageType, Sample, samples};
use crate::render::{self, Brand, RenderError, Short};

/// A text may have so many bytes.
const LONGEST: usize = 16 * 1024;

impl MessageType {
    /// The texts it is made of, in the order in which people write them.
    pub fn keys(&self) -> impl Iterator<Item = &'static str> {
        KEYS.iter().copied().filter(|key| match *key {
            "sms" => self.takes(Channel::Sms),
            "subject" | "preheader" => self.takes(Channel::Email),
            _ => true,
        })
    }
}

/// What keeps texts of the desk from being kept at all: keys that the type does not have,
/// texts that are too long, characters that no text has.
pub fn unkeepable(entry: &MessageType, locale: &str, texts: &Texts) -> Vec<CatalogueFault> {
    let file = shown(&entry.name, locale);
    let mut faults = Vec::new();
    for (key, text) in texts {
        let mut fault = |line: usize, reason: String| {
            // What stands there may be anything, and as long.
            let key: String = key.chars().take(40).collect();
            faults.push(CatalogueFault::at(&file, line, reason).key(&key));
        };
        if !entry.keys().any(|known| known == key) {
            let known: Vec<&str> = entry.keys().collect();
            fault(0, format!("is not one of {}", known.join(", ")));
        } else if text.len() > LONGEST {
            fault(1, format!("has more than {LONGEST} bytes"));
        } else if let Some((line, odd)) = control(text) {
            fault(line, no_text(odd));
        }
    }
    faults
}

/// What keeps texts from being published, before anything is compiled.
pub(crate) fn unfit(entry: &MessageType, locale: &str, texts: &Texts) -> Vec<CatalogueFault> {
    let mut faults = unkeepable(entry, locale, texts);
    let empty = texts.iter().filter(|(_, text)| text.trim().is_empty());
    for (key, _) in empty.filter(|(key, _)| entry.keys().any(|known| known == *key)) {
        let fault = CatalogueFault::at(&shown(&entry.name, locale), 1, "is empty");
        faults.push(fault.key(key));
    }
    faults
}

/// Words tried on.
#[derive(Debug)]
pub struct Trial {
    /// What serves.
    before: Catalogue,
    name: String,
    locale: String,
    texts: Texts,
    version: u32,
    broken: BTreeSet<String>,
    faults: Vec<CatalogueFault>,
}

/// A catalogue that says the words tried on, as far as they can be said.
#[derive(Debug)]
pub struct Preview {
    /// It.
    pub catalogue: Catalogue,
    /// The texts that cannot be rendered. They are empty in it: what is made with them is
    /// not what would be sent.
    pub broken: BTreeSet<String>,
}

impl Catalogue {
    /// Tries words on: those of one type in one locale, which would be its `version`. None
    /// where there is no such type, or nothing is written in such a locale.
    pub fn trial(
        &self,
        (message_type, version): (&str, u32),
        (locale, texts): (&str, &Texts),
        stand: &Stand,
    ) -> Option<Trial> {
        let entry = self.get(message_type)?;
        self.all_locales()
            .into_iter()
            .find(|known| *known == locale)?;
        let faults = unfit(entry, locale, texts);
        let broken = faults.iter().filter_map(|fault| fault.key.clone());
        let mut trial = Trial {
            before: self.clone(),
            name: message_type.to_owned(),
            locale: locale.to_owned(),
            texts: texts.clone(),
            version,
            broken: broken.collect(),
            faults,
        };
        trial.run(stand);
        Some(trial)
    }
}

impl Trial {
    /// Everything that is wrong with the words; with none they could be published.
    pub fn faults(&self) -> &[CatalogueFault] {
        &self.faults
    }

    /// A catalogue that says them, in which this sample can be rendered.
    ///
    /// # Errors
    /// Where it cannot be, for another reason than these words.
    pub fn preview(&self, brand: &Brand, sample: &Sample) -> Result<Preview, RenderError> {
        let mut broken = self.broken.clone();
        loop {
            let (catalogue, mut faults) = self.compiled(&broken);
            if let Some(fault) = faults.pop() {
                // Not the words themselves: what they are made with.
                return Err(RenderError::Template {
                    file: fault.file,
                    line: fault.line,
                    key: fault.key.unwrap_or_default(),
                    reason: fault.reason,
                });
            }
            let error = match self.whole(&catalogue, brand, sample) {
                Ok(()) => return Ok(Preview { catalogue, broken }),
                Err(error) => error,
            };
            let key = match &error {
                RenderError::Template { key, .. } if KEYS.contains(&key.as_str()) => key.clone(),
                _ => return Err(error),
            };
            if !broken.insert(key) {
                return Err(error);
            }
        }
    }

    fn run(&mut self, stand: &Stand) {
        let catalogue = loop {
            let (catalogue, found) = self.compiled(&self.broken);
            let known = self.broken.len();
            self.add(found);
            if self.broken.len() == known {
                break catalogue;
            }
        };
        let here = |locale: &str| locale == self.locale;
        let mut found = Vec::new();
        if let Some(typed) = catalogue.types.get(&self.name) {
            let parts = (&catalogue.templates, &*catalogue.words);
            samples::rehearse(typed, here, &catalogue.stage, parts, &mut found);
        }
        found.extend(catalogue.rehearsed(&self.name, here, stand));
        // What is wrong with a text that was left out is known; the rest of it is new.
        found.retain(|fault| {
            fault
                .key
                .as_ref()
                .is_none_or(|key| !self.broken.contains(key))
        });
        for fault in found {
            // The mail repeats what the body says.
            let rule = |fault: &CatalogueFault| fault.stopped.as_ref().map(|(rule, _)| *rule);
            let same = |known: &CatalogueFault| {
                let place = known.key == fault.key && known.line == fault.line;
                place && rule(known) == rule(&fault) && (rule(known).is_some() || *known == fault)
            };
            if !self.faults.iter().any(same) {
                self.faults.push(fault);
            }
        }
    }

    /// Takes faults of compiling: texts that have one are left out from now on.
    fn add(&mut self, found: Vec<CatalogueFault>) {
        for fault in found {
            let key = fault.key.clone().filter(|key| KEYS.contains(&key.as_str()));
            let new = key.is_none_or(|key| self.broken.insert(key));
            if new && !self.faults.contains(&fault) {
                self.faults.push(fault);
            }
        }
    }

    /// The catalogue with these words, without those that are broken.
    fn compiled(&self, broken: &BTreeSet<String>) -> (Catalogue, Vec<CatalogueFault>) {
        let (mut catalogue, mut faults) = (self.before.clone(), Vec::new());
        let Some(before) = self.before.types.get(&self.name) else {
            return (catalogue, faults);
        };
        let known = before.entry.keys().map(str::to_owned);
        let mut texts = self.texts.clone();
        texts.retain(|key, _| !broken.contains(key));
        for key in known.filter(|key| broken.contains(key)) {
            let secret = matches!(key.as_str(), "sms" | "subject") && before.entry.has_secret();
            let nothing = if secret { PLACEHOLDER } else { "" };
            texts.insert(key, nothing.to_owned());
        }
        let over = Over {
            name: &self.name,
            texts: &Wordings::from([(self.locale.clone(), texts)]),
            version: self.version,
        };
        let typed = catalogue.compiled(before, &over, &mut faults);
        catalogue.types.insert(self.name.clone(), Arc::new(typed));
        (catalogue, faults)
    }

    /// Renders all there is of a sample.
    fn whole(
        &self,
        catalogue: &Catalogue,
        brand: &Brand,
        sample: &Sample,
    ) -> Result<(), RenderError> {
        let unknown = || RenderError::UnknownType(self.name.clone());
        let entry = catalogue.get(&self.name).ok_or_else(unknown)?;
        let made = Short::of_sample(catalogue, brand, (entry, sample), &self.locale)?;
        render::card(catalogue, &made.content)?;
        if entry.takes(Channel::Email) {
            render::mail(catalogue, brand, &made.content)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
