//! Reads the promises and the phrases of each language, and compiles both.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::fault::Fault;
use crate::gaps::Names;
use crate::phrases::{Phrases, Table};
use crate::{Form, Rule};

/// A file, as its reader shows it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// How errors name it.
    pub shown: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// One promise, as customers are shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Its stable name.
    pub id: String,
    /// The rules that keep it.
    pub rules: Vec<Rule>,
    /// Its words by locale, with the gaps `{brand}` and `{domains}`.
    pub words: BTreeMap<String, String>,
}

/// The promises, compiled.
#[derive(Debug)]
pub struct Promises {
    list: Vec<Promise>,
    enforced: u32,
    urgency: Urgency,
    most_links: usize,
    shorteners: BTreeSet<String>,
    gaps: Names,
    phrases: Phrases,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PromisesFile {
    urgency: Urgency,
    links: LinksFile,
    gaps: GapsFile,
    promise: Vec<PromiseFile>,
}

/// How many words that press for time each form may have.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Urgency {
    sms: usize,
    push: usize,
    short: usize,
    mail_subject: usize,
    mail_text: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinksFile {
    most_in_a_text: usize,
    shorteners: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GapsFile {
    names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PromiseFile {
    id: String,
    rules: Vec<String>,
    words: BTreeMap<String, String>,
}

/// The language whose words stand in for a missing translation.
const FALLBACK: &str = "en";

impl Promises {
    /// Compiles a file of promises, and a table of phrases for each language.
    ///
    /// # Errors
    /// Everything that is wrong, each with its file and line.
    pub fn compile(promises: Source<'_>, tables: &[Source<'_>]) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut read = Vec::new();
        for source in tables {
            match toml::from_str::<Table>(source.text) {
                Ok(table) => {
                    let empty = table.first_empty();
                    faults.extend(empty.map(|words| {
                        let reason = format!("the phrase \"{words}\" has no letter or digit");
                        Fault::at(source.shown, source.text, &format!("\"{words}\""), reason)
                    }));
                    read.push(table);
                }
                Err(error) => faults.push(Fault::of_toml(source.shown, source.text, &error)),
            }
        }
        let file: PromisesFile = match toml::from_str(promises.text) {
            Ok(file) => file,
            Err(error) => {
                faults.push(Fault::of_toml(promises.shown, promises.text, &error));
                return Err(faults);
            }
        };
        let list = promises_of(file.promise, promises, &mut faults);
        for shortener in &file.links.shorteners {
            if !shortener.contains('.') || shortener.to_lowercase() != *shortener {
                let reason = format!("\"{shortener}\" is not a domain in lower case, like bit.ly");
                let words = format!("\"{shortener}\"");
                faults.push(Fault::at(promises.shown, promises.text, &words, reason));
            }
        }
        let phrases = match Phrases::compile(&read) {
            Ok(phrases) => phrases,
            Err(reason) => {
                faults.push(Fault::of_file(promises.shown, reason));
                return Err(faults);
            }
        };
        if !faults.is_empty() {
            return Err(faults);
        }
        let rules = list.iter().flat_map(|promise| &promise.rules);
        Ok(Self {
            enforced: rules.fold(0, |bits, rule| bits | rule.bit()),
            list,
            urgency: file.urgency,
            most_links: file.links.most_in_a_text,
            shorteners: file.links.shorteners,
            gaps: Names::of(&file.gaps.names),
            phrases,
        })
    }

    /// The promises, in the order of the file.
    pub fn list(&self) -> &[Promise] {
        &self.list
    }

    pub(crate) const fn enforced(&self) -> u32 {
        self.enforced
    }

    pub(crate) const fn most_links(&self) -> usize {
        self.most_links
    }

    pub(crate) const fn hurry(&self, form: Form) -> usize {
        match form {
            Form::Sms => self.urgency.sms,
            Form::Push => self.urgency.push,
            Form::Short => self.urgency.short,
            Form::MailSubject => self.urgency.mail_subject,
            Form::MailText => self.urgency.mail_text,
        }
    }

    /// Whether a domain (lower case, in ASCII), or the one it is under, hides where a link
    /// leads.
    pub fn is_shortener(&self, domain: &str) -> bool {
        let registrable = psl::domain_str(domain).unwrap_or(domain);
        self.shorteners.contains(domain) || self.shorteners.contains(registrable)
    }

    pub(crate) const fn gaps(&self) -> &Names {
        &self.gaps
    }

    pub(crate) const fn phrases(&self) -> &Phrases {
        &self.phrases
    }
}

fn promises_of(
    given: Vec<PromiseFile>,
    source: Source<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<Promise> {
    let mut list: Vec<Promise> = Vec::new();
    for promise in given {
        let mut fault = |words: &str, reason: String| {
            faults.push(Fault::at(source.shown, source.text, words, reason));
        };
        let quoted = format!("\"{}\"", promise.id);
        if list.iter().any(|known| known.id == promise.id) {
            fault(&quoted, format!("the promise {quoted} stands here twice"));
        }
        if !promise.words.contains_key(FALLBACK) {
            fault(
                &quoted,
                format!("the promise {quoted} has no words in {FALLBACK}"),
            );
        }
        let mut rules = Vec::new();
        for word in &promise.rules {
            match word.parse::<Rule>() {
                Ok(rule) => rules.push(rule),
                Err(reason) => fault(&format!("\"{word}\""), reason),
            }
        }
        list.push(Promise {
            id: promise.id,
            rules,
            words: promise.words,
        });
    }
    list
}
