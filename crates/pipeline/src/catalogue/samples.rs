//! The rehearsal: every message type is rendered with its sample before it may serve.

use std::borrow::Cow;

use guard::{Own, OwnFault};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Typed;
use super::clean::clean;
use super::context::Setting;
use super::entry::{MessageType, TemplateNames};
use super::fault::CatalogueFault;
use super::flat::toml_fault;
use super::templates::Templates;
use super::tree::SourceFile;
use super::view::Scene;
use super::words::Words;

/// Room for one template of a rehearsal.
const LIMIT: usize = 64 * 1024;

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
            let written = (names, parts.0);
            rehearse_one(entry, (whole, &optional), (setting, stage), written, faults);
        }
    }
}

fn rehearse_one(
    entry: &MessageType,
    (whole, optional): (&Map<String, Value>, &[Vec<String>]),
    (mut setting, stage): (Setting<'_>, &Stage),
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
    check_text(names, templates, &scene, stage, faults);
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

/// A text begins with the name of the marketplace, so that a reader sees at once who writes.
fn check_text(
    names: &TemplateNames,
    templates: &Templates,
    scene: &Scene<'_>,
    stage: &Stage,
    faults: &mut Vec<CatalogueFault>,
) {
    let Some(name) = names.sms else { return };
    let rendered = templates.render(name, scene, LIMIT).unwrap_or_default();
    if !rendered.starts_with(&stage.brand.name) {
        let origin = templates.origin(name);
        let reason = "begins with the marketplace's name: `{{ brand.name }}: …`";
        faults.push(CatalogueFault::at(&origin.file, origin.line, reason).key("sms"));
    }
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
