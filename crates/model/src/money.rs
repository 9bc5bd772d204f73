//! Money: whole micros of a currency, never a float.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Micros of one unit.
const UNIT: i64 = 1_000_000;

/// A currency by its three letters (ISO 4217).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// Why a text names no currency or no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMoney {
    /// Not three capital letters.
    #[error("a currency has three capital letters, like `USD`")]
    Currency,
    /// Not a decimal number with a point.
    #[error("an amount is a number with a point and up to six places after it, like `0.0079`")]
    Amount,
    /// More than is ever paid.
    #[error("an amount is at most 1000000000")]
    TooMuch,
}

impl Currency {
    /// Its letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("three capital letters were let in, and nothing else")
    }
}

impl FromStr for Currency {
    type Err = InvalidMoney;
    fn from_str(text: &str) -> Result<Self, InvalidMoney> {
        match text.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|letter| letter.is_ascii_uppercase()) => {
                Ok(Self([*a, *b, *c]))
            }
            _ => Err(InvalidMoney::Currency),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount in micros from its decimal text, `0.0079` or `-12.5`.
///
/// # Errors
/// [`InvalidMoney`] when it is no such text, or is more than anybody pays.
pub fn micros_of(text: &str) -> Result<i64, InvalidMoney> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let fits = !whole.is_empty()
        && are_digits(whole)
        && are_digits(places)
        && places.len() <= 6
        && (places.is_empty() != digits.contains('.'));
    if !fits {
        return Err(InvalidMoney::Amount);
    }
    if whole.trim_start_matches('0').len() > 10 {
        return Err(InvalidMoney::TooMuch);
    }
    let number = |part: &str| part.parse::<i64>().map_err(|_| InvalidMoney::Amount);
    let micros = number(whole)? * UNIT + number(&format!("{places:0<6}"))?;
    if micros > 1_000_000_000 * UNIT {
        return Err(InvalidMoney::TooMuch);
    }
    Ok(if negative { -micros } else { micros })
}

/// The decimal text of an amount in micros: at least two places, no more than it needs.
pub fn decimal_of(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let size = micros.unsigned_abs();
    let unit = UNIT.unsigned_abs();
    let places = format!("{:06}", size % unit);
    let kept = places.trim_end_matches('0').len().max(2);
    format!("{sign}{}.{}", size / unit, &places[..kept])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_read_and_written() {
        for (text, micros, back) in [
            ("0", 0, "0.00"),
            ("0.0079", 7_900, "0.0079"),
            ("12.5", 12_500_000, "12.50"),
            ("-3", -3_000_000, "-3.00"),
            ("0.000001", 1, "0.000001"),
            ("1000000000", 1_000_000_000_000_000, "1000000000.00"),
        ] {
            assert_eq!(micros_of(text), Ok(micros), "{text}");
            assert_eq!(decimal_of(micros), back, "{text}");
        }
        for bad in [
            "",
            ".",
            "1.",
            ".5",
            "1,5",
            "1e3",
            "+1",
            "--1",
            "0.0000001",
            "½",
            "NaN",
            "1 ",
        ] {
            assert_eq!(micros_of(bad), Err(InvalidMoney::Amount), "{bad:?}");
        }
        for much in ["1000000001", "99999999999999999999"] {
            assert_eq!(micros_of(much), Err(InvalidMoney::TooMuch), "{much}");
        }
    }

    #[test]
    fn currencies() {
        assert_eq!("USD".parse::<Currency>().unwrap().as_str(), "USD");
        for bad in ["", "usd", "US", "USDT", "U$D", "É"] {
            assert_eq!(
                bad.parse::<Currency>(),
                Err(InvalidMoney::Currency),
                "{bad}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(micros in -1_000_000_000_000_000..=1_000_000_000_000_000_i64) {
            prop_assert_eq!(micros_of(&decimal_of(micros)), Ok(micros));
        }
    }
}
