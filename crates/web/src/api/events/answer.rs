//! What became of the events of one request, as it is answered.

use model::EventId;
use pipeline::EventAnswer;
use serde::Serialize;
use utoipa::ToSchema;

/// Lists in an answer stop here; the totals beside them do not.
const LISTED_AT_MOST: usize = 1_000;

/// What became of the events of one request.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct EventsAnswer {
    /// Newly on disk, with all that follows from them; those that failed are among them.
    pub accepted: u64,
    /// Known before by (source, id); nothing was done again.
    pub duplicates: u64,
    /// Accepted, but no message could be made; kept, and replayable.
    pub failed_total: u64,
    /// The first 1,000 of them, and of duplicates that failed when they first came and
    /// still wait for a replay.
    pub failed: Vec<Failed>,
    /// Not accepted: the envelope is broken.
    pub rejected_total: u64,
    /// The first 1,000 of them.
    pub rejected: Vec<Rejected>,
    /// For a single event and a batch: the id of each event here, `null` where rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Option<String>>>, example = json!(["evt_0c2d4e6g8j0kn"]))]
    pub events: Option<Vec<Option<EventId>>>,
}

/// An accepted event that made no message.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Failed {
    /// Its place: 0, 1, … In a stream, lines are counted, blank ones too.
    pub index: u64,
    /// Its id here.
    #[schema(value_type = String)]
    pub event: EventId,
    /// Why, as a code.
    #[schema(value_type = String, example = "unknown_recipient")]
    pub reason: &'static str,
    /// What exactly.
    pub detail: String,
}

/// An event that was not accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rejected {
    /// Its place: 0, 1, … In a stream, lines are counted, blank ones too.
    pub index: u64,
    /// What is wrong with the envelope.
    pub reason: String,
}

impl EventsAnswer {
    /// For a request whose answer names each event.
    pub(super) fn naming_each(count: usize) -> Self {
        Self {
            events: Some(Vec::with_capacity(count)),
            ..Self::default()
        }
    }

    /// Adds what became of the event at a place. Places come in order where each event
    /// is named.
    pub(super) fn add(&mut self, index: u64, answer: EventAnswer) {
        let event = match answer {
            EventAnswer::Accepted { event, .. } => {
                self.accepted += 1;
                Some(event)
            }
            EventAnswer::Duplicate { event, failure } => {
                self.failed.extend(failure.map(|(reason, detail)| Failed {
                    index,
                    event,
                    reason: reason.as_str(),
                    detail,
                }));
                self.duplicates += 1;
                Some(event)
            }
            EventAnswer::Failed {
                event,
                reason,
                detail,
            } => {
                self.accepted += 1;
                self.failed_total += 1;
                self.failed.push(Failed {
                    index,
                    event,
                    reason: reason.as_str(),
                    detail,
                });
                Some(event)
            }
            EventAnswer::Rejected { reason } => {
                self.reject(index, reason);
                None
            }
        };
        if let Some(events) = &mut self.events {
            events.push(event);
        }
    }

    /// Adds an event that was refused before anybody looked at it.
    pub(super) fn reject(&mut self, index: u64, reason: String) {
        self.rejected_total += 1;
        self.rejected.push(Rejected { index, reason });
    }

    /// Puts the lists in order and keeps their beginning. Safe to call while chunks are
    /// still out: what falls off has 1,000 before it already.
    pub(super) fn trim(&mut self) {
        self.failed.sort_by_key(|item| item.index);
        self.failed.truncate(LISTED_AT_MOST);
        self.rejected.sort_by_key(|item| item.index);
        self.rejected.truncate(LISTED_AT_MOST);
    }
}
