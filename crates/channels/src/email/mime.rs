//! A mail as bytes: headers, a text part and an HTML part, CRLF line ends, 7-bit only.
//!
//! Whatever the fields hold, none of them can end its header: control characters become
//! spaces before anything is written. Nothing here reads a clock or draws a random number.

use std::borrow::Cow;

use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;

use super::wire::with_crlf;
use super::{EmailConfig, OutgoingEmail};

/// Longest name or subject in a header, in characters; more is cut off.
const HEADER_TEXT_LIMIT: usize = 400;

/// The part of `Message-ID` before the `@`, which is also the carrier's id of the mail:
/// what a bounce names.
pub(super) fn message_id_local(mail: &OutgoingEmail) -> String {
    format!("{}.{}", mail.message, mail.delivery)
}

/// The whole mail, ready to be signed.
pub(super) fn build(mail: &OutgoingEmail, config: &EmailConfig) -> Vec<u8> {
    let message_id = format!("{}@{}", message_id_local(mail), config.message_domain());
    let date = mail.date.as_micros().div_euclid(1_000_000);
    let mut builder = MessageBuilder::new()
        .from(mailbox(&mail.from_name, &config.from))
        .to(mailbox(mail.to_name.open(), mail.to.open()));
    if let Some(reply_to) = &config.reply_to {
        builder = builder.reply_to(mailbox("", reply_to));
    }
    builder = builder
        .subject(header_text(mail.subject.open()))
        .date(Date::new(date))
        .message_id(message_id)
        // RFC 3834 §5: keeps other machines from answering.
        .header("Auto-Submitted", raw("auto-generated"));
    if let Some(sender) = &config.feedback_sender {
        builder = builder.header("Feedback-ID", raw(format!("{}:{sender}", mail.lane)));
    }
    if is_language_tag(&mail.locale) {
        builder = builder.header("Content-Language", raw(mail.locale.as_str()));
    }
    let text = body_text(mail.text.open());
    let html = body_text(mail.html.open());
    let body = if html.is_empty() {
        MimePart::new("text/plain", text)
    } else {
        let boundary = boundary(&mail.delivery.to_string(), &[&text, &html]);
        MimePart::new(
            ContentType::new("multipart/alternative").attribute("boundary", boundary),
            vec![
                MimePart::new("text/plain", text),
                MimePart::new("text/html", html),
            ],
        )
    };
    let mut message = Vec::new();
    builder.body(body).serialize(&mut message);
    with_crlf(message)
}

fn raw<'a>(text: impl Into<Cow<'a, str>>) -> HeaderType<'a> {
    Raw::new(text).into()
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

/// Text for a body: LF line ends (the builder writes CRLF), no other control characters
/// but tabs, which neither RFC 5322 nor HTML allows.
fn body_text(text: &str) -> Cow<'_, str> {
    let unwanted = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(unwanted) {
        return Cow::Borrowed(text);
    }
    let mut text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.retain(|c| !unwanted(c));
    Cow::Owned(text)
}

/// A boundary that occurs in none of the parts. It holds `=_`, which quoted-printable
/// and base64 never do, so only a part sent as it is could contain it.
fn boundary(delivery: &str, parts: &[&str]) -> String {
    let mut boundary = format!("=_{delivery}");
    while parts.iter().any(|part| part.contains(&boundary)) {
        boundary.push('+');
    }
    boundary
}

fn is_language_tag(locale: &str) -> bool {
    (1..=35).contains(&locale.len())
        && locale
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
