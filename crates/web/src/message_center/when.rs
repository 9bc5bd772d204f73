//! Times as the customer sees them: in their zone, by their clock, grouped by day.
//!
//! For lists and time lines of the pages only; times inside messages come from `render`.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use model::Instant;

/// The group a message stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Day {
    Today,
    Yesterday,
    ThisWeek,
    /// A month's name, with its year when that is another.
    Month(String),
}

/// A moment in the forms a page needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// For machines.
    pub iso: String,
    /// As short as its day allows: `14:02`, `Thu`, `12 Nov`.
    pub short: String,
    /// Short, but clear without a heading: `14:02` today, else `12 Nov, 14:02`.
    pub brief: String,
    /// In full.
    pub full: String,
}

/// A customer's clock and calendar.
pub(crate) struct LocalTime {
    zone: TimeZone,
    now: Zoned,
    twelve_hours: bool,
}

/// Regions that write 2:02 PM; everywhere else it is 14:02.
const TWELVE_HOURS: &[&str] = &["US", "CA", "AU", "NZ", "IN", "PH"];

impl LocalTime {
    /// The clock of a zone and locale. An unknown zone counts as UTC.
    pub(crate) fn new(zone: &str, locale: &str, now: Instant) -> Self {
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let region = locale.split('-').skip(1).find(|part| part.len() == 2);
        Self {
            now: now.to_timestamp().to_zoned(zone.clone()),
            zone,
            twelve_hours: region.is_some_and(|region| TWELVE_HOURS.contains(&region)),
        }
    }

    /// The group of a moment.
    pub(crate) fn day(&self, at: Instant) -> Day {
        let (date, today) = (self.local(at).date(), self.now.date());
        if date == today {
            Day::Today
        } else if today.yesterday().is_ok_and(|yesterday| date == yesterday) {
            Day::Yesterday
        } else if date < today && monday_of(date) == monday_of(today) {
            Day::ThisWeek
        } else if date.year() == today.year() {
            Day::Month(date.strftime("%B").to_string())
        } else {
            Day::Month(date.strftime("%B %Y").to_string())
        }
    }

    /// A moment in its forms.
    pub(crate) fn moment(&self, at: Instant) -> Moment {
        let local = self.local(at);
        let clock = self.clock(&local);
        let same_year = local.year() == self.now.year();
        let date = local.strftime(if same_year { "%-d %b" } else { "%-d %b %Y" });
        let short = match self.day(at) {
            Day::Today | Day::Yesterday => clock.clone(),
            Day::ThisWeek => local.strftime("%a").to_string(),
            Day::Month(_) => date.to_string(),
        };
        let brief = if local.date() == self.now.date() {
            clock.clone()
        } else {
            format!("{date}, {clock}")
        };
        Moment {
            iso: at.to_timestamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            short,
            brief,
            full: format!("{}, {clock}", local.strftime("%A %-d %B %Y")),
        }
    }

    /// The time of day now.
    pub(crate) fn time_now(&self) -> String {
        self.clock(&self.now)
    }

    /// When a day begins here; some days begin at one o'clock.
    pub(crate) fn start_of(&self, date: Date) -> Option<Instant> {
        let start = date.to_zoned(self.zone.clone()).ok()?;
        Some(Instant::from_micros(start.timestamp().as_microsecond()))
    }

    /// A day as people write it.
    pub(crate) fn date(&self, date: Date) -> String {
        let same_year = date.year() == self.now.year();
        let form = if same_year { "%-d %B" } else { "%-d %B %Y" };
        date.strftime(form).to_string()
    }

    fn local(&self, at: Instant) -> Zoned {
        let stamp: Timestamp = at.to_timestamp();
        stamp.to_zoned(self.zone.clone())
    }

    fn clock(&self, local: &Zoned) -> String {
        let form = if self.twelve_hours {
            "%-I:%M %p"
        } else {
            "%H:%M"
        };
        local.strftime(form).to_string()
    }
}

fn monday_of(date: Date) -> Date {
    let days = i64::from(date.weekday().since(Weekday::Monday));
    date.checked_sub(jiff::Span::new().days(days))
        .unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    #[test]
    fn days_are_the_customers_days() {
        // A Wednesday, 01:30 in Lisbon and still Tuesday evening in São Paulo.
        let now = at("2025-11-19T01:30:00Z");
        let lisbon = LocalTime::new("Europe/Lisbon", "pt-PT", now);
        let paulo = LocalTime::new("America/Sao_Paulo", "pt-BR", now);
        let late = at("2025-11-18T23:59:00Z");
        assert_eq!(lisbon.day(late), Day::Yesterday);
        assert_eq!(paulo.day(late), Day::Today);
        assert_eq!(lisbon.day(at("2025-11-17T12:00:00Z")), Day::ThisWeek);
        assert_eq!(paulo.day(at("2025-11-17T12:00:00Z")), Day::Yesterday);
        let sunday = lisbon.day(at("2025-11-16T12:00:00Z"));
        assert_eq!(sunday, Day::Month("November".to_owned()));
        let old = lisbon.day(at("2024-12-31T12:00:00Z"));
        assert_eq!(old, Day::Month("December 2024".to_owned()));
    }

    #[test]
    fn a_moment_is_as_short_as_its_day_allows() {
        let now = at("2025-11-19T12:00:00Z");
        let here = LocalTime::new("Europe/Lisbon", "pt-PT", now);
        let forms = |text: &str| {
            let moment = here.moment(at(text));
            (moment.short, moment.brief)
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(forms("2025-11-19T11:42:00Z"), pair("11:42", "11:42"));
        assert_eq!(
            forms("2025-11-18T11:42:00Z"),
            pair("11:42", "18 Nov, 11:42")
        );
        assert_eq!(forms("2025-11-17T11:42:00Z"), pair("Mon", "17 Nov, 11:42"));
        assert_eq!(forms("2025-11-01T11:42:00Z"), pair("1 Nov", "1 Nov, 11:42"));
        assert_eq!(
            forms("2024-11-01T11:42:00Z"),
            pair("1 Nov 2024", "1 Nov 2024, 11:42")
        );
        let seattle = LocalTime::new("America/Los_Angeles", "en-US", now);
        let moment = seattle.moment(at("2025-11-19T22:02:00Z"));
        assert_eq!(moment.short, "2:02 PM");
        assert_eq!(moment.full, "Wednesday 19 November 2025, 2:02 PM");
        assert_eq!(moment.iso, "2025-11-19T22:02:00Z");
    }

    #[test]
    fn a_zone_nobody_knows_counts_as_utc() {
        let here = LocalTime::new("Moon/Crater", "en", at("2025-11-19T12:00:00Z"));
        assert_eq!(here.time_now(), "12:00");
    }
}
