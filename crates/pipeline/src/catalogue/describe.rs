//! What a message type tells a person who looks at the catalogue: where its words are
//! from, which data its events have, and which locales there are.
//!
//! Reads what is loaded; checks nothing and renders nothing.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::entry::{MessageType, TRACK};
use super::kind::{Kind, leads_home};
use super::schema::{Leaf, Node, Schema, Shape};
use super::tree::Layers;
use super::words::FALLBACK;
use super::{Catalogue, Sample};
use crate::decide::UsefulFor;
use crate::render::Brand;

/// Whole numbers go no further anyway.
const MOST_WHOLE: u64 = 1_000_000_000;

/// Whose files a message type is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Written {
    /// As in the binary.
    #[default]
    Shipped,
    /// In the binary, with files of the folder laid over it.
    Changed,
    /// In the folder only.
    Own,
}

/// What stands at a place of an event's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceKind {
    /// Any text.
    Text,
    /// A decimal amount.
    Amount,
    /// An ISO 4217 code.
    Currency,
    /// A whole number.
    Whole,
    /// A day.
    Day,
    /// A date and time with its offset.
    Moment,
    /// An https address on the marketplace's own domain.
    Link,
    /// A code that only the carrier sees.
    Code,
    /// Yes or no.
    YesNo,
    /// A list; what each entry is follows.
    List,
    /// An object; what is in it follows.
    Object,
}

/// Whether a place must be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// In every event.
    Always,
    /// Where the place around it is filled.
    Inside,
    /// Never.
    Optional,
}

/// One place in an event's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// As templates write it, `[]` for each of a list: `order.items[].title`.
    pub path: String,
    /// What stands there.
    pub kind: PlaceKind,
    /// Whether it must be filled.
    pub need: Need,
    /// The only texts it may be, where there are any.
    pub choices: Vec<String>,
    /// The least whole number, where one is set.
    pub least: Option<u64>,
    /// The most characters, entries, or the greatest whole number, where one is set.
    pub most: Option<u64>,
}

impl MessageType {
    /// The data of its events, place by place, those around others first.
    pub fn places(&self) -> Vec<Place> {
        let mut found = Vec::new();
        list(self.schema.roots(), ("", true), &mut found);
        found
    }

    /// How long it is news, as `type.toml` writes it: a number and `s`, `m`, `h` or `d`. None
    /// for "today", until midnight where the customer lives.
    pub fn news_for(&self) -> Option<(i64, char)> {
        let UsefulFor::Span(span) = self.useful_for else {
            return None;
        };
        let seconds = span.as_micros() / 1_000_000;
        let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
        let fits = units.into_iter().find(|(length, _)| seconds % length == 0);
        let (length, unit) = fits.unwrap_or((1, 's'));
        Some((seconds / length, unit))
    }

    /// The facts it shows as a small table, by the names of their words.
    pub fn facts(&self) -> &[String] {
        &self.facts
    }

    /// The places of the links it may carry; the first that an event has counts.
    pub fn links(&self) -> &[String] {
        &self.links
    }

    /// Whether it shows what was bought.
    pub fn shows_items(&self) -> bool {
        self.items
    }

    /// The step of a parcel's way it stands for.
    pub fn track_step(&self) -> Option<&'static str> {
        self.track.and_then(|at| TRACK.get(at).copied())
    }

    /// Whether data can make a message of it discreet.
    pub fn may_be_discreet(&self) -> bool {
        self.sensitive || self.schema.has_flag(crate::render::SENSITIVE)
    }
}

impl Catalogue {
    /// Every locale that anything is written in, English first.
    pub fn all_locales(&self) -> Vec<&str> {
        let written = self.types().flat_map(MessageType::locales);
        let all: BTreeSet<&str> = self.locales().chain(written).collect();
        let others = all.iter().copied().filter(|locale| *locale != FALLBACK);
        std::iter::once(FALLBACK).chain(others).collect()
    }

    /// How a locale is written: `ltr` or `rtl`.
    pub fn direction(&self, locale: &str) -> &'static str {
        let words = self.mail_words(locale).iter();
        let mut right = words.filter(|(name, word)| name == "direction" && word == "rtl");
        if right.next().is_some() { "rtl" } else { "ltr" }
    }

    /// The sample of a message type with this name; the first one where there is none.
    pub fn sample_named(&self, message_type: &str, name: &str) -> Option<&Sample> {
        let samples = self.samples(message_type);
        let named = samples.iter().find(|sample| sample.name == name);
        named.or(samples.first())
    }

    /// Who the samples speak to: the name and the zone of `sample.toml`.
    pub fn sample_customer(&self) -> (&str, &str) {
        let customer = &self.stage.customer;
        (&customer.name, &customer.time_zone)
    }

    /// Who speaks in the samples.
    pub fn sample_brand(&self) -> Brand {
        let brand = &self.stage.brand;
        Brand {
            name: brand.name.clone(),
            domain: brand.domain.clone(),
            url: brand.url.clone(),
            support: brand.support.clone(),
            sms_sender: brand.name.clone(),
        }
    }

    /// A sample's data as an event of the marketplace with this domain would have it: its
    /// links, which lead to the domain of `sample.toml`, lead there.
    pub fn sample_data(&self, sample: &Sample, domain: &str) -> Map<String, Value> {
        let mut data = sample.data.clone();
        let from = self.stage.brand.domain.as_str();
        if from != domain {
            data.values_mut()
                .for_each(|value| lead(value, from, domain));
        }
        data
    }
}

