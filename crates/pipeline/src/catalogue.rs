//! The message catalogue: every message type with its rules, templates and translations.
//!
//! Embedded in the binary from `catalogue/`, overridable from a folder: whole files, or
//! single texts of a translation. What is loaded has been checked and rehearsed with its
//! samples; nothing here decides, sends or stores.

mod allow_list;
pub(crate) mod clean;
mod compile;
pub(crate) mod context;
mod describe;
pub(crate) mod desk;
pub(crate) mod entry;
mod explain;
pub(crate) mod fault;
mod filters;
mod flat;
pub(crate) mod formats;
mod json_schema;
mod kind;
mod lay;
pub(crate) mod load;
mod locale;
mod mjml;
mod program;
mod promises;
mod replies;
mod run;
pub(crate) mod samples;
pub(crate) mod schema;
mod sequel;
pub(crate) mod templates;
mod tree;
mod trial;
pub(crate) mod view;
mod whereabouts;
pub(crate) mod words;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use guard::{Guard, Own, Promises};
use serde_json::{Map, Value};

pub use describe::{Need, Place, PlaceKind, Written};
pub use desk::{Desk, Texts, Wordings};
pub use entry::MessageType;
pub use explain::Sentence;
pub use fault::{CatalogueFault, CatalogueFaults};
pub(crate) use kind::leads_home;
pub use lay::Stand;
use templates::{TemplateId, Templates};
pub(crate) use trial::unfit;
pub use trial::{Preview, Trial, unkeepable};
pub use whereabouts::Whereabouts;
use words::{FALLBACK, nearest};

use crate::track::Words;

const LAYOUT_MJML: &str = "layout/email.mjml";
const LAYOUT_TEXT: &str = "layout/email.txt";

/// Every message type there is, with all its words. A clone shares them, and takes no time.
#[derive(Clone, Debug)]
pub struct Catalogue {
    types: BTreeMap<String, Arc<Typed>>,
    pub(crate) templates: Templates,
    pub(crate) words: Arc<words::Words>,
    /// The layout of the HTML part of every mail.
    pub(crate) layout_html: TemplateId,
    /// The layout of the plain-text part of every mail.
    pub(crate) layout_text: TemplateId,
    /// The words of the layouts, by locale.
    mail_words: Arc<BTreeMap<String, Vec<(String, String)>>>,
    /// Words that texts spell another way, by locale.
    respelt: Arc<BTreeMap<String, Vec<(String, String)>>>,
    /// What customers are promised, compiled.
    promises: Arc<Promises>,
    /// What customers answer with.
    replies: Words,
    /// What samples may name.
    sample_own: Own,
    /// Who speaks and who listens in samples.
    stage: Arc<samples::Stage>,
    /// What the desk has laid over the files.
    desk: Arc<lay::Laid>,
}

/// A message type with what it was made of.
#[derive(Clone, Debug)]
pub(crate) struct Typed {
    entry: MessageType,
    samples: Vec<Sample>,
    /// Its words by locale, as they were written.
    texts: BTreeMap<String, compile::Texts>,
    home: compile::Home,
}

/// What the data of an event of some type looks like.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Empty for `sample.json`, `declined` for `sample.declined.json`.
    pub name: String,
    /// The event's `data`.
    pub data: Map<String, Value>,
    /// Its file, for errors.
    pub(crate) file: String,
}

impl Catalogue {
    /// Loads the catalogue in the binary, with the files of a folder laid over it. What the
    /// folder changes is rehearsed: rendered with its samples, whole and in parts. What is
    /// as in the binary was rehearsed by the tests of the binary.
    ///
    /// # Errors
    /// Everything that is wrong, each with its file, key and line.
    pub fn load(override_dir: Option<&Path>) -> Result<Self, CatalogueFaults> {
        let mut faults = Vec::new();
        let layers = tree::read(override_dir, &mut faults);
        load::load(&layers, faults, tree::Rehearse::Changed).map_err(CatalogueFaults)
    }

