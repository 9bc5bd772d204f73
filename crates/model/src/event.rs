//! An event: a fact from the marketplace, as a CloudEvent 1.0 carries it.

use serde_json::{Map, Value};

use crate::words::define_words;
use crate::{Instant, Partition};

define_words!(
    /// How real an event and all that follows from it is.
    Mode, "mode",
    /// Reaches real carriers.
    Live = 1, "live";
    /// Reaches only the sandbox carriers.
    Test = 2, "test";
    /// Reaches real carriers, but only the addresses of the team.
    Team = 3, "team";
);

/// What makes an event the same event again: its source and id, within a recipient's
/// partition (CloudEvents 1.0.2 §3.1.1: `source` + `id` is unique).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventKey {
    /// The CloudEvents `source`.
    pub source: String,
    /// The CloudEvents `id`.
    pub id: String,
}

/// A validated event. Whether its type is known and its data fits is for later stages.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its identity.
    pub key: EventKey,
    /// `order.confirmed`, `security.code`, …
    pub event_type: String,
    /// The customer's external id.
    pub subject: String,
    /// When it happened, by the marketplace's clock.
    pub time: Instant,
    /// The payload; always an object.
    pub data: Map<String, Value>,
    /// Live, test or team.
    pub mode: Mode,
    /// Decide as of this moment instead of now (replays; test keys only).
    pub as_of: Option<Instant>,
}

impl Event {
    /// The partition of the customer it is for.
    pub fn partition(&self) -> Partition {
        Partition::of(&self.subject)
    }
}
