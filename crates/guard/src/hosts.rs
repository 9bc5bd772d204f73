//! Whose a host is.

use std::borrow::Cow;

use unicode_security::MixedScript;

use crate::{Own, Promises, Rule};

/// Shorter names are near to too many others.
const SHORTEST_NAME: usize = 4;

/// What a name looks like to a hurried reader.
pub(crate) fn skeleton(name: &str) -> String {
    let lower = name.to_lowercase();
    let folded: String = unicode_security::skeleton(&lower).collect();
    folded.to_lowercase().replace("vv", "w").replace('l', "i")
}

/// Whether a name without a scheme is taken for an address by phones and mail programs.
pub(crate) fn is_linked(host: &str, own: &Own) -> bool {
    let Some(host) = ascii(host) else {
        return false;
    };
    if own.holds(&host) {
        return true;
    }
    let Some((before, top)) = host.rsplit_once('.') else {
        return false;
    };
    let known = psl::suffix(host.as_bytes()).is_some_and(|suffix| suffix.is_known());
    (known || own.domains.iter().any(|domain| domain.top == top))
        && !before.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// A host as the name service knows it; none where it can be no host.
fn ascii(host: &str) -> Option<Cow<'_, str>> {
    if !host.is_ascii() {
        return idna::domain_to_ascii(host).ok().map(Cow::Owned);
    }
    match host.bytes().any(|b| b.is_ascii_uppercase()) {
        true => Some(Cow::Owned(host.to_ascii_lowercase())),
        false => Some(Cow::Borrowed(host)),
    }
}

/// The rule that a host breaks; none when it is ours.
pub(crate) fn judge(host: &str, promises: &Promises, own: &Own) -> Option<Rule> {
    let host = host.trim_end_matches('.');
    let ascii = ascii(host);
    if ascii.as_ref().is_some_and(|host| own.holds(host)) {
        return None;
    }
    if is_ip(host) {
        return Some(Rule::IpAddress);
    }
    let Some(ascii) = ascii else {
        return Some(Rule::MixedScript);
    };
    let (shown, _) = idna::domain_to_unicode(&ascii);
    let registrable = psl::domain_str(&ascii).unwrap_or(&ascii);
    if looks_like_ours(&shown, registrable, own) {
        return Some(Rule::LookAlike);
    }
    if !shown.is_ascii() && !shown.split('.').all(|label| label.is_single_script()) {
        return Some(Rule::MixedScript);
    }
    if promises.is_shortener(&ascii) {
        return Some(Rule::Shortener);
    }
    Some(Rule::ForeignLink)
}

fn is_ip(host: &str) -> bool {
    let v4 = host.split('.').count() == 4 && host.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let as_number = host.bytes().all(|b| b.is_ascii_digit()) && host.len() >= 8;
    v4 || as_number || host.starts_with('[') || host.starts_with("0x")
}

fn looks_like_ours(shown: &str, registrable: &str, own: &Own) -> bool {
    let (registrable, _) = idna::domain_to_unicode(registrable);
    let first = registrable.split('.').next().unwrap_or_default();
    let first_alike = skeleton(first);
    let alike = skeleton(shown);
    own.domains.iter().any(|domain| {
        let name = domain.skeleton.as_str();
        if name.len() < SHORTEST_NAME {
            return false;
        }
        let inside = if name.len() > SHORTEST_NAME {
            alike.contains(name)
        } else {
            alike.split(['.', '-']).any(|part| part == name)
        };
        inside
            || (name.len() > SHORTEST_NAME
                && (near(first, &domain.label) || near(&first_alike, name)))
    })
}

/// Whether two names differ by one character, or by two that changed places.
fn near(one: &str, other: &str) -> bool {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    let (short, long) = if one.len() <= other.len() {
        (&one, &other)
    } else {
        (&other, &one)
    };
    if long.len() - short.len() > 1 {
        return false;
    }
    let ahead = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let (short, long) = (&short[ahead..], &long[ahead..]);
    if short.len() < long.len() {
        return *short == long[1..];
    }
    match (short, long) {
        ([], []) => true,
        ([_, rest @ ..], [_, others @ ..]) if rest == others => true,
        ([a, b, rest @ ..], [c, d, others @ ..]) => a == d && b == c && rest == others,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_change_is_near() {
        for other in [
            "marigold",
            "marigolds",
            "marigol",
            "marigodl",
            "marikold",
            "amrigold",
        ] {
            assert!(
                near("marigold", other) && near(other, "marigold"),
                "{other}"
            );
        }
        for other in ["margiodl", "marigoldss", "calendula", "mari", ""] {
            assert!(!near("marigold", other), "{other}");
        }
    }

    #[test]
    fn skeletons_of_look_alikes_are_the_same() {
        for other in ["mar1gold", "marigo1d", "marig0ld", "rnarigold", "mаrigold"] {
            assert_eq!(skeleton(other), skeleton("marigold"), "{other}");
        }
    }
}
