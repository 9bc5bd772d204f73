//! What templates see: the data, the brand, the customer.

use std::sync::Arc;

use jiff::tz::TimeZone;
use minijinja::Value;
use serde_json::Map;

use super::clean::clean;
use super::filters::{SCOPE, Scope};
use super::schema::Schema;

/// Who speaks and who listens, for one message.
#[derive(Clone, Debug)]
pub(crate) struct Setting<'a> {
    /// The marketplace's name.
    pub brand: &'a str,
    /// Its domain.
    pub domain: &'a str,
    /// Its Message Center.
    pub url: &'a str,
    /// Its support.
    pub support: &'a str,
    /// The customer's name.
    pub name: &'a str,
    /// The locale of amounts and dates.
    pub locale: &'a str,
    /// The customer's zone.
    pub zone: &'a str,
    /// "{n} more" in the language of the words.
    pub more: Arc<str>,
}

/// The context of a message type's templates.
pub(crate) fn of_message(
    schema: &Schema,
    data: &Map<String, serde_json::Value>,
    setting: &Setting<'_>,
) -> Value {
    let mut pairs = schema.to_context(data);
    let brand = [
        ("name", Value::from(setting.brand)),
        ("domain", Value::from(setting.domain)),
        ("url", Value::from(setting.url)),
        ("support", Value::from(setting.support)),
    ];
    pairs.push((Value::from("brand"), Value::from_pairs(brand)));
    let name = clean(setting.name);
    let name = if name.is_empty() {
        Value::from(())
    } else {
        Value::from(name.as_ref())
    };
    pairs.push((Value::from("customer"), Value::from_pairs([("name", name)])));
    let scope = Scope {
        locale: setting.locale.to_owned(),
        zone: TimeZone::get(setting.zone).unwrap_or(TimeZone::UTC),
        more: Arc::clone(&setting.more),
    };
    pairs.push((Value::from(SCOPE), Value::from_object(scope)));
    Value::from_pairs(pairs)
}
