//! A text part of a mail: its transfer encoding and its octets (RFC 2045 §6).
//!
//! Text goes as it is where it is 7-bit and its lines are short, else quoted-printable,
//! or base64 where that is shorter. All lines end in CRLF, and no CR or LF stands alone;
//! nothing is copied twice.

use std::borrow::Cow;

use super::base64;

/// Longest line that is sent as it is (RFC 5322 §2.1.1).
const PLAIN_LINE: usize = 78;
/// Octets of a quoted-printable line before the `=` that breaks it (RFC 2045 §6.7).
const QUOTED_LINE: usize = 75;
/// Octets that make one line of base64.
const BASE64_GROUP: usize = 57;
/// Octets that are looked at together: what makes the compiler take 16 or 32 at a time.
/// Their count fits an octet.
const BLOCK: usize = 240;

/// Text for a body: LF line ends, no other control characters but tabs, which neither
/// RFC 5322 nor HTML allows. What is written of it has no bare CR or LF.
pub(super) struct Clean<'a> {
    text: Cow<'a, str>,
    seen: Seen,
}

impl<'a> Clean<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let seen = Seen::of(text.as_bytes());
        let c1 = seen.may_be_c1 && has_c1(text.as_bytes());
        if !(seen.control || c1) {
            let text = Cow::Borrowed(text);
            return Self { text, seen };
        }
        let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
        text.retain(|c| !c.is_control() || c == '\n' || c == '\t');
        Self {
            seen: Seen::of(text.as_bytes()),
            text: Cow::Owned(text),
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What suits it.
    pub(super) fn encoding(&self) -> Encoding {
        let octets = self.text.as_bytes();
        let Seen {
            strange, equals, ..
        } = self.seen;
        let short = |line: &[u8]| line.len() <= PLAIN_LINE && line.last() != Some(&b' ');
        if strange == 0 && !self.seen.tab && octets.split(|b| *b == b'\n').all(short) {
            return Encoding::SevenBit;
        }
        if 2 * (strange + equals) > octets.len() / 3 {
            Encoding::Base64
        } else {
            Encoding::QuotedPrintable
        }
    }
}

/// Whether U+0080 to U+009F are in a text: control characters of two octets.
fn has_c1(octets: &[u8]) -> bool {
    let low = |at: usize| octets.get(at + 1).is_some_and(|next| *next < 0xa0);
    memchr::memchr_iter(0xc2, octets).any(low)
}

/// What one look at all octets of a text finds.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// A control character of one octet, other than LF and tab.
    control: bool,
    /// An octet that begins characters of which some are control characters.
    may_be_c1: bool,
    tab: bool,
    /// Octets outside 7-bit text.
    strange: usize,
    equals: usize,
}

impl Seen {
    fn of(octets: &[u8]) -> Self {
        let mut seen = Self::default();
        for block in octets.chunks(BLOCK) {
            let (mut control, mut c1, mut tab) = (0, 0, 0);
            let (mut strange, mut equals) = (0_u8, 0_u8);
            for octet in block {
                let octet = *octet;
                let harmless = (octet == b'\n') | (octet == b'\t');
                control |= u8::from((octet < b' ') & !harmless) | u8::from(octet == 0x7f);
                c1 |= u8::from(octet == 0xc2);
                tab |= u8::from(octet == b'\t');
                strange += u8::from(octet > 0x7e);
                equals += u8::from(octet == b'=');
            }
            seen.control |= control != 0;
            seen.may_be_c1 |= c1 != 0;
            seen.tab |= tab != 0;
            seen.strange += usize::from(strange);
            seen.equals += usize::from(equals);
        }
        seen
    }
}

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    SevenBit,
    QuotedPrintable,
    Base64,
}

impl Encoding {
    /// Its name in `Content-Transfer-Encoding`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SevenBit => "7bit",
            Self::QuotedPrintable => "quoted-printable",
            Self::Base64 => "base64",
        }
    }

    /// Appends a text.
    pub(super) fn put(self, text: &Clean<'_>, out: &mut Vec<u8>) {
        let text = text.text().as_bytes();
        match self {
            Self::SevenBit => put_lines(text, out),
            Self::QuotedPrintable => put_quoted(text, out),
            Self::Base64 => {
                let mut canonical = Vec::with_capacity(text.len() + text.len() / 16);
                put_lines(text, &mut canonical);
                for (index, group) in canonical.chunks(BASE64_GROUP).enumerate() {
                    if index > 0 {
                        out.extend_from_slice(b"\r\n");
                    }
                    out.extend_from_slice(base64::encode(group).as_bytes());
                }
            }
        }
    }
}

