//! Links that have neither a dot nor a scheme of the web: found at the signs they need.

use super::Kind;
use super::seek::{LONGEST_IP, Seeker};
use crate::plain::is_word;

impl Seeker<'_, '_> {
    /// `evil%2ecom`, `intent://…` and `[2001:db8::1]/`: links without a dot or a scheme of
    /// the web.
    pub(super) fn sign(&mut self, at: usize) {
        let (before, rest) = (self.plain.before(at), &self.plain.octets[at..]);
        match rest {
            [b'%', b'2', b'e' | b'E', after, ..] if is_word(before) && is_word(*after) => {
                self.apart((at, at + 3), true, false);
            }
            [b'[', ..] => self.numbered(at),
            [b':', ..] if before.is_ascii_alphanumeric() => self.other_scheme(at),
            _ => {}
        }
    }

    /// An address of version 6 in brackets that leads somewhere.
    fn numbered(&mut self, at: usize) {
        let octets = &self.plain.octets;
        let near = &octets[at..octets.len().min(at + LONGEST_IP)];
        let Some(length) = memchr::memchr(b']', near) else {
            return;
        };
        let to = at + length + 1;
        let inside = std::str::from_utf8(&near[1..length]).unwrap_or_default();
        let leads = match self.plain.get(to) {
            b'/' => true,
            b':' => self.plain.get(to + 1).is_ascii_digit(),
            _ => false,
        };
        if leads && inside.parse::<std::net::Ipv6Addr>().is_ok() {
            let host = format!("[{inside}]");
            let to = self.end_of_path(to);
            self.add(Kind::Link, (at, to), host);
        }
    }

    /// `javascript:alert(1)`, `whatsapp://send`: what the colon at `at` ends.
    fn other_scheme(&mut self, at: usize) {
        let octets = &self.plain.octets;
        let letters = octets[..at]
            .iter()
            .rev()
            .take(LONGEST_IP)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(**b, b'-' | b'+'))
            .count();
        let rest = &octets[at + 1..];
        let word = String::from_utf8_lossy(&octets[at - letters..at]).to_ascii_lowercase();
        let starts = |with: &[u8]| {
            let start = rest.get(..with.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(with))
        };
        let runs = match word.as_str() {
            "javascript" | "vbscript" => rest.first().is_some_and(|b| is_word(*b)),
            "data" => starts(b"text/"),
            "intent" => starts(b"#intent"),
            _ => false,
        };
        let leads = starts(b"//") && rest.get(2).is_some_and(|b| is_word(*b));
        if runs || leads {
            let to = self.end_of_path(at + 1);
            self.add(Kind::Link, (at - letters, to), String::new());
        }
    }
}
