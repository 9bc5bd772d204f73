//! Which mails are read at all: a mail can be built so that a small thing takes much time,
//! or unfolds into parts inside parts until there is no stack left.

use mail_parser::{HeaderName, MessageParser, MessagePart, MimeHeaders};

/// Parts of a mail, with those of the mails inside it.
const MOST_PARTS: usize = 200;
/// Lines that may separate parts. Signatures and rules of text look like them too.
const MOST_SEPARATORS: usize = 10 * MOST_PARTS;

/// Whether a mail may be taken apart.
pub(super) fn fits(raw: &[u8]) -> bool {
    let (mut types, mut separators) = (0, 0);
    for line in raw.split(|octet| *octet == b'\n') {
        types += usize::from(begins(line, b"content-type"));
        separators += usize::from(line.len() > 3 && line.starts_with(b"--"));
    }
    types <= MOST_PARTS && separators <= MOST_SEPARATORS && !hides_mails(raw)
}

fn begins(line: &[u8], name: &[u8]) -> bool {
    let start = line.get(..name.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(name))
}

/// Whether a mail inside the mail is encoded, which no standard allows (RFC 2046 §5.2.1):
/// what it holds cannot be counted from outside.
fn hides_mails(raw: &[u8]) -> bool {
    // An encoding that is passed over is not undone, so nothing unfolds here.
    let parser = MessageParser::new()
        .default_header_ignore()
        .header_content_type(HeaderName::ContentType);
    let Some(mail) = parser.parse(raw) else {
        return false;
    };
    let mut inside = vec![&mail];
    while let Some(mail) = inside.pop() {
        let digest = mail
            .parts
            .iter()
            .any(|part| is(part, "multipart", &["digest"]));
        // In a digest a part without a type is a mail (RFC 2046 §5.1.5).
        let hidden = |part: &MessagePart<'_>| {
            let may_be_mail = is(part, "message", &["rfc822", "global"])
                || digest && part.content_type().is_none();
            may_be_mail && is_encoded(part, raw)
        };
        if mail.parts.iter().any(hidden) {
            return true;
        }
        inside.extend(mail.parts.iter().filter_map(MessagePart::message));
    }
    false
}

fn is(part: &MessagePart<'_>, kind: &str, subtypes: &[&str]) -> bool {
    let found = part.content_type().filter(|found| found.ctype() == kind);
    let subtype = found.and_then(|found| found.subtype());
    subtype.is_some_and(|subtype| subtypes.contains(&subtype))
}

fn is_encoded(part: &MessagePart<'_>, raw: &[u8]) -> bool {
    let encodings = part
        .headers
        .iter()
        .filter(|header| header.name == HeaderName::ContentTransferEncoding);
    let plain = [&b"7bit"[..], b"8bit", b"binary"];
    let is_plain = |value: &[u8]| {
        let value = value.trim_ascii();
        plain.iter().any(|plain| value.eq_ignore_ascii_case(plain))
    };
    let mut values = encodings.map(|header| {
        let place = header.offset_start() as usize..header.offset_end() as usize;
        raw.get(place).unwrap_or_default()
    });
    values.any(|value| !is_plain(value))
}
