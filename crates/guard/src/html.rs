//! Addresses in HTML: what attributes and style sheets lead to or load.

mod tags;

use crate::content::Findings;
use crate::{Own, Promises, Rule, hosts};
use tags::{Part, Reader};

/// No host is longer.
const LONGEST_HOST: usize = 253;

/// What the value of an attribute is.
#[derive(Clone, Copy)]
enum Value {
    Address,
    /// Addresses with a size behind each.
    List,
    Style,
    /// Where a page goes by itself.
    Refresh,
}

/// The attributes in whose values an address may stand.
const NAMES: [(&[u8], Value); 18] = [
    (b"href", Value::Address),
    (b"src", Value::Address),
    (b"action", Value::Address),
    (b"background", Value::Address),
    (b"poster", Value::Address),
    (b"formaction", Value::Address),
    (b"xlink:href", Value::Address),
    (b"data", Value::Address),
    (b"ping", Value::Address),
    (b"lowsrc", Value::Address),
    (b"dynsrc", Value::Address),
    (b"longdesc", Value::Address),
    (b"manifest", Value::Address),
    (b"codebase", Value::Address),
    (b"srcset", Value::List),
    (b"imagesrcset", Value::List),
    (b"style", Value::Style),
    (b"content", Value::Refresh),
];

/// The first letters of those names, a bit each, by length: most names fit none.
const FIRST: [u32; 12] = first_letters();

const fn first_letters() -> [u32; 12] {
    let mut first = [0; 12];
    let mut at = 0;
    while at < NAMES.len() {
        let name = NAMES[at].0;
        first[name.len()] |= 1 << (name[0] & 31);
        at += 1;
    }
    first
}

impl Value {
    /// What stands in an attribute; none where no address can.
    fn of(tag: &[u8], name: &[u8]) -> Option<Self> {
        let letter = 1 << (name.first()? & 31);
        if FIRST.get(name.len())? & letter == 0 {
            return None;
        }
        let mut known = NAMES.iter();
        let (_, value) = known.find(|(known, _)| name.eq_ignore_ascii_case(known))?;
        let refreshes = !matches!(value, Self::Refresh) || tag.eq_ignore_ascii_case(b"meta");
        refreshes.then_some(*value)
    }
}

/// Judges the addresses of attributes and style sheets.
pub(crate) fn check(html: &str, ours: (&Promises, &Own), findings: &mut Findings<'_>) {
    let octets = html.as_bytes();
    // Nearly no mail loads anything by its styles, and it has hundreds of them.
    let loads = loads(octets);
    if loads || !at_a_glance(html, ours) {
        by_tags(html, loads, ours, findings);
    }
}

/// Reads every tag; where nothing loads by styles, those need no look.
fn by_tags(html: &str, loads: bool, ours: (&Promises, &Own), findings: &mut Findings<'_>) {
    let octets = html.as_bytes();
    Reader::new(octets).read(|part| match part {
        Part::Style(inside) if loads => styles(html, inside, ours, findings),
        Part::Style(_) => {}
        Part::Attribute { tag, name, value } => {
            match Value::of(&octets[tag.0..tag.1], &octets[name.0..name.1]) {
                Some(Value::Address) => judge_value(html, value, ours, findings),
                Some(Value::List) => list(html, value, ours, findings),
                Some(Value::Style) if loads => styles(html, value, ours, findings),
                Some(Value::Refresh) => refresh(html, value, ours, findings),
                Some(Value::Style) | None => {}
            }
        }
    });
}

/// Whether nothing is wrong, seen without reading the tags, of which a mail has hundreds.
///
/// An attribute's value follows an `=`, and its name ends right before that: everything the
/// reader would judge is among what stands there, to the same quote. What a tag or a comment
/// would end earlier has a `<` or `>` in it, and goes to the reader like whatever else is
/// not plainly right. No style may load anything.
fn at_a_glance(html: &str, ours: (&Promises, &Own)) -> bool {
    let octets = html.as_bytes();
    let mut findings = Findings::new(html, u32::MAX);
    memchr::memchr_iter(b'=', octets).all(|equals| {
        let Some(value) = ends_with_name(octets[..equals].trim_ascii_end()) else {
            return true;
        };
        let spaces = |at: usize| octets[at..].iter().take_while(|b| b.is_ascii_whitespace());
        let from = equals + 1 + spaces(equals + 1).count();
        let Some(quote @ (b'"' | b'\'')) = octets.get(from) else {
            return false;
        };
        let from = from + 1;
        let Some(length) = memchr::memchr(*quote, &octets[from..]) else {
            return false;
        };
        let inside = (from, from + length);
        if memchr::memchr2(b'<', b'>', &octets[inside.0..inside.1]).is_some() {
            return false;
        }
        match value {
            Value::Address => judge_value(html, inside, ours, &mut findings),
            Value::List => list(html, inside, ours, &mut findings),
            Value::Refresh => refresh(html, inside, ours, &mut findings),
            Value::Style => {}
        }
        findings.is_empty()
    })
}

