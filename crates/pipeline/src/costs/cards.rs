//! Rate cards: data files that say what a carrier asks for, by country and from which day.
//!
//! A card is read with care: whoever writes it is told the file, the line and what to
//! write instead.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use model::{Channel, ContactPoint, Currency, Instant, ledger_day, micros_of};
use serde::Deserialize;
use toml::Spanned;

/// A file may be so large.
const MAX_BYTES: u64 = 1 << 20;
/// A folder may hold so many.
const MAX_FILES: usize = 1_000;
/// A card may have so many rates.
const MAX_RATES: usize = 5_000;
/// Nobody pays more for one text.
const MAX_PRICE: i64 = 1_000_000_000;
/// Digits of a prefix.
const MAX_PREFIX: usize = 8;

/// One thing wrong in a rate card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFault {
    /// The file.
    pub file: String,
    /// The line in it, from 1; 0 where it is about the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub advice: &'static str,
}

impl fmt::Display for CardFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}. {}", self.reason, self.advice)
    }
}

/// Everything wrong in the rate cards.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct CardFaults(pub Vec<CardFault>);

/// All rate cards there are.
#[derive(Clone, Debug, Default)]
pub struct RateCards(HashMap<Channel, BTreeMap<Arc<str>, Vec<Card>>>);

/// What one carrier asks for on one channel, from a day on.
#[derive(Clone, Debug)]
pub(super) struct Card {
    pub(super) currency: Currency,
    from: i32,
    file: String,
    /// By the digits of a prefix; the empty one is for everywhere else.
    rates: HashMap<String, Rate>,
    longest: usize,
}

/// What one country costs.
#[derive(Clone, Debug)]
pub(super) struct Rate {
    pub(super) country: Arc<str>,
    /// For a segment of a text, or for a mail.
    pub(super) micros: i64,
}

impl Card {
    pub(super) fn rate_of(&self, contact: &ContactPoint) -> Option<&Rate> {
        let digits = match contact.channel {
            Channel::Sms => contact.address.open().trim_start_matches('+'),
            Channel::Email => "",
        };
        let longest = self.longest.min(digits.len());
        (0..=longest)
            .rev()
            .filter_map(|length| digits.get(..length))
            .find_map(|prefix| self.rates.get(prefix))
    }
}

