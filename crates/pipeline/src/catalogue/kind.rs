//! The kinds of values that message data is made of.

use serde_json::Value;

use super::formats::{Amount, When};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// A decimal amount, best as text: `"161.86"`.
    Decimal,
    /// An ISO 4217 code: `BRL`.
    Currency,
    /// A whole number from 0.
    Whole,
    /// A day, or a moment of which the day counts.
    Date,
    /// A date and time with its offset (RFC 3339).
    Moment,
    /// An https address. Whether it leads home is asked where the brand is known.
    Link,
    /// A code that only the carrier may see.
    Secret,
    /// Yes or no.
    Flag,
}

/// Why a value is not of its kind, in words that do not repeat it.
pub(crate) struct KindFault(pub &'static str);

impl Kind {
    /// Whether it says nothing to a person until a filter has formatted it.
    pub(crate) fn needs_format(self) -> bool {
        matches!(self, Self::Decimal | Self::Date | Self::Moment | Self::Flag)
    }

    /// Whether a value is of this kind; texts are cleaned already. Amounts written as JSON
    /// numbers become texts.
    pub(crate) fn accept(self, value: &mut Value) -> Result<(), KindFault> {
        match (&*value, self) {
            (Value::String(text), _) => self.check(text),
            (Value::Number(number), Self::Decimal) => {
                let text = number.to_string();
                self.check(&text)?;
                *value = Value::String(text);
                Ok(())
            }
            (Value::Number(number), Self::Whole) => match number.as_i64() {
                Some(0..=1_000_000_000) => Ok(()),
                _ => Err(KindFault(
                    "is not a whole number from 0 to a thousand million",
                )),
            },
            (Value::Bool(_), Self::Flag) => Ok(()),
            (_, Self::Flag) => Err(KindFault("is neither true nor false")),
            (_, Self::Whole) => Err(KindFault("is not a whole number")),
            (_, Self::Decimal) => Err(KindFault("is not an amount like \"161.86\"")),
            _ => Err(KindFault("is not text")),
        }
    }

    fn check(self, text: &str) -> Result<(), KindFault> {
        let (fits, otherwise) = match self {
            Self::Text => (true, ""),
            Self::Whole => (false, "is not a whole number"),
            Self::Flag => (false, "is neither true nor false"),
            Self::Decimal => (Amount::is_one(text), "is not an amount like \"161.86\""),
            Self::Currency => (
                text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase()),
                "is not a currency code like `BRL`",
            ),
            Self::Date => (When::parse(text).is_some(), "is not a date like 2026-01-31"),
            Self::Moment => (
                matches!(When::parse(text), Some(When::At(_))),
                "is not a date and time like 2026-01-31T09:30:00Z",
            ),
            Self::Link => (is_https(text), "is not an https address"),
            Self::Secret => (
                is_code(text),
                "is not a code of 4 to 12 letters, digits or dashes with 1 to 8 digits (6 beside letters) and at most 8 letters",
            ),
        };
        if fits {
            Ok(())
        } else {
            Err(KindFault(otherwise))
        }
    }
}

fn is_https(text: &str) -> bool {
    text.len() <= 2_048
        && link_host(text).is_some()
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"\"'<>\\`{}".contains(&b))
}

/// Longer numbers could be called, and what has no digit is a word: a code is the one part of
/// a text that the guard does not read.
fn is_code(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let most_digits = if letters == 0 { 8 } else { 6 };
    (4..=12).contains(&text.len())
        && (1..=most_digits).contains(&digits)
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && letters <= 8
}

/// The host of an https address, where there is one and it hides no other: an address
/// with a user part (`https://shop.example@elsewhere.example`) has none.
fn link_host(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("https://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.split(':').next()?;
    let fits = !host.is_empty()
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    let port_fits = authority[host.len()..]
        .strip_prefix(':')
        .is_none_or(|port| port.bytes().all(|b| b.is_ascii_digit()))
        && (authority.len() == host.len() || authority[host.len()..].starts_with(':'));
    (fits && port_fits).then_some(host)
}

/// Whether an https address leads to `domain` or a name under it.
pub(crate) fn leads_home(address: &str, domain: &str) -> bool {
    link_host(address).is_some_and(|host| {
        let (host, domain) = (host.as_bytes(), domain.as_bytes());
        let under = host.len().checked_sub(domain.len());
        under.is_some_and(|under| {
            let (under, end) = host.split_at(under);
            end.eq_ignore_ascii_case(domain) && (under.is_empty() || under.ends_with(b"."))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_no_number_to_call_and_no_word() {
        for (text, fits) in [
            ("493817", true),
            ("G-493817", true),
            ("AB12-CD34", true),
            ("12345678", true),
            ("800-555-1234", false),
            ("call-8005551", false),
            ("evil-com", false),
            ("password1", true),
            ("passwords1", false),
            ("123", false),
            ("49 38", false),
        ] {
            assert_eq!(is_code(text), fits, "{text}");
        }
    }

    #[test]
    fn a_link_has_one_plain_host() {
        for (address, host) in [
            (
                "https://marigold.example/orders/1",
                Some("marigold.example"),
            ),
            ("https://marigold.example:8443?x", Some("marigold.example")),
            ("http://marigold.example/", None),
            ("https://marigold.example@elsewhere.example/", None),
            ("https://marigold.example:x@elsewhere.example/", None),
            ("https://", None),
            ("javascript:alert(1)", None),
        ] {
            assert_eq!(link_host(address), host, "{address}");
        }
    }

    #[test]
    fn home_is_the_domain_and_what_is_under_it() {
        for (address, home) in [
            ("https://marigold.example/x", true),
            ("https://www.Marigold.example/", true),
            ("https://notmarigold.example/", false),
            ("https://marigold.example.elsewhere.example/", false),
        ] {
            assert_eq!(leads_home(address, "marigold.example"), home, "{address}");
        }
    }
}
