//! A mail as bytes: headers, a text part and an HTML part, CRLF line ends, 7-bit only.
//!
//! Whatever the fields hold, none of them can end its header: control characters become
//! spaces before anything is written. Nothing here reads a clock or draws a random number.

use std::borrow::Cow;

use mail_builder::headers::Header;
use mail_builder::headers::address::Address;
use mail_builder::headers::date::Date;
use mail_builder::headers::text::Text;

use super::body::{Clean, Encoding};
use super::wire::with_crlf;
use super::{EmailConfig, OutgoingEmail};

/// Longest name or subject in a header, in characters; more is cut off.
const HEADER_TEXT_LIMIT: usize = 400;

/// The part of `Message-ID` before the `@`, which is also the carrier's id of the mail:
/// what a bounce names.
pub(super) fn message_id_local(mail: &OutgoingEmail) -> String {
    format!("{}.{}", mail.message, mail.delivery)
}

/// A mail, every line of which ends in CRLF.
pub(super) struct Mime {
    /// Its octets.
    pub octets: Vec<u8>,
    /// How many of them the headers take, with the empty line after them.
    pub head: usize,
}

/// The whole mail, ready to be signed.
pub(super) fn build(mail: &OutgoingEmail, config: &EmailConfig) -> Mime {
    let (text, html) = (Clean::of(mail.text.open()), Clean::of(mail.html.open()));
    let content = text.text().len() + html.text().len();
    let mut out = Vec::with_capacity(2_048 + content + content / 6);
    put_headers(mail, config, &mut out);
    // The values come from many hands; what follows them is made of clean text.
    let mut out = with_crlf(out);
    if html.text().is_empty() {
        let head = put_part("plain", &text, text.encoding(), &mut out);
        if !out.ends_with(b"\r\n") {
            out.extend_from_slice(b"\r\n");
        }
        return Mime { octets: out, head };
    }
    let parts =
        [("plain", &text), ("html", &html)].map(|(kind, part)| (kind, part, part.encoding()));
    // Encoded parts hold no `=_`: only one sent as it is could contain the boundary.
    let mut boundary = format!("=_{}", mail.delivery);
    let holds = |boundary: &str| {
        let mut as_is = parts
            .iter()
            .filter(|(.., encoding)| *encoding == Encoding::SevenBit);
        as_is.any(|(_, part, _)| part.text().contains(boundary))
    };
    while holds(&boundary) {
        boundary.push('+');
    }
    put_raw(
        "Content-Type",
        &["multipart/alternative; boundary=\"", &boundary, "\""],
        &mut out,
    );
    let head = out.len() + 2;
    for (kind, part, encoding) in parts {
        put(&["\r\n--", &boundary, "\r\n"], &mut out);
        put_part(kind, part, encoding, &mut out);
    }
    put(&["\r\n--", &boundary, "--\r\n"], &mut out);
    Mime { octets: out, head }
}

/// All headers but those of the body.
fn put_headers(mail: &OutgoingEmail, config: &EmailConfig, out: &mut Vec<u8>) {
    let to = mailbox(mail.to_name.open(), mail.to.open());
    put_header("From", &mailbox(&mail.from_name, &config.from), out);
    put_header("To", &to, out);
    if let Some(reply_to) = mail.way_back.reply_to(config) {
        put_header("Reply-To", &mailbox("", reply_to), out);
    }
    put_header("Subject", &Text::new(header_text(mail.subject.open())), out);
    let date = mail.date.as_micros().div_euclid(1_000_000);
    put_header("Date", &Date::new(date), out);
    let id = message_id_local(mail);
    put_raw(
        "Message-ID",
        &["<", &id, "@", config.message_domain(), ">"],
        out,
    );
    // RFC 3834 §5: keeps other machines from answering.
    put_raw("Auto-Submitted", &["auto-generated"], out);
    if let Some(sender) = &config.feedback_sender {
        put_raw("Feedback-ID", &[mail.lane.as_str(), ":", sender], out);
    }
    if let Some(ways) = mail.way_back.list_unsubscribe() {
        put_raw("List-Unsubscribe", &[&ways], out);
    }
    if mail.way_back.unsubscribe_link.is_some() {
        // RFC 8058 §3.1: it promises that one POST to the link is enough.
        put_raw(
            "List-Unsubscribe-Post",
            &["List-Unsubscribe=One-Click"],
            out,
        );
    }
    if is_language_tag(&mail.locale) {
        put_raw("Content-Language", &[&mail.locale], out);
    }
    put_raw("MIME-Version", &["1.0"], out);
}

/// The headers of a text part, and the part; gives where the part begins.
fn put_part(kind: &str, text: &Clean<'_>, encoding: Encoding, out: &mut Vec<u8>) -> usize {
    put_raw("Content-Type", &["text/", kind, "; charset=\"utf-8\""], out);
    put_raw("Content-Transfer-Encoding", &[encoding.name()], out);
    out.extend_from_slice(b"\r\n");
    let start = out.len();
    encoding.put(text, out);
    start
}

fn put(pieces: &[&str], out: &mut Vec<u8>) {
    for piece in pieces {
        out.extend_from_slice(piece.as_bytes());
    }
}

/// A header whose value is known to be short, plain and without line ends.
fn put_raw(name: &str, value: &[&str], out: &mut Vec<u8>) {
    put(&[name, ": "], out);
    put(value, out);
    out.extend_from_slice(b"\r\n");
}

/// A header that is encoded and folded where it must be.
fn put_header(name: &str, value: &impl Header, out: &mut Vec<u8>) {
    put(&[name, ": "], out);
    value.write_header(out, name.len() + 2);
}

fn mailbox<'a>(name: &'a str, address: &'a str) -> Address<'a> {
    let name = header_text(name);
    Address::new_address((!name.is_empty()).then_some(name), address)
}

/// Text for one header line: no control characters, no outer spaces, not too long.
fn header_text(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let clean = !text.contains(char::is_control) && text.len() <= HEADER_TEXT_LIMIT;
    if clean {
        return Cow::Borrowed(text);
    }
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(HEADER_TEXT_LIMIT)
        .collect();
    Cow::Owned(line.trim().to_owned())
}

fn is_language_tag(locale: &str) -> bool {
    (1..=35).contains(&locale.len())
        && locale
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