    /// [`Self::load`], with every message type rehearsed.
    ///
    /// # Errors
    /// As of `load`.
    pub fn check(override_dir: Option<&Path>) -> Result<Self, CatalogueFaults> {
        let mut faults = Vec::new();
        let layers = tree::read(override_dir, &mut faults);
        load::load(&layers, faults, tree::Rehearse::All).map_err(CatalogueFaults)
    }

    /// The entry of a message type.
    pub fn get(&self, name: &str) -> Option<&MessageType> {
        self.types.get(name).map(|typed| &typed.entry)
    }

    /// Every message type, by name.
    pub fn types(&self) -> impl Iterator<Item = &MessageType> {
        self.types.values().map(|typed| &typed.entry)
    }

    /// Whether what was told before of the same order counts for a message type.
    pub(crate) fn has_story(&self, name: &str) -> bool {
        self.get(name)
            .is_some_and(|entry| !entry.repeats || entry.is_overtaken)
    }

    /// Whether news of one message type makes news of another outdated.
    pub(crate) fn overtakes(&self, newer: &str, older: &str) -> bool {
        self.get(newer)
            .is_some_and(|entry| entry.supersedes.iter().any(|name| name == older))
    }

    /// The samples of a message type: what `data` of its events looks like.
    pub fn samples(&self, name: &str) -> &[Sample] {
        self.types.get(name).map_or(&[], |typed| &typed.samples)
    }

    /// What keeps `data` from being that of an event of a message type: a JSON pointer into
    /// the event, and why. None where it fits, and links lead to `domain` only.
    pub fn fits(&self, name: &str, data: Map<String, Value>, domain: &str) -> Option<String> {
        let Some(entry) = self.get(name) else {
            return Some(format!("there is no message type `{name}`"));
        };
        let fault = entry.schema.accept(data, domain).err()?;
        Some(format!("{}: {}", fault.pointer, fault.reason))
    }

    /// The data of the first sample of a message type.
    pub fn sample(&self, name: &str) -> Option<&Map<String, Value>> {
        self.samples(name).first().map(|sample| &sample.data)
    }

    /// What customers are promised.
    pub fn promises(&self) -> &Promises {
        &self.promises
    }

    /// What customers answer with.
    pub fn replies(&self) -> &Words {
        &self.replies
    }

    /// What samples may name besides the brand's domain.
    pub fn sample_own(&self) -> Own {
        self.sample_own.clone()
    }

    /// The guard over what is said for a brand: its domain and its sender, where that is a
    /// number, are its own too.
    pub fn guard(&self, own: Own, (domain, sender): (&str, &str)) -> Guard {
        let own = own.with_domain(domain).with_number(sender);
        Guard::new(self.promises.clone(), own)
    }

    /// The locales that explanations and labels exist in.
    pub fn locales(&self) -> impl Iterator<Item = &str> {
        self.words.locales()
    }

    /// The locale whose words suit a BCP 47 tag best.
    pub fn nearest_locale(&self, tag: &str) -> &str {
        nearest(self.words.locales(), tag).unwrap_or(FALLBACK)
    }

    /// A word such as `delivery_state.delivered` or `channel.sms` in the locale nearest to
    /// a tag; the key itself where there is none.
    pub fn word<'a>(&'a self, locale: &str, key: &'a str) -> &'a str {
        self.words
            .get(self.nearest_locale(locale), key)
            .unwrap_or(key)
    }

    /// The words of the layouts in a locale, by name.
    pub(crate) fn mail_words(&self, locale: &str) -> &[(String, String)] {
        self.mail_words
            .get(locale)
            .or_else(|| self.mail_words.get(FALLBACK))
            .map_or(&[], Vec::as_slice)
    }

    /// Words that texts spell another way in a locale, so that they stay in the small
    /// alphabet of texts: each with how they spell it.
    pub(crate) fn respelt(&self, locale: &str) -> &[(String, String)] {
        self.respelt.get(locale).map_or(&[], Vec::as_slice)
    }

    /// Words that exist in English but lack a translation: locale and key.
    pub fn missing_words(&self) -> Vec<(String, String)> {
        self.words.missing()
    }
}
