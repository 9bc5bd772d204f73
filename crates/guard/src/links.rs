//! Links and addresses, however they are spelt: with a scheme, with a broken one, without,
//! with dots apart or in brackets.
//!
//! Only found and judged here; nothing is ever fetched.

use crate::content::Findings;
use crate::fold::{Folded, Parted};
use crate::phrases::{Hit, Role};
use crate::plain::{OTHER, Plain, WIDE, is_word};
use crate::{Form, Own, Promises, Rule, hosts};

/// Ends of hosts that are words of English too: they need more than a dot with spaces.
const WORDS: [&str; 16] = [
    "am", "as", "at", "be", "by", "do", "in", "is", "it", "me", "my", "no", "so", "to", "us",
    "page",
];
/// Ends of hosts that are spelt out after the word "dot".
const SPELT: [&str; 8] = ["com", "net", "org", "info", "biz", "ly", "xyz", "top"];
/// So far before a mail address stands what asks to write to it.
const WRITE: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Something to tap.
    Link,
    /// `@shop.example #123456`: where a code may be filled in.
    Bound,
    /// Where to write to.
    Address { asked: bool },
}

#[derive(Debug)]
struct Found {
    kind: Kind,
    host: String,
    /// In octets of the plain text.
    from: usize,
    to: usize,
    /// In bytes of the text.
    start: usize,
    end: usize,
    disguised: bool,
    credentials: bool,
}

/// The links of a text.
#[derive(Debug, Default)]
pub(crate) struct Links(Vec<Found>);

impl Links {
    pub(crate) fn find(plain: &Plain<'_>, (folded, hits): (&Folded, &[Hit]), own: &Own) -> Self {
        let mut seeker = Seeker {
            plain,
            folded,
            hits,
            own,
            found: Vec::new(),
        };
        for hit in hits.iter().filter(|hit| hit.role == Role::Scheme) {
            let at = plain.at_place(folded.origin(hit.start));
            if !seeker.covers(at) {
                seeker.scheme(at);
            }
        }
        for at in memchr::memchr_iter(b'.', &plain.octets) {
            if !seeker.covers(at) {
                seeker.dot(at);
            }
        }
        for hit in hits.iter().filter(|hit| hit.role == Role::Dot) {
            seeker.spelt(plain.at_place(folded.origin(hit.start)));
        }
        Self(seeker.found)
    }

    /// Whether there is anything to tap.
    pub(crate) fn any(&self) -> bool {
        self.0.iter().any(|found| found.kind == Kind::Link)
    }

    /// Whether an octet of the plain text is part of a link or an address.
    pub(crate) fn covers(&self, at: usize) -> bool {
        covers(&self.0, at)
    }

    pub(crate) fn judge(
        &self,
        form: Form,
        (promises, own): (&Promises, &Own),
        findings: &mut Findings<'_>,
    ) {
        let mut links = 0;
        for found in &self.0 {
            let (start, end) = (found.start, found.end);
            let broken = hosts::judge(&found.host, promises, own);
            match found.kind {
                Kind::Address { asked } => {
                    if let (true, Some(rule)) = (asked, broken) {
                        let rule = match rule {
                            Rule::LookAlike | Rule::MixedScript => rule,
                            _ => Rule::ForeignAddress,
                        };
                        findings.add(rule, start, end);
                    }
                    continue;
                }
                Kind::Bound => {}
                Kind::Link => links += 1,
            }
            if found.credentials {
                findings.add(Rule::Credentials, start, end);
            }
            match broken {
                Some(rule) => findings.add(rule, start, end),
                None if found.disguised => findings.add(Rule::DisguisedLink, start, end),
                None => {}
            }
            if form == Form::Sms && links > promises.most_links() {
                findings.add(Rule::ManyLinks, start, end);
            }
        }
    }
}

/// Whether an octet is part of one of these, which are in the order of the text.
fn covers(found: &[Found], at: usize) -> bool {
    let next = found.partition_point(|found| found.from <= at);
    next.checked_sub(1).is_some_and(|last| at < found[last].to)
}

struct Seeker<'a, 'p> {
    plain: &'a Plain<'p>,
    folded: &'a Folded,
    hits: &'a [Hit],
    own: &'a Own,
    found: Vec<Found>,
}

impl Seeker<'_, '_> {
    fn covers(&self, at: usize) -> bool {
        covers(&self.found, at)
    }

    fn add(&mut self, kind: Kind, (from, to): (usize, usize), host: String) -> &mut Found {
        let at = self.found.partition_point(|found| found.from < from);
        let found = Found {
            kind,
            host,
            from,
            to,
            start: self.plain.place(from),
            end: self.plain.end(to),
            disguised: false,
            credentials: false,
        };
        self.found.insert(at, found);
        &mut self.found[at]
    }

    /// The end of an address that goes on at `at`: up to a space or a closing sign.
    fn end_of_path(&self, at: usize) -> usize {
        let closes = |octet: &u8| {
            octet.is_ascii_whitespace()
                || matches!(
                    octet,
                    b'"' | b'\'' | b'<' | b'>' | b')' | b']' | b'}' | &WIDE | &OTHER
                )
        };
        let rest = self.plain.octets.get(at..).unwrap_or_default();
        at + rest.iter().position(closes).unwrap_or(rest.len())
    }

