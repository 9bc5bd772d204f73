//! Variables that nothing has filled.

use crate::Rule;
use crate::content::{Content, Findings};

/// A name in braces is no longer than this.
const LONGEST: usize = 40;

/// The names that stand for what somebody forgot to fill in, in one spelling each.
#[derive(Debug)]
pub(crate) struct Names {
    written: Vec<String>,
    lower: Vec<String>,
}

impl Names {
    pub(crate) fn of(names: &[String]) -> Self {
        let written: Vec<String> = names.iter().map(|name| one_spelling(name)).collect();
        let lower = written.iter().map(|name| name.to_lowercase()).collect();
        Self { written, lower }
    }
}

/// Spaces between words, whatever parts them.
fn one_spelling(name: &str) -> String {
    name.replace(['_', '-'], " ")
}

/// Finds `{{`, `{name}`, `${`, `%s`, `[NAME]` and their like.
pub(crate) fn check(content: &Content<'_>, names: &Names, findings: &mut Findings<'_>) {
    let octets = content.text.as_bytes();
    let mut skip = 0;
    for at in
        memchr::memchr3_iter(b'{', b'%', b'[', octets).chain(memchr::memchr_iter(b'<', octets))
    {
        if at < skip && octets[at] != b'<' {
            continue;
        }
        let rest = &octets[at..];
        let length = match octets[at] {
            b'{' => braces(content, at, names),
            b'%' => percent(octets, at),
            _ => named(rest, names),
        };
        if let Some(length) = length {
            let start = at - usize::from(octets[at] == b'{' && at > 0 && octets[at - 1] == b'$');
            findings.add(Rule::Gap, start, at + length);
            skip = at + length;
        }
    }
}

fn braces(content: &Content<'_>, at: usize, names: &Names) -> Option<usize> {
    let rest = &content.text.as_bytes()[at..];
    let allowed = content.placeholder;
    if allowed.is_some_and(|allowed| rest.starts_with(allowed.as_bytes())) {
        return None;
    }
    if rest.starts_with(b"{{") || rest.starts_with(b"{%") || rest.starts_with(b"{#") {
        return Some(
            closed(rest, b'}').map_or(2, |end| end + usize::from(rest.get(end) == Some(&b'}'))),
        );
    }
    let end = closed(rest, b'}')?;
    let written = std::str::from_utf8(&rest[1..end - 1]).ok()?;
    let name = written.trim();
    let begins = |c: char| c.is_ascii_alphabetic() || c == '_';
    let fits = name.starts_with(begins)
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.- ".contains(&b));
    // Words in braces may be what somebody wrote; "{first name}" is a name of the list.
    let meant = !written.contains(' ') || names.lower.contains(&one_spelling(name).to_lowercase());
    (fits && meant).then_some(end)
}

/// The length up to and with the octet that closes, if it is near.
fn closed(rest: &[u8], close: u8) -> Option<usize> {
    let near = &rest[..rest.len().min(LONGEST + 2)];
    memchr::memchr(close, near).map(|at| at + 1)
}

fn percent(octets: &[u8], at: usize) -> Option<usize> {
    let rest = &octets[at + 1..];
    let after_number = at > 0 && octets[at - 1].is_ascii_digit();
    let ends = |from: usize| rest.get(from).is_none_or(|b| !b.is_ascii_alphanumeric());
    match rest {
        [b's' | b'd' | b'@', ..] if !after_number && ends(1) => Some(2),
        [digit, b'$', b's' | b'd' | b'@', ..] if digit.is_ascii_digit() && ends(3) => Some(4),
        [b'(', ..] => {
            let end = closed(rest, b')')?;
            let kind = rest.get(end)?;
            matches!(kind, b's' | b'd').then_some(end + 2)
        }
        [b'}', ..] => Some(2),
        _ => None,
    }
}

/// A name of the list between brackets: `[NAME]`, `<ORDER_ID>`.
fn named(rest: &[u8], names: &Names) -> Option<usize> {
    if rest.starts_with(b"[object ") {
        return closed(rest, b']');
    }
    let close = if rest.first() == Some(&b'[') {
        b']'
    } else {
        b'>'
    };
    let end = closed(rest, close)?;
    let inside = std::str::from_utf8(&rest[1..end - 1]).ok()?;
    let inside = inside.trim();
    let is_name = names.written.contains(&one_spelling(inside));
    is_name.then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Form;

    fn gaps(text: &str) -> Vec<String> {
        let names = Names::of(&["NAME".to_owned(), "ORDER ID".to_owned()]);
        let mut findings = Findings::new(text, u32::MAX);
        let content = Content::new(Form::Sms, text).placeholder("{code}");
        check(&content, &names, &mut findings);
        let found = findings.done();
        found
            .iter()
            .map(|f| text[f.span.clone()].to_owned())
            .collect()
    }

    #[test]
    fn what_nothing_filled_is_found() {
        for (text, gap) in [
            ("Hello {{ name }}!", "{{ name }}"),
            ("Hello {{name", "{{"),
            ("Hello {name}", "{name}"),
            ("Hello ${first_name}", "${first_name}"),
            ("Order {order id}, {Order ID}", "{order id}|{Order ID}"),
            ("Hello { name }", "{ name }"),
            ("Hello %s, order %d", "%s|%d"),
            ("Hello %1$s", "%1$s"),
            ("Hello %(name)s", "%(name)s"),
            ("Hello [NAME]", "[NAME]"),
            ("Order <ORDER_ID>", "<ORDER_ID>"),
            ("{% if x %}", "{% if x %}"),
            ("[object Object]", "[object Object]"),
        ] {
            assert_eq!(gaps(text).join("|"), gap, "{text}");
        }
    }

    #[test]
    fn honest_signs_are_left_alone() {
        for text in [
            "use {code} to sign in",
            "20% off, 100%s",
            "50% discount",
            "[NEW] Lamp [2 pcs] <3",
            "a { b } c {}",
            "Neighbour [flat 3] {back door}",
            "{1} 100 % sicher",
            "{é}",
        ] {
            assert!(gaps(text).is_empty(), "{text}: {:?}", gaps(text));
        }
    }
}
