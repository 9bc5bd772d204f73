//! The rehearsal: every message type is rendered with its sample before it may serve.

use std::borrow::Cow;

use guard::{Own, OwnFault};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Typed;
use super::clean::{clean, lines, one_line, plain_punctuation};
use super::context::Setting;
use super::entry::{MessageType, TemplateNames};
use super::fault::{CatalogueFault, Mend};
use super::flat::toml_fault;
use super::templates::{TemplateId, Templates};
use super::tree::SourceFile;
use super::view::Scene;
use super::words::Words;

/// Room for one template of a rehearsal.
const LIMIT: usize = 64 * 1024;
/// A text is short by design: with a sample it fits into so many parts.
const TEXT_PARTS: usize = 4;

/// Who speaks and who listens when samples are rendered: `sample.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stage {
    pub brand: StageBrand,
    pub customer: StageCustomer,
}

/// The marketplace of the samples.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StageBrand {
    pub name: String,
    pub domain: String,
    pub url: String,
    pub support: String,
    /// Numbers that samples may name.
    #[serde(default)]
    pub phone_numbers: Vec<String>,
}

/// The customer of the samples.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StageCustomer {
    pub name: String,
    pub time_zone: String,
}

impl Stage {
    pub(crate) fn read(file: &SourceFile) -> Result<Self, CatalogueFault> {
        toml::from_str(&file.text).map_err(|error| toml_fault(file, &error))
    }

    /// What the samples may name besides the brand's domain.
    pub(crate) fn own(&self) -> Result<Own, OwnFault> {
        Own::new([], self.brand.phone_numbers.iter().map(String::as_str))
    }

    fn setting<'a>(&'a self, locale: &'a str, words: &'a Words) -> Setting<'a> {
        Setting {
            brand: &self.brand.name,
            domain: &self.brand.domain,
            url: &self.brand.url,
            support: &self.brand.support,
            name: clean(&self.customer.name),
            locale,
            zone: &self.customer.time_zone,
            discreet: false,
            more: words.get(locale, "list.more").unwrap_or_default(),
        }
    }
}

/// Renders every text of a type with its samples: whole, and with each part that may be
/// missing taken away, one by one and all together. Of the locales, those that are wanted.
pub(crate) fn rehearse(
    Typed { entry, samples, .. }: &Typed,
    wanted: impl Fn(&str) -> bool,
    stage: &Stage,
    parts: (&Templates, &Words),
    faults: &mut Vec<CatalogueFault>,
) {
    let mut accepted = Vec::with_capacity(samples.len());
    for sample in samples {
        match entry
            .schema
            .accept(sample.data.clone(), &stage.brand.domain)
        {
            Ok(passed) => accepted.push(passed.data),
            Err(fault) => {
                let pointer = fault.pointer.trim_start_matches("/data");
                let reason = format!("{pointer} {}", fault.reason);
                faults.push(CatalogueFault::of_file(&sample.file, reason));
            }
        }
    }
    if accepted.len() < samples.len() {
        return;
    }
    let optional = entry.schema.optional_paths();
    for path in &optional {
        let somewhere = accepted.iter().any(|data| has_at(data, path));
        if let (false, Some(sample)) = (somewhere, samples.first()) {
            let reason = format!(
                "the sample lacks `{}`, which schema.json declares",
                path.join(".")
            );
            faults.push(CatalogueFault::of_file(&sample.file, reason));
        }
    }
    for whole in &accepted {
        for (locale, names) in entry.locales.iter().filter(|(name, _)| wanted(name)) {
            let setting = stage.setting(locale, parts.1);
            let staged = (setting, stage, parts.1);
            rehearse_one(entry, (whole, &optional), staged, (names, parts.0), faults);
        }
    }
}

fn rehearse_one(
    entry: &MessageType,
    (whole, optional): (&Map<String, Value>, &[Vec<String>]),
    (mut setting, stage, words): (Setting<'_>, &Stage, &Words),
    (names, templates): (&TemplateNames, &Templates),
    faults: &mut Vec<CatalogueFault>,
) {
    for path in optional {
        let mut without = whole.clone();
        remove(&mut without, path);
        let scene = Scene::message(&entry.schema, &without, &setting);
        render_all(names, templates, &scene, faults);
    }
    let scene = Scene::message(&entry.schema, whole, &setting);
    render_all(names, templates, &scene, faults);
    let said = Said {
        names,
        templates,
        scene: &scene,
    };
    said.nothing(faults);
    said.text((setting.locale, words), stage, faults);
    setting.name = Cow::Borrowed("");
    let bare = bare(entry, whole);
    let scene = Scene::message(&entry.schema, &bare, &setting);
    render_all(names, templates, &scene, faults);
}

/// The data without anything that may be missing.
pub(crate) fn bare(entry: &MessageType, data: &Map<String, Value>) -> Map<String, Value> {
    let mut bare = data.clone();
    for path in entry.schema.optional_paths() {
        remove(&mut bare, &path);
    }
    bare
}

fn render_all(
    names: &TemplateNames,
    templates: &Templates,
    scene: &Scene<'_>,
    faults: &mut Vec<CatalogueFault>,
) {
    let optional = [&names.sms, &names.subject, &names.preheader];
    let facts = names.facts.iter().map(|fact| &fact.value);
    let all = [&names.title, &names.summary, &names.body]
        .into_iter()
        .chain(optional.into_iter().flatten())
        .chain(facts);
    for name in all {
        if let Err(fault) = templates.render(*name, scene, LIMIT) {
            let fault = CatalogueFault::at(&fault.file, fault.line, fault.reason).key(&fault.key);
            if !faults.contains(&fault) {
                faults.push(fault);
            }
        }
    }
}

/// What a type says with a whole sample.
struct Said<'a> {
    names: &'a TemplateNames,
    templates: &'a Templates,
    scene: &'a Scene<'a>,
}