    /// An address with a scheme that begins at `at`.
    fn scheme(&mut self, at: usize) {
        let octets = &self.plain.octets;
        let letters = octets[at..]
            .iter()
            .take(5)
            .take_while(|b| b.is_ascii_alphabetic())
            .count();
        let word = String::from_utf8_lossy(&octets[at..at + letters]).to_ascii_lowercase();
        let length = [5, 4, 3].into_iter().find(|length| {
            word.get(..*length)
                .is_some_and(|word| ["hxxps", "https", "hxxp", "http", "ftp"].contains(&word))
        });
        let Some(length) = length else { return };
        let signs = octets[at + length..]
            .iter()
            .take(8)
            .take_while(|b| matches!(**b, b':' | b'/' | b'\\' | b' '))
            .count();
        let between = &octets[at + length..at + length + signs];
        if !between.iter().any(|b| matches!(b, b':' | b'/')) {
            return;
        }
        let (authority, to, joined) = self.authority(at + length + signs);
        let (credentials, host) = match authority.rsplit_once('@') {
            Some((_, host)) => (true, host),
            None => (false, authority.as_str()),
        };
        let host = match host.starts_with('[') {
            true => host,
            false => host.split(':').next().unwrap_or(host),
        };
        let host = host.trim_matches(['.', '-']);
        if host.is_empty() || !host.contains(char::is_alphanumeric) {
            return;
        }
        let disguised = word.starts_with("hxxp") || between != b"://" || joined;
        let (host, to) = (host.to_owned(), self.end_of_path(to));
        let found = self.add(Kind::Link, (at, to), host);
        found.disguised = disguised;
        found.credentials = credentials;
    }

    /// The authority that begins at `from`, its end, and whether spaces were in it.
    fn authority(&self, from: usize) -> (String, usize, bool) {
        let end = |from: usize| {
            let rest = self.plain.octets.get(from..).unwrap_or_default();
            let part = |b: &&u8| {
                is_word(**b) || matches!(**b, b'.' | b'-' | b'_' | b'@' | b':' | b'[' | b']' | b'%')
            };
            from + rest.iter().take_while(part).count()
        };
        let mut to = end(from);
        let mut authority = self.plain.words(from, to);
        let mut joined = false;
        // `doit. shop. tv/`: the parts of one host, set apart.
        while authority.ends_with('.')
            && self.plain.get(to) == b' '
            && self.plain.get(to + 1).is_ascii_lowercase()
            && !hosts::is_linked(authority.trim_end_matches('.'), self.own)
        {
            let next = end(to + 1);
            authority.push_str(&self.plain.words(to + 1, next));
            joined = true;
            to = next;
        }
        (authority, to, joined)
    }

    /// What the dot at `at` is between.
    fn dot(&mut self, at: usize) {
        let (before, after) = (self.plain.before(at), self.plain.get(at + 1));
        if before.is_ascii_digit() && after.is_ascii_digit() && !self.may_be_ip(at) {
            return;
        }
        if is_word(before) && is_word(after) {
            return self.tight(at);
        }
        let open = matches!(before, b'[' | b'(' | b' ');
        let close = matches!(after, b']' | b')' | b' ');
        let left = at.saturating_sub(usize::from(open));
        let right = at + 1 + usize::from(close);
        if (!open && !is_word(before)) || (!close && !is_word(after)) || left == 0 {
            return;
        }
        let brackets = matches!(before, b'[' | b'(');
        // A full stop has its space behind it.
        let sentence = !open && after == b' ';
        self.apart((left, right), brackets, sentence);
    }

    /// Whether the digits around a dot are more than an amount.
    fn may_be_ip(&self, at: usize) -> bool {
        let octets = &self.plain.octets;
        let run = octets[at..]
            .iter()
            .take_while(|b| b.is_ascii_digit() || **b == b'.')
            .count();
        let next = self.plain.get(at + run);
        next == b'/' || next == b':' || next == b'-' || is_word(next)
    }

    /// A host in two parts: one ends before `left`, the other begins at `right`.
    fn apart(&mut self, (left, right): (usize, usize), brackets: bool, sentence: bool) {
        let (from, to) = (self.left(left), self.right(right));
        let path = self.plain.get(to) == b'/' && is_word(self.plain.get(to + 1));
        if from == left || to == right || (sentence && !path && !brackets) || self.covers(from) {
            return;
        }
        let (first, second) = (self.plain.words(from, left), self.plain.words(right, to));
        let host = format!("{first}.{second}");
        let top = second.rsplit('.').next().unwrap_or_default();
        let plausible = match () {
            () if brackets || path => true,
            () => !WORDS.contains(&top) && first.chars().any(char::is_alphabetic),
        };
        let lower = second.chars().all(|c| !c.is_uppercase());
        if plausible && lower && hosts::is_linked(&host, self.own) {
            let to = if path { self.end_of_path(to) } else { to };
            self.add(Kind::Link, (from, to), host).disguised = true;
        }
    }

