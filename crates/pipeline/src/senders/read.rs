//! A registry as it is written, read value by value: each fault knows its place and what
//! to do about it.

use std::fmt;

use guard::{Own, OwnFault};
use model::{Instant, Span};

use super::{Country, Identity, Kind};

/// A registry may have so many identities: what is published stays small.
const MOST: usize = 500;
/// Bytes of the sentence about an identity.
const MOST_ABOUT: usize = 200;

/// An identity as it is written.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// How faults name its place: a line, a key.
    pub place: String,
    /// A word of [`Kind`].
    pub kind: String,
    /// The code, name, number or domain.
    pub value: String,
    /// Countries by their two letters; everywhere when empty.
    pub countries: Vec<String>,
    /// A day, or a moment of RFC 3339.
    pub from: Option<String>,
    /// The last day, or a moment of RFC 3339.
    pub until: Option<String>,
    /// What it is for, in a sentence.
    pub about: String,
}

impl Written {
    /// One of everywhere, for ever.
    pub fn of(place: &str, kind: Kind, value: &str) -> Self {
        Self {
            place: place.to_owned(),
            kind: kind.as_str().to_owned(),
            value: value.to_owned(),
            ..Self::default()
        }
    }

    /// One that texts come from, its kind seen from the value.
    pub fn text_sender(place: &str, value: &str) -> Self {
        let digits = value.strip_prefix('+').unwrap_or(value);
        let numeric = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        match (numeric, value.starts_with('+') || digits.len() > 6) {
            (false, _) => Self::of(place, Kind::SenderName, value),
            (true, false) => Self::of(place, Kind::ShortCode, value),
            (true, true) => Self::of(place, Kind::Number, &format!("+{digits}")),
        }
    }
}

/// One thing wrong in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderFault {
    /// Where.
    pub place: String,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub advice: &'static str,
}

impl fmt::Display for SenderFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}", self.place, self.reason, self.advice)
    }
}

/// Everything wrong in a registry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct SenderFaults(pub Vec<SenderFault>);

pub(super) fn all(written: Vec<Written>) -> Result<Vec<Identity>, SenderFaults> {
    let mut faults = Vec::new();
    if written.len() > MOST {
        faults.push(SenderFault {
            place: "senders".into(),
            reason: format!("there are more than {MOST}"),
            advice: "Take out those that ended long ago.",
        });
        return Err(SenderFaults(faults));
    }
    let mut read: Vec<(Identity, &str)> = Vec::new();
    for written in &written {
        let identity = match one(written) {
            Ok(identity) => identity,
            Err(found) => {
                faults.extend(found);
                continue;
            }
        };
        if let Some((_, other)) = read.iter().find(|(other, _)| overlap(other, &identity)) {
            faults.push(SenderFault {
                place: written.place.clone(),
                reason: format!(
                    "{} `{}` is given there and then already by {other}",
                    identity.kind, identity.value
                ),
                advice: "Keep one of them, or give them countries or times that do not overlap.",
            });
            continue;
        }
        read.push((identity, &written.place));
    }
    match faults.is_empty() {
        true => Ok(read.into_iter().map(|(identity, _)| identity).collect()),
        false => Err(SenderFaults(faults)),
    }
}

/// Whether two are the same somewhere, at some time.
fn overlap(one: &Identity, other: &Identity) -> bool {
    let same = one.kind == other.kind && one.value == other.value;
    let somewhere = one.countries.is_empty()
        || other.countries.is_empty()
        || one.countries.iter().any(|c| other.countries.contains(c));
    let ends_before = |one: &Identity, other: &Identity| matches!((one.until, other.from), (Some(until), Some(from)) if until <= from);
    same && somewhere && !ends_before(one, other) && !ends_before(other, one)
}

/// Faults of one identity, as they are found.
struct Found<'a> {
    place: &'a str,
    faults: Vec<SenderFault>,
}

impl Found<'_> {
    fn take<T>(&mut self, read: Result<T, String>, advice: &'static str) -> Option<T> {
        let fault = |reason| SenderFault {
            place: self.place.to_owned(),
            reason,
            advice,
        };
        read.map_err(|reason| self.faults.push(fault(reason))).ok()
    }
}

