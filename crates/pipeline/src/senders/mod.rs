//! The sender registry: every identity that messages may come from or lead to, where and
//! when. The router can use no other.
//!
//! Pure: made once from the configuration, asked with a number and a moment. Asking on the
//! hot path looks two small tables up and copies nothing. How it is published is `web`'s.

mod country;
mod honest;
mod looked_up;
mod read;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use channels::SmsSource;
use guard::Own;
use model::{Instant, Span};

use crate::render::Brand;
use country::COUNTRIES;

pub use country::Country;
pub use looked_up::{Asked, LookedUp, What, without_hidden};
pub use read::{SenderFault, SenderFaults, Written};

/// What kind of identity it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Texts come from it: three to eight digits.
    ShortCode,
    /// Texts come from it: up to eleven characters.
    SenderName,
    /// Texts come from it: a number in the international form.
    Number,
    /// Mail comes from addresses in it.
    MailDomain,
    /// Links lead to it, or to names under it.
    LinkDomain,
    /// Messages may ask people to call it.
    CallNumber,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::ShortCode,
        Self::SenderName,
        Self::Number,
        Self::MailDomain,
        Self::LinkDomain,
        Self::CallNumber,
    ];

    /// As it is written in the configuration and published.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ShortCode => "short_code",
            Self::SenderName => "sender_name",
            Self::Number => "number",
            Self::MailDomain => "mail_domain",
            Self::LinkDomain => "link_domain",
            Self::CallNumber => "call_number",
        }
    }

    /// Whether texts come from it.
    pub const fn sends_texts(self) -> bool {
        matches!(self, Self::ShortCode | Self::SenderName | Self::Number)
    }

    const fn is_domain(self) -> bool {
        matches!(self, Self::MailDomain | Self::LinkDomain)
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is no kind of sender"))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What it is.
    pub kind: Kind,
    /// The code, name, number or domain.
    pub value: String,
    /// Where it is ours, in order; everywhere when empty.
    pub countries: Vec<Country>,
    /// Since when; always when none.
    pub from: Option<Instant>,
    /// Until when, not after; with no end when none.
    pub until: Option<Instant>,
    /// What it is for, in a sentence; may be empty.
    pub about: String,
}

/// How an identity stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is not ours yet.
    Ahead,
    /// It is ours.
    Ours,
    /// It was ours.
    Ended,
}

impl Identity {
    /// How it stands at a moment.
    pub fn standing(&self, at: Instant) -> Standing {
        if self.until.is_some_and(|until| at >= until) {
            Standing::Ended
        } else if self.from.is_some_and(|from| at < from) {
            Standing::Ahead
        } else {
            Standing::Ours
        }
    }

    /// Whether it is ours at a moment.
    pub fn is_ours(&self, at: Instant) -> bool {
        self.standing(at) == Standing::Ours
    }

    /// Whether it is ours in a country; only identities of everywhere are where there is no
    /// country.
    pub fn is_in(&self, country: Option<Country>) -> bool {
        self.countries.is_empty()
            || country.is_some_and(|country| self.countries.contains(&country))
    }
}

/// What has ended is still listed for so long, so that old messages can be checked.
pub const REMEMBERED: Span = Span::days(400);

/// Who a text comes from.
#[derive(Clone, Copy, Debug)]
pub struct TextSender<'a> {
    /// The identity.
    pub identity: &'a Identity,
    /// The same as carriers want it.
    pub source: &'a Arc<SmsSource>,
}

/// Every identity there is. Made by [`Registry::new`]; the default has none.
#[derive(Clone, Debug)]
pub struct Registry {
    /// By kind, then as they were written.
    identities: Vec<Identity>,
    /// Those that texts come from: a place in `identities`, and what carriers want.
    texts: Vec<(usize, Arc<SmsSource>)>,
    /// Places in `texts` for each country, the one to be preferred first; the last row is
    /// for numbers of no country.
    by_country: Box<[Box<[u16]>]>,
}

impl Default for Registry {
    fn default() -> Self {
        Self::of(Vec::new())
    }
}

impl Registry {
    /// A registry of what was written.
    ///
    /// # Errors
    /// Everything that is wrong, each with its place and advice.
    pub fn new(written: Vec<Written>) -> Result<Self, SenderFaults> {
        read::all(written).map(Self::of)
    }

    /// What a brand alone says: its sender, and its domain for links and mail. What cannot
    /// be is left out.
    pub fn of_brand(brand: &Brand) -> Self {
        let written = [
            Written::text_sender("brand.sms_sender", &brand.sms_sender),
            Written::of("brand.domain", Kind::MailDomain, &brand.domain),
            Written::of("brand.domain", Kind::LinkDomain, &brand.domain),
        ];
        let kept = written.into_iter().filter_map(|one| read::one(&one).ok());
        Self::of(kept.collect())
    }

