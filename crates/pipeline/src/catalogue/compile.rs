//! Checks and compiles the texts of one message type in one locale, wherever they are from:
//! the catalogue's files, or the desk.

use std::collections::BTreeMap;

use model::Channel;

use super::allow_list::Names;
use super::entry::{FactNames, MessageType, TemplateNames, line_of};
use super::fault::CatalogueFault;
use super::flat::Text;
use super::load::PLACEHOLDER;
use super::templates::{Origin, TemplateId, Templates};
use super::tree::SourceFile;
use super::words::{FALLBACK, Words};

/// Every text there can be, in the order in which people write them.
pub(crate) const KEYS: &[&str] = &["title", "summary", "sms", "subject", "preheader", "body"];

/// Texts by key, those of a later layer over those of an earlier one.
pub(crate) type Texts = BTreeMap<String, Text>;

/// The `type.toml` of a message type, for faults that are about more than one text.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    /// As shown in errors.
    pub shown: String,
    /// The line its facts stand on.
    facts: usize,
}

impl Home {
    pub(super) fn of(file: &SourceFile) -> Self {
        Self {
            shown: file.shown.clone(),
            facts: line_of(&file.text, "facts"),
        }
    }
}

/// Where compiled texts go, and what is found wrong with them.
pub(super) struct Compiler<'a> {
    pub words: &'a Words,
    pub templates: &'a mut Templates,
    pub faults: &'a mut Vec<CatalogueFault>,
}

impl Compiler<'_> {
    /// Checks and compiles the texts of one locale.
    pub(super) fn locale(
        &mut self,
        entry: &MessageType,
        locale: &str,
        texts: &Texts,
        (home, sender): (&Home, Option<TemplateId>),
    ) -> Option<TemplateNames> {
        let before = self.faults.len();
        for (key, text) in texts {
            if !KEYS.contains(&key.as_str()) {
                let reason = format!("is not one of {}", KEYS.join(", "));
                self.faults
                    .push(CatalogueFault::at(&text.file, text.line, reason).key(key));
            }
        }
        let (mail, sms) = (entry.takes(Channel::Email), entry.takes(Channel::Sms));
        let mut compiled = |key: &str, wanted: bool| -> Option<TemplateId> {
            let place = texts
                .values()
                .next()
                .map_or(home.shown.as_str(), |text| text.file.as_str());
            match texts.get(key) {
                Some(text) => self.compile(entry, key, text),
                None if wanted => {
                    self.faults
                        .push(CatalogueFault::of_file(place, "is missing").key(key));
                    None
                }
                None => None,
            }
        };
        let title = compiled("title", true);
        let summary = compiled("summary", true);
        let body = compiled("body", true);
        let sms = compiled("sms", sms);
        let subject = compiled("subject", mail);
        let preheader = compiled("preheader", mail);
        let facts = self.facts(entry, locale, home);
        if self.faults.len() > before {
            return None;
        }
        Some(TemplateNames {
            sender: sender?,
            title: title?,
            summary: summary?,
            body: body?,
            sms,
            subject,
            preheader,
            facts,
        })
    }

    fn compile(&mut self, entry: &MessageType, key: &str, text: &Text) -> Option<TemplateId> {
        let fault = |reason: &str| CatalogueFault::at(&text.file, text.line, reason).key(key);
        // Of a mail, the subject: the body stands in the Message Center too.
        let place = match entry.takes(Channel::Email) {
            true => "subject",
            false => "sms",
        };
        let has_place = key == place && entry.has_secret();
        let holds_code = text.text.contains(PLACEHOLDER);
        if has_place && !holds_code {
            self.faults
                .push(fault("says `{code}` where the secret goes"));
        }
        if holds_code && !has_place {
            self.faults.push(fault(
                "`{code}` stands in the text message of a type with a secret only",
            ));
        }
        let origin = Origin {
            file: text.file.clone(),
            line: text.line,
            key: key.to_owned(),
        };
        let added = self
            .templates
            .add(&text.text, origin, &Names::Message(&entry.schema));
        added.map_err(|fault| self.faults.push(fault)).ok()
    }

    fn facts(&mut self, entry: &MessageType, locale: &str, home: &Home) -> Vec<FactNames> {
        let mut found = Vec::new();
        for fact in &entry.facts {
            let label = self
                .words
                .get(locale, &format!("facts.{fact}.label"))
                .map(str::to_owned);
            let key = format!("facts.{fact}.value");
            let value = self
                .words
                .text(locale, &key)
                .or_else(|| self.words.text(FALLBACK, &key));
            let (Some(label), Some(value)) = (label, value.cloned()) else {
                let reason =
                    format!("`{fact}` has no label and value in layout/words.{locale}.toml");
                self.faults
                    .push(CatalogueFault::at(&home.shown, home.facts, reason).key("facts"));
                continue;
            };
            let origin = Origin {
                file: value.file,
                line: value.line,
                key,
            };
            let names = Names::Message(&entry.schema);
            match self.templates.add(&value.text, origin, &names) {
                Ok(value) => found.push(FactNames { label, value }),
                Err(fault) => self.faults.push(fault),
            }
        }
        found
    }
}