impl RateCards {
    /// Reads every `.toml` file of a folder.
    ///
    /// # Errors
    /// [`CardFaults`] names everything that is wrong.
    pub fn load(folder: &Path) -> Result<Self, CardFaults> {
        let unreadable = |path: &Path, error: &std::io::Error| {
            let fault = CardFault {
                file: path.display().to_string(),
                line: 0,
                reason: format!("cannot be read: {error}"),
                advice: "Check the folder in [costs] and its rights.",
            };
            CardFaults(vec![fault])
        };
        let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| unreadable(folder, &error))?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                files.push(path);
            }
        }
        files.sort();
        let (mut texts, mut faults) = (Vec::new(), Vec::new());
        if files.len() > MAX_FILES {
            faults.push(CardFault {
                file: folder.display().to_string(),
                line: 0,
                reason: format!("has more than {MAX_FILES} rate cards"),
                advice: "Move those that are no longer valid elsewhere.",
            });
            files.clear();
        }
        for path in files {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
            let name = name.unwrap_or_default();
            let size = std::fs::metadata(&path).map_or(0, |data| data.len());
            if size > MAX_BYTES {
                faults.push(CardFault {
                    file: name,
                    line: 0,
                    reason: format!("has more than {MAX_BYTES} bytes"),
                    advice: "Split it by country.",
                });
                continue;
            }
            match std::fs::read_to_string(&path) {
                Ok(text) => texts.push((name, text)),
                Err(error) => faults.extend(unreadable(&path, &error).0),
            }
        }
        let named = texts
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()));
        match Self::read(named) {
            Ok(cards) if faults.is_empty() => Ok(cards),
            Ok(_) => Err(CardFaults(faults)),
            Err(CardFaults(more)) => {
                faults.extend(more);
                Err(CardFaults(faults))
            }
        }
    }

    /// Reads cards from their files' names and texts.
    ///
    /// # Errors
    /// [`CardFaults`] names everything that is wrong.
    pub fn read<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, CardFaults> {
        let (mut cards, mut faults) = (Self::default(), Vec::new());
        for (file, text) in files {
            let mut source = Source {
                file,
                text,
                faults: Vec::new(),
            };
            if let Some((carrier, channel, card)) = source.card() {
                let of = cards
                    .0
                    .entry(channel)
                    .or_default()
                    .entry(carrier)
                    .or_default();
                match of.iter().find(|other| other.from == card.from) {
                    Some(other) => source.fault(
                        0,
                        format!("is for the same carrier, channel and day as {}", other.file),
                        "Give one of them another `valid_from`, or put their rates together.",
                    ),
                    None => of.push(card),
                }
                of.sort_by_key(|card| card.from);
            }
            faults.append(&mut source.faults);
        }
        match faults.is_empty() {
            true => Ok(cards),
            false => Err(CardFaults(faults)),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        let carriers = self.0.values().flat_map(BTreeMap::values);
        carriers.map(Vec::len).sum()
    }

    /// The carriers there are cards for, with their channels.
    pub fn carriers(&self) -> impl Iterator<Item = (Channel, &str)> {
        let all = self.0.iter();
        all.flat_map(|(channel, of)| of.keys().map(move |carrier| (*channel, &**carrier)))
    }

    /// The newest card of a carrier that is valid on a day.
    pub(super) fn on(&self, carrier: &str, channel: Channel, day: i32) -> Option<&Card> {
        let cards = self.0.get(&channel)?.get(carrier)?;
        cards.iter().rev().find(|card| card.from <= day)
    }
}

/// A file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    carrier: Spanned<String>,
    channel: Spanned<String>,
    currency: Spanned<String>,
    valid_from: Spanned<String>,
    #[serde(default)]
    rates: Vec<Spanned<WrittenRate>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRate {
    #[serde(default)]
    country: Option<Spanned<String>>,
    #[serde(default)]
    prefixes: Vec<Spanned<String>>,
    price: Spanned<String>,
}

/// A file that is being read.
struct Source<'a> {
    file: &'a str,
    text: &'a str,
    faults: Vec<CardFault>,
}

