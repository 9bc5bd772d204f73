//! "Is this one of yours?": what a person copies from a message, looked up among the
//! identities. Says nothing of the message itself: names and addresses can be forged.

use guard::Own;
use model::Instant;

use super::read::number;
use super::{Identity, Kind, Registry, Standing};

/// Nobody writes longer ones, in characters.
const MOST: usize = 500;

/// Marks that phones put around what they copy; they turn nothing around.
const AROUND: [char; 6] = [
    '\u{200e}', '\u{200f}', '\u{202a}', '\u{202c}', '\u{2068}', '\u{2069}',
];

/// What was looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A phone number or a short code.
    Number,
    /// The name that a text shows as its sender.
    Name,
    /// A mail address.
    Mail,
    /// A link, or the name of a domain.
    Link,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookedUp {
    /// What was asked for, as it was understood.
    pub what: What,
    /// What of it was looked for: the number, the name, the domain.
    pub wanted: String,
    /// Every identity it is, those that are ours first, then those that were.
    pub found: Vec<(Identity, Standing)>,
    /// It had characters that nobody sees, or that turn the text around: then it is none of
    /// ours, and `wanted` has none of them.
    pub hidden: bool,
}

/// What is asked for, as far as anything can be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// There is nothing to look for.
    Nothing,
    /// It is longer than any identity.
    TooLong,
    /// It was looked up.
    For(LookedUp),
}

impl LookedUp {
    /// How the best of what was found stands; none where nothing was.
    pub fn standing(&self) -> Option<Standing> {
        self.found.first().map(|(_, standing)| *standing)
    }
}

impl Registry {
    /// Looks up what a person has copied from a message: a number, a name, a mail address
    /// or a link.
    pub fn look_up(&self, given: &str, at: Instant) -> Asked {
        let given = given.trim_matches(|c: char| c.is_whitespace() || AROUND.contains(&c));
        if given.is_empty() {
            return Asked::Nothing;
        }
        if given.chars().count() > MOST {
            return Asked::TooLong;
        }
        let seen = without_hidden(given);
        let hidden = seen.len() < given.len();
        let (what, wanted) = understand(seen.trim());
        let mut found: Vec<(Identity, Standing)> = self
            .listed(at)
            .filter(|identity| !hidden && is_it(identity, what, &wanted))
            .map(|identity| (identity.clone(), identity.standing(at)))
            .collect();
        found.sort_by_key(|(_, standing)| match standing {
            Standing::Ours => 0,
            Standing::Ended => 1,
            Standing::Ahead => 2,
        });
        Asked::For(LookedUp {
            what,
            wanted,
            found,
            hidden,
        })
    }
}

/// A text without the characters that nobody sees or that turn it around.
pub fn without_hidden(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() && !guard::is_invisible(*c))
        .collect()
}

fn is_it(identity: &Identity, what: What, wanted: &str) -> bool {
    let value = identity.value.as_str();
    match (what, identity.kind) {
        (What::Number, Kind::ShortCode | Kind::Number | Kind::CallNumber) => {
            // Phones show some numbers without the plus.
            value == wanted || value.strip_prefix('+') == Some(wanted)
        }
        // Phones write names as they came; people do not.
        (What::Name, Kind::SenderName) => value.eq_ignore_ascii_case(wanted),
        (What::Mail, Kind::MailDomain) => value == wanted,
        (What::Link, Kind::LinkDomain) if !wanted.contains('\\') => {
            let before = wanted.strip_suffix(value);
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        }
        _ => false,
    }
}

fn understand(given: &str) -> (What, String) {
    let (what, wanted) = parts(address_of(given));
    match wanted.is_empty() {
        // `me@`, `http://`: nothing stands where an identity would.
        true => (what, given.to_owned()),
        false => (what, wanted),
    }
}

/// What a link to call, text or write leads to (RFC 3966, RFC 5724, RFC 6068).
fn address_of(given: &str) -> &str {
    let (scheme, rest) = given.split_once(':').unwrap_or(("", given));
    let known = ["tel", "sms", "smsto", "mailto"];
    match known.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        true => rest.split(['?', ';']).next().unwrap_or_default().trim(),
        false => given,
    }
}