    fn of(mut identities: Vec<Identity>) -> Self {
        identities.sort_by_key(|identity| identity.kind);
        let texts: Vec<(usize, Arc<SmsSource>)> = identities
            .iter()
            .enumerate()
            .filter(|(_, identity)| identity.kind.sends_texts())
            .map(|(place, identity)| (place, Arc::new(source(identity))))
            .collect();
        // The most specific first: those of some countries before those of all; of equals,
        // the one that began last, so that a new number replaces an old one without a gap.
        let mut order: Vec<u16> = (0..texts.len())
            .filter_map(|place| u16::try_from(place).ok())
            .collect();
        order.sort_by_key(|place| {
            let identity = &identities[texts[usize::from(*place)].0];
            let began = identity.from.map_or(i64::MIN, Instant::as_micros);
            (identity.countries.is_empty(), std::cmp::Reverse(began))
        });
        let row = |country: Option<Country>| -> Box<[u16]> {
            let of = order.iter().copied();
            of.filter(|place| identities[texts[usize::from(*place)].0].is_in(country))
                .collect()
        };
        let rows = Country::all().map(Some).chain([None]);
        let by_country = rows.map(row).collect();
        Self {
            identities,
            texts,
            by_country,
        }
    }

    /// Every identity, by kind.
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.identities.is_empty()
    }

    /// The identities to publish at a moment: all but those that ended long ago.
    pub fn listed(&self, at: Instant) -> impl Iterator<Item = &Identity> {
        let ended = move |until: Instant| until + REMEMBERED > at;
        let all = self.identities.iter();
        all.filter(move |identity| identity.until.is_none_or(ended))
    }

    /// Who a text to a number (in the international form) comes from at a moment: the most
    /// specific identity that is ours then and there.
    pub fn text_sender(&self, number: &str, at: Instant) -> Option<TextSender<'_>> {
        let row = Country::of_number(number).map_or(COUNTRIES, Country::place);
        self.by_country[row].iter().find_map(|place| {
            let (identity, source) = self.texts.get(usize::from(*place))?;
            let identity = &self.identities[*identity];
            identity
                .is_ours(at)
                .then_some(TextSender { identity, source })
        })
    }

    /// Every source that texts may have at some time: what a carrier holds on to.
    pub fn text_sources(&self) -> impl Iterator<Item = SmsSource> {
        self.texts
            .iter()
            .map(|(_, source)| SmsSource::clone(source))
    }

    /// Whether mail may come from addresses in this very domain at a moment.
    pub fn sends_mail_from(&self, domain: &str, at: Instant) -> bool {
        self.ours(Kind::MailDomain, at)
            .any(|identity| identity.value.eq_ignore_ascii_case(domain))
    }

    /// Whether there is any domain that mail may come from at a moment.
    pub fn sends_mail(&self, at: Instant) -> bool {
        self.ours(Kind::MailDomain, at).next().is_some()
    }

    /// The identities of a kind that are ours at a moment.
    pub fn ours(&self, kind: Kind, at: Instant) -> impl Iterator<Item = &Identity> {
        let all = self.identities.iter();
        all.filter(move |identity| identity.kind == kind && identity.is_ours(at))
    }

    /// What the guard lets links lead to, and what numbers may be called or texted.
    pub fn own(&self, at: Instant) -> Own {
        let all = self.identities.iter();
        all.filter(|identity| identity.is_ours(at))
            .fold(Own::default(), |own, identity| match identity.kind {
                Kind::LinkDomain => own.with_domain(&identity.value),
                Kind::ShortCode | Kind::Number | Kind::CallNumber => {
                    own.with_number(&identity.value)
                }
                Kind::SenderName | Kind::MailDomain => own,
            })
    }

    /// The time around a moment in which nothing begins and nothing ends.
    pub fn unchanged_around(&self, at: Instant) -> Range<Instant> {
        let all = self.identities.iter();
        let edges = all.flat_map(|identity| identity.from.into_iter().chain(identity.until));
        let (first, last) = (
            Instant::from_micros(i64::MIN),
            Instant::from_micros(i64::MAX),
        );
        edges.fold(first..last, |around, edge| match edge <= at {
            true => around.start.max(edge)..around.end,
            false => around.start..around.end.min(edge),
        })
    }
}

/// As SMPP 3.4 §5.2.5 wants it: a name is alphanumeric, a short code specific to the
/// network, a number international.
fn source(identity: &Identity) -> SmsSource {
    let (ton, npi) = match identity.kind {
        Kind::ShortCode => (3, 0),
        Kind::Number => (1, 1),
        _ => (5, 0),
    };
    SmsSource {
        address: identity.value.trim_start_matches('+').to_owned(),
        ton,
        npi,
    }
}
