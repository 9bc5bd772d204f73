//! The octets between DATA and the final dot (RFC 5321 §4.5.2). Only CR LF ends a line and
//! only CR LF . CR LF ends the mail: whoever takes anything else for an end can be made to
//! see a second mail inside the first.

use memchr::memchr2;

/// The longest line taken. RFC 5321 §4.5.3.1.6 promises 1,000 octets; mails of the wild
/// have longer ones.
const LONGEST_LINE: usize = 64 * 1024;
/// So much of a mail is kept in memory: what it says to us stands at its beginning.
pub(super) const KEPT: usize = 1024 * 1024;
/// A mail that is too big is heard to its end and then refused, unless it is so many times
/// too big.
const PATIENCE: usize = 4;

/// What became of the octets offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// All whole lines are taken; the mail goes on.
    More,
    /// The final dot has come.
    Done,
    /// A CR without LF, or an LF without CR.
    BareLineEnd,
    /// A line, or the whole mail, is longer than patience allows.
    TooLong,
}

/// One mail as it comes.
#[derive(Debug, Default)]
pub(super) struct Data {
    raw: Vec<u8>,
    /// All of it, also what is not kept.
    total: usize,
    in_headers: bool,
    hops: usize,
    /// Something was left out: nothing more is kept, so that there is no gap.
    full: bool,
}

impl Data {
    pub(super) fn start(&mut self) {
        *self = Self {
            in_headers: true,
            ..Self::default()
        };
    }

    /// The mail, or as much of it as is kept.
    pub(super) fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Whether nothing of the mail was left out.
    pub(super) fn is_whole(&self) -> bool {
        !self.full
    }

    pub(super) fn size(&self) -> usize {
        self.total
    }

    /// The servers that say they had it before (RFC 5321 §6.3).
    pub(super) fn hops(&self) -> usize {
        self.hops
    }

    /// Takes the whole lines at the front of `input`; says how many octets that were.
    pub(super) fn hear(&mut self, input: &[u8], limit: usize) -> (usize, Heard) {
        let mut at = 0;
        loop {
            let rest = &input[at..];
            let end = memchr2(b'\r', b'\n', rest);
            let line = match end.map(|end| (end, &rest[end..])) {
                Some((end, [b'\r', b'\n', ..])) => &rest[..end],
                None | Some((_, [b'\r'])) if rest.len() <= LONGEST_LINE => {
                    return (at, Heard::More);
                }
                None | Some((_, [b'\r'])) => return (at, Heard::TooLong),
                Some(_) => return (at, Heard::BareLineEnd),
            };
            if line.len() > LONGEST_LINE {
                return (at, Heard::TooLong);
            }
            at += line.len() + 2;
            if line == b"." {
                return (at, Heard::Done);
            }
            self.line(line.strip_prefix(b".").unwrap_or(line));
            if self.total > limit.saturating_mul(PATIENCE) {
                return (at, Heard::TooLong);
            }
        }
    }

    fn line(&mut self, line: &[u8]) {
        const RECEIVED: &[u8] = b"received:";
        self.total += line.len() + 2;
        if self.in_headers {
            self.in_headers = !line.is_empty();
            let name = line.get(..RECEIVED.len());
            self.hops += usize::from(name.is_some_and(|name| name.eq_ignore_ascii_case(RECEIVED)));
        }
        self.full |= self.raw.len() + line.len() + 2 > KEPT;
        if !self.full {
            self.raw.extend_from_slice(line);
            self.raw.extend_from_slice(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(octets: &[u8]) -> (Data, usize, Heard) {
        let mut data = Data::default();
        data.start();
        let (used, heard) = data.hear(octets, 1_000);
        (data, used, heard)
    }

    #[test]
    fn dots_are_undone_and_only_one_end_is_an_end() {
        let (data, used, heard) = hear(b"a\r\n..b\r\n.\r\nQUIT\r\n");
        assert_eq!(
            (data.raw(), used, heard),
            (&b"a\r\n.b\r\n"[..], 11, Heard::Done)
        );
        for odd in [
            &b"a\n.\r\n"[..],
            b"a\r\n.\n",
            b"a\r.\r\n",
            b"\r\r\n",
            b"a\r\n.\rb",
        ] {
            assert_eq!(hear(odd).2, Heard::BareLineEnd, "{odd:?}");
        }
        for open in [&b"a\r\n."[..], b"a\r\n.\r", b"a\r", b""] {
            assert_eq!(hear(open).2, Heard::More, "{open:?}");
        }
    }

    #[test]
    fn hops_stand_in_the_headers_only() {
        let mail = b"Received: x\r\nRECEIVED: y\r\nX: z\r\n\r\nReceived: body\r\n.\r\n";
        assert_eq!(hear(mail).0.hops(), 2);
    }

    #[test]
    fn neither_a_line_nor_a_mail_goes_on_for_ever() {
        assert_eq!(hear(&[b'x'; LONGEST_LINE]).2, Heard::More);
        assert_eq!(hear(&[b'x'; LONGEST_LINE + 1]).2, Heard::TooLong);
        let line = [&[b'x'; LONGEST_LINE + 1][..], b"\r\n"].concat();
        assert_eq!(hear(&line).2, Heard::TooLong);
        let endless = b"0123456789\r\n".repeat(400);
        assert_eq!(hear(&endless).2, Heard::TooLong);
        let mut big = Data::default();
        big.start();
        big.hear(&b"0123456789\r\n".repeat(200_000), 10_000_000);
        assert_eq!(big.size(), 2_400_000);
        assert!(big.raw().len() <= KEPT && big.raw().len() > KEPT - 12);
    }
}
