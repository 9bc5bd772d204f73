//! Reads the tags of HTML, and nothing between them, in the way browsers do.
//!
//! Comments are read too: mail programs read what stands under a condition. Every octet is
//! passed once, whatever is left open.

/// A range of octets.
type Range = (usize, usize);

pub(super) enum Part {
    /// The value of an attribute, without its quotes.
    Attribute {
        tag: Range,
        name: Range,
        value: Range,
    },
    /// What stands in a style element.
    Style(Range),
}

/// Elements whose content has no tags.
const RAW: [&[u8]; 8] = [
    b"style",
    b"title",
    b"script",
    b"textarea",
    b"xmp",
    b"iframe",
    b"noembed",
    b"noframes",
];

/// What an octet ends, in bits: everything a space, tags a slash or `>`, names `=` too.
const ENDS: [u8; 256] = ends();
const SPACE: u8 = 1;
const SLASH: u8 = 2;
const CLOSE: u8 = 4;
const EQUALS: u8 = 8;

const fn ends() -> [u8; 256] {
    let mut ends = [0; 256];
    let mut at = 0;
    while at < 128 {
        ends[at] = match at as u8 {
            b'/' => SLASH,
            b'>' => CLOSE,
            b'=' => EQUALS,
            octet if octet.is_ascii_whitespace() => SPACE,
            _ => 0,
        };
        at += 1;
    }
    ends
}

pub(super) struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
    /// The end of the comment that is read, and that of the element without tags in it.
    comment: Option<usize>,
    raw: Option<usize>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(octets: &'a [u8]) -> Self {
        Self {
            octets,
            at: 0,
            comment: None,
            raw: None,
        }
    }

    fn end(&self) -> usize {
        let end = self.raw.or(self.comment);
        end.unwrap_or(self.octets.len())
    }

    /// Calls back for every part in which an address may stand.
    pub(super) fn read(mut self, mut found: impl FnMut(Part)) {
        loop {
            let end = self.end();
            let next = memchr::memchr(b'<', &self.octets[self.at.min(end)..end]);
            let Some(next) = next else {
                self.at = end;
                if self.raw.take().is_none() && self.comment.take().is_none() {
                    return;
                }
                continue;
            };
            self.at += next;
            match self.octets[self.at + 1..end] {
                [b'!', b'-', b'-', ..] if self.comment.is_none() && self.raw.is_none() => {
                    self.at += 4;
                    self.comment = Some(self.end_of_comment());
                }
                [b'/', letter, ..] if letter.is_ascii_alphabetic() => {
                    self.at += 2;
                    self.tag(true, &mut found);
                }
                [letter, ..] if letter.is_ascii_alphabetic() => {
                    self.at += 1;
                    self.tag(false, &mut found);
                }
                [b'!' | b'?' | b'/', ..] => {
                    let close = memchr::memchr(b'>', &self.octets[self.at..end]);
                    self.at = close.map_or(end, |close| self.at + close + 1);
                }
                _ => self.at += 1,
            }
        }
    }

    /// Where the comment ends that begins at `at`: at `-->` or `--!>`, or right away.
    fn end_of_comment(&self) -> usize {
        let rest = &self.octets[self.at..];
        if rest.starts_with(b">") || rest.starts_with(b"->") {
            return self.at;
        }
        let ends = memchr::memmem::find_iter(rest, b"--")
            .find(|at| matches!(rest[at + 2..], [b'>', ..] | [b'!', b'>', ..]));
        self.at + ends.unwrap_or(rest.len())
    }

    /// The tag whose name begins at `at`.
    fn tag(&mut self, closes: bool, found: &mut impl FnMut(Part)) {
        let end = self.end();
        let tag = self.until(end, SPACE | SLASH | CLOSE);
        loop {
            self.skip(end, SPACE | SLASH);
            if self.at >= end {
                return;
            }
            if self.octets[self.at] == b'>' {
                self.at += 1;
                break;
            }
            let from = self.at;
            self.at += 1;
            self.until(end, SPACE | SLASH | CLOSE | EQUALS);
            let name = (from, self.at);
            self.skip(end, SPACE);
            if self.at < end && self.octets[self.at] == b'=' {
                self.at += 1;
                let value = self.value(end);
                found(Part::Attribute { tag, name, value });
            }
        }
        let name = &self.octets[tag.0..tag.1];
        let raw = RAW.iter().find(|raw| name.eq_ignore_ascii_case(raw));
        if let (Some(raw), None, false) = (raw, self.raw, closes) {
            let inside = (self.at, self.end_of_raw(raw, end));
            self.raw = Some(inside.1);
            if *raw == b"style" {
                found(Part::Style(inside));
                self.at = inside.1;
            }
        }
    }

    fn value(&mut self, end: usize) -> Range {
        self.skip(end, SPACE);
        let quote = self.octets[..end].get(self.at).copied();
        if let Some(quote @ (b'"' | b'\'')) = quote {
            let from = self.at + 1;
            let length = memchr::memchr(quote, &self.octets[from..end]);
            let to = length.map_or(end, |length| from + length);
            self.at = (to + 1).min(end);
            return (from, to);
        }
        self.until(end, SPACE | CLOSE)
    }

    fn end_of_raw(&self, name: &[u8], end: usize) -> usize {
        let rest = &self.octets[self.at..end];
        let closes = |at: &usize| {
            let after = rest.get(at + 1..at + 2 + name.len());
            after.is_some_and(|after| after[0] == b'/' && after[1..].eq_ignore_ascii_case(name))
        };
        let close = memchr::memchr_iter(b'<', rest).find(closes);
        close.map_or(end, |close| self.at + close)
    }

    /// Over octets of these kinds.
    fn skip(&mut self, end: usize, kinds: u8) {
        self.pass(end, |octet| ENDS[usize::from(octet)] & kinds != 0);
    }

    /// Up to an octet of these kinds.
    fn until(&mut self, end: usize, kinds: u8) -> Range {
        let from = self.at;
        self.pass(end, |octet| ENDS[usize::from(octet)] & kinds == 0);
        (from, self.at)
    }

    #[inline]
    fn pass(&mut self, end: usize, passes: impl Fn(u8) -> bool) {
        let rest = &self.octets[self.at.min(end)..end];
        let stop = rest.iter().position(|octet| !passes(*octet));
        self.at += stop.unwrap_or(rest.len());
    }
}
