//! The octets between DATA and the final dot: unstuffed, bounded, and strict about
//! line ends, because `LF . LF` and its kin are how one mail is smuggled inside another.

use memchr::memchr2;

/// The longest line taken; RFC 5321 §4.5.3.1.6 promises 1,000 octets.
const LONGEST_LINE: usize = 64 * 1024;
/// A mail that is too big is read to its end and then refused, unless it is this many times too big.
const PATIENCE: usize = 4;

/// What became of the octets offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DataStep {
    /// All whole lines are taken; the mail goes on.
    More,
    /// The final dot has come.
    Done,
    /// A CR without LF or an LF without CR.
    BareLineEnd,
    /// A line, or the whole mail, is longer than patience allows.
    TooLong,
}

/// Collects one mail.
#[derive(Debug, Default)]
pub(super) struct Data {
    raw: Vec<u8>,
    /// Everything read, also what was not kept.
    total: usize,
    limit: usize,
}

impl Data {
    pub(super) fn start(&mut self, limit: usize) {
        self.raw.clear();
        self.total = 0;
        self.limit = limit;
    }

    pub(super) fn raw(&self) -> &[u8] {
        &self.raw
    }

    pub(super) fn is_too_big(&self) -> bool {
        self.total > self.limit
    }

    /// Gives memory of an unusually big mail back.
    pub(super) fn finish(&mut self) {
        self.raw.clear();
        self.raw.shrink_to(256 * 1024);
    }

    /// Takes the whole lines at the front of `input`, which begins at a line start.
    /// Says how many octets were used up.
    pub(super) fn read(&mut self, input: &[u8]) -> (usize, DataStep) {
        // Lines without a leading dot are copied together, from `run` on.
        let (mut line, mut run, mut search) = (0, 0, 0);
        while let Some(offset) = memchr2(b'\r', b'\n', &input[search..]) {
            let end = search + offset;
            let next = match &input[end..] {
                [b'\r', b'\n', ..] => end + 2,
                [b'\r'] => break,
                _ => return (end, DataStep::BareLineEnd),
            };
            if input[line] == b'.' {
                self.push(&input[run..line]);
                if end == line + 1 {
                    return (next, DataStep::Done);
                }
                run = line + 1;
            }
            (line, search) = (next, next);
        }
        self.push(&input[run..line]);
        let too_long =
            input.len() - line > LONGEST_LINE || self.total > self.limit.saturating_mul(PATIENCE);
        (
            line,
            if too_long {
                DataStep::TooLong
            } else {
                DataStep::More
            },
        )
    }

    fn push(&mut self, lines: &[u8]) {
        self.total += lines.len();
        if self.is_too_big() {
            self.raw.clear();
        } else {
            self.raw.extend_from_slice(lines);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8]) -> (Vec<u8>, usize, DataStep) {
        let mut data = Data::default();
        data.start(1000);
        let (used, step) = data.read(input);
        (data.raw().to_vec(), used, step)
    }

    #[test]
    fn dots_are_unstuffed_and_the_rest_is_left_for_later() {
        let (raw, used, step) = read(b"a\r\n..b\r\n...\r\n.c\r\n\r\n.\r\nQUIT\r\n");
        assert_eq!(
            (raw.as_slice(), used, step),
            (&b"a\r\n.b\r\n..\r\nc\r\n\r\n"[..], 22, DataStep::Done)
        );
    }

    #[test]
    fn an_empty_mail_ends_at_once() {
        assert_eq!(read(b".\r\n"), (vec![], 3, DataStep::Done));
    }

    #[test]
    fn every_way_of_cutting_the_input_gives_the_same_mail() {
        let input = b"Subject: x\r\n\r\n..dot\r\nline\r\n.\r\n";
        for cut in 0..input.len() {
            let mut data = Data::default();
            data.start(1000);
            let (used, _) = data.read(&input[..cut]);
            let (_, step) = data.read(&input[used..]);
            assert_eq!(
                (data.raw(), step),
                (&b"Subject: x\r\n\r\n.dot\r\nline\r\n"[..], DataStep::Done),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn no_bare_line_end_passes() {
        for smuggled in [
            "a\n.\r\n",
            "a\r\n.\n",
            "a\r.\r\n",
            "a\n.\n",
            "\n",
            "a\r\r\n.\r\n",
            "a\r\n.\r.\r\n",
        ] {
            let (_, _, step) = read(smuggled.as_bytes());
            assert_eq!(step, DataStep::BareLineEnd, "{smuggled:?}");
        }
    }

    #[test]
    fn endless_lines_and_mails_end() {
        assert_eq!(read(&vec![b'x'; LONGEST_LINE + 1]).2, DataStep::TooLong);
        let (raw, _, step) = read(&b"0123456789\r\n".repeat(100));
        assert_eq!((raw.len(), step), (0, DataStep::More));
        assert_eq!(read(&b"0123456789\r\n".repeat(400)).2, DataStep::TooLong);
    }
}
