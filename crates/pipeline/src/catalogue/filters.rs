//! The filters that templates may use; there are no others.
//!
//! Each gives text in the locale and zone of the message, and never more than a few
//! times what it was given.

use std::sync::Arc;

use jiff::tz::TimeZone;
use minijinja::value::{Kwargs, Object};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::clean::shorten;
use super::formats::{Amount, DateStyle, Formats, When};

/// The names of the filters, for the allow-list.
pub(crate) const NAMES: &[&str] = &[
    "count",
    "date",
    "datetime",
    "default",
    "list",
    "money",
    "number",
    "plural",
    "short_number",
    "shorten",
    "time",
    "upper",
];

/// The variable that carries the [`Scope`]; no template may name it.
pub(crate) const SCOPE: &str = "_scope";

/// Order numbers up to this length are shown whole.
const SHORT_NUMBER: usize = 16;
/// How many entries a list names before it counts the rest.
const LISTED: usize = 3;

/// How the message at hand writes numbers and times.
#[derive(Debug)]
pub(crate) struct Scope {
    /// The locale of amounts and dates: the customer's own, where its language is that of
    /// the words.
    pub locale: String,
    /// The customer's zone.
    pub zone: TimeZone,
    /// "{n} more", in the language of the words.
    pub more: Arc<str>,
}

impl Object for Scope {}

/// Puts the filters into an environment.
pub(crate) fn register(env: &mut Environment<'_>) {
    env.add_filter("count", count);
    env.add_filter("date", date);
    env.add_filter("datetime", datetime);
    env.add_filter("default", default);
    env.add_filter("list", list);
    env.add_filter("money", money);
    env.add_filter("number", number);
    env.add_filter("plural", plural);
    env.add_filter("short_number", |number: &str| short_number(number));
    env.add_filter("shorten", |text: &str, limit: usize| {
        shorten(text, limit).into_owned()
    });
    env.add_filter("time", time);
    env.add_filter("upper", |text: &str| text.to_uppercase());
}

/// The first 8 characters of a long order number, for lines that are read at a glance.
fn short_number(number: &str) -> String {
    if number.chars().count() <= SHORT_NUMBER {
        return number.to_owned();
    }
    let head: String = number.chars().take(8).collect();
    format!("{head}…")
}

fn wrong(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}

fn with_scope<T>(
    state: &State<'_, '_>,
    run: impl FnOnce(&Scope, &Formats) -> T,
) -> Result<T, Error> {
    let value = state
        .lookup(SCOPE)
        .ok_or_else(|| wrong("there is no scope"))?;
    let scope = value
        .downcast_object_ref::<Scope>()
        .ok_or_else(|| wrong("there is no scope"))?;
    Ok(run(scope, &Formats::of(&scope.locale)))
}

fn parse_when(value: &str) -> Result<When, Error> {
    When::parse(value).ok_or_else(|| wrong("this is not a date"))
}

fn date(state: &State<'_, '_>, value: &str, style: Option<&str>) -> Result<String, Error> {
    let style = match style {
        None => DateStyle::Full,
        Some("weekday") => DateStyle::Weekday,
        Some("short") => DateStyle::Short,
        Some(_) => return Err(wrong("a date is plain, \"weekday\" or \"short\"")),
    };
    let when = parse_when(value)?;
    with_scope(state, |scope, formats| {
        formats.date(when, &scope.zone, style)
    })
}

fn time(state: &State<'_, '_>, value: &str) -> Result<String, Error> {
    let When::At(at) = parse_when(value)? else {
        return Err(wrong("this is a day and has no time"));
    };
    with_scope(state, |scope, formats| formats.time(at, &scope.zone))
}

fn datetime(state: &State<'_, '_>, value: &str) -> Result<String, Error> {
    let day = date(state, value, None)?;
    Ok(format!("{day}, {}", time(state, value)?))
}

fn money(state: &State<'_, '_>, value: &str, currency: &str) -> Result<String, Error> {
    let amount = Amount::parse(value).ok_or_else(|| wrong("this is not an amount"))?;
    with_scope(state, |_, formats| formats.money(&amount, currency))?
        .ok_or_else(|| wrong("this is not a currency"))
}

fn number(state: &State<'_, '_>, value: i64) -> Result<String, Error> {
    with_scope(state, |_, formats| formats.number(value))
}

fn count(value: &Value) -> Result<usize, Error> {
    value
        .len()
        .ok_or_else(|| wrong("only a list can be counted"))
}

/// `{{ n | plural(one="{n} item", other="{n} items") }}`
fn plural(state: &State<'_, '_>, value: i64, forms: Kwargs) -> Result<String, Error> {
    let (category, shown) = with_scope(state, |_, formats| {
        (formats.plural(value), formats.number(value))
    })?;
    let form: Option<String> = forms.get(category)?;
    let other: String = forms.get("other")?;
    Ok(form.unwrap_or(other).replace("{n}", &shown))
}

/// What stands in when a value is missing.
fn default(value: Value, instead: Value) -> Value {
    if value.is_none() || value.is_undefined() {
        instead
    } else {
        value
    }
}

/// `{{ order.items | list("title") }}`: the first three by name, the rest as a number.
fn list(state: &State<'_, '_>, value: &Value, attribute: Option<&str>) -> Result<String, Error> {
    let mut names = Vec::with_capacity(LISTED + 1);
    let mut rest = 0_i64;
    for entry in value.try_iter()? {
        let name = match attribute {
            Some(attribute) => entry.get_attr(attribute)?,
            None => entry,
        };
        match name.as_str() {
            Some(text) if names.len() < LISTED => names.push(text.to_owned()),
            // What has no name is counted, not listed.
            _ => rest += 1,
        }
    }
    with_scope(state, |scope, formats| {
        if rest > 0 {
            names.push(scope.more.replace("{n}", &formats.number(rest)));
        }
        formats.list(&names)
    })
}
