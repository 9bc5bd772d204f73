//! What the law of a place says of messages there: at which hours they may come, whether
//! they need express consent, how many are too many.
//!
//! Pure: rules are data with dates (`regions/` at the root of the repository, and a folder
//! laid over it), read once and asked with a place and a moment. Where it is not known in
//! which state or zone somebody lives, every reading must allow it. What follows from an
//! answer is [`decide`](crate::decide)'s.

mod holidays;
mod hours;
mod read;
mod search;
#[cfg(test)]
mod tests;
mod written;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::{Channel, Customer, Instant, PurposeClass, QuietHours};

use crate::senders::Country;
pub use hours::{Week, Window};
pub use read::{RegionFault, RegionFaults};
use search::{Bar, in_force};

/// The rule's name in an [`Allowed`] when it is the customer's own choice that bars.
pub const OWN: &str = "own";

/// Holds where no other rule of hours does.
const ELSEWHERE: &str = "*";

static SHIPPED: LazyLock<Arc<Regions>> =
    LazyLock::new(|| Arc::new(Regions::load(None).expect("a test reads the files in the binary")));

/// Every rule, with the zones of places.
#[derive(Clone, Debug, Default)]
pub struct Regions {
    rules: Vec<Rule>,
    /// Of what the rules of hours speak: looked at for every delivery.
    concerned: Vec<(PurposeClass, Channel)>,
    /// Of what the rules of numbers speak.
    limited: Vec<(PurposeClass, Channel)>,
    /// From this day on one stop ends everything everywhere.
    revoke_all_from: Option<Date>,
    /// By the code of a country or of a part of one.
    zones: BTreeMap<String, Vec<TimeZone>>,
    /// Countries that share rules, by a name of their own.
    groups: BTreeMap<String, Vec<String>>,
    /// All parts of a country, where they are listed.
    parts: BTreeMap<String, Vec<String>>,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name, once in all files.
    pub id: String,
    /// Where it holds: ISO 3166-1, ISO 3166-2, a group of countries, or `*`.
    pub jurisdiction: String,
    /// Of which messages it speaks.
    pub purposes: Vec<PurposeClass>,
    /// On which channels.
    pub channels: Vec<Channel>,
    /// Its first day.
    pub since: Option<Date>,
    /// Its last day.
    pub until: Option<Date>,
    /// What it says.
    pub says: Says,
    /// The section of the law that says so.
    pub source: String,
    /// Disputed, about to change, or from secondary sources.
    pub uncertain: bool,
    /// What a reader should know besides.
    pub note: String,
}

/// What a rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// Only at these hours, where the recipient is.
    Hours(Week),
    /// Whether it needs express consent.
    ExpressConsent(bool),
    /// One stop ends everything on the channel, not its own kind alone.
    RevokeAll,
    /// At most so many in 24 hours.
    AtMost(u32),
}

/// Where somebody is, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place<'a> {
    /// ISO 3166-1 alpha-2, or empty.
    pub country: &'a str,
    /// ISO 3166-2, such as `US-FL`, or empty.
    pub region: &'a str,
    /// IANA. `UTC`, which nobody lives in, counts as not known.
    pub zone: &'a str,
}

/// What is asked: may such a message come there?
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Where.
    pub place: Place<'a>,
    /// Which.
    pub purpose: PurposeClass,
    /// How.
    pub channel: Channel,
    /// The hours in which the recipient wants quiet, as far as they count here.
    pub own: Option<QuietHours>,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed<'a> {
    /// Yes.
    Now,
    /// Not before a moment, at which all rules allow it.
    From {
        /// The moment.
        at: Instant,
        /// The id of the first rule that bars it now, or [`OWN`].
        rule: &'a str,
    },
    /// Not within two weeks: the rules leave no common hour.
    Never {
        /// The id of the first rule that bars it now, or [`OWN`].
        rule: &'a str,
    },
}

impl Regions {
    /// Reads the rules in the binary and those of a folder, whose files stand in the place
    /// of those with the same name.
    ///
    /// # Errors
    /// Every fault, with its file and entry.
    pub fn load(folder: Option<&Path>) -> Result<Self, RegionFaults> {
        read::load(folder)
    }

