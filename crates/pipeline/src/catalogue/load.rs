//! Puts a catalogue together from its files and says everything that is wrong with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::allow_list::{Names, Refusal};
use super::compile::{Compiler, Home, Texts};
use super::describe;
use super::entry::{self, MessageType, line_of};
use super::fault::{CatalogueFault, Mend};
use super::flat;
use super::locale;
use super::mjml;
use super::samples::{self, Stage};
use super::sequel::mark_overtaken;
use super::templates::{Origin, TemplateId, Templates};
use super::tree::{Layers, Rehearse, SourceFile, changed, is_known_path, sample_name};
use super::words::{FALLBACK, Words};
use super::{Catalogue, LAYOUT_MJML, LAYOUT_TEXT, Sample, Typed};

/// What stands for the code in a text, until the hand-over.
pub(crate) const PLACEHOLDER: &str = "{code}";

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
    let replies = super::replies::read(layers, &mut loader.faults);
    let mut types = BTreeMap::new();
    let changed = changed(layers, rehearse);
    for name in type_names(layers) {
        if !is_type_name(&name) {
            let place = loader.place(&format!("types/{name}"));
            let fault = CatalogueFault::of_file(&place, NO_NAME);
            loader.faults.push(fault.mend(Mend::RenameFolder));
            continue;
        }
        let before = loader.faults.len();
        if let Some(typed) = loader.entry(&name) {
            let whole = loader.faults.len() == before && changed(&name);
            if let (Some(stage), true) = (&stage, whole) {
                let parts = (&loader.templates, &loader.words);
                let all = |_: &str| true;
                samples::rehearse(&typed, all, stage, parts, &mut loader.faults);
            }
            types.insert(name, typed);
        }
    }
    mark_overtaken(layers, &mut types, &mut loader.faults);
    let (Some(stage), Some(layout_html), Some(layout_text), Some(promises), Some(replies), true) = (
        stage,
        layout_html,
        layout_text,
        promises,
        replies,
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
    let shared = |(name, typed)| (name, Arc::new(typed));
    let catalogue = Catalogue {
        types: types.into_iter().map(shared).collect(),
        templates: loader.templates,
        mail_words: Arc::new(loader.words.sections("mail")),
        respelt: Arc::new(loader.words.sections("respelt")),
        words: Arc::new(loader.words),
        promises: Arc::new(promises),
        replies,
        sample_own,
        layout_html,
        layout_text,
        stage: Arc::new(stage),
        desk: Arc::default(),
    };
    // Only a whole catalogue can be rehearsed as a whole: mails with their layout.
    let faults = crate::render::rehearsal::rehearse(
        &catalogue,
        (&catalogue.sample_brand(), &catalogue.sample_own),
        |name, _| changed(name),
    );
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

const NO_NAME: &str = "is not a name that a message type can have: letters, digits, `_` and `-`, \
                       parted by single dots";

/// Whether a folder has the name of a message type.
fn is_type_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    name.split('.')
        .all(|part| !part.is_empty() && part.chars().all(fits))
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
                    let fault = CatalogueFault::of_file(&file.shown, reason);
                    self.faults.push(fault.mend(Mend::RenameFile));
                }
            }
            let explains = path.strip_prefix("explanations/");
            let locale = explains.and_then(|rest| rest.strip_suffix(".toml"));
            if let Some(locale) = locale.filter(|locale| !locale::is_known(self.layers, locale)) {
                let unknown = |file| locale::unknown(self.layers, file, locale);
                self.faults.extend(files.iter().map(unknown));
            }
        }
    }

    fn layout(&mut self, name: &str) -> Option<TemplateId> {
        let Some(file) = last(self.layers, name) else {
            self.missing(name, "is missing");
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
    fn entry(&mut self, name: &str) -> Option<Typed> {
        let folder = format!("types/{name}");
        let Some(file) = last(self.layers, &format!("{folder}/type.toml")) else {
            self.lacks(&folder, "type.toml", "");
            return None;
        };
        let Some(schema) = last(self.layers, &format!("{folder}/schema.json")) else {
            let why = ", which says what data its events have";
            self.lacks(&folder, "schema.json", why);
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
        let (home, texts) = (Home::of(file), self.texts(&folder));
        self.blanks(&entry, &texts);
        for (locale, texts) in &texts {
            let mut compiler = Compiler {
                words: &self.words,
                templates: &mut self.templates,
                faults: &mut self.faults,
            };
            if let Some(names) = compiler.locale(&entry, locale, texts, (&home, sender)) {
                entry.locales.insert(locale.clone(), names);
            }
        }
        if !entry.locales.contains_key(FALLBACK) && self.faults.len() == before {
            let why = ", which stands in for missing locales";
            self.lacks(&folder, &format!("{FALLBACK}.toml"), why);
        }
        Some(Typed {
            entry,
            samples,
            texts,
            home,
        })
    }

    /// A folder without one of its files.
    fn lacks(&mut self, folder: &str, file: &str, why: &str) {
        if !self.is_unread(&format!("{folder}/{file}")) {
            let reason = format!("has no {file}{why}");
            let fault = CatalogueFault::of_file(&self.place(folder), reason);
            self.faults.push(fault.mend(Mend::Add));
        }
    }

    fn missing(&mut self, path: &str, reason: &str) {
        if !self.is_unread(path) {
            let fault = CatalogueFault::of_file(&self.place(path), reason);
            self.faults.push(fault.mend(Mend::Add));
        }
    }

    /// Whether a file is there but could not be read, as is said already.
    fn is_unread(&self, path: &str) -> bool {
        let told = |fault: &CatalogueFault| {
            let of = fault.file.strip_suffix(path);
            of.is_some_and(|root| root.is_empty() || root.ends_with(['/', '\\']))
        };
        !self.layers.contains_key(path) && self.faults.iter().any(told)
    }

    /// How a path that is not there is shown: beside the files of its folder that are.
    fn place(&self, path: &str) -> String {
        let mut parts = path.split('/');
        let folder: Vec<&str> = parts.by_ref().take(2).collect();
        let folder = format!("{}/", folder.join("/"));
        let mut beside = self.layers.range(folder.clone()..);
        let root = beside.next().and_then(|(known, files)| {
            let shown = &files.last().filter(|_| known.starts_with(&folder))?.shown;
            shown.strip_suffix(known.as_str())
        });
        format!("{}{path}", root.unwrap_or_default())
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
        let path = format!("{folder}/sample.json");
        if !self.layers.contains_key(&path) {
            self.missing(&path, "is missing");
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

    /// A text that is there and empty is worse than a missing one: it would leave.
    fn blanks(&mut self, entry: &MessageType, texts: &BTreeMap<String, Texts>) {
        for (key, text) in texts.values().flatten() {
            let needed = entry.keys().any(|needed| needed == key);
            if needed && text.text.trim().is_empty() {
                let reason = "is empty, and no message leaves without it";
                let fault = CatalogueFault::at(&text.file, text.line, reason);
                self.faults.push(fault.key(key).mend(Mend::Write));
            }
        }
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
            if !locale::is_known(self.layers, locale) {
                let unknown = |file| locale::unknown(self.layers, file, locale);
                self.faults.extend(files.iter().map(unknown));
                continue;
            }
            let (mut texts, before) = (Texts::new(), self.faults.len());
            for file in files {
                match flat::read(file) {
                    Ok(read) => texts.extend(read),
                    Err(faults) => self.faults.extend(faults),
                }
            }
            // What a broken file would have said is not missing.
            if self.faults.len() == before {
                found.insert(locale.to_owned(), texts);
            }
        }
        found
    }
}
