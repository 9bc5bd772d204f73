//! The hours in which a customer wants quiet.

use serde::{Deserialize, Serialize};

/// Hours of the local day in which no text and no call comes; over midnight when they end
/// before they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct QuietHours {
    /// The first quiet minute of the day.
    pub from: u16,
    /// The minute at which the quiet ends.
    pub to: u16,
}

/// As they stand in JSON: `{"from": "22:00", "to": "07:00"}`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    from: String,
    to: String,
}

impl QuietHours {
    /// Reads `22:00` and `07:00`.
    ///
    /// # Errors
    /// A sentence that says how they are written, or that they must differ.
    pub fn parse(from: &str, to: &str) -> Result<Self, String> {
        let minute = |text: &str| {
            let known = Self::minute(text);
            known.ok_or_else(|| "a time of day is written like `22:00`, up to `23:59`".to_owned())
        };
        let (from, to) = (minute(from)?, minute(to)?);
        let hours = Self { from, to };
        match hours.is_whole() {
            true => Ok(hours),
            false => Err("quiet hours end at another time than they begin".to_owned()),
        }
    }

    /// The minute of the day that `07:30` names.
    pub fn minute(text: &str) -> Option<u16> {
        let (hour, minute) = text.split_once(':')?;
        let number = |text: &str, most: u16| {
            let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
            let number: u16 = text.parse().ok().filter(|_| digits)?;
            (number <= most).then_some(number)
        };
        Some(number(hour, 23)? * 60 + number(minute, 59)?)
    }

    /// Whether both are minutes of a day, and differ.
    pub fn is_whole(self) -> bool {
        self.from != self.to && self.from.max(self.to) < 24 * 60
    }

    /// When they begin, as it is written.
    pub fn from_text(self) -> String {
        text(self.from)
    }

    /// When they end, as it is written.
    pub fn to_text(self) -> String {
        text(self.to)
    }
}

fn text(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

impl TryFrom<Written> for QuietHours {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        Self::parse(&written.from, &written.to)
    }
}

impl From<QuietHours> for Written {
    fn from(hours: QuietHours) -> Self {
        Self {
            from: hours.from_text(),
            to: hours.to_text(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_read_and_written() {
        let night = QuietHours::parse("22:00", "07:05").unwrap();
        assert_eq!((night.from, night.to), (22 * 60, 7 * 60 + 5));
        let json = serde_json::to_string(&night).unwrap();
        assert_eq!(json, r#"{"from":"22:00","to":"07:05"}"#);
        assert_eq!(serde_json::from_str::<QuietHours>(&json).unwrap(), night);
        for (from, to) in [
            ("24:00", "07:00"),
            ("7:00", "22:00"),
            ("22:00", "22:00"),
            ("22:60", "07:00"),
            ("+2:00", "07:00"),
            ("", ""),
        ] {
            assert!(QuietHours::parse(from, to).is_err(), "{from} {to}");
        }
    }
}
