//! The work of the desk, as its page shows it: texts with what is wrong in them, and what
//! would be sent with them. All of it computed, nothing kept.

use std::collections::BTreeSet;

use model::{Mode, decimal_of};
use pipeline::catalogue::{Catalogue, CatalogueFault, MessageType, Place, Sample, Texts, Trial};
use pipeline::render::Short;

use super::diff::{Row, rows};
use super::{ask, under};
use crate::App;
use crate::console::catalogue::one::{Preview, SampleChoice, Text, preview, sample_choices};
use crate::console::catalogue::{LocaleChoice, locale_choices};

/// An exception that was agreed for the version that serves.
#[derive(Clone, Debug)]
pub(super) struct Excepted {
    pub rule: String,
    pub number: u64,
}

/// What is wrong at a line of a text.
pub(super) struct Finding {
    /// From 1; 0 where it is about the text as a whole.
    pub line: usize,
    /// That line.
    pub quoted: String,
    pub reason: String,
    /// Of the guard: the rule, the words, and where an exception is asked for.
    pub stopped: Option<(String, String, String)>,
}

/// One text to edit.
pub(super) struct Field {
    pub key: &'static str,
    pub text: String,
    /// Lines the field shows.
    pub rows: usize,
    /// It differs from what serves, like this.
    pub change: Option<Vec<Row>>,
    /// As somebody else has it, where the writer should look.
    pub theirs: Option<Vec<Row>>,
    pub findings: Vec<Finding>,
}

/// What a text costs in one country.
pub(super) struct Price {
    pub country: String,
    pub least: String,
    /// Where networks differ.
    pub most: Option<String>,
    pub currency: String,
}

/// The short forms of one sample in one language.
pub(super) struct Line {
    pub tag: String,
    pub base: String,
    pub dir: &'static str,
    pub sample: String,
    /// It is made with the texts on this page.
    pub edited: bool,
    /// Title, then what the text takes; none where it cannot be rendered.
    pub said: Option<(String, Option<Text>)>,
}

/// What would be sent with the texts on the page.
pub(super) struct Shown {
    pub preview: Preview,
    /// Texts that cannot be rendered: what is made with them is left out.
    pub broken: BTreeSet<String>,
    pub prices: Vec<Price>,
}

impl Shown {
    /// Whether all of these texts can be rendered.
    pub(super) fn has(&self, keys: &[&str]) -> bool {
        !keys.iter().any(|key| self.broken.contains(*key))
    }
}

/// Everything the page is about.
pub(super) struct Work {
    pub entry: MessageType,
    pub locale: String,
    pub dir: &'static str,
    pub locales: Vec<LocaleChoice>,
    pub samples: Vec<SampleChoice>,
    pub fields: Vec<Field>,
    /// What is wrong apart from single texts.
    pub general: Vec<Finding>,
    /// How much is wrong in all.
    pub wrong: usize,
    /// The exceptions the texts serve under, where they are those that serve.
    pub serves_under: Vec<Excepted>,
    pub changed: usize,
    pub shown: Result<Shown, String>,
    pub lines: Vec<Line>,
    /// The version the words would have.
    pub next: u32,
    /// The type is not written in this locale yet.
    pub begun: bool,
}

/// What a page is made of.
pub(super) struct Asked<'a> {
    pub name: &'a str,
    pub locale: &'a str,
    pub sample: &'a str,
    /// The texts to edit, by key.
    pub texts: Texts,
    /// Texts of somebody else to compare with.
    pub theirs: Option<Texts>,
    /// The exceptions of the version that serves.
    pub excepted: Vec<Excepted>,
}

/// The texts that serve: those of the locale, or of the one that stands in for it.
pub(super) fn serving(catalogue: &Catalogue, name: &str, locale: &str) -> Option<(Texts, bool)> {
    let entry = catalogue.get(name)?;
    catalogue.all_locales().into_iter().find(|l| *l == locale)?;
    let (mut texts, begun) = match catalogue.wording(name, locale) {
        Some(texts) => (texts, false),
        None => (catalogue.wording(name, super::super::FALLBACK)?, true),
    };
    texts.retain(|key, _| entry.keys().any(|known| known == key));
    Some((texts, begun))
}