/// What an attribute holds, the name of which may end here; none where no address can stand
/// in it.
fn ends_with_name(before: &[u8]) -> Option<Value> {
    let tail = before
        .last_chunk::<3>()?
        .map(|octet| octet.to_ascii_lowercase());
    if !is_tail(tail) {
        return None;
    }
    let ends = |name: &[u8]| {
        let at = before.len().checked_sub(name.len());
        at.is_some_and(|at| before[at..].eq_ignore_ascii_case(name))
    };
    let known = NAMES.iter().find(|(name, _)| ends(name));
    known.map(|(_, value)| *value)
}

/// Whether a name in which an address may stand ends so: most end in other ways, and
/// nothing loads by a style here.
const fn is_tail(tail: [u8; 3]) -> bool {
    matches!(
        &tail,
        b"ref"
            | b"src"
            | b"ion"
            | b"und"
            | b"ter"
            | b"ata"
            | b"ing"
            | b"esc"
            | b"est"
            | b"ase"
            | b"set"
            | b"ent"
    )
}

/// Whether what makes a style load something stands anywhere: `url(` or `@import`.
fn loads(octets: &[u8]) -> bool {
    memchr::memchr2_iter(b'(', b'@', octets).any(|at| match octets[at] {
        b'(' => octets[at.saturating_sub(3)..at].eq_ignore_ascii_case(b"url"),
        _ => octets[at..]
            .get(..7)
            .is_some_and(|word| word.eq_ignore_ascii_case(b"@import")),
    })
}

/// What style sheets load.
fn styles(
    html: &str,
    (mut from, to): (usize, usize),
    ours: (&Promises, &Own),
    findings: &mut Findings<'_>,
) {
    let octets = html.as_bytes();
    let start = from;
    while let Some(at) = memchr::memchr2(b'(', b'@', &octets[from..to]) {
        let at = from + at;
        from = at + 1;
        let before = &octets[at.saturating_sub(3).max(start)..at];
        if octets[at] == b'(' && before.eq_ignore_ascii_case(b"url") {
            let length = memchr::memchr(b')', &octets[from..to]).unwrap_or(to - from);
            judge_value(html, (from, from + length), ours, findings);
            from += length;
        }
        let word = octets.get(at..to.min(at + 7)).unwrap_or_default();
        if word.eq_ignore_ascii_case(b"@import") {
            let rest = &octets[at + 7..to];
            let begin = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
            if matches!(rest.get(begin), Some(b'"' | b'\'')) {
                let value = &rest[begin + 1..];
                let length = memchr::memchr(rest[begin], value).unwrap_or(value.len());
                from = at + 7 + begin + 1;
                judge_value(html, (from, from + length), ours, findings);
                from += length;
            }
        }
    }
}

/// Addresses with a size behind each and commas between.
fn list(
    html: &str,
    (from, to): (usize, usize),
    ours: (&Promises, &Own),
    findings: &mut Findings<'_>,
) {
    let text = html.get(from..to).unwrap_or_default();
    let mut is_address = true;
    let mut at = from;
    for word in text.split_ascii_whitespace() {
        at += html[at..to].find(word).unwrap_or_default();
        let end = at + word.len();
        if is_address {
            judge_value(
                html,
                (at, at + word.trim_end_matches(',').len()),
                ours,
                findings,
            );
        }
        is_address = word.ends_with(',');
        at = end;
    }
}

/// `<meta content="0; url=…">` leads on by itself.
fn refresh(
    html: &str,
    (from, to): (usize, usize),
    ours: (&Promises, &Own),
    findings: &mut Findings<'_>,
) {
    let value = &html.as_bytes()[from..to];
    let first = value.iter().find(|b| !b.is_ascii_whitespace());
    let waits = first.is_some_and(|b| b.is_ascii_digit() || matches!(b, b'.' | b';' | b','));
    let address = value
        .windows(3)
        .position(|word| word.eq_ignore_ascii_case(b"url"));
    if let (true, Some(at)) = (waits, address) {
        let rest = &value[at + 3..];
        let signs = rest
            .iter()
            .take_while(|b| b.is_ascii_whitespace() || **b == b'=');
        let from = from + at + 3 + signs.count();
        judge_value(html, (from, to), ours, findings);
    }
}