impl Source<'_> {
    fn fault(&mut self, line: usize, reason: impl Into<String>, advice: &'static str) {
        self.faults.push(CardFault {
            file: self.file.to_owned(),
            line,
            reason: reason.into(),
            advice,
        });
    }

    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.as_bytes().iter().take(span.start);
        before.filter(|byte| **byte == b'\n').count() + 1
    }

    /// A value, or `None` with the fault noted.
    fn value<T>(
        &mut self,
        written: &Spanned<String>,
        read: impl FnOnce(&str) -> Result<T, String>,
        advice: &'static str,
    ) -> Option<T> {
        match read(written.get_ref()) {
            Ok(value) => Some(value),
            Err(reason) => {
                let line = self.line(&written.span());
                self.fault(line, reason, advice);
                None
            }
        }
    }

    fn card(&mut self) -> Option<(Arc<str>, Channel, Card)> {
        let written: Written = match toml::from_str(self.text) {
            Ok(written) => written,
            Err(error) => {
                let line = error.span().map_or(0, |span| self.line(&span));
                let reason = error
                    .message()
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                let advice = "A rate card has carrier, channel, currency, valid_from and [[rates]] \
                     with country, prefixes and price, all as text between quotes; docs/guides/costs.md has one.";
                self.fault(line, reason, advice);
                return None;
            }
        };
        let carrier = self.value(
            &written.carrier,
            carrier,
            "Write the carrier as attempts name it: `sms` for [sms], `email` for [email].",
        );
        let channel = self.value(
            &written.channel,
            |text| text.parse::<Channel>().map_err(|error| error.to_string()),
            "A card is about one channel.",
        );
        let currency = self.value(
            &written.currency,
            |text| text.parse::<Currency>().map_err(|error| error.to_string()),
            "Use the letters of ISO 4217.",
        );
        let from = self.value(
            &written.valid_from,
            day,
            "Write the first day it is valid, like `2026-01-01` (UTC).",
        );
        if written.rates.is_empty() || written.rates.len() > MAX_RATES {
            let reason = format!("has {} rates", written.rates.len());
            self.fault(0, reason, "A card has from 1 to 5000 `[[rates]]`.");
        }
        let mut rates = HashMap::new();
        for rate in written.rates.iter().take(MAX_RATES) {
            self.rate(rate, channel, &mut rates);
        }
        let card = Card {
            currency: currency?,
            from: from?,
            file: self.file.to_owned(),
            longest: rates.keys().map(String::len).max().unwrap_or(0),
            rates,
        };
        Some((carrier?, channel?, card)).filter(|_| self.faults.is_empty())
    }

    fn rate(
        &mut self,
        written: &Spanned<WrittenRate>,
        channel: Option<Channel>,
        rates: &mut HashMap<String, Rate>,
    ) {
        let rate = written.get_ref();
        let micros = self.value(
            &rate.price,
            price,
            "Write it as text with a point, like `price = \"0.0079\"`: for each segment of a text, or for a mail.",
        );
        let country = match &rate.country {
            Some(written) => self.value(written, country, "Use two letters, like `US`."),
            None => Some("".into()),
        };
        let (Some(micros), Some(country)) = (micros, country) else {
            return;
        };
        let line = self.line(&written.span());
        if channel == Some(Channel::Email) && !rate.prefixes.is_empty() {
            let advice = "Leave `prefixes` out: the rate is for every mail.";
            return self.fault(line, "mail addresses have no prefix", advice);
        }
        let mut prefixes = Vec::new();
        for written in &rate.prefixes {
            let advice = "Write the beginning of the number in the international form, like `+1` or `+5511`.";
            prefixes.extend(self.value(written, prefix, advice));
        }
        if rate.prefixes.is_empty() {
            prefixes.push(String::new());
        }
        for prefix in prefixes {
            let rate = Rate {
                country: country.clone(),
                micros,
            };
            let shown = if prefix.is_empty() {
                "everywhere else".to_owned()
            } else {
                format!("+{prefix}")
            };
            if rates.insert(prefix, rate).is_some() {
                let reason = format!("there are two rates for {shown}");
                self.fault(line, reason, "Keep one of them.");
            }
        }
    }
}

fn carrier(text: &str) -> Result<Arc<str>, String> {
    let fits = (1..=60).contains(&text.len()) && !text.chars().any(char::is_control);
    match fits {
        true => Ok(text.into()),
        false => Err("a carrier's name has 1 to 60 bytes and no control characters".into()),
    }
}

fn day(text: &str) -> Result<i32, String> {
    let fits = text.len() == 10 && text.is_ascii();
    let moment = fits.then(|| Instant::parse(&format!("{text}T00:00:00Z")).ok());
    let moment = moment
        .flatten()
        .ok_or_else(|| "that is no day".to_owned())?;
    Ok(ledger_day(moment))
}

fn price(text: &str) -> Result<i64, String> {
    let micros = micros_of(text).map_err(|error| error.to_string())?;
    match micros {
        0..=MAX_PRICE => Ok(micros),
        _ => Err("a price is from 0 to 1000".into()),
    }
}

fn country(text: &str) -> Result<Arc<str>, String> {
    let fits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    match fits {
        true => Ok(text.into()),
        false => Err("a country has two capital letters (ISO 3166)".into()),
    }
}

fn prefix(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix('+').unwrap_or_default();
    let fits = (1..=MAX_PREFIX).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    match fits {
        true => Ok(digits.to_owned()),
        false => Err(format!("a prefix is `+` and 1 to {MAX_PREFIX} digits")),
    }
}

#[cfg(test)]
mod tests;