/// Puts the page together; some milliseconds of computing. None where there is no such type
/// or locale.
pub(super) fn work(app: &App, asked: Asked<'_>) -> Option<Work> {
    let pipeline = app.pipeline();
    let (catalogue, brand) = (pipeline.catalogue(), pipeline.brand());
    let route = pipeline.limits().costs.text_route(Mode::Live);
    let (now, begun) = serving(&catalogue, asked.name, asked.locale)?;
    let trial = pipeline.trial(asked.name, asked.locale, &asked.texts)?;
    let entry = catalogue.get(asked.name)?;
    let same = |key: &str| {
        let of = |texts: &Texts| texts.get(key).map_or("", |text| text.trim_end()).to_owned();
        of(&now) == of(&asked.texts)
    };
    let (faults, serves_under) = standing(&asked, &catalogue, &trial, entry.keys().all(same));
    let sample = catalogue.sample_named(asked.name, asked.sample)?;
    let shown = trial.preview(brand, sample).and_then(|tried| {
        let entry = tried.catalogue.get(asked.name).unwrap_or(entry);
        let shown = preview(
            &tried.catalogue,
            brand,
            (entry, sample),
            asked.locale,
            route,
        )?;
        let text = shown.text.as_ref().map_or("", |text| text.text.as_str());
        Ok(Shown {
            prices: prices(app, text),
            preview: shown,
            broken: tried.broken,
        })
    });
    let finding = |fault: &CatalogueFault| finding(&asked, fault);
    let of = |key: &str| {
        let all = faults.iter().copied();
        let of = all.filter(|fault| fault.key.as_deref() == Some(key));
        of.map(finding).collect::<Vec<_>>()
    };
    let fields: Vec<Field> = entry
        .keys()
        .map(|key| {
            let text = asked.texts.get(key).cloned().unwrap_or_default();
            let differs = |other: &Texts| {
                let other = other.get(key).map_or("", String::as_str);
                (other.trim_end() != text.trim_end()).then(|| rows(other, &text))
            };
            Field {
                key,
                rows: text.lines().count().clamp(1, 14) + usize::from(text.len() > 90),
                change: differs(&now),
                theirs: asked.theirs.as_ref().and_then(differs),
                findings: of(key),
                text,
            }
        })
        .collect();
    let known = |fault: &&CatalogueFault| {
        let key = fault.key.as_deref();
        !fields.iter().any(|field| Some(field.key) == key)
    };
    Some(Work {
        general: faults.iter().copied().filter(known).map(finding).collect(),
        wrong: faults.len(),
        serves_under,
        changed: fields.iter().filter(|field| field.change.is_some()).count(),
        shown: shown.map_err(|error| error.to_string()),
        lines: all_lines(app, &catalogue, &trial, (entry, asked.locale)),
        next: pipeline.next_version(asked.name)?,
        locale: asked.locale.to_owned(),
        dir: catalogue.direction(asked.locale),
        locales: locale_choices(&catalogue, asked.locale),
        samples: sample_choices(&catalogue, entry, sample),
        entry: entry.clone(),
        fields,
        begun,
    })
}

/// What is wrong with the texts. Those that serve were agreed to where an exception of
/// their version is about the rule; a trial is for the version after it.
fn standing<'t>(
    asked: &Asked<'_>,
    catalogue: &Catalogue,
    trial: &'t Trial,
    serve: bool,
) -> (Vec<&'t CatalogueFault>, Vec<Excepted>) {
    let serve = serve && catalogue.desk_faults_of(asked.name).is_empty();
    let mut under: Vec<Excepted> = Vec::new();
    let mut wrong = Vec::new();
    for fault in trial.faults() {
        let rule = fault.stopped.as_ref().map(|(rule, _)| rule.as_str());
        let found = asked.excepted.iter().find(|one| Some(&*one.rule) == rule);
        match found.filter(|_| serve) {
            Some(one) if under.iter().any(|known| known.number == one.number) => {}
            Some(one) => under.push(one.clone()),
            None => wrong.push(fault),
        }
    }
    (wrong, under)
}

