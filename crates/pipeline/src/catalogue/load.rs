//! Puts a catalogue together from its files and says everything that is wrong with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Channel;

use super::allow_list::{Names, Refusal};
use super::describe;
use super::entry::{self, FactNames, MessageType, TemplateNames, line_of};
use super::fault::CatalogueFault;
use super::flat::{self, Text};
use super::mjml;
use super::samples::{self, Stage};
use super::sequel::mark_overtaken;
use super::templates::{Origin, TemplateId, Templates};
use super::tree::{Layers, Rehearse, SourceFile, changed, is_known_path, sample_name};
use super::words::{FALLBACK, Words};
use super::{Catalogue, LAYOUT_MJML, LAYOUT_TEXT, Sample};

const KEYS: &[&str] = &["title", "summary", "sms", "subject", "preheader", "body"];
/// What stands for the code in a text, until the hand-over.
pub(crate) const PLACEHOLDER: &str = "{code}";

/// Texts by key, those of a later layer over those of an earlier one.
type Texts = BTreeMap<String, Text>;

struct Loader<'a> {
    layers: &'a Layers,
    words: Words,
    templates: Templates,
    faults: Vec<CatalogueFault>,
}

/// Builds the catalogue; `faults` already holds what reading the files found.
pub(crate) fn load(
    layers: &Layers,
    mut faults: Vec<CatalogueFault>,
    rehearse: Rehearse,
) -> Result<Catalogue, Vec<CatalogueFault>> {
    let words = Words::read(layers, &mut faults);
    let mut loader = Loader {
        layers,
        words,
        templates: Templates::default(),
        faults,
    };
    loader.strays();
    let layout_html = loader.layout(LAYOUT_MJML);
    let layout_text = loader.layout(LAYOUT_TEXT);
    let stage = loader.stage();
    let promises = super::promises::read(layers, &mut loader.faults);
    let mut types = BTreeMap::new();
    let changed = changed(layers, rehearse);
    for name in type_names(layers) {
        let before = loader.faults.len();
        if let Some((entry, samples)) = loader.entry(&name) {
            let whole = loader.faults.len() == before && changed(&name);
            if let (Some(stage), true) = (&stage, whole) {
                let parts = (&loader.templates, &loader.words);
                samples::rehearse(&entry, &samples, stage, parts, &mut loader.faults);
            }
            types.insert(name, (entry, samples));
        }
    }
    mark_overtaken(layers, &mut types, &mut loader.faults);
    let (Some(stage), Some(layout_html), Some(layout_text), Some(promises), true) = (
        stage,
        layout_html,
        layout_text,
        promises,
        loader.faults.is_empty(),
    ) else {
        return Err(loader.faults);
    };
    let sample_own = match stage.own() {
        Ok(own) => own,
        Err(fault) => {
            let reason = format!("brand.phone_numbers: {fault}");
            return Err(vec![CatalogueFault::of_file("sample.toml", reason)]);
        }
    };
    let catalogue = Catalogue {
        types,
        templates: loader.templates,
        mail_words: loader.words.sections("mail"),
        words: loader.words,
        promises: Arc::new(promises),
        sample_own,
        layout_html,
        layout_text,
        stage,
    };
    // Only a whole catalogue can be rehearsed as a whole: mails with their layout.
    let faults = crate::render::rehearsal::rehearse(&catalogue, changed);
    if faults.is_empty() {
        Ok(catalogue)
    } else {
        Err(faults)
    }
}

fn type_names(layers: &Layers) -> Vec<String> {
    let mut names: Vec<String> = layers
        .keys()
        .filter_map(|path| path.strip_prefix("types/")?.split_once('/'))
        .map(|(name, _)| name.to_owned())
        .collect();
    names.dedup();
    names
}

fn last<'a>(layers: &'a Layers, path: &str) -> Option<&'a SourceFile> {
    layers.get(path)?.last()
}

