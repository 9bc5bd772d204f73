//! The kept mails: raw octets in a ring, read only when somebody looks.

use std::sync::Arc;

use mail_parser::{Address, MessageParser};

use super::ring::Ring;

/// All kept mails together stay below this, however many are asked for.
const MOST_OCTETS: usize = 64 * 1024 * 1024;

/// One mail as it came.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) id: u64,
    pub(crate) at: i64,
    /// The envelope's sender.
    pub(crate) from: String,
    /// The envelope's recipients.
    pub(crate) to: Vec<String>,
    pub(crate) raw: Box<[u8]>,
}

/// The newest mails.
#[derive(Debug)]
pub(crate) struct Mails {
    ring: Ring<Arc<Mail>>,
    octets: usize,
}

impl Mails {
    pub(crate) fn new(keep: usize) -> Self {
        Self {
            ring: Ring::new(keep),
            octets: 0,
        }
    }

    pub(crate) fn keep(&mut self, at: i64, from: &str, to: &[String], raw: &[u8]) {
        while self.octets + raw.len() > MOST_OCTETS {
            let Some(oldest) = self.ring.pop_oldest() else {
                break;
            };
            self.octets -= oldest.raw.len();
        }
        if self.ring.is_full()
            && let Some(oldest) = self.ring.pop_oldest()
        {
            self.octets -= oldest.raw.len();
        }
        let kept = self.ring.push(|id| {
            Arc::new(Mail {
                id,
                at,
                from: from.to_owned(),
                to: to.to_vec(),
                raw: raw.into(),
            })
        });
        if kept.is_some() {
            self.octets += raw.len();
        }
    }

    pub(crate) fn get(&self, id: u64) -> Option<Arc<Mail>> {
        self.ring.get(id).cloned()
    }

    /// Newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Arc<Mail>> {
        self.ring.iter().rev()
    }

    /// Oldest first, those with a higher id.
    pub(crate) fn after(&self, id: u64) -> impl Iterator<Item = &Arc<Mail>> {
        self.ring.iter().filter(move |mail| mail.id > id)
    }

    pub(crate) fn len(&self) -> usize {
        self.ring.len()
    }

    pub(crate) fn clear(&mut self) -> usize {
        self.octets = 0;
        self.ring.clear()
    }
}

/// What a person wants to see of a mail.
#[derive(Debug, Default)]
pub(crate) struct ReadMail {
    pub(crate) subject: String,
    /// The From header's name, or its address when it has no name.
    pub(crate) from_name: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) attachments: Vec<String>,
}

impl ReadMail {
    /// Reads headers and bodies; a mail that is no mail reads as an empty one.
    pub(crate) fn of(mail: &Mail) -> Self {
        let Some(message) = MessageParser::default().parse(&mail.raw) else {
            return Self {
                text: Some(String::from_utf8_lossy(&mail.raw).into_owned()),
                ..Self::of_envelope(mail)
            };
        };
        let headers = message.headers_raw();
        let mut read = Self {
            text: has_part(&message, "text/plain")
                .then(|| message.body_text(0))
                .flatten()
                .map(Into::into),
            html: has_part(&message, "text/html")
                .then(|| message.body_html(0))
                .flatten()
                .map(Into::into),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
            attachments: message
                .attachments()
                .map(|part| attachment_name(part))
                .collect(),
            ..Self::of_headers(mail, &message)
        };
        if read.text.is_none() && read.html.is_none() {
            read.text = message.body_text(0).map(Into::into);
        }
        read
    }

    /// Reads the headers only, for a list.
    pub(crate) fn summary(mail: &Mail) -> Self {
        match MessageParser::default().parse_headers(&mail.raw) {
            Some(message) => Self::of_headers(mail, &message),
            None => Self::of_envelope(mail),
        }
    }

    fn of_headers(mail: &Mail, message: &mail_parser::Message<'_>) -> Self {
        let envelope = Self::of_envelope(mail);
        let from = message.from().and_then(Address::first);
        let address = from
            .and_then(|from| from.address())
            .map_or(envelope.from, str::to_owned);
        Self {
            subject: message.subject().unwrap_or_default().to_owned(),
            from_name: from
                .and_then(|from| from.name())
                .map_or_else(|| address.clone(), str::to_owned),
            from: address,
            to: envelope.to,
            ..Self::default()
        }
    }

    fn of_envelope(mail: &Mail) -> Self {
        Self {
            from_name: mail.from.clone(),
            from: mail.from.clone(),
            to: mail.to.join(", "),
            ..Self::default()
        }
    }

    /// The values of one header, unfolded, in the mail's order.
    pub(crate) fn header_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = String> + 'a {
        let found = self
            .headers
            .iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

/// Whether the mail really has such a part: the parser makes either from the other.
fn has_part(message: &mail_parser::Message<'_>, kind: &str) -> bool {
    use mail_parser::MimeHeaders as _;
    let mut parts = message.parts.iter();
    parts.any(|part| match part.content_type() {
        Some(found) => {
            let subtype = found.subtype().unwrap_or_default();
            kind.split_once('/').is_some_and(|(left, right)| {
                found.ctype().eq_ignore_ascii_case(left) && subtype.eq_ignore_ascii_case(right)
            })
        }
        // RFC 2045 §5.2: without a Content-Type it is plain text.
        None => kind == "text/plain" && part.is_text(),
    })
}

fn attachment_name(part: &mail_parser::MessagePart<'_>) -> String {
    use mail_parser::MimeHeaders as _;
    part.attachment_name().unwrap_or("unnamed").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> ReadMail {
        let mut mails = Mails::new(1);
        mails.keep(
            0,
            "envelope@shop.example",
            &["ana@mail.example".to_owned()],
            raw.as_bytes(),
        );
        ReadMail::of(&mails.get(1).unwrap())
    }

    #[test]
    fn both_parts_and_the_headers_are_read() {
        let read = read(concat!(
            "From: Marigold <hello@shop.example>\r\nTo: ana@mail.example\r\nSubject: =?utf-8?q?Ol=C3=A1?=\r\n",
            "DKIM-Signature: v=1;\r\n a=ed25519-sha256\r\nMIME-Version: 1.0\r\n",
            "Content-Type: multipart/alternative; boundary=b\r\n\r\n",
            "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nplain\r\n",
            "--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>rich</p>\r\n--b--\r\n",
        ));
        assert_eq!(
            (read.subject.as_str(), read.from_name.as_str()),
            ("Olá", "Marigold")
        );
        assert_eq!(read.text.as_deref().map(str::trim), Some("plain"));
        assert_eq!(read.html.as_deref().map(str::trim), Some("<p>rich</p>"));
        assert_eq!(
            read.header_values("dkim-signature").collect::<Vec<_>>(),
            ["v=1; a=ed25519-sha256"]
        );
    }

    #[test]
    fn a_plain_mail_has_no_html_part_and_an_empty_one_reads_as_empty() {
        let plain = read("Subject: s\r\n\r\nhello\r\n");
        assert_eq!(plain.html, None);
        assert_eq!(plain.text.as_deref(), Some("hello\r\n"));
        let empty = read("");
        assert_eq!(
            (empty.subject.as_str(), empty.from.as_str()),
            ("", "envelope@shop.example")
        );
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many_octets() {
        let mut mails = Mails::new(10);
        let raw = vec![b'x'; MOST_OCTETS / 2];
        for _ in 0..3 {
            mails.keep(0, "", &[], &raw);
        }
        assert_eq!(
            mails.newest().map(|mail| mail.id).collect::<Vec<_>>(),
            [3, 2]
        );
    }
}
