//! An event that could not be decided or rendered: kept, explained, replayable.

use serde::{Deserialize, Serialize};

use crate::words::define_words;
use crate::{EventId, EventKey, Instant, Mode, Sealed};

define_words!(
    /// Why an accepted event made no message.
    FailureReason, "failure reason",
    /// The catalogue has no such message type.
    UnknownType = 1, "unknown_type";
    /// No customer with this id is known.
    UnknownRecipient = 2, "unknown_recipient";
    /// The data lacks or mistypes what the message type needs.
    BadData = 3, "bad_data";
    /// A template could not be rendered.
    TemplateFailed = 4, "template_failed";
    /// Its words would break a promise made to customers.
    Guard = 5, "guard";
);

/// A failed event as it is listed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailedEvent {
    /// Its id.
    pub id: EventId,
    /// The CloudEvents `source`.
    pub source: String,
    /// The CloudEvents `id`.
    pub event_id: String,
    /// Its type.
    pub event_type: String,
    /// The customer it names.
    pub subject: String,
    /// When it was accepted.
    pub accepted_at: Instant,
    /// Live, test or team.
    pub mode: Mode,
    /// Why it failed.
    pub reason: FailureReason,
    /// What exactly, with the path of the fault.
    pub detail: String,
    /// The event as it came (CloudEvents JSON), for the replay. Personal.
    #[serde(skip)]
    pub envelope: Sealed,
    /// When a replay turned it into a message, if one did.
    pub replayed_at: Option<Instant>,
}

impl FailedEvent {
    /// Its identity.
    pub fn key(&self) -> EventKey {
        EventKey {
            source: self.source.clone(),
            id: self.event_id.clone(),
        }
    }
}