fn parts(given: &str) -> (What, String) {
    // Two addresses at once are none of ours, whatever the second is.
    if given.matches('@').count() > 1 {
        return (What::Name, given.to_owned());
    }
    if let Some(digits) = digits(given) {
        return (What::Number, digits);
    }
    // A browser reads `\` as `/`: what stands before one is not the domain's end.
    let is_address = given.contains("://") || given.contains(['/', '\\']);
    if !is_address && let Some((_, domain)) = given.rsplit_once('@') {
        // `Marigold <messages@marigold.example>`, as mail programs copy it.
        let domain = match (given.split_once('<'), domain.strip_suffix('>')) {
            (Some((name, _)), Some(domain)) if !looks_like_address(name) => domain,
            (None, None) if !given.contains(char::is_whitespace) => domain,
            _ => return (What::Name, given.to_owned()),
        };
        return (What::Mail, in_ascii(domain));
    }
    if is_address || (given.contains('.') && !given.contains(char::is_whitespace)) {
        return (What::Link, in_ascii(host_of(given)));
    }
    (What::Name, given.to_owned())
}

/// Whether a name pretends to be an address: mail programs show the name only.
fn looks_like_address(name: &str) -> bool {
    name.contains(['@', '.', '/', '\\'])
}

/// A number as it is compared, when there is nothing else in the text.
fn digits(given: &str) -> Option<String> {
    if let Ok(number) = number(given) {
        return Some(number);
    }
    let plain: String = given
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}'))
        .collect();
    let plain = match plain.strip_prefix("00") {
        Some(rest) => format!("+{rest}"),
        None => plain,
    };
    let only = plain.strip_prefix('+').unwrap_or(&plain);
    (!only.is_empty() && only.bytes().all(|b| b.is_ascii_digit())).then_some(plain)
}

/// The host of a link: after the scheme and any user name, before the port and the path.
/// Browsers read `\` as `/`, other programs do not: with one in it, nobody can say where it
/// leads, and it is the whole that is asked for.
fn host_of(link: &str) -> &str {
    let rest = link.split_once("://").map_or(link, |(_, rest)| rest);
    let rest = rest.trim_start_matches(['/', '\\']);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('\\') {
        return authority;
    }
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default()
}

/// The name as the domain system has it; as it was given where it cannot be one.
fn in_ascii(domain: &str) -> String {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    Own::domain(domain).unwrap_or_else(|_| domain.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_copy_is_understood() {
        for (given, what, wanted) in [
            ("+1 202 555 0123", What::Number, "+12025550123"),
            ("12025550123", What::Number, "12025550123"),
            ("001 202 555-0123", What::Number, "+12025550123"),
            ("62422", What::Number, "62422"),
            ("Marigold", What::Name, "Marigold"),
            ("AMZL US", What::Name, "AMZL US"),
            ("messages@marigold.example", What::Mail, "marigold.example"),
            (
                "Marigold <messages@Marigold.example>",
                What::Mail,
                "marigold.example",
            ),
            (
                "evil@evil.example,messages@marigold.example",
                What::Name,
                "evil@evil.example,messages@marigold.example",
            ),
            (
                "evil@messages@marigold.example",
                What::Name,
                "evil@messages@marigold.example",
            ),
            (
                "evil.example messages@marigold.example",
                What::Name,
                "evil.example messages@marigold.example",
            ),
            (
                "evil.example <messages@marigold.example>",
                What::Name,
                "evil.example <messages@marigold.example>",
            ),
            ("marigold.example", What::Link, "marigold.example"),
            (
                "https://www.marigold.example/orders?x=1",
                What::Link,
                "www.marigold.example",
            ),
            (
                "https://marigold.example@evil.example/x",
                What::Link,
                "evil.example",
            ),
            (
                "https://evil.example\\@marigold.example",
                What::Link,
                "evil.example\\@marigold.example",
            ),
            (
                "https://marigold.example\\@evil.example",
                What::Link,
                "marigold.example\\@evil.example",
            ),
            ("tel:+12025550123", What::Number, "+12025550123"),
            ("SMS:62422?body=STOP", What::Number, "62422"),
            (
                "mailto:help@marigold.example?subject=Hi",
                What::Mail,
                "marigold.example",
            ),
            ("@", What::Mail, "@"),
            ("me@", What::Mail, "me@"),
            ("http://", What::Link, "http://"),
            (
                "HTTPS://MARIGOLD.EXAMPLE:443",
                What::Link,
                "marigold.example",
            ),
            ("https:///marigold.example", What::Link, "marigold.example"),
            (
                "https://m\u{e4}rigold.example",
                What::Link,
                "xn--mrigold-5wa.example",
            ),
        ] {
            assert_eq!(understand(given), (what, wanted.to_owned()), "{given}");
        }
    }
}
