//! What is ours: domains, numbers, and the exceptions that people have made.

use std::collections::BTreeSet;

use crate::Rule;

/// What the configuration says that links, addresses and numbers may be.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// Lower case, in ASCII.
    pub(crate) domains: Vec<OwnDomain>,
    /// Digits only.
    pub(crate) numbers: Vec<String>,
    pub(crate) exceptions: Exceptions,
}

/// One of our domains.
#[derive(Clone, Debug)]
pub(crate) struct OwnDomain {
    /// `shop.example`.
    pub name: String,
    /// What look-alikes look like: the skeleton of `shop`.
    pub skeleton: String,
    /// `shop`.
    pub label: String,
    /// `example`.
    pub top: String,
}

/// A domain or a number that cannot be ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnFault {
    /// Not the name of a domain.
    #[error("`{0}` is not a domain like `marigold.example`")]
    NoDomain(String),
    /// Everybody can have a name under it.
    #[error(
        "`{0}` is a suffix under which anybody can have a domain; name the domain that is yours"
    )]
    Public(String),
    /// Not a number.
    #[error("`{0}` is not a phone number like +12025550123 or a short code like 62422")]
    NoNumber(String),
}

impl Own {
    /// Ours alone.
    ///
    /// # Errors
    /// The first domain or number that cannot be.
    pub fn new<'a>(
        domains: impl IntoIterator<Item = &'a str>,
        numbers: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, OwnFault> {
        let domains: Result<Vec<_>, _> = domains.into_iter().map(own_domain).collect();
        let numbers: Result<Vec<_>, _> = numbers.into_iter().map(own_number).collect();
        Ok(Self {
            domains: domains?,
            numbers: numbers?,
            exceptions: Exceptions::default(),
        })
    }

    /// The name of a domain as it is compared: lower case, in ASCII.
    ///
    /// # Errors
    /// When it cannot be ours.
    pub fn domain(given: &str) -> Result<String, OwnFault> {
        own_domain(given).map(|own| own.name)
    }

    /// With one more domain. One that cannot be ours is left out: links to it are foreign.
    #[must_use]
    pub fn with_domain(mut self, domain: &str) -> Self {
        let more = own_domain(domain).ok();
        let more = more.filter(|more| self.domains.iter().all(|own| own.name != more.name));
        self.domains.extend(more);
        self
    }

    /// With one more number. What is none, such as a sender's name, is left out.
    #[must_use]
    pub fn with_number(mut self, number: &str) -> Self {
        let more = own_number(number).ok();
        self.numbers
            .extend(more.filter(|more| !self.numbers.contains(more)));
        self
    }

    /// With the exceptions that two people have agreed on.
    #[must_use]
    pub fn with(mut self, exceptions: Exceptions) -> Self {
        self.exceptions = exceptions;
        self
    }

    /// Whether a host (lower case, ASCII) is one of ours or a name under it.
    pub(crate) fn holds(&self, host: &str) -> bool {
        self.domains.iter().any(|own| {
            let before = host.strip_suffix(own.name.as_str());
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        })
    }

    /// Whether digits, as written, are a number of ours: whole, or without the country.
    pub(crate) fn has_number(&self, digits: &str, international: bool) -> bool {
        let national = digits.trim_start_matches('0');
        self.numbers.iter().any(|own| {
            let national = !international && national.len() >= 7 && own.ends_with(national);
            own == digits || national || digits.strip_prefix("00") == Some(own)
        })
    }
}

fn own_domain(given: &str) -> Result<OwnDomain, OwnFault> {
    let bad = || OwnFault::NoDomain(given.to_owned());
    let name = idna::domain_to_ascii(given.trim()).map_err(|_| bad())?;
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    // A name that ends in a number is an IP address (WHATWG URL §3.5).
    let ends_in_number = name
        .rsplit('.')
        .next()
        .is_some_and(|top| top.bytes().all(|b| b.is_ascii_digit()));
    let formed = name.contains('.') && name.split('.').all(is_label);
    if name.len() > 253 || !formed || ends_in_number {
        return Err(bad());
    }
    let Some(registrable) = psl::domain_str(&name) else {
        return Err(OwnFault::Public(given.to_owned()));
    };
    let label = registrable.split('.').next().unwrap_or_default().to_owned();
    let top = name.rsplit('.').next().unwrap_or_default().to_owned();
    Ok(OwnDomain {
        skeleton: crate::hosts::skeleton(&label),
        label,
        top,
        name,
    })
}

fn own_number(given: &str) -> Result<String, OwnFault> {
    let separator = |c: char| matches!(c, ' ' | '-' | '.' | '(' | ')' | '/');
    let digits: String = given
        .trim()
        .trim_start_matches('+')
        .chars()
        .filter(|c| !separator(*c))
        .collect();
    let fits = (3..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    match fits {
        true => Ok(digits),
        false => Err(OwnFault::NoNumber(given.to_owned())),
    }
}

/// A rule that does not hold for one version of a message type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exception {
    /// The rule.
    pub rule: Rule,
    /// The message type.
    pub message_type: String,
    /// The version of its templates; a later one is checked anew.
    pub template_version: u32,
}

/// The exceptions in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exceptions(BTreeSet<Exception>);

impl Exceptions {
    pub(crate) fn holds(&self, rule: Rule, message_type: &str, template_version: u32) -> bool {
        self.0.iter().any(|one| {
            one.rule == rule
                && one.message_type == message_type
                && one.template_version == template_version
        })
    }
}

impl FromIterator<Exception> for Exceptions {
    fn from_iter<I: IntoIterator<Item = Exception>>(exceptions: I) -> Self {
        Self(exceptions.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_ours() {
        let own = Own::new(
            ["Marigold.example", "bücher.example"],
            ["+1 (202) 555-0123", "62422"],
        );
        let own = own.unwrap();
        assert!(own.holds("marigold.example") && own.holds("www.marigold.example"));
        assert!(own.holds("xn--bcher-kva.example"));
        assert!(!own.holds("notmarigold.example") && !own.holds("marigold.example.evil.example"));
        assert!(own.has_number("12025550123", true) && own.has_number("2025550123", false));
        assert!(own.has_number("0012025550123", false) && own.has_number("62422", false));
        assert!(!own.has_number("5550123", true) && !own.has_number("2422", false));
        for (domain, fault) in [
            ("com", OwnFault::NoDomain("com".into())),
            ("127.0.0.1", OwnFault::NoDomain("127.0.0.1".into())),
            ("co.uk", OwnFault::Public("co.uk".into())),
            ("github.io", OwnFault::Public("github.io".into())),
            (
                "https://a.example",
                OwnFault::NoDomain("https://a.example".into()),
            ),
        ] {
            assert_eq!(Own::new([domain], []).unwrap_err(), fault);
        }
        assert!(Own::new([], ["call me"]).is_err() && Own::new([], ["12"]).is_err());
    }
}