    /// The word "dot" at `at`: `shop dot com`, `shop (dot) com`.
    fn spelt(&mut self, at: usize) {
        let (before, after) = (self.plain.before(at), self.plain.get(at + 3));
        let brackets = matches!(before, b'[' | b'(') && matches!(after, b']' | b')');
        if at == 0 || (!brackets && (before != b' ' || after != b' ')) {
            return;
        }
        let mut left = at - 1;
        while left > 0 && self.plain.before(left) == b' ' {
            left -= 1;
        }
        let mut right = at + 4;
        while self.plain.get(right) == b' ' && right < self.plain.octets.len() {
            right += 1;
        }
        let to = self.right(right);
        let top = self.plain.words(right, to).to_lowercase();
        if brackets || SPELT.contains(&top.as_str()) {
            self.apart((left, right), true, false);
        }
    }

    /// Where the word that ends before `at` begins, dots inside it included.
    fn left(&self, at: usize) -> usize {
        let wide = self.plain.before(at) == WIDE;
        let mut from = at;
        while from > 0 {
            let octet = self.plain.before(from);
            let inside = octet == b'.' && from >= 2 && is_word(self.plain.get(from - 2));
            if !(fits(octet, wide) || inside) {
                break;
            }
            from -= 1;
        }
        from
    }

    /// Where the word that begins at `at` ends, dots inside it included.
    fn right(&self, at: usize) -> usize {
        let wide = self.plain.get(at) == WIDE;
        let mut to = at;
        while to < self.plain.octets.len() {
            let octet = self.plain.get(to);
            let inside = octet == b'.' && is_word(self.plain.get(to + 1)) && to > at;
            if !(fits(octet, wide) || inside) {
                break;
            }
            to += 1;
        }
        to
    }

    /// A host without a scheme around the dot at `at`.
    fn tight(&mut self, at: usize) {
        let (mut from, mut to) = (self.left(at), self.right(at + 1));
        while from < at && self.plain.get(from) == b'-' {
            from += 1;
        }
        while to > at + 1 && self.plain.before(to) == b'-' {
            to -= 1;
        }
        if from == at || to == at + 1 || self.plain.get(to) == b'@' {
            return;
        }
        let host = self.plain.words(from, to);
        if self.plain.before(from) == b'@' {
            return self.address(from, to, host);
        }
        let next = self.plain.get(to);
        let path = next == b'/' || (next == b':' && self.plain.get(to + 1).is_ascii_digit());
        let first = host.split('.').next().unwrap_or_default().to_lowercase();
        let named = matches!(first.as_str(), "www" | "wap");
        let is_ip =
            host.split('.').count() == 4 && host.split('.').all(|part| part.parse::<u8>().is_ok());
        let linked = named
            || (is_ip && path)
            || (hosts::is_linked(&host, self.own) && (path || !ends_a_sentence(&host)));
        if linked {
            let to = if path { self.end_of_path(to) } else { to };
            self.add(Kind::Link, (from, to), host);
        }
    }

    /// A host behind `@`.
    fn address(&mut self, from: usize, to: usize, host: String) {
        let local = |octet: u8| is_word(octet) || b".+-_%*".contains(&octet);
        let mut start = from - 1;
        while start > 0 && local(self.plain.before(start)) {
            start -= 1;
        }
        if start + 1 == from {
            if hosts::is_linked(&host, self.own) {
                self.add(Kind::Bound, (start, to), host);
            }
            return;
        }
        let place = self.plain.place(start);
        let asked = self.hits.iter().any(|hit| {
            let end = self.folded.origin(hit.end - 1) + 1;
            hit.role == Role::Write
                && end <= place
                && place - end <= WRITE
                && self.parted(hit.end, place) < Parted::Sentences
        });
        self.add(Kind::Address { asked }, (start, to), host);
    }

    fn parted(&self, folded: usize, place: usize) -> Parted {
        let octets = &self.folded.octets;
        let mut to = folded;
        while to < octets.len() && self.folded.origin(to) < place {
            to += 1;
        }
        self.folded.parted(folded, to.saturating_sub(1).max(folded))
    }
}

fn fits(octet: u8, wide: bool) -> bool {
    match octet {
        WIDE => wide,
        b'-' | b'_' => true,
        octet => is_word(octet) && (!wide || !octet.is_ascii() || octet.is_ascii_alphanumeric()),
    }
}

/// `ready.It`: a sentence ended and somebody forgot the space.
fn ends_a_sentence(host: &str) -> bool {
    let Some((before, top)) = host.rsplit_once('.') else {
        return false;
    };
    let mut chars = top.chars();
    let capital = chars.next().is_some_and(char::is_uppercase) && chars.all(char::is_lowercase);
    capital && !before.contains('.') && before.chars().any(char::is_lowercase)
}

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
pub(crate) fn check_html(html: &str, ours: (&Promises, &Own), findings: &mut Findings<'_>) {
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
