//! What a mail that came to one of our addresses means. Pure: octets and the address in, a
//! word out. The work is bounded: only the beginning of a mail is read, and one of more
//! parts than a person's mail has is not read at all.

mod arf;
mod bounds;
mod class;
mod dsn;
mod fields;
mod proof;
mod words;

#[cfg(test)]
mod tests;

use mail_parser::{Message, MessageParser, MimeHeaders, PartType};
use model::Sealed;

use super::address::{Address, Addresses};
use fields::Fields;

pub use arf::{Complaint, ComplaintKind};
pub use class::BounceClass;
pub use dsn::Bounce;
pub use proof::{Proof, Proofs};

/// So much of a mail is read: reports and answers stand at the beginning.
const READ: usize = 256 * 1024;

/// What a mail means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailIn {
    /// A mail server says what became of a mail of ours.
    Bounce(Bounce),
    /// A reader complained.
    Complaint(Complaint),
    /// A reader wants no more of these.
    Unsubscribe,
    /// A person answers.
    Reply(Reply),
    /// A machine answers: the person is away. Means nothing, and is never answered.
    AutoReply,
    /// Nothing that could be made sense of.
    Unreadable,
}

impl MailIn {
    /// Its word in logs and metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Bounce(_) => "bounce",
            Self::Complaint(_) => "complaint",
            Self::Unsubscribe => "unsubscribe",
            Self::Reply(_) => "reply",
            Self::AutoReply => "auto_reply",
            Self::Unreadable => "unreadable",
        }
    }
}

/// A person's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The address in `From`, which anybody can write; see `proofs`.
    pub from: Sealed,
    /// Their own words, without the mail they answer.
    pub text: Sealed,
    /// Whether it comes from there.
    pub proofs: Proofs,
}

/// What reading needs besides the mail.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Our addresses.
    pub addresses: Addresses,
    /// How the mail server in front of us calls itself in `Authentication-Results`; without
    /// one nothing is known of who sent a mail.
    pub authority: Option<String>,
}

impl Reader {
    /// Reads a mail that came to `to`. With the null sender nobody waits for an answer: it
    /// is a report or a machine's.
    pub fn read(&self, raw: &[u8], to: Address, null_sender: bool) -> MailIn {
        let raw = &raw[..raw.len().min(READ)];
        if !bounds::fits(raw) {
            return MailIn::Unreadable;
        }
        let Some(mail) = MessageParser::default().parse(raw) else {
            return MailIn::Unreadable;
        };
        let head = head(raw);
        let words = mail.body_text(0).unwrap_or_default();
        if let Some(report) = part(&mail, "feedback-report") {
            return match arf::kind(&report) {
                Some(kind) => self.complaint(kind, raw, to),
                None => MailIn::Unreadable,
            };
        }
        let machine = ["delivery-status", "global-delivery-status"];
        if let Some(report) = machine.iter().find_map(|name| part(&mail, name)) {
            let bounce = dsn::report(&report, &words);
            return bounce.map_or(MailIn::Unreadable, MailIn::Bounce);
        }
        let subject = mail.subject().unwrap_or_default();
        let from = sender(&mail).unwrap_or_default();
        if matches!(to, Address::Complaints) {
            // Some providers attach the mail and write no report.
            let attached = mail.parts.iter().any(|part| part.is_message());
            return match attached {
                true => self.complaint(ComplaintKind::Abuse, raw, to),
                false => MailIn::Unreadable,
            };
        }
        let machine = null_sender || is_automatic(&head);
        if (machine || matches!(to, Address::Bounce(_))) && dsn::is_notice(&head, from, subject) {
            return MailIn::Bounce(dsn::notice(subject, &words));
        }
        match to {
            // Mail programs send these for their readers, and may say so.
            Address::Unsubscribe(_) if !null_sender => MailIn::Unsubscribe,
            _ if machine => MailIn::AutoReply,
            _ => {
                let authority = self.authority.as_deref();
                MailIn::Reply(Reply {
                    from: Sealed::new(from),
                    text: Sealed::new(words::own_words(&words)),
                    proofs: authority.map_or_else(Proofs::default, |a| proof::proofs(&head, a)),
                })
            }
        }
    }

    fn complaint(&self, kind: ComplaintKind, raw: &[u8], to: Address) -> MailIn {
        let about = to
            .delivery()
            .or_else(|| self.addresses.find(raw)?.delivery());
        MailIn::Complaint(Complaint { kind, about })
    }
}

fn head(raw: &[u8]) -> Fields {
    let end = memchr::memmem::find(raw, b"\r\n\r\n").unwrap_or(raw.len());
    Fields::of(&String::from_utf8_lossy(&raw[..end]))
}

/// The content of the first part of type `message/<name>`.
fn part(mail: &Message<'_>, name: &str) -> Option<String> {
    let is_it = |part: &&mail_parser::MessagePart<'_>| {
        let kind = part.content_type();
        let Some(kind) = kind.filter(|kind| kind.ctype().eq_ignore_ascii_case("message")) else {
            return false;
        };
        kind.subtype()
            .is_some_and(|subtype| subtype.eq_ignore_ascii_case(name))
    };
    let part = mail.parts.iter().find(is_it)?;
    match &part.body {
        PartType::Multipart(_) | PartType::Message(_) => None,
        _ => Some(String::from_utf8_lossy(part.contents()).into_owned()),
    }
}

fn sender<'a>(mail: &'a Message<'_>) -> Option<&'a str> {
    mail.from()?.first()?.address()
}

/// Whether a machine wrote it (RFC 3834 §5, and what came before it).
fn is_automatic(head: &Fields) -> bool {
    let says = |name: &str, words: &[&str]| {
        let value = head.get(name).unwrap_or_default().to_ascii_lowercase();
        words.iter().any(|word| value.starts_with(word))
    };
    let automatic = head.get("auto-submitted");
    automatic.is_some_and(|value| !value.to_ascii_lowercase().starts_with("no"))
        || says("precedence", &["auto_reply", "bulk", "list", "junk"])
        || [
            "x-autoreply",
            "x-autorespond",
            "x-auto-response-suppress",
            "list-id",
        ]
        .iter()
        .any(|name| head.get(name).is_some())
}
