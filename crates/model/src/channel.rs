//! The ways out, and the addresses they go to.

use serde::{Deserialize, Serialize};

use crate::Sealed;
use crate::words::define_words;

define_words!(
    /// A way out. The Message Center is not one: every message stands there.
    Channel, "channel",
    /// Text messages.
    Sms = 1, "sms";
    /// E-mail.
    Email = 2, "email";
);

/// An address of a customer on one channel: an E.164 number or a mail address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContactPoint {
    /// The channel it is for.
    pub channel: Channel,
    /// The address itself.
    pub address: Sealed,
}

/// Why an address cannot be used. Never repeats the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidContact {
    /// Not `+` and 7 to 15 digits (ITU-T E.164 §6).
    #[error("a phone number is written in the international form, like +12025550123")]
    Phone,
    /// Not a mail address we can write to.
    #[error("an e-mail address has one @, a name before it and a domain with a dot after it")]
    Email,
}

impl ContactPoint {
    /// A phone number in E.164; spaces, dots, dashes and brackets are dropped.
    ///
    /// # Errors
    /// [`InvalidContact::Phone`] when what remains is not `+` and 7–15 digits.
    pub fn phone(text: &str) -> Result<Self, InvalidContact> {
        let number: String = text
            .chars()
            .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '\u{a0}'))
            .collect();
        let digits = number.strip_prefix('+').ok_or(InvalidContact::Phone)?;
        let fits = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if !fits {
            return Err(InvalidContact::Phone);
        }
        Ok(Self {
            channel: Channel::Sms,
            address: Sealed::new(number),
        })
    }

    /// A mail address; the domain is lower-cased. Only what can safely stand in an SMTP
    /// command is taken (RFC 5321 §4.1.2 dot-string, at most 254 octets).
    ///
    /// # Errors
    /// [`InvalidContact::Email`].
    pub fn email(text: &str) -> Result<Self, InvalidContact> {
        let (local, domain) = text.trim().rsplit_once('@').ok_or(InvalidContact::Email)?;
        let local_fits = !local.is_empty()
            && local.len() <= 64
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && local
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b));
        let label_fits = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let domain_fits =
            domain.contains('.') && domain.len() <= 189 && domain.split('.').all(label_fits);
        if !(local_fits && domain_fits) {
            return Err(InvalidContact::Email);
        }
        let address = format!("{local}@{}", domain.to_ascii_lowercase());
        Ok(Self {
            channel: Channel::Email,
            address: Sealed::new(address),
        })
    }

    /// What may be shown of it: `···29` or `in···@example.com`.
    pub fn masked(&self) -> String {
        let open = self.address.open();
        match self.channel {
            Channel::Sms => {
                let tail = open
                    .char_indices()
                    .rev()
                    .nth(1)
                    .map_or(open, |(at, _)| &open[at..]);
                format!("···{tail}")
            }
            Channel::Email => {
                let (local, domain) = open.split_once('@').unwrap_or((open, ""));
                let head: String = local.chars().take(2).collect();
                format!("{head}···@{domain}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones() {
        for (given, kept) in [
            ("+12535550129", "+12535550129"),
            ("+55 (11) 91234-5678", "+5511912345678"),
            ("+34 612.345.678", "+34612345678"),
        ] {
            assert_eq!(ContactPoint::phone(given).unwrap().address.open(), kept);
        }
        for bad in [
            "",
            "12535550129",
            "+0123456789",
            "+1",
            "+12345678901234567",
            "+1253555o129",
            "+12\r\n5555",
        ] {
            assert_eq!(
                ContactPoint::phone(bad),
                Err(InvalidContact::Phone),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn mails() {
        assert_eq!(
            ContactPoint::email(" Ines@Example.COM ")
                .unwrap()
                .address
                .open(),
            "Ines@example.com"
        );
        for bad in [
            "",
            "ines",
            "@example.com",
            "a@b",
            "a b@example.com",
            "a@exa\r\nmple.com",
            "a>@example.com",
            ".a@b.c",
            "a@-b.com",
        ] {
            assert_eq!(
                ContactPoint::email(bad),
                Err(InvalidContact::Email),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn masks_keep_only_a_hint() {
        assert_eq!(
            ContactPoint::phone("+12535550129").unwrap().masked(),
            "···29"
        );
        assert_eq!(
            ContactPoint::email("ines@example.com").unwrap().masked(),
            "in···@example.com"
        );
    }
}
