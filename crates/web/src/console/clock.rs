//! The console's clock: UTC, to the second, whoever looks.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::Instant;

use crate::message_center::when::{LocalTime, Moment};

/// The console speaks the language of those who run it.
pub(super) const LOCALE: &str = "en";

/// See the module.
pub(crate) struct UtcClock(LocalTime);

impl UtcClock {
    pub(crate) fn new(now: Instant) -> Self {
        Self(LocalTime::new("UTC", LOCALE, now))
    }

    /// A moment in its forms, to the second.
    pub(crate) fn moment(&self, at: Instant) -> Moment {
        let mut moment = self.0.moment(at);
        let stamp = at.to_timestamp();
        moment.short = stamp.strftime("%H:%M:%S").to_string();
        moment.full = stamp.strftime("%-d %b %Y, %H:%M:%S").to_string();
        moment
    }

    /// A moment without its seconds.
    pub(crate) fn minute(&self, at: Instant) -> Moment {
        let mut moment = self.0.moment(at);
        moment.full = at.to_timestamp().strftime("%-d %b %Y, %H:%M").to_string();
        moment
    }
}

/// When a day begins and ends, from how a form writes it.
pub(crate) fn day(text: &str) -> Option<(Instant, Instant)> {
    let date: Date = text.parse().ok()?;
    let begins = |date: Date| {
        let zoned = date.to_zoned(TimeZone::UTC).ok()?;
        Some(Instant::from_micros(zoned.timestamp().as_microsecond()))
    };
    Some((begins(date)?, begins(date.tomorrow().ok()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_of_utc() {
        let (since, until) = day("2026-02-28").unwrap();
        assert_eq!(since.to_string(), "2026-02-28T00:00:00Z");
        assert_eq!(until.to_string(), "2026-03-01T00:00:00Z");
        for odd in ["", "28.2.2026", "2026-02-30", "9999-12-31", "-009999-01-01"] {
            let _ = day(odd);
        }
        assert_eq!(day("2026-02-30"), None);
    }
}