/// The lines as they are, CRLF between them.
fn put_lines(text: &[u8], out: &mut Vec<u8>) {
    for (index, line) in text.split(|octet| *octet == b'\n').enumerate() {
        if index > 0 {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(line);
    }
}

/// Quoted-printable, lines broken softly where they are too long.
fn put_quoted(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len() + text.len() / 8);
    let mut rest = text;
    let mut room = QUOTED_LINE;
    loop {
        let (mut plain, after) = rest.split_at(plain_run(rest));
        let next = after.split_first();
        // A space at the end of a line would be lost on the way.
        let ends = next.is_none_or(|(octet, _)| *octet == b'\n');
        let space = ends && plain.last() == Some(&b' ');
        if space {
            plain = &plain[..plain.len() - 1];
        }
        while plain.len() > room {
            out.extend_from_slice(&plain[..room]);
            out.extend_from_slice(b"=\r\n");
            plain = &plain[room..];
            room = QUOTED_LINE;
        }
        out.extend_from_slice(plain);
        room -= plain.len();
        if space {
            put_escape(b' ', &mut room, out);
        }
        let Some((octet, after)) = next else {
            return;
        };
        if *octet == b'\n' {
            out.extend_from_slice(b"\r\n");
            room = QUOTED_LINE;
        } else {
            put_escape(*octet, &mut room, out);
        }
        rest = after;
    }
}

fn put_escape(octet: u8, room: &mut usize, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    if *room < 3 {
        out.extend_from_slice(b"=\r\n");
        *room = QUOTED_LINE;
    }
    out.extend_from_slice(&[
        b'=',
        HEX[usize::from(octet >> 4)],
        HEX[usize::from(octet & 15)],
    ]);
    *room -= 3;
}

/// How many octets from the first on stand for themselves: 0x20 to 0x7e, but no `=`.
fn plain_run(octets: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = ONES << 7;
    // The lowest octet that is zero is found exactly; what stands above it may be wrong.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let (words, tail) = octets.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let below_space = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let found =
            (word & HIGHS) | below_space | zero(word ^ (ONES * 0x3d)) | zero(word ^ (ONES * 0x7f));
        if found != 0 {
            return at * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let plain = |octet: &u8| (b' '..0x7f).contains(octet) && *octet != b'=';
    let odd = tail.iter().position(|octet| !plain(octet));
    words.len() * 8 + odd.unwrap_or(tail.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn put(encoding: Encoding, text: &str) -> String {
        let mut out = Vec::new();
        encoding.put(&Clean::of(text), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_text_takes_the_encoding_that_suits_it() {
        let wide = "x".repeat(79);
        for (text, encoding) in [
            ("", Encoding::SevenBit),
            ("Hello,\n\na = b\n", Encoding::SevenBit),
            ("ends in a space \n", Encoding::QuotedPrintable),
            (wide.as_str(), Encoding::QuotedPrintable),
            ("Olá, seu pedido está a caminho", Encoding::QuotedPrintable),
            ("ваш заказ в пути", Encoding::Base64),
        ] {
            assert_eq!(Clean::of(text).encoding(), encoding, "{text}");
        }
    }

    #[test]
    fn lines_by_hand() {
        let quoted = |text: &str| put(Encoding::QuotedPrintable, text);
        assert_eq!(quoted("a=b é\t \n."), "a=3Db =C3=A9=09=20\r\n.");
        let long = "x".repeat(76);
        assert_eq!(quoted(&long), format!("{}=\r\nx", "x".repeat(75)));
        assert_eq!(quoted(&long[1..]), "x".repeat(75));
        let escape = format!("{}é", "x".repeat(72));
        assert_eq!(quoted(&escape), format!("{}=C3=\r\n=A9", "x".repeat(72)));
        assert_eq!(put(Encoding::Base64, "ж\n"), "0LYNCg==");
        assert_eq!(
            Clean::of("a\r\nb\rc\u{0}\u{85}d\te\u{a0}").text(),
            "a\nb\ncd\te\u{a0}"
        );
    }

    /// As RFC 2045 §6.7 says: soft breaks vanish, escapes become octets.
    fn unquoted(text: &str) -> Vec<u8> {
        let text = text.replace("=\r\n", "");
        let mut octets = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            if *first == b'=' {
                let hex = std::str::from_utf8(&after[..2]).unwrap();
                octets.push(u8::from_str_radix(hex, 16).unwrap());
                rest = &after[2..];
            } else {
                octets.push(*first);
                rest = after;
            }
        }
        octets
    }

    proptest! {
        #[test]
        fn what_is_quoted_reads_back(text in "([ -~é=\t\n]|[x ]{60,90}|\\PC){0,30}") {
            let quoted = put(Encoding::QuotedPrintable, &text);
            for line in quoted.split("\r\n") {
                prop_assert!(line.len() <= 76 && !line.ends_with([' ', '\t']), "{line:?}");
                prop_assert!(line.bytes().all(|b| (b' '..0x7f).contains(&b)));
            }
            let meant = Clean::of(&text).text().replace('\n', "\r\n");
            prop_assert_eq!(unquoted(&quoted), meant.as_bytes());
        }

        #[test]
        fn a_clean_text_holds_no_control_characters(text in "(\\PC|[\u{0}-\u{a0}]){0,400}") {
            let wanted = |c: char| !c.is_control() || c == '\n' || c == '\t';
            let clean = Clean::of(&text);
            prop_assert!(clean.text().chars().all(wanted));
            prop_assert_eq!(matches!(clean.text, Cow::Borrowed(_)), text.chars().all(wanted));
        }
    }
}