impl Schema {
    /// Says yes wherever a yes or no of this name is declared and the data has the place
    /// around it.
    pub(crate) fn raise(&self, data: &mut Map<String, Value>, name: &str) {
        raise(self.roots(), data, name);
    }
}

/// Whose files a type's folder holds.
pub(super) fn written(layers: &Layers, name: &str) -> Written {
    let folder = format!("types/{name}/");
    let files = layers
        .range(folder.clone()..)
        .take_while(|(path, _)| path.starts_with(&folder))
        .flat_map(|(_, files)| files);
    let (mut shipped, mut own) = (false, false);
    for file in files {
        shipped |= file.embedded;
        own |= !file.embedded;
    }
    match (shipped, own) {
        (_, false) => Written::Shipped,
        (true, true) => Written::Changed,
        (false, true) => Written::Own,
    }
}

fn list(nodes: &[(String, Node)], (around, always): (&str, bool), found: &mut Vec<Place>) {
    for (name, node) in nodes {
        let path = match around {
            "" => name.clone(),
            _ => format!("{around}.{name}"),
        };
        let here = always && node.required;
        let need = match (here, node.required) {
            (true, _) => Need::Always,
            (false, true) => Need::Inside,
            (false, false) => Need::Optional,
        };
        put((path, &node.shape), (need, here), found);
    }
}

fn put((path, shape): (String, &Shape), (need, always): (Need, bool), found: &mut Vec<Place>) {
    let mut place = Place {
        path: path.clone(),
        kind: PlaceKind::Object,
        need,
        choices: Vec::new(),
        least: None,
        most: None,
    };
    match shape {
        Shape::Leaf(leaf) => {
            fill(&mut place, leaf);
            found.push(place);
        }
        Shape::Object(children) => {
            found.push(place);
            list(children, (&path, always), found);
        }
        Shape::List(entry, most) => {
            place.kind = PlaceKind::List;
            place.most = Some(*most as u64);
            found.push(place);
            let each = format!("{path}[]");
            match &entry.shape {
                Shape::Object(children) => list(children, (&each, false), found),
                inner => put((each, inner), (Need::Inside, false), found),
            }
        }
    }
}

fn fill(place: &mut Place, leaf: &Leaf) {
    place.kind = match leaf.kind {
        Kind::Text => PlaceKind::Text,
        Kind::Decimal => PlaceKind::Amount,
        Kind::Currency => PlaceKind::Currency,
        Kind::Whole => PlaceKind::Whole,
        Kind::Date => PlaceKind::Day,
        Kind::Moment => PlaceKind::Moment,
        Kind::Link => PlaceKind::Link,
        Kind::Secret => PlaceKind::Code,
        Kind::Flag => PlaceKind::YesNo,
    };
    place.choices.clone_from(&leaf.choices);
    if leaf.kind == Kind::Whole {
        let (least, most) = leaf.range;
        place.least = Some(least).filter(|least| *least > 0);
        place.most = Some(most).filter(|most| *most < MOST_WHOLE);
    } else if leaf.longest < usize::MAX {
        place.most = Some(leaf.longest as u64);
    }
}

fn raise(nodes: &[(String, Node)], data: &mut Map<String, Value>, flag: &str) {
    for (name, node) in nodes {
        match &node.shape {
            Shape::Leaf(leaf) if leaf.kind == Kind::Flag && name == flag => {
                data.insert(name.clone(), Value::Bool(true));
            }
            Shape::Leaf(_) => {}
            Shape::Object(children) => {
                if let Some(Value::Object(inner)) = data.get_mut(name) {
                    raise(children, inner, flag);
                }
            }
            Shape::List(entry, _) => {
                let Shape::Object(children) = &entry.shape else {
                    continue;
                };
                let entries = data.get_mut(name).and_then(Value::as_array_mut);
                for inner in entries.into_iter().flatten() {
                    if let Value::Object(inner) = inner {
                        raise(children, inner, flag);
                    }
                }
            }
        }
    }
}

fn lead(value: &mut Value, from: &str, to: &str) {
    match value {
        Value::String(link) if leads_home(link, from) => *link = link.replacen(from, to, 1),
        Value::Array(entries) => entries.iter_mut().for_each(|entry| lead(entry, from, to)),
        Value::Object(inner) => inner.values_mut().for_each(|entry| lead(entry, from, to)),
        _ => {}
    }
}
