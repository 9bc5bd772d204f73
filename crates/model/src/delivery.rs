//! A delivery is a state machine; attempts and receipts move it.

use serde::{Deserialize, Serialize};

use crate::words::define_words;
use crate::{Channel, ContactPoint, DeliveryId, Id, Instant, Lane, MessageId, Span};

define_words!(
    /// Where a delivery stands.
    DeliveryState, "delivery state",
    /// Waits until it is due (again).
    Scheduled = 1, "scheduled";
    /// A node has taken it and is handing it over.
    Claimed = 2, "claimed";
    /// The carrier may or may not have it: the node died or the answer was lost.
    InDoubt = 3, "in_doubt";
    /// The carrier has it.
    Accepted = 4, "accepted";
    /// The carrier says it arrived.
    Delivered = 5, "delivered";
    /// The carrier says it did not arrive.
    Undelivered = 6, "undelivered";
    /// The carrier would not take it.
    Rejected = 7, "rejected";
    /// It would have been wrong or useless by now.
    Expired = 8, "expired";
    /// A rule stopped it after the decision: a stop, a newer state, a person.
    Cancelled = 9, "cancelled";
    /// Tried as often as the schedule allows.
    GivenUp = 10, "given_up";
);

define_words!(
    /// What a receipt says.
    ReceiptStatus, "receipt status",
    /// On its way; nothing is final.
    Intermediate = 1, "intermediate";
    /// Arrived.
    Delivered = 2, "delivered";
    /// Will not arrive.
    Failed = 3, "failed";
);

/// A change that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a delivery that is {from} cannot become {to}")]
pub struct InvalidTransition {
    /// Where it stands.
    pub from: DeliveryState,
    /// Where it was asked to go.
    pub to: DeliveryState,
}

impl DeliveryState {
    /// Nothing more is owed: no retry and no wait for a hand-over. A receipt may still
    /// tell more.
    pub const fn is_settled(self) -> bool {
        !matches!(self, Self::Scheduled | Self::Claimed | Self::InDoubt)
    }

    /// Goes to `to`, if that way exists. "Delivered" is believed whenever it comes: the
    /// carrier knows better than our time-outs. It is also never taken back.
    ///
    /// # Errors
    /// [`InvalidTransition`] names both ends.
    pub fn to(self, to: Self) -> Result<Self, InvalidTransition> {
        use DeliveryState as S;
        let allowed = match (self, to) {
            (S::Scheduled, S::Claimed | S::Expired | S::Cancelled) => true,
            (
                S::Claimed,
                S::Scheduled
                | S::InDoubt
                | S::Accepted
                | S::Rejected
                | S::Expired
                | S::Cancelled
                | S::GivenUp,
            ) => true,
            (
                S::InDoubt,
                S::Scheduled
                | S::Accepted
                | S::Undelivered
                | S::Expired
                | S::Cancelled
                | S::GivenUp,
            ) => true,
            (S::Accepted, S::Undelivered) => true,
            (S::Delivered, S::Delivered) | (S::Scheduled, S::Delivered) => false,
            (_, S::Delivered) => true,
            _ => false,
        };
        if allowed {
            Ok(to)
        } else {
            Err(InvalidTransition { from: self, to })
        }
    }
}

/// One message on its way over one channel to one contact point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The message it carries.
    pub message: MessageId,
    /// Where to.
    pub contact: ContactPoint,
    /// Where it stands.
    pub state: DeliveryState,
    /// Its queue.
    pub lane: Lane,
    /// Not before.
    pub due_at: Instant,
    /// Not after.
    pub expires_at: Instant,
    /// Hand-overs so far.
    pub attempts: u32,
    /// When the state last changed.
    pub changed_at: Instant,
}

impl Delivery {
    /// A short reference that goes out with a text and comes back in its receipt, where
    /// the carrier repeats it (SMPP 3.4 §5.3.2.17). With the number it names a delivery
    /// whose carrier id we never learnt.
    pub fn reference(id: DeliveryId) -> u16 {
        let mixed = id
            .as_i64()
            .cast_unsigned()
            .wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 48) as u16
    }

    /// The channel it takes.
    pub fn channel(&self) -> Channel {
        self.contact.channel
    }
}

/// What became of one hand-over. A refusal is data, not an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The carrier has it, under this id.
    Accepted {
        /// The carrier's id, by which receipts name it; none when it gives none.
        carrier_id: Option<String>,
    },
    /// Not now.
    RetryLater {
        /// When the carrier said so; else the schedule decides.
        after: Option<Span>,
        /// The carrier's code: `smpp 0x58`, `451 4.7.1`.
        code: String,
        /// In plain words, from our own tables; never the carrier's text.
        reason: String,
    },
    /// Never.
    Rejected {
        /// The carrier's code.
        code: String,
        /// In plain words, from our own tables; never the carrier's text.
        reason: String,
    },
    /// Written, but no answer: it may have been taken. Never resent blindly.
    Unknown {
        /// In plain words.
        reason: String,
    },
    /// Not tried: a rule asked again just before the hand-over said no.
    Stopped {
        /// The rule's code, as in the trace.
        reason: String,
    },
}

/// One hand-over, as recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// 1, 2, …
    pub number: u32,
    /// Which carrier.
    pub carrier: String,
    /// When the hand-over began.
    pub started_at: Instant,
    /// When its outcome was known.
    pub ended_at: Instant,
    /// `accepted`, `retry_later`, `rejected`, `unknown`, `stopped`, `in_doubt`.
    pub outcome: String,
    /// The carrier's code, if it gave one.
    pub code: String,
    /// In plain words.
    pub reason: String,
    /// The carrier's id for it.
    pub carrier_id: Option<String>,
    /// Keyed digest (64 bits, hex) of the canonical body that left; empty when none did.
    pub digest: String,
}

/// What the carrier said later, as recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// What it says.
    pub status: ReceiptStatus,
    /// The carrier's own word: `DELIVRD`, `UNDELIV err:011`.
    pub code: String,
    /// When the carrier says it happened, if it says.
    pub carrier_time: Option<Instant>,
    /// When it reached us.
    pub received_at: Instant,
}

impl Outcome {
    /// The outcome's word in an [`Attempt`].
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::RetryLater { .. } => "retry_later",
            Self::Rejected { .. } => "rejected",
            Self::Unknown { .. } => "unknown",
            Self::Stopped { .. } => "stopped",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeliveryState as S;

    #[test]
    fn delivered_is_final_and_settled_states_are_never_claimed_again() {
        for from in S::ALL {
            if from.is_settled() {
                assert!(from.to(S::Claimed).is_err(), "{from}");
                assert!(from.to(S::Scheduled).is_err(), "{from}");
            }
            assert!(S::Delivered.to(*from).is_err(), "{from}");
        }
    }

    #[test]
    fn a_late_receipt_corrects_a_doubt() {
        assert_eq!(S::InDoubt.to(S::Delivered), Ok(S::Delivered));
        assert_eq!(S::GivenUp.to(S::Delivered), Ok(S::Delivered));
        assert_eq!(
            S::Scheduled.to(S::Accepted).unwrap_err().to_string(),
            "a delivery that is scheduled cannot become accepted"
        );
    }
}
