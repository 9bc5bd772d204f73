//! Messages that wait for a summary, by the moment at which it is due.

use model::{Channel, Instant, Message, MessageId, RecipientId, Span, Spoke};

use crate::{AcceptedEvent, Backend, Result, Store};

/// What waits for one summary: of a recipient, on a channel, due at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDigest {
    /// Whose.
    pub recipient: RecipientId,
    /// On which way.
    pub channel: Channel,
    /// Since when it is due.
    pub due_at: Instant,
    /// What waits, oldest first.
    pub messages: Vec<MessageId>,
}

/// What becomes of messages that waited for a summary: committed as one.
#[derive(Clone, Debug)]
pub struct DigestSettled {
    /// What was claimed, or a part of it: all of its messages wait no longer.
    pub waited: DueDigest,
    /// The summary, if one is made. It is of the same recipient.
    pub event: Option<AcceptedEvent>,
    /// Words of rules that join the traces of the messages.
    pub said: Vec<(MessageId, Spoke)>,
}

/// What a commit made of messages that waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestCommitted {
    /// They wait no longer, and their summary is on disk where one was to be made.
    Settled,
    /// Somebody else settled some of them; nothing was written.
    Gone,
    /// The recipient's facts changed since they were read; nothing was written.
    Stale,
}

impl Store {
    /// Takes what is due at a moment, so many summaries at most, the oldest first. For as long
    /// as the lease nobody else is given the same; then, if it is not settled, it is given
    /// again.
    ///
    /// # Errors
    /// [`crate::Error`]; then nothing is claimed.
    pub async fn claim_digests(
        &self,
        now: Instant,
        limit: usize,
        lease: Span,
    ) -> Result<Vec<DueDigest>> {
        on!(self, backend => backend.claim_digests(now, limit, lease).await)
    }

    /// Commits what becomes of messages that waited.
    ///
    /// # Errors
    /// [`crate::Error`]; then nothing was written, and they wait as before.
    pub async fn settle_digest(&self, settled: DigestSettled) -> Result<DigestCommitted> {
        on!(self, backend => backend.settle_digest(settled).await)
    }

    /// Messages of a recipient, oldest first; those that are not there are left out.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn messages_of(
        &self,
        recipient: RecipientId,
        messages: Vec<MessageId>,
    ) -> Result<Vec<Message>> {
        on!(self, backend => backend.messages_of(recipient, messages).await)
    }
}
