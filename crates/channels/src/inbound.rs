//! What carriers say later: receipts for what we sent, and texts and mails of customers.
//! Nothing here is acknowledged to the carrier before the caller has made it durable.

use model::{Instant, ReceiptStatus, Sealed};
use tokio::sync::oneshot;

use crate::mail_in::{Address, MailIn};

/// One thing a carrier told us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inbound {
    /// What became of a message the carrier had accepted.
    Receipt {
        /// The carrier's configured name.
        carrier: String,
        /// The id under which it accepted the message, in the form
        /// [`model::Outcome::Accepted`] gave it.
        carrier_id: String,
        /// What it says.
        status: ReceiptStatus,
        /// The carrier's own word: `DELIVRD`, `UNDELIV err:011`.
        code: String,
        /// When the carrier says it happened, if it says so and its zone is known.
        carrier_time: Option<Instant>,
        /// The reference that went out with it, where the carrier repeats it: see
        /// [`model::Delivery::reference`].
        reference: Option<u16>,
        /// The number it went to, E.164 where the carrier writes it so.
        to: Sealed,
        /// The customer told the carrier to stop: one of the errors that the configuration
        /// says mean that.
        opted_out: bool,
    },
    /// A text somebody sent to one of our numbers.
    Text {
        /// The carrier's configured name.
        carrier: String,
        /// Who wrote it: an E.164 number where the carrier gave one.
        from: Sealed,
        /// Our number or short code it was sent to.
        to: String,
        /// What it says.
        text: Sealed,
    },
    /// A mail that came to one of our signed addresses.
    Mail(Box<ReceivedMail>),
}

/// A mail that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedMail {
    /// The address of ours that it came to.
    pub to: Address,
    /// What it means.
    pub means: MailIn,
}

/// An inbound thing that waits until the caller has committed it.
#[derive(Debug)]
pub struct InboundItem {
    /// The thing.
    pub inbound: Inbound,
    /// `true`: it is durable, the carrier may forget it. `false`, or dropped: the carrier
    /// is asked to try again later.
    pub done: oneshot::Sender<bool>,
}
