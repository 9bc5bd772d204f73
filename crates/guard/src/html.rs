//! Addresses in HTML: what attributes and style sheets lead to or load.

use crate::content::Findings;
use crate::{Own, Promises, Rule, hosts};

/// Attributes whose values are addresses.
const ADDRESSES: [&str; 7] = [
    "href",
    "src",
    "action",
    "background",
    "poster",
    "formaction",
    "srcset",
];

/// Judges the addresses of attributes and style sheets.
pub(crate) fn check(html: &str, ours: (&Promises, &Own), findings: &mut Findings<'_>) {
    let octets = html.as_bytes();
    for at in memchr::memchr_iter(b'=', octets) {
        let name_from = octets[..at]
            .iter()
            .rev()
            .take_while(|b| b.is_ascii_alphanumeric())
            .count();
        let name = &octets[at - name_from..at];
        if ADDRESSES
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
        {
            let (from, to) = value(octets, at + 1);
            judge_value(html, (from, to), ours, findings);
        }
    }
    for at in memchr::memmem::find_iter(octets, b"url(") {
        let from = at + 4;
        let length = memchr::memchr(b')', &octets[from..]).unwrap_or(octets.len() - from);
        judge_value(html, (from, from + length), ours, findings);
    }
}

/// The value of an attribute that begins at `from`.
fn value(octets: &[u8], from: usize) -> (usize, usize) {
    let quote = octets.get(from).copied().unwrap_or(b' ');
    if matches!(quote, b'"' | b'\'') {
        let rest = &octets[from + 1..];
        let length = memchr::memchr(quote, rest).unwrap_or(rest.len());
        return (from + 1, from + 1 + length);
    }
    let rest = &octets[from.min(octets.len())..];
    let ends = |b: &u8| b.is_ascii_whitespace() || *b == b'>';
    (
        from,
        from + rest.iter().position(ends).unwrap_or(rest.len()),
    )
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
        let host = address
            .split('?')
            .next()
            .unwrap_or_default()
            .rsplit('@')
            .next();
        if host.is_some_and(|host| hosts::judge(host, promises, own).is_some()) {
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
    let host = host.split(':').next().unwrap_or_default();
    match hosts::judge(host, promises, own) {
        Some(rule) => findings.add(rule, from, to),
        None if host.is_empty() => findings.add(Rule::DisguisedLink, from, to),
        None => {}
    }
}
