//! Messages taken back: the guard stopped what was about to leave.
//!
//! What was accepted stays accepted: the event becomes a failed one, which can be replayed,
//! and the message stays for staff to see. Nobody else sees it any more.

use model::{FailureReason, Instant, Message, MessageId, RecipientId, Sealed};

use crate::{Backend, Result, Store};

/// A message that is taken back, with what its event fails with.
#[derive(Clone, Debug)]
pub struct Withdrawal {
    /// The message.
    pub message: MessageId,
    /// The customer's external id.
    pub subject: String,
    /// Why the event fails.
    pub reason: FailureReason,
    /// What exactly.
    pub detail: String,
    /// The event as CloudEvents JSON.
    pub envelope: Sealed,
    /// The reason its waiting deliveries are stopped with, as attempts keep it.
    pub why: String,
    /// Now.
    pub now: Instant,
}

impl Withdrawal {
    /// What is kept of a delivery that is not handed over because of it.
    pub(crate) fn attempt(&self, number: u32) -> model::Attempt {
        model::Attempt {
            number,
            carrier: String::new(),
            started_at: self.now,
            ended_at: self.now,
            outcome: "stopped".into(),
            code: String::new(),
            reason: self.why.clone(),
            carrier_id: None,
            digest: String::new(),
        }
    }
}

impl Store {
    /// Takes a message back: its event becomes a failed one, the message leaves its
    /// recipient's Message Center, and its deliveries that nobody has claimed are cancelled.
    /// `false` where there is no such message or it was taken back before; then nothing is
    /// written.
    ///
    /// # Errors
    /// [`crate::Error`]; nothing was written.
    pub async fn withdraw(&self, withdrawal: Withdrawal) -> Result<bool> {
        on!(self, backend => backend.withdraw(withdrawal).await)
    }

    /// Those of some recipients' messages that were taken back.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn withdrawn_among(
        &self,
        messages: Vec<(RecipientId, MessageId)>,
    ) -> Result<Vec<MessageId>> {
        on!(self, backend => backend.withdrawn_among(messages).await)
    }
}

/// A device learns that a message is gone, and nothing of what it said.
pub(crate) fn without_words(mut message: Message) -> Message {
    if message.flags.withdrawn_at.is_some() {
        let content = &mut message.content;
        for text in [&mut content.title, &mut content.summary, &mut content.text] {
            text.clear();
        }
        content.order = None;
        content.data.clear();
    }
    message
}
