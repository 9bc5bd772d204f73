//! The filters that templates may use; there are no others.
//!
//! Each gives text in the locale and zone of the message, and never more than a few
//! times what it was given.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::clean::shorten;
use super::formats::{Amount, DateStyle, When};
use super::run::Reason;
use super::view::{Scene, View};

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

/// Order numbers up to this length are shown whole.
const SHORT_NUMBER: usize = 16;
/// How many entries a list names before it counts the rest.
const LISTED: usize = 3;

/// One filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    Count,
    Date,
    DateTime,
    Default,
    List,
    Money,
    Number,
    Plural,
    ShortNumber,
    Shorten,
    Time,
    Upper,
}

type Made<'a> = Result<View<'a>, Reason>;

impl Filter {
    /// The filter of a name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "count" => Self::Count,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "default" => Self::Default,
            "list" => Self::List,
            "money" => Self::Money,
            "number" => Self::Number,
            "plural" => Self::Plural,
            "short_number" => Self::ShortNumber,
            "shorten" => Self::Shorten,
            "time" => Self::Time,
            "upper" => Self::Upper,
            _ => return None,
        })
    }

    /// How many arguments without a name it takes.
    pub(super) fn arguments(self) -> RangeInclusive<usize> {
        match self {
            Self::Date | Self::List => 0..=1,
            Self::Default | Self::Money | Self::Shorten => 1..=1,
            _ => 0..=0,
        }
    }

    /// What it makes of a value. `argument` is undefined where none was given.
    pub(super) fn apply<'a>(
        self,
        of: View<'a>,
        argument: View<'a>,
        named: &[(&str, View<'a>)],
        scene: &Scene<'a>,
    ) -> Made<'a> {
        if self == Self::Default {
            let missing = matches!(of, View::None | View::Undefined);
            return Ok(if missing { argument } else { of });
        }
        if matches!(of, View::Undefined) {
            return Err(Reason::Missing);
        }
        let made = match self {
            Self::Count => {
                let text = || of.as_text().map(|text| text.chars().count());
                let count = of.entries().or_else(text).ok_or(Reason::Filter)?;
                return Ok(View::Number(count as i64));
            }
            Self::Default => return Ok(of),
            Self::Date => date(text(&of)?, style(&argument)?, scene)?,
            Self::DateTime => {
                let text = text(&of)?;
                let day = date(text, DateStyle::Full, scene)?;
                format!("{day}, {}", time(text, scene)?)
            }
            Self::Time => time(text(&of)?, scene)?,
            Self::List => list(&of, &argument, scene)?,
            Self::Money => {
                let amount = Amount::parse(text(&of)?).ok_or(Reason::Filter)?;
                let currency = text(&argument)?;
                let money = scene.formats().money(&amount, currency);
                money.ok_or(Reason::Filter)?
            }
            Self::Number => scene.formats().number(whole(&of)?),
            Self::Plural => plural(whole(&of)?, named, scene)?,
            Self::Upper => text(&of)?.to_uppercase(),
            Self::ShortNumber => match short_number(text(&of)?) {
                Some(short) => short,
                None => return Ok(of),
            },
            Self::Shorten => {
                let limit = usize::try_from(whole(&argument)?).map_err(|_| Reason::Filter)?;
                match shorten(text(&of)?, limit) {
                    Cow::Owned(short) => short,
                    Cow::Borrowed(_) => return Ok(of),
                }
            }
        };
        Ok(View::Made(made))
    }
}

fn text<'v>(view: &'v View<'_>) -> Result<&'v str, Reason> {
    view.as_text().ok_or(match view {
        View::Undefined => Reason::Missing,
        _ => Reason::Filter,
    })
}

fn whole(view: &View<'_>) -> Result<i64, Reason> {
    match view {
        View::Number(number) => Ok(*number),
        _ => Err(Reason::Filter),
    }
}

/// The first 8 characters of a long order number, for lines that are read at a glance.
fn short_number(number: &str) -> Option<String> {
    if number.len() <= SHORT_NUMBER || number.chars().count() <= SHORT_NUMBER {
        return None;
    }
    let head: String = number.chars().take(8).collect();
    Some(format!("{head}…"))
}

/// A date is plain, "weekday" or "short".
fn style(argument: &View<'_>) -> Result<DateStyle, Reason> {
    match argument {
        View::Undefined | View::None => Ok(DateStyle::Full),
        given => match given.as_text() {
            Some("weekday") => Ok(DateStyle::Weekday),
            Some("short") => Ok(DateStyle::Short),
            _ => Err(Reason::Filter),
        },
    }
}

fn date(text: &str, style: DateStyle, scene: &Scene<'_>) -> Result<String, Reason> {
    let when = When::parse(text).ok_or(Reason::Filter)?;
    Ok(match when {
        When::Day(day) => scene.formats().day(day, style),
        When::At(_) => scene.formats().date(when, scene.zone(), style),
    })
}

fn time(text: &str, scene: &Scene<'_>) -> Result<String, Reason> {
    match When::parse(text) {
        Some(When::At(at)) => Ok(scene.formats().time(at, scene.zone())),
        // A day has no time.
        _ => Err(Reason::Filter),
    }
}

/// `{{ n | plural(one="{n} item", other="{n} items") }}`
fn plural(number: i64, forms: &[(&str, View<'_>)], scene: &Scene<'_>) -> Result<String, Reason> {
    let formats = scene.formats();
    let form = |category: &str| {
        let named = forms.iter().find(|(name, _)| *name == category);
        named.and_then(|(_, form)| form.as_text())
    };
    let other = form("other").ok_or(Reason::Filter)?;
    let chosen = form(formats.plural(number)).unwrap_or(other);
    Ok(chosen.replace("{n}", &formats.number(number)))
}

/// `{{ order.items | list("title") }}`: the first three by name, the rest as a number.
fn list(of: &View<'_>, attribute: &View<'_>, scene: &Scene<'_>) -> Result<String, Reason> {
    let count = of.rounds().ok_or(Reason::Filter)?;
    let mut names = Vec::with_capacity(LISTED);
    for at in 0..count {
        let name = match attribute.as_text() {
            Some(attribute) => of.entry(at).attribute(attribute),
            None => of.entry(at),
        };
        if matches!(name, View::Text(_)) {
            names.push(name);
        }
        if names.len() == LISTED {
            break;
        }
    }
    // What has no name is counted, not listed.
    let rest = (count - names.len()) as i64;
    let formats = scene.formats();
    let more = match rest {
        0 => None,
        rest => Some(scene.more().replace("{n}", &formats.number(rest))),
    };
    let named = names.iter().filter_map(View::as_text);
    let parts: Vec<&str> = named.chain(more.as_deref()).collect();
    Ok(formats.list(&parts))
}
