//! Days on which other hours hold, by pattern: fixed, the nth weekday of a month, so many
//! days from Easter.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// A list of holidays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holidays {
    days: Vec<Day>,
    /// A fixed day on a Saturday or Sunday is kept on the working day beside it as well.
    moved: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    /// `07-14`.
    Fixed { month: i8, day: i8 },
    /// `11-thu-4`, `05-mon-last` (-1).
    Nth {
        month: i8,
        weekday: Weekday,
        nth: i8,
    },
    /// `easter-2`, `easter+39`.
    Easter(i16),
}

impl Holidays {
    /// Reads patterns.
    ///
    /// # Errors
    /// Names the pattern that is none.
    pub(super) fn read(days: &[String], moved: bool) -> Result<Self, String> {
        let days = days.iter().map(|day| {
            Day::read(day).ok_or_else(|| {
                format!(
                    "`{day}` is no day; days are `07-14`, `11-thu-4`, `05-mon-last`, `easter+39`"
                )
            })
        });
        Ok(Self {
            days: days.collect::<Result<_, _>>()?,
            moved,
        })
    }

    /// Whether a day is one.
    pub(super) fn has(&self, date: Date) -> bool {
        let beside = match date.weekday() {
            Weekday::Friday => date.tomorrow().ok(),
            Weekday::Monday => date.yesterday().ok(),
            _ => None,
        };
        let fixed = |day: &&Day| matches!(day, Day::Fixed { .. });
        let moved = |beside| self.days.iter().filter(fixed).any(|day| day.is(beside));
        self.days.iter().any(|day| day.is(date)) || (self.moved && beside.is_some_and(moved))
    }
}

impl Day {
    fn read(text: &str) -> Option<Self> {
        if let Some(days) = text.strip_prefix("easter") {
            let signed = days.is_empty() || days.starts_with(['+', '-']);
            let days = if days.is_empty() { "0" } else { days };
            let days: i16 = days.parse().ok().filter(|_| signed)?;
            return (-200..=200).contains(&days).then_some(Self::Easter(days));
        }
        let parts: Vec<&str> = text.split('-').collect();
        let month: i8 = parts.first()?.parse().ok()?;
        match parts.as_slice() {
            [_, day] => {
                let day = day.parse().ok()?;
                // In a year that has every day.
                Date::new(2024, month, day).ok()?;
                Some(Self::Fixed { month, day })
            }
            [_, weekday, nth] => {
                let nth = if *nth == "last" {
                    -1
                } else {
                    nth.parse().ok()?
                };
                let weekday = weekday_of(weekday)?;
                ((1..=12).contains(&month) && (nth == -1 || (1..=4).contains(&nth))).then_some(
                    Self::Nth {
                        month,
                        weekday,
                        nth,
                    },
                )
            }
            _ => None,
        }
    }

    fn is(self, date: Date) -> bool {
        match self {
            Self::Fixed { month, day } => (date.month(), date.day()) == (month, day),
            Self::Nth {
                month,
                weekday,
                nth,
            } => {
                date.month() == month
                    && date
                        .nth_weekday_of_month(nth, weekday)
                        .is_ok_and(|d| d == date)
            }
            Self::Easter(days) => easter(date.year())
                .and_then(|easter| easter.checked_add(i64::from(days).days()).ok())
                .is_some_and(|day| day == date),
        }
    }
}

fn weekday_of(text: &str) -> Option<Weekday> {
    Some(match text {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return None,
    })
}

/// Easter Sunday of the Gregorian calendar: the Sunday after the full moon (of the church's
/// tables) that falls on 21 March or next after it.
fn easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (golden, century) = (y % 19, y / 100);
    // The moon's age at the turn of the year, with the leap days that centuries leave out
    // and the moon's own drift.
    let drift = (8 * century + 13) / 25;
    let epact = (century - century / 4 - drift + 19 * golden + 15).rem_euclid(30);
    // Two epacts would put the moon a day too late.
    let late = epact == 29 || (epact == 28 && golden > 10);
    let moon = epact - i32::from(late);
    let march = Date::new(year, 3, 21).ok()?;
    let full = march.checked_add(i64::from(moon).days()).ok()?;
    let to_sunday = 7 - i64::from(full.weekday().to_sunday_zero_offset());
    full.checked_add(to_sunday.days()).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn easter_falls_where_the_almanac_says() {
        for (year, month, day) in [
            (1818, 3, 22),
            (1943, 4, 25),
            (1954, 4, 18),
            (1981, 4, 19),
            (2000, 4, 23),
            (2008, 3, 23),
            (2024, 3, 31),
            (2025, 4, 20),
            (2026, 4, 5),
            (2027, 3, 28),
            (2028, 4, 16),
            (2030, 4, 21),
            (2038, 4, 25),
            (2049, 4, 18),
            (2076, 4, 19),
        ] {
            assert_eq!(easter(year), Some(date(year, month, day)), "{year}");
        }
    }

    #[test]
    fn days_by_pattern() {
        let patterns = [
            "07-04",
            "11-thu-4",
            "05-mon-last",
            "easter-2",
            "easter+39",
            "easter",
        ];
        let list = Holidays::read(&patterns.map(str::to_owned), true).unwrap();
        for (day, holiday) in [
            (date(2026, 7, 4), true),
            // On a Saturday: Friday as well, Monday not.
            (date(2026, 7, 3), true),
            (date(2026, 7, 6), false),
            // On a Sunday: Monday as well.
            (date(2027, 7, 5), true),
            (date(2026, 11, 26), true),
            (date(2026, 11, 19), false),
            (date(2026, 5, 25), true),
            (date(2026, 4, 3), true),
            (date(2026, 4, 5), true),
            (date(2026, 5, 14), true),
            (date(2026, 5, 15), false),
        ] {
            assert_eq!(list.has(day), holiday, "{day}");
        }
        for bad in [
            "", "13-01", "02-30", "7", "11-thu-9", "11-foo-1", "easter2", "easter+x",
        ] {
            assert!(Holidays::read(&[bad.to_owned()], false).is_err(), "{bad}");
        }
    }
}