    /// The rules in the binary.
    pub fn shipped() -> Arc<Self> {
        SHIPPED.clone()
    }

    /// Every rule, in the order of files.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// Whether any rule of hours speaks of such messages, wherever.
    pub fn concerns(&self, purpose: PurposeClass, channel: Channel) -> bool {
        self.concerned.contains(&(purpose, channel))
    }

    /// Whether any rule says how many such messages there may be, wherever.
    pub fn limits(&self, purpose: PurposeClass, channel: Channel) -> bool {
        self.limited.contains(&(purpose, channel))
    }

    /// Has one stop end everything everywhere from a day on, whatever the law of a place says.
    #[must_use]
    pub fn revoking_all_from(mut self, day: Option<Date>) -> Self {
        self.revoke_all_from = day;
        self
    }

    /// Whether the law of a place allows a message at a moment, and from when on.
    pub fn allowed(
        &self,
        place: &Place<'_>,
        purpose: PurposeClass,
        channel: Channel,
        at: Instant,
    ) -> Allowed<'_> {
        let question = Question {
            place: *place,
            purpose,
            channel,
            own: None,
        };
        self.answer(&question, at)
    }

    /// Whether the law and the recipient allow a message at a moment, and from when on.
    pub fn answer(&self, question: &Question<'_>, at: Instant) -> Allowed<'_> {
        let bars = self.bars(question);
        if bars.is_empty() {
            return Allowed::Now;
        }
        search::answer(&bars, &self.zones(&question.place), at)
    }

    fn bars(&self, question: &Question<'_>) -> Vec<Bar<'_>> {
        let own = question.own.map(|quiet| Bar {
            rule: OWN,
            week: Cow::Owned(Week::outside(quiet)),
            since: None,
            until: None,
        });
        self.hours(question).chain(own).collect()
    }

    /// The rules of hours that bear on a question; those for elsewhere only without others.
    fn hours<'a>(&'a self, question: &Question<'_>) -> impl Iterator<Item = Bar<'a>> {
        let of = |rule: &&Rule| {
            matches!(rule.says, Says::Hours(_))
                && rule.speaks_of(question.purpose, question.channel)
        };
        let here: Vec<&Rule> = self
            .rules
            .iter()
            .filter(|rule| of(rule) && self.covers(rule, &question.place))
            .collect();
        let has_own = here.iter().any(|rule| rule.jurisdiction != ELSEWHERE);
        here.into_iter().filter_map(move |rule| match &rule.says {
            Says::Hours(week) if !has_own || rule.jurisdiction != ELSEWHERE => Some(Bar {
                rule: &rule.id,
                week: Cow::Borrowed(week),
                since: rule.since,
                until: rule.until,
            }),
            _ => None,
        })
    }

    /// The rule by which such messages need express consent at a place, if they do.
    pub fn express_consent(
        &self,
        place: &Place<'_>,
        (purpose, channel): (PurposeClass, Channel),
        at: Instant,
    ) -> Option<&Rule> {
        self.in_force(place, at)
            .filter(|rule| rule.speaks_of(purpose, channel))
            .find(|rule| rule.says == Says::ExpressConsent(true))
    }

    /// Whether one stop ends everything on a channel: by the law of a place
    /// (47 CFR 64.1200(a)(10)), or because we were told to do so from a day on.
    pub fn revokes_all(&self, place: &Place<'_>, channel: Channel, at: Instant) -> bool {
        let now = at.to_timestamp();
        let begun = |from: Date| {
            let zones = self.zones(place);
            zones
                .iter()
                .any(|zone| zone.to_datetime(now).date() >= from)
        };
        let own = self.revoke_all_from.is_some_and(begun);
        own || self
            .in_force(place, at)
            .any(|rule| rule.says == Says::RevokeAll && rule.channels.contains(&channel))
    }

    /// How many such messages a person may get in 24 hours, and by which rule.
    pub fn at_most(
        &self,
        place: &Place<'_>,
        (purpose, channel): (PurposeClass, Channel),
        at: Instant,
    ) -> Option<(u32, &Rule)> {
        self.in_force(place, at)
            .filter(|rule| rule.speaks_of(purpose, channel))
            .filter_map(|rule| match rule.says {
                Says::AtMost(count) => Some((count, rule)),
                _ => None,
            })
            .min_by_key(|(count, _)| *count)
    }

    /// The rules that hold at a place, on the date it has in any of its zones.
    fn in_force(&self, place: &Place<'_>, at: Instant) -> impl Iterator<Item = &Rule> {
        let at = at.to_timestamp();
        let zones = self.zones(place);
        let dates: Vec<Date> = zones
            .iter()
            .map(|zone| zone.to_datetime(at).date())
            .collect();
        let rules: Vec<&Rule> = self
            .rules
            .iter()
            .filter(|rule| self.covers(rule, place))
            .collect();
        let holds = move |rule: &&Rule| {
            let mut dates = dates.iter();
            dates.any(|date| in_force(rule.since, rule.until, *date))
        };
        rules.into_iter().filter(holds)
    }

    /// Whether a rule holds at a place, or may: where the part of the country is not known,
    /// the rules of all its parts hold.
    fn covers(&self, rule: &Rule, place: &Place<'_>) -> bool {
        let (holds, country) = (rule.jurisdiction.as_str(), place.country_code());
        if holds == ELSEWHERE {
            return true;
        }
        if let Some((of, _)) = holds.split_once('-') {
            return of == country && (holds == place.region || !self.knows_part(place));
        }
        match self.groups.get(holds) {
            Some(members) => members.iter().any(|member| member == country),
            None => holds == country,
        }
    }

    fn knows_part(&self, place: &Place<'_>) -> bool {
        let country = place.country_code();
        let within = place
            .region
            .split_once('-')
            .is_some_and(|(of, _)| of == country);
        let listed = self.parts.get(country);
        within && listed.is_none_or(|parts| parts.iter().any(|part| part == place.region))
    }

    /// The zones somebody may be in.
    fn zones<'a>(&'a self, place: &Place<'_>) -> Cow<'a, [TimeZone]> {
        if let Some(zone) = zone_of(place.zone) {
            return Cow::Owned(vec![zone]);
        }
        let part = self
            .zones
            .get(place.region)
            .filter(|_| self.knows_part(place));
        match part.or_else(|| self.zones.get(place.country_code())) {
            Some(zones) => Cow::Borrowed(zones),
            None => Cow::Owned(vec![TimeZone::UTC]),
        }
    }
}

impl Rule {
    fn speaks_of(&self, purpose: PurposeClass, channel: Channel) -> bool {
        self.purposes.contains(&purpose) && self.channels.contains(&channel)
    }
}

impl<'a> Place<'a> {
    /// Where a customer is: as the profile says, or at least as the phone number does.
    pub fn of(customer: &'a Customer) -> Self {
        let number = customer.phone.as_ref().map(|phone| phone.address.open());
        Self {
            country: country_of(&customer.country, &customer.region, number),
            region: &customer.region,
            zone: &customer.time_zone,
        }
    }

    /// The country, by itself or as the region says.
    fn country_code(&self) -> &'a str {
        country_of(self.country, self.region, None)
    }
}

/// A country as a profile has it, else as the region says, else as the number does.
pub(crate) fn country_of<'a>(country: &'a str, region: &'a str, number: Option<&str>) -> &'a str {
    if !country.is_empty() {
        return country;
    }
    match region.split_once('-') {
        Some((country, _)) => country,
        None => number
            .and_then(Country::of_number)
            .map_or("", Country::as_str),
    }
}

/// A zone that somebody can live in. Profiles that name none have `UTC`.
pub(crate) fn zone_of(name: &str) -> Option<TimeZone> {
    const NOWHERE: [&str; 9] = [
        "UTC",
        "UCT",
        "GMT",
        "GMT0",
        "GMT+0",
        "GMT-0",
        "Greenwich",
        "Universal",
        "Zulu",
    ];
    let is_place = !NOWHERE.contains(&name) && !name.starts_with("Etc/");
    TimeZone::get(name).ok().filter(|_| is_place)
}
