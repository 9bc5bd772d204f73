//! What a mail server's codes mean for the address: gone, full, or only our mail was not
//! wanted. Codes decide (RFC 3463); where they say nothing closer, known phrases do.
//! Nothing of a server's own words is passed on: they like to repeat the address.

/// What a bounce says of the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BounceClass {
    /// Nobody is there: writing again is wrong.
    Hard,
    /// The mailbox is full.
    Full,
    /// The receiver did not want this mail, or mail from us; the address may be well.
    Policy,
    /// It did not arrive; the address may be well.
    Soft,
    /// Nothing final: the mail server goes on trying, or has passed it on.
    Delayed,
    /// It arrived.
    Delivered,
}

impl BounceClass {
    /// Its word in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Full => "full",
            Self::Policy => "policy",
            Self::Soft => "soft",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
        }
    }
}

/// An enhanced status code: class, subject, detail.
pub(super) type Status = [u16; 3];

/// The codes that stand in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Codes {
    /// `5.1.1`
    pub(super) status: Option<Status>,
    /// `550`
    pub(super) reply: Option<u16>,
}

impl Codes {
    /// The first of each in a text; only failures, 4 and 5.
    pub(super) fn of(text: &str) -> Self {
        let mut codes = Self::default();
        let pieces = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
        // In `#5.1.1`, `(5.1.1)`, `550-5.1.1` and `smtp;550` the code is a piece of its own.
        for piece in pieces.map(|piece| piece.trim_matches('.')) {
            codes.status = codes.status.or_else(|| status(piece));
            codes.reply = codes.reply.or_else(|| reply(piece));
        }
        codes
    }

    /// `550 5.1.1`, as attempts write it.
    pub(super) fn text(self) -> String {
        let status = self
            .status
            .map(|[class, subject, detail]| format!("{class}.{subject}.{detail}"));
        let reply = self.reply.map(|reply| reply.to_string());
        let both = [reply, status].into_iter().flatten();
        both.collect::<Vec<_>>().join(" ")
    }
}

/// A failure code as RFC 3463 §2 writes it.
pub(super) fn status(piece: &str) -> Option<Status> {
    let mut numbers = piece.split('.').map(|number| match number.len() {
        1..=3 => number.parse::<u16>().ok(),
        _ => None,
    });
    let found = [numbers.next()??, numbers.next()??, numbers.next()??];
    let fits = numbers.next().is_none() && matches!(found[0], 4 | 5) && piece.as_bytes()[1] == b'.';
    fits.then_some(found)
}

fn reply(piece: &str) -> Option<u16> {
    let fits = piece.len() == 3 && matches!(piece.as_bytes()[0], b'4' | b'5');
    piece.parse().ok().filter(|_| fits)
}

/// What a failure means, by its codes and, where they leave it open, by the words.
pub(super) fn class(codes: Codes, words: &str) -> BounceClass {
    let first = match (codes.status, codes.reply) {
        (Some([class, ..]), _) => Some(class),
        (None, Some(reply)) => Some(reply / 100),
        (None, None) => None,
    };
    let told = codes.status.and_then(by_status);
    match first {
        // Given up after days of trying: nobody has said that it will never do.
        Some(4) => told
            .filter(|told| *told == BounceClass::Full)
            .unwrap_or(BounceClass::Soft),
        _ => told
            .or_else(|| by_words(words))
            .unwrap_or(BounceClass::Soft),
    }
}

/// The table; `None` where the code alone says too little.
fn by_status([_, subject, detail]: Status) -> Option<BounceClass> {
    use BounceClass::{Full, Hard, Policy};
    match (subject, detail) {
        // No such mailbox, no such domain, no such form, moved, takes no mail (RFC 7505).
        (1, 1 | 2 | 3 | 6 | 10) => Some(Hard),
        // Our own address is what was not liked.
        (1, 7 | 8) => Some(Policy),
        (2, 2) => Some(Full),
        // Too long for the mailbox or the server, content of a kind it does not take.
        (2 | 3, 3 | 4) | (6, _) | (7, _) => Some(Policy),
        _ => None,
    }
}

