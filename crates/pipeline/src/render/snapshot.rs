//! What a message keeps of the world it was made in, so that it reads the same for ever.
//!
//! It stands under `_` in the message's data, where no declared path can lie.

use std::borrow::Cow;

use model::{Customer, MessageContent, PurposeClass, QuietHours};
use serde_json::{Map, Value};

use super::Brand;
use crate::catalogue::Catalogue;
use crate::catalogue::clean::clean;
use crate::catalogue::context::Setting;
use crate::catalogue::entry::{MessageType, TemplateNames};
use crate::catalogue::view::Scene;
use crate::catalogue::words::{nearest, same_language};
use crate::regions::Place;

const KEY: &str = "_";
/// Where the customer is, and when they want quiet.
const COUNTRY: &str = "country";
const REGION: &str = "region";
const QUIET: &str = "quiet";
/// Lock screens, texts and subjects do not say what the message is about.
const DISCREET: &str = "discreet";

/// The locale of the words: the nearest the type is written in.
pub(super) fn locale_of<'a>(
    entry: &'a MessageType,
    tag: &str,
) -> Option<(&'a str, &'a TemplateNames)> {
    let nearest = nearest(entry.locales.keys().map(String::as_str), tag)?;
    entry
        .locales
        .get_key_value(nearest)
        .map(|(locale, names)| (locale.as_str(), names))
}

/// The snapshot of a customer and a brand. Amounts and dates follow the customer's own
/// locale where it is of the words' language: es-MX words are Spanish, and so are its dates.
pub(super) fn take(brand: &Brand, customer: &Customer, words: &str, discreet: bool) -> Value {
    let formats = if same_language(&customer.locale, words) {
        customer.locale.as_str()
    } else {
        words
    };
    let kept = [
        ("name", customer.name.open()),
        ("zone", &customer.time_zone),
        ("locale", formats),
        ("brand", &brand.name),
        ("domain", &brand.domain),
        ("url", &brand.url),
        ("support", &brand.support),
    ];
    let mut snapshot = Map::with_capacity(kept.len());
    for (name, value) in kept {
        snapshot.insert(name.to_owned(), Value::from(value));
    }
    if discreet {
        snapshot.insert(DISCREET.to_owned(), Value::Bool(true));
    }
    Value::Object(snapshot)
}

/// Keeps what the hours of a message's delivery depend on, where they may matter: it may
/// wait until they have come.
pub(super) fn keep_hours(snapshot: &mut Value, customer: &Customer, purpose: PurposeClass) {
    let Value::Object(snapshot) = snapshot else {
        return;
    };
    if purpose != PurposeClass::Marketing && customer.quiet_hours.is_none() {
        return;
    }
    for (name, value) in [(COUNTRY, &customer.country), (REGION, &customer.region)] {
        if !value.is_empty() {
            snapshot.insert(name.to_owned(), Value::from(value.as_str()));
        }
    }
    if let Some(quiet) = customer.quiet_hours {
        let quiet = format!("{}-{}", quiet.from_text(), quiet.to_text());
        snapshot.insert(QUIET.to_owned(), Value::from(quiet));
    }
}

/// Where the customer was when a message was made, as far as its data says.
pub(crate) fn place_of(data: &Map<String, Value>) -> Place<'_> {
    let snapshot = data.get(KEY).and_then(Value::as_object);
    let read = |key: &str| {
        let value = snapshot.and_then(|snapshot| snapshot.get(key)?.as_str());
        value.unwrap_or_default()
    };
    Place {
        country: read(COUNTRY),
        region: read(REGION),
        zone: read("zone"),
    }
}

/// The hours in which the customer wanted quiet when a message was made.
pub(crate) fn quiet_hours_of(data: &Map<String, Value>) -> Option<QuietHours> {
    let (from, to) = data.get(KEY)?.get(QUIET)?.as_str()?.split_once('-')?;
    QuietHours::parse(from, to).ok()
}

/// Puts a snapshot into a message's data.
pub(super) fn put(data: &mut Map<String, Value>, snapshot: Value) {
    data.insert(KEY.to_owned(), snapshot);
}

/// The data of the event that a message was made from.
pub(crate) fn without_snapshot(mut data: Map<String, Value>) -> Map<String, Value> {
    data.remove(KEY);
    data
}

/// The setting that a message's data holds.
pub(super) fn setting<'a>(
    catalogue: &'a Catalogue,
    data: &'a Map<String, Value>,
    words: &'a str,
) -> Setting<'a> {
    let snapshot = data.get(KEY).and_then(Value::as_object);
    let read = |key: &str, otherwise: &'a str| {
        snapshot
            .and_then(|snapshot| snapshot.iter().find(|(known, _)| *known == key))
            .map(|(_, value)| value)
            .and_then(Value::as_str)
            .unwrap_or(otherwise)
    };
    Setting {
        brand: read("brand", ""),
        domain: read("domain", ""),
        url: read("url", ""),
        support: read("support", ""),
        name: clean(read("name", "")),
        locale: read("locale", words),
        zone: read("zone", "UTC"),
        discreet: snapshot.is_some_and(|snapshot| snapshot.contains_key(DISCREET)),
        more: catalogue.words.get(words, "list.more").unwrap_or_default(),
    }
}

/// The name of the brand that a message's data holds.
pub(super) fn brand_of(data: &Map<String, Value>) -> &str {
    let snapshot = data.get(KEY).and_then(Value::as_object);
    let brand = snapshot.and_then(|snapshot| snapshot.get("brand"));
    brand.and_then(Value::as_str).unwrap_or_default()
}

/// The name that a message's data holds, as a greeting has it.
pub(super) fn name_of(data: &Map<String, Value>) -> Cow<'_, str> {
    let snapshot = data.get(KEY).and_then(Value::as_object);
    let name = snapshot.and_then(|snapshot| snapshot.get("name"));
    clean(name.and_then(Value::as_str).unwrap_or_default())
}

/// Whether a message's data says that it is discreet.
pub(super) fn is_discreet(data: &Map<String, Value>) -> bool {
    let snapshot = data.get(KEY).and_then(Value::as_object);
    snapshot.is_some_and(|snapshot| snapshot.contains_key(DISCREET))
}

/// A stored message opened for rendering.
pub(super) struct Opened<'a> {
    pub entry: &'a MessageType,
    pub names: &'a TemplateNames,
    pub setting: Setting<'a>,
}

impl<'a> Opened<'a> {
    /// What the message's templates see.
    pub(super) fn scene(&'a self, content: &'a MessageContent) -> Scene<'a> {
        Scene::message(&self.entry.schema, &content.data, &self.setting)
    }
}

/// Opens a stored message; none when its type has left the catalogue.
pub(super) fn open<'a>(
    catalogue: &'a Catalogue,
    content: &'a MessageContent,
) -> Option<Opened<'a>> {
    let entry = catalogue.get(&content.message_type)?;
    let (locale, names) = locale_of(entry, &content.locale)?;
    let setting = setting(catalogue, &content.data, locale);
    Some(Opened {
        entry,
        names,
        setting,
    })
}