impl Loader<'_> {
    /// A misspelt file name would silently change nothing.
    fn strays(&mut self) {
        for (path, files) in self.layers {
            if !is_known_path(path) {
                for file in files {
                    let reason = "is not a file that a catalogue has";
                    self.faults
                        .push(CatalogueFault::of_file(&file.shown, reason));
                }
            }
        }
    }

    fn layout(&mut self, name: &str) -> Option<TemplateId> {
        let Some(file) = last(self.layers, name) else {
            self.faults
                .push(CatalogueFault::of_file(name, "is missing"));
            return None;
        };
        let origin = Origin {
            file: file.shown.clone(),
            line: 1,
            key: name.to_owned(),
        };
        let added = if name == LAYOUT_MJML {
            let at =
                |refusal: Refusal| CatalogueFault::at(&file.shown, refusal.line, refusal.reason);
            let html = mjml::compile(&file.text).map_err(at);
            html.and_then(|html| self.templates.add_html(&html, origin))
        } else {
            self.templates.add(&file.text, origin, &Names::Any)
        };
        let mut without_key = |mut fault: CatalogueFault| {
            fault.key = None;
            self.faults.push(fault);
        };
        added.map_err(&mut without_key).ok()
    }

    fn stage(&mut self) -> Option<Stage> {
        let file = last(self.layers, "sample.toml");
        let read = match file {
            Some(file) => Stage::read(file),
            None => Err(CatalogueFault::of_file("sample.toml", "is missing")),
        };
        read.map_err(|fault| self.faults.push(fault)).ok()
    }

    /// One type with its samples.
    fn entry(&mut self, name: &str) -> Option<(MessageType, Vec<Sample>)> {
        let folder = format!("types/{name}");
        let Some(file) = last(self.layers, &format!("{folder}/type.toml")) else {
            self.faults
                .push(CatalogueFault::of_file(&folder, "has no type.toml"));
            return None;
        };
        let Some(schema) = last(self.layers, &format!("{folder}/schema.json")) else {
            let reason = "has no schema.json, which says what data its events have";
            self.faults.push(CatalogueFault::of_file(&folder, reason));
            return None;
        };
        let mut entry = match entry::read(name, file, schema) {
            Ok(entry) => entry,
            Err(found) => {
                self.faults.extend(found);
                return None;
            }
        };
        entry.written = describe::written(self.layers, name);
        let before = self.faults.len();
        let samples = self.samples(&folder);
        let sender = self.sender(&entry, file);
        for (locale, texts) in self.texts(&folder) {
            if let Some(names) = self.locale(&entry, &locale, &texts, (file, sender)) {
                entry.locales.insert(locale, names);
            }
        }
        if !entry.locales.contains_key(FALLBACK) && self.faults.len() == before {
            let reason = format!("has no {FALLBACK}.toml, which stands in for missing locales");
            self.faults.push(CatalogueFault::of_file(&folder, reason));
        }
        Some((entry, samples))
    }

    /// `sample.json`, then the others by name.
    fn samples(&mut self, folder: &str) -> Vec<Sample> {
        let prefix = format!("{folder}/");
        let mut found = Vec::new();
        for (path, files) in self.layers.range(prefix.clone()..) {
            let Some(file) = path.strip_prefix(&prefix) else {
                break;
            };
            let (Some(name), Some(file)) = (sample_name(file), files.last()) else {
                continue;
            };
            match serde_json::from_str(&file.text) {
                Ok(data) => found.push(Sample {
                    name: name.to_owned(),
                    data,
                    file: file.shown.clone(),
                }),
                Err(error) => {
                    let reason = format!("is not a JSON object: {error}");
                    let fault = CatalogueFault::at(&file.shown, error.line(), reason);
                    self.faults.push(fault);
                }
            }
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        if !self.layers.contains_key(&format!("{folder}/sample.json")) {
            let path = format!("{folder}/sample.json");
            self.faults
                .push(CatalogueFault::of_file(&path, "is missing"));
        }
        found
    }

    fn sender(&mut self, entry: &MessageType, file: &SourceFile) -> Option<TemplateId> {
        let origin = Origin {
            file: file.shown.clone(),
            line: line_of(&file.text, "sender").max(1),
            key: "sender".to_owned(),
        };
        let names = Names::Message(&entry.schema);
        let added = self.templates.add(&entry.sender, origin, &names);
        added.map_err(|fault| self.faults.push(fault)).ok()
    }

    fn texts(&mut self, folder: &str) -> BTreeMap<String, Texts> {
        let mut found: BTreeMap<String, Texts> = BTreeMap::new();
        let prefix = format!("{folder}/");
        for (path, files) in self.layers {
            let locale = path
                .strip_prefix(&prefix)
                .and_then(|rest| rest.strip_suffix(".toml"));
            let Some(locale) = locale.filter(|locale| *locale != "type") else {
                continue;
            };
            let texts = found.entry(locale.to_owned()).or_default();
            for file in files {
                match flat::read(file) {
                    Ok(read) => texts.extend(read),
                    Err(faults) => self.faults.extend(faults),
                }
            }
        }
        found
    }

    /// Checks and compiles the texts of one locale.
    fn locale(
        &mut self,
        entry: &MessageType,
        locale: &str,
        texts: &Texts,
        (file, sender): (&SourceFile, Option<TemplateId>),
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
                .map_or(file.shown.as_str(), |text| text.file.as_str());
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
        let facts = self.facts(entry, locale, file);
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
        let is_sms = key == "sms";
        let holds_code = text.text.contains(PLACEHOLDER);
        if is_sms && entry.has_secret() && !holds_code {
            self.faults
                .push(fault("says `{code}` where the secret goes"));
        }
        if holds_code && !(is_sms && entry.has_secret()) {
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

    fn facts(&mut self, entry: &MessageType, locale: &str, file: &SourceFile) -> Vec<FactNames> {
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
                let line = line_of(&file.text, "facts");
                self.faults
                    .push(CatalogueFault::at(&file.shown, line, reason).key("facts"));
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