/// What mail servers write where the code is 5.0.0 or there is none; in small letters.
const PHRASES: &[(BounceClass, &[&str])] = &[
    (
        BounceClass::Hard,
        &[
            "user unknown",
            "unknown user",
            "user not found",
            "no such user",
            "no such mailbox",
            "no such recipient",
            "no mailbox here by that name",
            "mailbox not found",
            "mailbox does not exist",
            "address does not exist",
            "account does not exist",
            "account that you tried to reach does not exist",
            "user does not exist",
            "user doesn't exist",
            "this user doesn't have a",
            "unrouteable address",
            "unknown recipient",
            "recipient unknown",
            "recipient not found",
            "recipientnotfound",
            "invalid recipient",
            "unknown address",
            "address unknown",
            "recipient address rejected: access denied",
            "domain not found",
            "host not found",
            "unknown host",
        ],
    ),
    (
        BounceClass::Full,
        &[
            "mailbox full",
            "mailbox is full",
            "mailbox quota",
            "over quota",
            "quota exceeded",
            "exceeded its quota",
            "out of storage",
        ],
    ),
    (
        BounceClass::Policy,
        &[
            "spam",
            "blocked",
            "blacklist",
            "block list",
            "blocklist",
            "reputation",
            "policy",
            "dmarc",
            "not authorized",
            "access denied",
        ],
    ),
];

fn by_words(words: &str) -> Option<BounceClass> {
    let words = words.to_ascii_lowercase();
    // A phrase may be broken over lines.
    let words = words.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let said = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
    let found = PHRASES.iter().find(|(_, phrases)| said(phrases));
    found.map(|(class, _)| *class)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::BounceClass::*;
    use super::*;

    #[test]
    fn codes_are_found_where_servers_put_them() {
        for (text, written) in [
            ("smtp; 550 5.1.1 <x@y.example>: no", "550 5.1.1"),
            ("smtp;550-5.1.1 The account", "550 5.1.1"),
            ("#5.1.1 smtp;550 5.1.1", "550 5.1.1"),
            ("(#5.1.1)", "5.1.1"),
            ("host mx[192.0.2.5] said: 452-4.2.2 full", "452 4.2.2"),
            ("Status: 5.7.515.", "5.7.515"),
            ("at 5.1.1.2 port 5500, version 15.1.1, 2.1.5", ""),
            ("", ""),
        ] {
            assert_eq!(Codes::of(text).text(), written, "{text}");
        }
    }

    #[test]
    fn table() {
        for (text, expected) in [
            ("550 5.1.1", Hard),
            ("550 5.1.10 recipient not found", Hard),
            ("556 5.1.10", Hard),
            ("550 5.7.1 spam", Policy),
            ("550 5.7.1 user unknown", Policy),
            ("550 5.7.515", Policy),
            ("552 5.2.2", Full),
            ("452 4.2.2", Full),
            ("452 4.1.1 user unknown", Soft),
            ("550 5.2.1 disabled", Soft),
            ("550 5.4.1 Recipient address rejected: Access denied.", Hard),
            ("550 5.4.4 Host not found", Hard),
            (
                "554 5.0.0 delivery error: dd This user doesn't have a y.example account",
                Hard,
            ),
            ("550 Mailbox\n quota exceeded", Full),
            ("554 message blocked", Policy),
            ("550 no", Soft),
            ("no such user here", Hard),
            ("", Soft),
        ] {
            assert_eq!(class(Codes::of(text), text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "([45][0-9.]{0,8}|[ -~]|\\PC){0,40}") {
            let codes = Codes::of(&text);
            class(codes, &text);
            let again = Codes::of(&codes.text());
            prop_assert_eq!(codes, again);
        }
    }
}
