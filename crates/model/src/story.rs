//! What a recipient was told before of the same thing.

use crate::{Instant, MessageId, Sealed};

/// One message of the past about the same order, or about none where there is none.
#[derive(Clone, Debug)]
pub struct Told {
    /// The message.
    pub message: MessageId,
    /// Its type.
    pub message_type: String,
    /// When its fact happened.
    pub time: Instant,
    /// Whether a delivery was made for it: it did not stay in the Message Center only.
    pub on_its_way: bool,
    /// Its data, as JSON. Personal.
    pub data: Sealed,
}
