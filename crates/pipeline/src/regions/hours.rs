//! Hours of a local week.

use std::fmt;
use std::sync::Arc;

use jiff::civil::{Date, DateTime};
use model::QuietHours;

use super::holidays::Holidays;

/// Minutes of a local day: from the first on, before the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// The first minute.
    pub from: u16,
    /// The minute after the last; less than `from` where it goes on after midnight.
    pub to: u16,
}

/// A day's minutes.
pub(super) const DAY: u16 = 24 * 60;

/// The hours that are allowed, by weekday, and on holidays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week {
    /// Monday first; none goes over midnight.
    days: [Vec<Window>; 7],
    holidays: Option<(Arc<Holidays>, Vec<Window>)>,
}

impl Week {
    /// Of the windows that begin on each weekday, Monday first, and those of holidays, which
    /// stand in for the weekday's.
    pub(super) fn new(
        written: &[Vec<Window>; 7],
        holidays: Option<(Arc<Holidays>, Vec<Window>)>,
    ) -> Self {
        let mut days: [Vec<Window>; 7] = Default::default();
        for (day, windows) in written.iter().enumerate() {
            for window in windows {
                if window.from < window.to {
                    days[day].push(*window);
                    continue;
                }
                days[day].push(Window {
                    from: window.from,
                    to: DAY,
                });
                days[(day + 1) % 7].push(Window {
                    from: 0,
                    to: window.to,
                });
            }
        }
        for windows in &mut days {
            windows.retain(|window| window.from < window.to);
            windows.sort_unstable();
        }
        Self { days, holidays }
    }

    /// Every hour but those in which a customer wants quiet.
    pub(super) fn outside(quiet: QuietHours) -> Self {
        let window = Window {
            from: quiet.to,
            to: quiet.from,
        };
        Self::new(&std::array::from_fn(|_| vec![window]), None)
    }

    /// The hours of a date.
    fn on(&self, date: Date) -> &[Window] {
        match &self.holidays {
            Some((list, windows)) if list.has(date) => windows,
            _ => &self.days[usize::from(date.weekday().to_monday_zero_offset().unsigned_abs())],
        }
    }

    /// Whether a local moment is allowed.
    pub(super) fn allows(&self, local: DateTime) -> bool {
        let minute =
            u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        let windows = self.on(local.date()).iter();
        windows
            .clone()
            .any(|window| (window.from..window.to).contains(&minute))
    }

    /// The minutes at which hours begin on some day.
    pub(super) fn starts(&self) -> impl Iterator<Item = u16> {
        let holidays = self.holidays.iter().flat_map(|(_, windows)| windows);
        self.days
            .iter()
            .flatten()
            .chain(holidays)
            .map(|window| window.from)
    }

    /// Whether some minute of some weekday is allowed.
    pub(super) fn has_any(&self) -> bool {
        self.days.iter().any(|windows| !windows.is_empty())
    }

    /// The hours in words: `Mon–Sat 08:00–20:00, Sun none, holidays none`.
    pub fn in_words(&self) -> String {
        const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let mut parts = Vec::new();
        let mut day = 0;
        while day < 7 {
            let same = self.days[day..]
                .iter()
                .take_while(|next| **next == self.days[day]);
            let last = day + same.count() - 1;
            let hours = list(&self.days[day]);
            parts.push(match (day, last) {
                (0, 6) => hours,
                (first, last) if first == last => format!("{} {hours}", NAMES[first]),
                (first, last) => format!("{}–{} {hours}", NAMES[first], NAMES[last]),
            });
            day = last + 1;
        }
        parts.extend(
            self.holidays
                .iter()
                .map(|(_, windows)| format!("holidays {}", list(windows))),
        );
        parts.join(", ")
    }
}

fn list(windows: &[Window]) -> String {
    if windows.is_empty() {
        return "none".to_owned();
    }
    let windows: Vec<String> = windows.iter().map(ToString::to_string).collect();
    windows.join(" and ")
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.from, self.to);
        write!(
            f,
            "{:02}:{:02}–{:02}:{:02}",
            from / 60,
            from % 60,
            to / 60,
            to % 60
        )
    }
}

/// Reads windows: `08:00-20:00`, up to `24:00`; `20:00-02:00` goes on after midnight.
pub(super) fn read_windows(written: &[String]) -> Result<Vec<Window>, String> {
    written.iter().map(|text| read_window(text)).collect()
}

fn read_window(text: &str) -> Result<Window, String> {
    let minute = |text: &str| match text {
        "24:00" => Some(DAY),
        _ => QuietHours::minute(text),
    };
    text.split_once('-')
        .and_then(|(from, to)| {
            Some(Window {
                from: minute(from)?,
                to: minute(to)?,
            })
        })
        .filter(|window| window.from != window.to && window.from < DAY)
        .ok_or_else(|| format!("`{text}` are no hours, such as `08:00-20:00`"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn windows(texts: &[&str]) -> Vec<Window> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        read_windows(&texts).unwrap()
    }

    #[test]
    fn hours_go_over_midnight_into_the_next_weekday() {
        let mut days: [Vec<Window>; 7] = Default::default();
        // Sunday evening into Monday.
        days[6] = windows(&["20:00-02:00"]);
        let week = Week::new(&days, None);
        let sunday = date(2026, 11, 22);
        for (day, hour, allowed) in [
            (sunday, 19, false),
            (sunday, 20, true),
            (sunday, 23, true),
            (sunday.tomorrow().unwrap(), 1, true),
            (sunday.tomorrow().unwrap(), 2, false),
            (sunday, 1, false),
        ] {
            assert_eq!(week.allows(day.at(hour, 0, 0, 0)), allowed, "{day} {hour}");
        }
    }

    #[test]
    fn quiet_hours_leave_the_rest_of_the_day() {
        let noon = date(2026, 11, 22).at(12, 0, 0, 0);
        let night = date(2026, 11, 22).at(23, 30, 0, 0);
        for (from, to, at_noon, at_night) in [
            ("22:00", "07:00", true, false),
            ("09:00", "17:00", false, true),
            ("00:00", "12:00", true, true),
        ] {
            let week = Week::outside(QuietHours::parse(from, to).unwrap());
            assert_eq!(
                (week.allows(noon), week.allows(night)),
                (at_noon, at_night),
                "{from}"
            );
            assert!(week.has_any());
        }
    }

    #[test]
    fn windows_are_read_and_said() {
        for bad in [
            "",
            "8-20",
            "08:00-08:00",
            "24:00-08:00",
            "08:00-24:01",
            "08:60-09:00",
        ] {
            assert!(read_windows(&[bad.to_owned()]).is_err(), "{bad}");
        }
        let mut days: [Vec<Window>; 7] = std::array::from_fn(|_| windows(&["08:00-20:00"]));
        days[6].clear();
        assert_eq!(
            Week::new(&days, None).in_words(),
            "Mon–Sat 08:00–20:00, Sun none"
        );
    }
}
