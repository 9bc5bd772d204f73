//! A rate card as it is written, read value by value: each fault knows its line.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use model::{Channel, Currency, Instant, ledger_day, micros_of};
use serde::Deserialize;
use toml::Spanned;

use super::{Card, CardFault, Rate};

/// A card may have so many rates.
const MAX_RATES: usize = 5_000;
/// Nobody pays more for one text.
const MAX_PRICE: i64 = 1_000_000_000;
/// Digits of a prefix.
const MAX_PREFIX: usize = 8;

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
pub(super) struct Source<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    pub(super) faults: Vec<CardFault>,
}

impl Source<'_> {
    pub(super) fn fault(&mut self, line: usize, reason: impl Into<String>, advice: &'static str) {
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

    pub(super) fn card(&mut self) -> Option<(Arc<str>, Channel, Card)> {
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
