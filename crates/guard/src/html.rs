//! Addresses in HTML: what attributes and style sheets lead to or load.

mod tags;

use crate::content::Findings;
use crate::{Own, Promises, Rule, hosts};
use tags::{Part, Reader};

/// Attributes whose values are addresses.
const ADDRESSES: [&str; 14] = [
    "href",
    "src",
    "action",
    "background",
    "poster",
    "formaction",
    "xlink:href",
    "data",
    "ping",
    "lowsrc",
    "dynsrc",
    "longdesc",
    "manifest",
    "codebase",
];
const LISTS: [&str; 2] = ["srcset", "imagesrcset"];
/// No host is longer.
const LONGEST_HOST: usize = 253;

/// Judges the addresses of attributes and style sheets.
pub(crate) fn check(html: &str, ours: (&Promises, &Own), findings: &mut Findings<'_>) {
    let octets = html.as_bytes();
    let is = |part: (usize, usize), known: &&str| {
        octets[part.0..part.1].eq_ignore_ascii_case(known.as_bytes())
    };
    Reader::new(octets).read(|part| match part {
        Part::Style((from, to)) => styles(html, (from, to), ours, findings),
        Part::Attribute { tag, name, value } => {
            if ADDRESSES.iter().any(|known| is(name, known)) {
                judge_value(html, value, ours, findings);
            } else if is(name, &"style") {
                styles(html, value, ours, findings);
            } else if LISTS.iter().any(|known| is(name, known)) {
                list(html, value, ours, findings);
            } else if is(name, &"content") && is(tag, &"meta") {
                refresh(html, value, ours, findings);
            }
        }
    });
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
