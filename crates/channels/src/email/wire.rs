//! The bytes between `DATA` and the final dot (RFC 5321 §4.5.2). A bare CR or LF never
//! leaves: servers that take one for a line end could be made to see a second mail.

use memchr::memmem;

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
    let mut after_cr = false;
    for octet in message {
        if after_cr != (*octet == b'\n') {
            return true;
        }
        after_cr = *octet == b'\r';
    }
    after_cr
}

/// Appends `message`, whose lines end in CRLF, with its dots doubled, and the final dot.
pub(super) fn put_data(message: &[u8], out: &mut Vec<u8>) {
    out.reserve(message.len() + message.len() / 64 + 5);
    if message.starts_with(b".") {
        out.push(b'.');
    }
    let mut taken = 0;
    // Every LF here ends a line. Most mails have no line to change.
    for at in memmem::find_iter(message, b"\n.") {
        out.extend_from_slice(&message[taken..=at]);
        out.push(b'.');
        taken = at + 1;
    }
    out.extend_from_slice(&message[taken..]);
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
