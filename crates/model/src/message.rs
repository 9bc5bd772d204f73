//! A message: what one recipient is told, once, in their language.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Category, EventId, Instant, Lane, MessageId, Mode, PurposeClass, RecipientId, Trace};

/// The content: never changes once committed.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageContent {
    /// The entry of the catalogue it was made from.
    pub message_type: String,
    /// The tab it stands under.
    pub category: Category,
    /// The ground for writing.
    pub purpose: PurposeClass,
    /// How urgent.
    pub lane: Lane,
    /// The locale it was rendered in, which may be a fallback of the customer's.
    pub locale: String,
    /// The version of the templates that made it.
    pub template_version: u32,
    /// Who it is from, as shown: the marketplace's name or a seller's.
    pub sender: String,
    /// The line in the list. Personal.
    pub title: String,
    /// The line under it. Personal.
    pub summary: String,
    /// The text as it leaves by SMS, with `{code}` where a secret goes; empty when the
    /// type has none. Personal.
    pub text: String,
    /// The order it is about, for grouping.
    pub order: Option<String>,
    /// All that rendering the body reads: the event's data and a snapshot of the name,
    /// zone, sender and brand. Personal. Never a secret.
    pub data: Map<String, Value>,
}

/// What a person does to a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags {
    /// When it was read, if it was.
    pub read_at: Option<Instant>,
    /// When it was deleted (hidden, restorable for 30 days), if it was.
    pub deleted_at: Option<Instant>,
    /// When we took it back, if we did: it stands in no Message Center from then on, and
    /// only staff see it.
    pub withdrawn_at: Option<Instant>,
}

/// A message with its place in a mailbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Whose mailbox.
    pub recipient: RecipientId,
    /// The event that caused it.
    pub event: EventId,
    /// The moment it was decided as of: what its time line shows.
    pub at: Instant,
    /// Live, test or team.
    pub mode: Mode,
    /// What it says.
    pub content: MessageContent,
    /// Why it was sent where it was sent.
    pub trace: Trace,
    /// Read, deleted.
    pub flags: Flags,
    /// The mailbox revision of its last change.
    pub revision: i64,
}
