//! The bytes between `DATA` and the final dot (RFC 5321 §4.5.2). A bare CR or LF never
//! leaves: servers that take one for a line end could be made to see a second mail.

/// The message with every line end as CRLF, and one at its end.
pub(super) fn with_crlf(message: Vec<u8>) -> Vec<u8> {
    if message.ends_with(b"\r\n") && !has_bare_line_end(&message) {
        return message;
    }
    let mut out = Vec::with_capacity(message.len() + message.len() / 16 + 2);
    let mut rest = message.as_slice();
    while let Some(at) = rest.iter().position(|b| matches!(b, b'\r' | b'\n')) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(b"\r\n");
        let taken = if rest[at..].starts_with(b"\r\n") {
            2
        } else {
            1
        };
        rest = &rest[at + taken..];
    }
    out.extend_from_slice(rest);
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Whether a CR or LF stands alone.
fn has_bare_line_end(message: &[u8]) -> bool {
    let line_ends = pairs(message, *b"\r\n");
    singles(message, b'\r') != line_ends || singles(message, b'\n') != line_ends
}

/// So many octets are counted in one octet, which is what makes the compiler take 16 or
/// 32 at a time: five times as fast as looking at one after another.
const BLOCK: usize = 255;

/// How often an octet occurs.
fn singles(message: &[u8], wanted: u8) -> usize {
    let count = |block: &[u8]| {
        block
            .iter()
            .map(|byte| u8::from(*byte == wanted))
            .sum::<u8>()
    };
    message
        .chunks(BLOCK)
        .map(|block| usize::from(count(block)))
        .sum()
}

/// How often two octets stand side by side.
fn pairs(message: &[u8], [first, second]: [u8; 2]) -> usize {
    let next = message.get(1..).unwrap_or_default();
    let count = |(a, b): (&[u8], &[u8])| {
        let both = a.iter().zip(b);
        both.map(|(a, b)| u8::from((*a == first) & (*b == second)))
            .sum::<u8>()
    };
    message
        .chunks(BLOCK)
        .zip(next.chunks(BLOCK))
        .map(|blocks| usize::from(count(blocks)))
        .sum()
}

/// Appends `message`, whose lines end in CRLF, with its dots doubled, and the final dot.
pub(super) fn put_data(message: &[u8], out: &mut Vec<u8>) {
    out.reserve(message.len() + message.len() / 64 + 5);
    let mut rest = message;
    if message.starts_with(b".") {
        out.push(b'.');
    }
    // Every LF here ends a line, see `with_crlf`. Most mails have no line to change.
    for _ in 0..pairs(message, *b"\n.") {
        let at = rest.windows(2).position(|pair| pair == b"\n.");
        let (line, after) = rest.split_at(at.map_or(0, |at| at + 1));
        out.extend_from_slice(line);
        out.push(b'.');
        rest = after;
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(b".\r\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a server makes of the bytes: lines until the lone dot, dots undone.
    fn received(data: &[u8]) -> (Vec<u8>, usize) {
        let mut message = Vec::new();
        let mut at = 0;
        loop {
            let end = data[at..].windows(2).position(|w| w == b"\r\n").unwrap() + at + 2;
            let line = &data[at..end];
            at = end;
            if line == b".\r\n" {
                return (message, at);
            }
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        }
    }

    #[test]
    fn dots_and_line_ends_by_hand() {
        for (given, sent) in [
            ("", "\r\n.\r\n"),
            ("a", "a\r\n.\r\n"),
            (".", "..\r\n.\r\n"),
            ("a\r\n.\r\nb", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\n.\nb\r", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\r.\rb", "a\r\n..\r\nb\r\n.\r\n"),
            ("..\r\n", "...\r\n.\r\n"),
            ("a\r\r\nb\r\n", "a\r\n\r\nb\r\n.\r\n"),
        ] {
            let mut out = Vec::new();
            put_data(&with_crlf(given.into()), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), sent, "{given:?}");
        }
    }

    proptest! {
        #[test]
        fn counting_in_blocks_misses_nothing(
            message in proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'\r'), Just(b'\n')], 0..1200)
        ) {
            let lone = message.iter().filter(|b| **b == b'\n').count();
            prop_assert_eq!(singles(&message, b'\n'), lone);
            let ends = message.windows(2).filter(|w| w == b"\r\n").count();
            prop_assert_eq!(pairs(&message, *b"\r\n"), ends);
        }

        #[test]
        fn a_server_reads_back_what_was_meant_and_nothing_after_it(
            pieces in proptest::collection::vec(
                prop_oneof![Just("\r"), Just("\n"), Just("\r\n"), Just("."), Just("a"), Just("..")],
                0..40,
            )
        ) {
            let message = with_crlf(pieces.concat().into_bytes());
            prop_assert!(!has_bare_line_end(&message));
            let mut out = Vec::new();
            put_data(&message, &mut out);
            let (back, length) = received(&out);
            prop_assert_eq!(back, message);
            prop_assert_eq!(length, out.len());
        }
    }
}
