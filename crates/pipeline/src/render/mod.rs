//! Render: from an event and a customer to the words of one message.
//!
//! Pure: takes the catalogue, the brand and the data; no I/O, no clock. The short forms
//! are made before the commit; mails and cards are made later, from the stored data
//! alone. Choosing channels is `decide`; handing over is `send`. No words of its own.

mod card;
mod example;
pub(crate) mod foot;
mod guarded;
mod mail;
pub(crate) mod rehearsal;
mod short;
mod snapshot;

#[cfg(test)]
mod tests;

use model::{FailureReason, MessageContent, Sealed};

use crate::catalogue::templates::TemplateFault;

pub use card::card;
pub use example::{Alphabet, Language, SmsPart, TextCost};
pub use guarded::{Stopped, Version, check_card, check_mail, check_short, check_values};
pub use mail::mail;
pub(crate) use short::SENSITIVE;
pub use short::{fill_mail, fill_secret, short_forms};
pub(crate) use snapshot::{place_of, quiet_hours_of, without_snapshot};

/// The marketplace a message speaks for, from the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    /// Its name, as customers know it.
    pub name: String,
    /// The one domain that links in messages may lead to.
    pub domain: String,
    /// Where its Message Center is: an https address.
    pub url: String,
    /// Where a person answers: a mail address or an https address.
    pub support: String,
    /// The sender a text comes from: a name of up to 11 characters or a number.
    pub sms_sender: String,
}

/// What is made before the commit: the message as the store keeps it, and what stands
/// beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Short {
    /// The message. Its data is the declared part of the event's and, under `_`, a snapshot
    /// of name, zone, locale and brand; never the secret.
    pub content: MessageContent,
    /// What fills `{code}` in the text at the hand-over.
    pub secret: Option<Sealed>,
}

/// A mail without its headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailBody {
    /// The subject; one line.
    pub subject: String,
    /// What mail programs show beside the subject; one line.
    pub preheader: String,
    /// The plain-text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// What the page of one message shows; plain text values, to be escaped by the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The body.
    pub paragraphs: Vec<String>,
    /// Label and value, in order.
    pub facts: Vec<(String, String)>,
    /// What was bought.
    pub items: Vec<Item>,
    /// The order's total, formatted.
    pub total: Option<String>,
    /// How far the parcel is; empty where it says nothing.
    pub track: Vec<TrackStep>,
    /// The messages that a summary lists.
    pub listed: Vec<Listed>,
}

/// One message in a summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its day, formatted.
    pub day: String,
    /// Where it stands; empty where no link leads there.
    pub url: String,
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub title: String,
    /// How many.
    pub quantity: String,
    /// Its price, formatted.
    pub price: String,
}

/// One step of a parcel's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackStep {
    /// Its name.
    pub label: String,
    /// Whether it lies behind or ahead.
    pub state: TrackState,
}

/// Where a step lies on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackState {
    /// Behind.
    Done,
    /// Here the parcel is.
    Now,
    /// Ahead.
    Next,
}

/// Why nothing could be rendered. Never repeats personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The catalogue has no such message type.
    #[error("the catalogue has no message type `{0}`")]
    UnknownType(String),
    /// The data lacks or mistypes what the message type needs.
    #[error("{pointer}: {reason}")]
    BadData {
        /// A JSON pointer (RFC 6901) into the event.
        pointer: String,
        /// What is wrong, in a sentence.
        reason: String,
    },
    /// A template could not be rendered.
    #[error("{file}:{line}: `{key}` {reason}")]
    Template {
        /// The catalogue file.
        file: String,
        /// The line in it.
        line: usize,
        /// Which text.
        key: String,
        /// What is wrong, in a sentence.
        reason: String,
    },
}

impl RenderError {
    /// The reason a failed event is kept under.
    pub fn failure_reason(&self) -> FailureReason {
        match self {
            Self::UnknownType(_) => FailureReason::UnknownType,
            Self::BadData { .. } => FailureReason::BadData,
            Self::Template { .. } => FailureReason::TemplateFailed,
        }
    }
}

impl From<TemplateFault> for RenderError {
    fn from(fault: TemplateFault) -> Self {
        Self::Template {
            file: fault.file,
            line: fault.line,
            key: fault.key,
            reason: fault.reason,
        }
    }
}
