//! Looks for links and addresses in a text: at schemes, at dots, and at the word "dot".

use super::authority::LONGEST_HOST;
use super::{Found, Kind, covers};
use crate::fold::{Folded, Parted};
use crate::phrases::{Hit, Role};
use crate::plain::{OTHER, Plain, WIDE, is_dot, is_word};
use crate::{Own, hosts};

/// Ends of hosts that are words of English too: they need more than a dot with spaces.
const WORDS: [&str; 16] = [
    "am", "as", "at", "be", "by", "do", "in", "is", "it", "me", "my", "no", "so", "to", "us",
    "page",
];
/// Ends of hosts that are spelt out after the word "dot".
const SPELT: [&str; 8] = ["com", "net", "org", "info", "biz", "ly", "xyz", "top"];
/// What is sold and looks like a host, written as its maker writes it.
const PRODUCTS: [&str; 3] = ["ADO.NET", "ASP.NET", "VB.NET"];
/// So far before a mail address stands what asks to write to it.
const WRITE: usize = 64;
/// So long may a phrase be, folded.
const PHRASE: usize = 96;
/// No address of four numbers is longer, with room to spare.
pub(super) const LONGEST_IP: usize = 48;

pub(super) struct Seeker<'a, 'p> {
    pub plain: &'a Plain<'p>,
    pub folded: &'a Folded,
    pub hits: &'a [Hit],
    pub own: &'a Own,
    /// What earlier passes found, in the order of the text.
    pub settled: Vec<Found>,
    found: Vec<Found>,
    /// Up to here names with dots have been judged: each is looked at once.
    judged: usize,
    /// Where the stretch that was looked at last begins and ends, and its last `@`.
    pub(super) stretch: (usize, usize, Option<usize>),
}

impl<'a, 'p> Seeker<'a, 'p> {
    pub(super) fn new(
        plain: &'a Plain<'p>,
        (folded, hits): (&'a Folded, &'a [Hit]),
        own: &'a Own,
    ) -> Self {
        Self {
            plain,
            folded,
            hits,
            own,
            settled: Vec::new(),
            found: Vec::new(),
            judged: 0,
            stretch: (0, 0, None),
        }
    }
}

impl Seeker<'_, '_> {
    pub(super) fn covers(&self, at: usize) -> bool {
        covers(&self.settled, at) || covers(&self.found, at)
    }

    pub(super) fn is_judged(&self, at: usize) -> bool {
        at < self.judged
    }

    /// Ends a pass: what it found is put in order with the rest once, not one by one.
    pub(super) fn settle(&mut self) {
        self.settled.append(&mut self.found);
        self.settled.sort_by_key(|found| found.from);
    }

    pub(super) fn add(
        &mut self,
        kind: Kind,
        (from, to): (usize, usize),
        host: String,
    ) -> &mut Found {
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
    pub(super) fn end_of_path(&self, at: usize) -> usize {
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
    pub(super) fn scheme(&mut self, at: usize) {
        let plain = self.plain;
        let octets = &plain.octets;
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
        let authority = self.authority(at + length + signs);
        let leads = |host: &str| host.contains(|c: char| matches!(c, '.' | '[' | '0'..='9'));
        // `http:// or https://`: words about links.
        let spaced = between.contains(&b' ') && !leads(&authority.host);
        if (authority.host.is_empty() || spaced) && !authority.credentials {
            return;
        }
        let to = match authority.path {
            true => self.end_of_path(authority.to),
            false => authority.to,
        };
        let found = self.add(Kind::Link, (at, to), authority.host);
        found.disguised = word.starts_with("hxxp") || between != b"://" || authority.odd;
        found.credentials = authority.credentials;
    }

    /// What the dot at `at` is between.
    pub(super) fn dot(&mut self, at: usize) {
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
            .take(LONGEST_IP)
            .take_while(|b| b.is_ascii_digit() || **b == b'.')
            .count();
        let next = self.plain.get(at + run);
        next == b'/' || next == b':' || next == b'-' || is_word(next)
    }

    /// A host in two parts: one ends before `left`, the other begins at `right`.
    pub(super) fn apart(&mut self, (left, right): (usize, usize), brackets: bool, sentence: bool) {
        let (from, to) = (self.left(left, 0), self.right(right, LONGEST_HOST));
        let path = self.plain.get(to) == b'/' && is_word(self.plain.get(to + 1));
        if from == left || to == right || (sentence && !path && !brackets) || self.covers(from) {
            return;
        }
        let (first, second) = (self.host(from, left), self.host(right, to));
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
    pub(super) fn spelt(&mut self, at: usize) {
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
        let to = self.right(right, LONGEST_HOST);
        let top = self.plain.words(right, to).to_lowercase();
        if brackets || SPELT.contains(&top.as_str()) {
            self.apart((left, right), true, false);
        }
    }

    /// Where the word that ends before `at` begins, dots inside it included.
    fn left(&self, at: usize, lowest: usize) -> usize {
        let wide = self.plain.before(at) == WIDE;
        let lowest = at.saturating_sub(LONGEST_HOST).max(lowest);
        let mut from = at;
        while from > lowest {
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
    fn right(&self, at: usize, longest: usize) -> usize {
        let wide = self.plain.get(at) == WIDE;
        let highest = self.plain.octets.len().min(at.saturating_add(longest));
        let mut to = at;
        while to < highest {
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
        // The whole of a run, however long, is passed over; its end is what it leads to.
        let (mut from, mut to) = (self.left(at, self.judged), self.right(at + 1, usize::MAX));
        self.judged = to;
        let lowest = to.saturating_sub(LONGEST_HOST);
        if from < lowest {
            from = lowest + usize::from(self.plain.get(lowest) == b'.');
        }
        while from < to && self.plain.get(from) == b'-' {
            from += 1;
        }
        while to > from && self.plain.before(to) == b'-' {
            to -= 1;
        }
        let ends = self.plain.get(from) == b'.' || self.plain.before(to) == b'.';
        if ends || self.plain.get(to) == b'@' {
            return;
        }
        let host = self.host(from, to);
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
            || (hosts::is_linked(&host, self.own)
                && (path || !(ends_a_sentence(&host) || PRODUCTS.contains(&host.as_str()))));
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
        let folded = self.folded.near(place) + 1;
        let next = self.hits.partition_point(|hit| hit.start <= folded);
        let near = self.hits[..next].iter().rev();
        let asked = near
            .take_while(|hit| folded - hit.start <= PHRASE + 2 * WRITE)
            .any(|hit| {
                let end = self.folded.origin(hit.end - 1) + 1;
                hit.role == Role::Write
                    && end <= place
                    && place - end <= WRITE
                    && self.parted(hit.end, place) < Parted::Sentences
            });
        self.add(Kind::Address { asked }, (start, to), host);
    }

    /// The name of a host in a run of octets, its dots plain ones.
    pub(super) fn host(&self, from: usize, to: usize) -> String {
        let words = self.plain.words(from, to);
        match words.is_ascii() {
            true => words,
            false => words.replace(is_dot, "."),
        }
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