/// Reads one.
pub(super) fn one(written: &Written) -> Result<Identity, Vec<SenderFault>> {
    let mut found = Found {
        place: &written.place,
        faults: Vec::new(),
    };
    let kind = found.take(
        written.kind.parse::<Kind>(),
        "The kinds are short_code, sender_name, number, mail_domain, link_domain and call_number.",
    );
    let value = kind.and_then(|kind| {
        let (read, advice) = value(kind, written.value.trim());
        found.take(read, advice)
    });
    let countries = countries(&mut found, kind, &written.countries);
    let advice = "Write a day like 2026-01-31, or a moment like 2026-01-31T09:30:00Z.";
    let mut moment = |text: &Option<String>, is_last| match text {
        Some(text) => found.take(moment(text, is_last), advice),
        None => None,
    };
    let (from, until) = (moment(&written.from, false), moment(&written.until, true));
    if let (Some(from), Some(until)) = (from, until)
        && until <= from
    {
        let reason = format!("it ends ({until}) before it begins ({from})");
        found.take::<()>(Err(reason), "Write `from` before `until`.");
    }
    let about = written.about.trim();
    if about.len() > MOST_ABOUT || about.chars().any(char::is_control) {
        let reason = format!("`about` has more than {MOST_ABOUT} bytes, or control characters");
        found.take::<()>(Err(reason), "Say it in one plain sentence.");
    }
    match (kind, value) {
        (Some(kind), Some(value)) if found.faults.is_empty() => Ok(Identity {
            kind,
            value,
            countries,
            from,
            until,
            about: about.to_owned(),
        }),
        _ => Err(found.faults),
    }
}

fn countries(found: &mut Found<'_>, kind: Option<Kind>, written: &[String]) -> Vec<Country> {
    let mut countries = Vec::new();
    for text in written {
        let advice = "Use the two capital letters of ISO 3166-1, like US or GB.";
        let Some(country) = found.take(text.trim().parse::<Country>(), advice) else {
            continue;
        };
        if kind.is_some_and(Kind::sends_texts) && !country.has_numbers() {
            let reason = format!("no number can be seen to belong to {country}");
            let advice = "Name the country whose calling code it shares, like GB for JE.";
            found.take::<()>(Err(reason), advice);
        }
        countries.push(country);
    }
    if kind.is_some_and(Kind::is_domain) && !countries.is_empty() {
        let advice = "Leave `countries` out: nothing could keep a domain to some countries.";
        found.take::<()>(Err("a domain is the same in every country".into()), advice);
    }
    countries.sort();
    countries.dedup();
    countries
}

fn value(kind: Kind, text: &str) -> (Result<String, String>, &'static str) {
    match kind {
        Kind::ShortCode => (
            short_code(text),
            "Write its three to eight digits, like 62422.",
        ),
        Kind::SenderName => (
            name(text),
            "Write 1 to 11 letters, digits, spaces and -_.&'+*!# with a letter among them.",
        ),
        Kind::Number => (
            number(text),
            "Write it in the international form, like +12025550123.",
        ),
        Kind::CallNumber => (
            number(text).or_else(|fault| short_code(text).map_err(|_| fault)),
            "Write it in the international form, like +12025550123, or as three to eight digits.",
        ),
        Kind::MailDomain | Kind::LinkDomain => (
            domain(text),
            "Write the domain that is yours, like marigold.example, without `https://`.",
        ),
    }
}

fn short_code(text: &str) -> Result<String, String> {
    let fits = (3..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    match fits {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` is no short code")),
    }
}

/// Characters that the GSM alphabet (3GPP TS 23.038) and ASCII write alike, so that every
/// carrier shows them as they are meant.
fn name(text: &str) -> Result<String, String> {
    let known = |b: u8| b.is_ascii_alphanumeric() || b" -_.&'+*!#".contains(&b);
    let fits = (1..=11).contains(&text.len())
        && text.bytes().all(known)
        && text.bytes().any(|b| b.is_ascii_alphabetic());
    match fits {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` is no sender name that phones can show")),
    }
}

/// A number in the international form, without what people put between its digits.
pub(super) fn number(text: &str) -> Result<String, String> {
    let separator = |c: char| matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}');
    let plain: String = text.chars().filter(|c| !separator(*c)).collect();
    let digits = plain.strip_prefix('+').unwrap_or_default();
    let fits = (7..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0');
    match fits {
        true => Ok(plain),
        false => Err(format!("`{text}` is no number in the international form")),
    }
}

fn domain(text: &str) -> Result<String, String> {
    Own::domain(text).map_err(|fault| match fault {
        OwnFault::NoDomain(_) => format!("`{text}` is no domain"),
        other => other.to_string(),
    })
}

/// A moment; a day stands for its beginning, or its end where it is the last.
fn moment(text: &str, is_last: bool) -> Result<Instant, String> {
    let text = text.trim();
    if text.len() != 10 {
        return Instant::parse(text).map_err(|_| format!("`{text}` is no day and no moment"));
    }
    let day = Instant::parse(&format!("{text}T00:00:00Z"));
    let day = day.map_err(|_| format!("`{text}` is no day"))?;
    Ok(if is_last { day + Span::days(1) } else { day })
}