fn finding(asked: &Asked<'_>, fault: &CatalogueFault) -> Finding {
    let text = fault.key.as_ref().and_then(|key| asked.texts.get(key));
    let quoted = text.and_then(|text| text.lines().nth(fault.line.checked_sub(1)?));
    let stopped = fault.stopped.as_ref().map(|(rule, words)| {
        let mut href = "/console/catalogue/exceptions".to_owned();
        let asked = [
            ("type", asked.name),
            ("rule", rule.as_str()),
            ("locale", asked.locale),
        ];
        ask(&mut href, &asked);
        (rule.to_string(), words.clone(), href)
    });
    Finding {
        line: fault.line,
        quoted: quoted
            .unwrap_or_default()
            .trim()
            .chars()
            .take(160)
            .collect(),
        reason: match &fault.stopped {
            Some((rule, _)) => rule.advice().to_owned(),
            None => fault.reason.clone(),
        },
        stopped,
    }
}

fn prices(app: &App, text: &str) -> Vec<Price> {
    if text.is_empty() {
        return Vec::new();
    }
    let costs = &app.pipeline().limits().costs;
    let all = costs.text_prices(text, app.now()).into_iter();
    let price = |price: pipeline::costs::TextPrice| {
        let (least, most) = price.micros;
        Price {
            country: price.country.to_string(),
            least: decimal_of(least),
            most: (most != least).then(|| decimal_of(most)),
            currency: price.currency.to_string(),
        }
    };
    all.map(price).collect()
}

/// Every sample in every locale: that of the page with its texts, the others as they serve.
fn all_lines(
    app: &App,
    catalogue: &Catalogue,
    trial: &Trial,
    (entry, edited): (&MessageType, &str),
) -> Vec<Line> {
    let brand = app.pipeline().brand();
    let route = app.pipeline().limits().costs.text_route(Mode::Live);
    let said = |catalogue: &Catalogue, sample: &Sample, locale: &str, broken: &BTreeSet<String>| {
        let entry = catalogue.get(&entry.name)?;
        let made = Short::of_sample(catalogue, brand, (entry, sample), locale).ok()?;
        let text = Text::of(made.text(), route).filter(|_| !broken.contains("sms"));
        let title = made.content.title;
        (!broken.contains("title")).then_some((title, text))
    };
    let mut lines = Vec::new();
    let mut add = |choice: &LocaleChoice, sample: &Sample| {
        let here = choice.tag == edited;
        let said = if here {
            let tried = trial.preview(brand, sample).ok();
            tried.and_then(|tried| said(&tried.catalogue, sample, edited, &tried.broken))
        } else {
            said(catalogue, sample, &choice.tag, &BTreeSet::new())
        };
        lines.push(Line {
            dir: catalogue.direction(&choice.tag),
            tag: choice.tag.clone(),
            base: choice.base.clone(),
            sample: sample.name.clone(),
            edited: here,
            said,
        });
    };
    let mut choices = locale_choices(catalogue, edited);
    choices.retain(|choice| choice.chosen || entry.locales().any(|own| own == choice.tag));
    choices.sort_by_key(|choice| !choice.chosen);
    for choice in &choices {
        for sample in catalogue.samples(&entry.name) {
            add(choice, sample);
        }
    }
    lines
}

impl Work {
    /// The data of its events.
    pub(super) fn places(&self) -> Vec<Place> {
        self.entry.places()
    }

    /// The page for another locale, or the history.
    pub(super) fn href(&self, page: &str, locale: &str) -> String {
        under(&self.entry.name, page, &[("locale", locale)])
    }
}
