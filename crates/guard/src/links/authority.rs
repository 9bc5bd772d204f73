//! What stands between `//` and the path of a link: whom it leads to.
//!
//! It ends where programs that open links say it does (RFC 3986 §3.2, and `\\` as browsers
//! have it), not where a person stops reading: what stands in it and in no host is a disguise.

use super::seek::Seeker;
use crate::hosts;
use crate::plain::{LETTER, is_word};

/// No host is longer.
pub(super) const LONGEST_HOST: usize = 253;
/// The longest address in brackets, with room to spare.
const BRACKETS: usize = 64;

pub(super) struct Authority {
    /// Empty where there is none.
    pub host: String,
    /// Where the host and its port end.
    pub to: usize,
    /// Whether a path, a query or a fragment begins there.
    pub path: bool,
    pub credentials: bool,
    /// Whether something is in it that no honest link has.
    pub odd: bool,
}

impl Seeker<'_, '_> {
    /// The authority that begins at `from`.
    pub(super) fn authority(&mut self, from: usize) -> Authority {
        let (end, last) = self.stretch(from);
        let begin = last.map_or(from, |at| at + 1);
        let mut to = self.end_of_host(begin);
        let long = to - begin > LONGEST_HOST;
        let mut host = self.host(begin.max(to.saturating_sub(LONGEST_HOST)), to);
        let joined = self.join(&mut host, &mut to);
        let mut odd = long || joined || host.contains('%') || self.plain.get(end) == b'\\';
        if self.plain.get(to) == b':' {
            let digits = self.plain.octets[to + 1..]
                .iter()
                .take_while(|b| b.is_ascii_digit())
                .count();
            to += if digits > 0 { digits + 1 } else { 0 };
        }
        odd |= to < end && !joined && self.goes_on(to, end);
        let host = host.trim_matches(['.', '-']);
        let host = match host.contains(char::is_alphanumeric) {
            true => host.to_owned(),
            false => String::new(),
        };
        Authority {
            host,
            to,
            path: to >= end && self.is_delimiter(to),
            credentials: last.is_some(),
            odd,
        }
    }

    /// Up to where an authority that begins at `from` goes, and the last `@` in it. The
    /// stretch is remembered: many links may stand in one.
    fn stretch(&mut self, from: usize) -> (usize, Option<usize>) {
        let (start, end, _) = self.stretch;
        if !(start..end).contains(&from) {
            let octets = &self.plain.octets;
            let mut end = from;
            let mut last = None;
            while end < octets.len()
                && !octets[end].is_ascii_whitespace()
                && !self.is_delimiter(end)
            {
                if octets[end] == b'@' {
                    last = Some(end);
                }
                end += 1;
            }
            self.stretch = (from, end, last);
        }
        let (_, end, last) = self.stretch;
        (end, last.filter(|at| *at >= from))
    }

    /// Whether an octet ends an authority. A wide `／` only looks as if it did.
    fn is_delimiter(&self, at: usize) -> bool {
        let octet = self.plain.get(at);
        matches!(octet, b'/' | b'?' | b'#' | b'\\')
            && self.plain.text.as_bytes().get(self.plain.place(at)) == Some(&octet)
    }

    fn end_of_host(&self, from: usize) -> usize {
        let rest = self.plain.octets.get(from..).unwrap_or_default();
        if rest.first() == Some(&b'[') {
            let near = &rest[..rest.len().min(BRACKETS)];
            return from + memchr::memchr(b']', near).map_or(1, |close| close + 1);
        }
        let part = |b: &&u8| is_word(**b) || matches!(**b, b'.' | b'-' | b'_' | b'%');
        from + rest.iter().take_while(part).count()
    }

    /// `doit. shop. tv/`: the parts of one host, set apart.
    fn join(&self, host: &mut String, to: &mut usize) -> bool {
        let mut joined = false;
        while host.ends_with('.')
            && host.len() <= LONGEST_HOST
            && self.plain.get(*to) == b' '
            && self.plain.get(*to + 1).is_ascii_lowercase()
            && !hosts::is_linked(host.trim_end_matches('.'), self.own)
        {
            let from = *to + 1;
            *to = self.end_of_host(from);
            host.push_str(&self.host(from.max(to.saturating_sub(LONGEST_HOST)), *to));
            joined = true;
        }
        joined
    }

    /// Whether what follows a host in its authority is more than the signs that end a
    /// sentence, a bracket or a quotation.
    fn goes_on(&self, to: usize, end: usize) -> bool {
        if matches!(self.plain.get(to), b'"' | b'\'' | b'<' | b'>') {
            return false;
        }
        let rest = &self.plain.octets[to..end];
        match rest.iter().find(|b| !b.is_ascii_punctuation()) {
            Some(next) => next.is_ascii_alphanumeric() || *next == LETTER,
            None => self.plain.get(end) == b'/' && is_word(self.plain.get(end + 1)),
        }
    }
}
