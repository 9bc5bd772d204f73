//! A message whose words turn out to break a promise when they are about to leave: its event
//! becomes a failed one, as if it had been found when it came.

use model::{Event, EventKey, FailureReason, Message, MessageId};
use store::{MessageRecord, Withdrawal};

use crate::Pipeline;
use crate::render::{Card, Stopped, check_card, without_snapshot};

impl Pipeline {
    /// What keeps the page of a message from being shown to its customer. The message is
    /// taken back then: what came by mail was read by the guard before it left, and what is
    /// read here only is looked at when it is.
    ///
    /// # Errors
    /// When the store could not take it back; then it may not be shown either.
    pub async fn stopped_page(&self, message: &Message, card: &Card) -> store::Result<bool> {
        let content = &message.content;
        let version = (content.message_type.as_str(), content.template_version);
        let Some(first) = check_card(&self.guard(), version, card).into_iter().next() else {
            return Ok(false);
        };
        tracing::warn!(message = %message.id, stopped = %first, "the guard stopped a page");
        self.withdraw(message.id, &first).await?;
        Ok(true)
    }

    /// Takes a message back, for what the guard found first. One that was taken back before
    /// stays as it is.
    ///
    /// # Errors
    /// When the store could not; then it still stands in the Message Center.
    pub(crate) async fn withdraw(
        &self,
        message: MessageId,
        stopped: &Stopped,
    ) -> store::Result<()> {
        let Some(record) = self.store().message(message).await? else {
            return Ok(());
        };
        let event = event_of(record);
        let (detail, envelope) = self.kept_of(&event, stopped.to_string());
        let withdrawal = Withdrawal {
            message,
            subject: event.subject,
            reason: FailureReason::Guard,
            detail,
            envelope,
            why: stopped.reason(),
            now: self.clock().now(),
        };
        self.store().withdraw(withdrawal).await?;
        Ok(())
    }
}

/// The event a message was made from: the message has its data.
fn event_of(record: MessageRecord) -> Event {
    Event {
        key: EventKey {
            source: record.event.source,
            id: record.event.event_id,
        },
        event_type: record.event.event_type,
        subject: record.customer,
        time: record.event.time,
        data: without_snapshot(record.message.content.data),
        mode: record.message.mode,
        as_of: None,
    }
}