impl Said<'_> {
    /// Finds texts that say nothing, though there is everything to say.
    fn nothing(&self, faults: &mut Vec<CatalogueFault>) {
        let names = self.names;
        let needed = [Some(names.title), Some(names.summary), Some(names.body)];
        for name in needed.into_iter().chain([names.sms, names.subject]) {
            let rendered = name.map(|name| self.templates.render(name, self.scene, LIMIT));
            // One that fails is told already.
            if let (Some(name), Some(Ok(rendered))) = (name, rendered)
                && rendered.trim().is_empty()
            {
                let reason = "says nothing, though the sample has every value it may need";
                self.fault(name, (reason.to_owned(), Mend::Write), faults);
            }
        }
    }

    /// A text begins with the name of the marketplace, so that a reader sees at once who
    /// writes; and it is short, since each part of it costs.
    fn text(
        &self,
        (locale, words): (&str, &Words),
        stage: &Stage,
        faults: &mut Vec<CatalogueFault>,
    ) {
        let Some(name) = self.names.sms else { return };
        let Ok(rendered) = self.templates.render(name, self.scene, LIMIT) else {
            return;
        };
        if rendered.trim().is_empty() {
            return;
        }
        if !rendered.starts_with(&stage.brand.name) {
            let reason = "begins with the marketplace's name: `{{ brand.name }}: …`";
            self.fault(name, (reason.to_owned(), Mend::Correct), faults);
        }
        let parts = parts(&rendered, (locale, words));
        if parts > TEXT_PARTS {
            let reason = format!(
                "is a text of {parts} parts with the sample, and a text has at most {TEXT_PARTS}"
            );
            self.fault(name, (reason, Mend::Shorten), faults);
        }
    }

    fn fault(
        &self,
        name: TemplateId,
        (reason, mend): (String, Mend),
        faults: &mut Vec<CatalogueFault>,
    ) {
        let origin = self.templates.origin(name);
        let fault = CatalogueFault::at(&origin.file, origin.line, reason).key(&origin.key);
        let fault = fault.mend(mend);
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }
}

/// How many parts a text leaves in.
fn parts(rendered: &str, (locale, words): (&str, &Words)) -> usize {
    let plain = plain_punctuation(rendered);
    let mut text = String::with_capacity(plain.len());
    for line in lines(&plain).map(one_line).filter(|line| !line.is_empty()) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line);
    }
    let count = |text: &str| channels::sms_segments(text, true, channels::National::NONE).parts;
    let parts = count(&text);
    if parts <= TEXT_PARTS {
        return parts;
    }
    let respelt = words.sections("respelt");
    for (word, spelt) in respelt.get(locale).into_iter().flatten() {
        text = text.replace(word.as_str(), spelt);
    }
    count(&text)
}

fn has_at(data: &Map<String, Value>, path: &[String]) -> bool {
    let Some((step, rest)) = path.split_first() else {
        return false;
    };
    data.get(step).is_some_and(|inner| has(inner, rest))
}

fn has(value: &Value, path: &[String]) -> bool {
    let Some((step, rest)) = path.split_first() else {
        return !value.is_null();
    };
    if step == "*" {
        let entries = value.as_array().map_or(&[][..], Vec::as_slice);
        return entries.iter().any(|entry| has(entry, rest));
    }
    value.get(step).is_some_and(|inner| has(inner, rest))
}

fn remove(map: &mut Map<String, Value>, path: &[String]) {
    match path {
        [last] => {
            map.shift_remove(last);
        }
        [step, star, rest @ ..] if star == "*" => {
            let entries = map.get_mut(step).and_then(Value::as_array_mut);
            for entry in entries.into_iter().flatten() {
                if let Value::Object(inner) = entry {
                    remove(inner, rest);
                }
            }
        }
        [step, rest @ ..] => {
            if let Some(Value::Object(inner)) = map.get_mut(step) {
                remove(inner, rest);
            }
        }
        [] => {}
    }
}
