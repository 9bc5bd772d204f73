//! Dates and times of day in UTC, for receipts and screens.
//!
//! Only what those need: no zones, no parsing, no clock.

/// A moment as a calendar shows it in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

const DAY: i64 = 86_400;

impl Civil {
    /// From microseconds since 1970.
    pub(crate) fn of(micros: i64) -> Self {
        let seconds = micros.div_euclid(1_000_000);
        let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        // Years counted from March, so that the leap day is the last of its year;
        // 400 years have 146,097 days. 1970-01-01 is day 719,468 of that count.
        let days = days + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let month = if march_month < 10 {
            march_month + 3
        } else {
            march_month - 9
        };
        Self {
            year: era * 400 + year_of_era + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * march_month + 2) / 5 + 1,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }

    /// `YYMMDDhhmm`, as delivery receipts have it.
    pub(crate) fn receipt_digits(self) -> String {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            ..
        } = self;
        format!(
            "{:02}{month:02}{day:02}{hour:02}{minute:02}",
            year.rem_euclid(100)
        )
    }

    /// RFC 3339, for `<time datetime>` and JSON.
    pub(crate) fn rfc3339(self) -> String {
        let Self { second, .. } = self;
        format!("{}T{}:{second:02}Z", self.date(), self.time_of_day())
    }

    pub(crate) fn date(self) -> String {
        let Self {
            year, month, day, ..
        } = self;
        format!("{year:04}-{month:02}-{day:02}")
    }

    pub(crate) fn time_of_day(self) -> String {
        let Self { hour, minute, .. } = self;
        format!("{hour:02}:{minute:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_795_305_600, "2026-11-22T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(Civil::of(seconds * 1_000_000).rfc3339(), text);
        }
        assert_eq!(
            Civil::of(1_795_305_600_000_000).receipt_digits(),
            "2611220000"
        );
    }
}