fn judge_value(
    html: &str,
    (from, to): (usize, usize),
    (promises, own): (&Promises, &Own),
    findings: &mut Findings<'_>,
) {
    let value = html
        .get(from..to)
        .unwrap_or_default()
        .trim()
        .trim_matches(['"', '\'']);
    let lower = value.to_ascii_lowercase();
    if value.is_empty()
        || ["#", "cid:", "data:image/"]
            .iter()
            .any(|start| lower.starts_with(start))
    {
        return;
    }
    if let Some(address) = lower.strip_prefix("mailto:") {
        if !is_to_us(address, (promises, own)) {
            findings.add(Rule::ForeignAddress, from, to);
        }
        return;
    }
    if let Some(number) = lower
        .strip_prefix("tel:")
        .or_else(|| lower.strip_prefix("sms:"))
    {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        if !own.has_number(&digits, number.starts_with('+')) {
            findings.add(Rule::ForeignNumber, from, to);
        }
        return;
    }
    let rest = ["https://", "http://", "//"]
        .iter()
        .find_map(|start| lower.strip_prefix(start));
    let Some(rest) = rest else {
        findings.add(Rule::DisguisedLink, from, to);
        return;
    };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let (credentials, host) = match authority.rsplit_once('@') {
        Some((_, host)) => (true, host),
        None => (false, authority),
    };
    if credentials {
        findings.add(Rule::Credentials, from, to);
    }
    let (host, port) = match host.split_once(':') {
        Some((name, port)) if !host.starts_with('[') => (name, port),
        _ => (host, ""),
    };
    let stands =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_') || !c.is_ascii();
    let plain = host.len() <= LONGEST_HOST
        && host.chars().all(stands)
        && port.bytes().all(|b| b.is_ascii_digit());
    let host = match host.char_indices().rev().nth(LONGEST_HOST) {
        Some((at, _)) => &host[at..],
        None => host,
    };
    match hosts::judge(host, promises, own) {
        Some(rule) => findings.add(rule, from, to),
        None if host.is_empty() || !plain => findings.add(Rule::DisguisedLink, from, to),
        None => {}
    }
}

/// Whether all that a `mailto:` writes to is ours.
fn is_to_us(address: &str, (promises, own): (&Promises, &Own)) -> bool {
    let (to, query) = address.split_once('?').unwrap_or((address, ""));
    let more = query.split('&').filter_map(|field| {
        let (name, value) = field
            .strip_prefix("amp;")
            .unwrap_or(field)
            .split_once('=')?;
        matches!(name, "to" | "cc" | "bcc").then_some(value)
    });
    std::iter::once(to).chain(more).all(|list| {
        list.split([',', ';']).all(|one| {
            let host = one.rsplit('@').next().unwrap_or_default();
            !one.contains('%') && hosts::judge(host, promises, own).is_none()
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PIECES: [&str; 34] = [
        "<a ",
        "<meta ",
        "<p",
        ">",
        "/>",
        "<!--",
        "-->",
        "--!>",
        "<style>",
        "</style>",
        "<title>",
        "</title",
        "=",
        " = ",
        "\n=",
        "\"",
        "'",
        "href",
        "HREF",
        "src",
        "srcset",
        "content",
        "xlink:href",
        "style",
        "data",
        "x",
        " ",
        "/",
        "<",
        "0;url=",
        "color:red",
        "https://marigold.example/x",
        "https://evil.example/",
        "mailto:a@evil.example",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn what_is_right_at_a_glance_is_right_tag_by_tag(
            pieces in proptest::collection::vec(prop::sample::select(PIECES.to_vec()), 0..40),
            closed in any::<bool>(),
        ) {
            let mut html = pieces.concat();
            if closed {
                // What is honest as a whole is rare among random pieces.
                html = html.replace("evil", "marigold").replace("=h", "=\"h");
            }
            let guard = crate::tests::guard();
            let ours = (&*guard.promises, &*guard.own);
            let mut findings = Findings::new(&html, u32::MAX);
            by_tags(&html, loads(html.as_bytes()), ours, &mut findings);
            if !findings.is_empty() {
                prop_assert!(!at_a_glance(&html, ours), "{html}");
            }
        }
    }

    #[test]
    fn no_name_is_passed_over() {
        for (name, value) in NAMES {
            let found = ends_with_name(name).is_some();
            assert_eq!(found, !matches!(value, Value::Style), "{name:?}");
        }
    }

    #[test]
    fn an_honest_mail_needs_a_glance_only() {
        let guard = crate::tests::guard();
        let ours = (&*guard.promises, &*guard.own);
        let head = r#"<html xmlns="http://www.w3.org/1999/xhtml"><meta http-equiv="Content-Type" content="text/html; charset=UTF-8"><meta name="viewport" content="width=device-width, initial-scale=1">"#;
        let body = r#"<td class="x" align="left" style="color:red"><a href="https://marigold.example/orders?x=1" target="_blank">1 = 1</a></td>"#;
        assert!(at_a_glance(&format!("{head}{body}"), ours));
    }
}
