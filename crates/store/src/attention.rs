//! What was taken of recipients' attention, as a commit sees it.
//!
//! A commit reads it under the customer's lock (SQLite: the one writer; PostgreSQL: the locked
//! row of `heads`) and writes nothing that would be too much, so it never is, however many
//! nodes decide at once. Nothing is ever given back by hand: a delivery that did not leave
//! says so by its state.

use std::collections::HashMap;

use model::{DeliveryState, Instant, REMEMBERED, RecipientId, Span, Taken};

use crate::{AcceptedEvent, AcceptedResult, NewDelivery, NewMessage};

/// A row of the table, with what became of its delivery.
pub(crate) struct Row {
    pub(crate) recipient: RecipientId,
    /// When it counts is still open.
    pub(crate) taken: Taken,
    /// None where the delivery is gone.
    pub(crate) became: Option<(DeliveryState, Instant, Instant)>,
}

impl Row {
    /// What it counts as now, if it still does.
    pub(crate) fn counts(&self, now: Instant) -> Option<Taken> {
        let (state, due_at, changed_at) = self.became?;
        let (at, left) = Taken::moment(state, (due_at, changed_at), now)?;
        let taken = Taken {
            at,
            left,
            ..self.taken
        };
        (now.since(at) < REMEMBERED).then_some(taken)
    }

    /// Whether it will never count again.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        let Some((state, due_at, changed_at)) = self.became else {
            return true;
        };
        let last = due_at.max(changed_at);
        state.is_settled() && now.since(last + Span::days(1)) > REMEMBERED
    }
}

/// What was taken of the attention of those that a commit writes to.
#[derive(Default)]
pub(crate) struct Crowd(HashMap<RecipientId, Vec<Taken>>);

impl Crowd {
    pub(crate) fn knows(&self, recipient: RecipientId) -> bool {
        self.0.contains_key(&recipient)
    }

    /// Takes in what the store has of a recipient.
    pub(crate) fn learn(&mut self, recipient: RecipientId, taken: impl Iterator<Item = Taken>) {
        self.0.entry(recipient).or_default().extend(taken);
    }

    /// Whether all deliveries of a message keep to their limits.
    pub(crate) fn has_room(&self, message: &NewMessage) -> bool {
        let taken = self.0.get(&message.recipient);
        let taken = taken.map_or(&[][..], Vec::as_slice);
        counted(message)
            .all(|(delivery, counts)| counts.broken(taken, delivery.planned.due_at).is_none())
    }

    /// Counts a message that will be written.
    pub(crate) fn add(&mut self, message: &NewMessage) {
        let new = counted(message).map(|(delivery, counts)| Taken {
            delivery: delivery.id,
            channel: delivery.planned.contact.channel,
            purpose: counts.purpose,
            test: counts.test,
            at: delivery.planned.due_at,
            left: false,
        });
        self.learn(message.recipient, new);
    }
}

/// The deliveries of a message that count.
pub(crate) fn counted(
    message: &NewMessage,
) -> impl Iterator<Item = (&NewDelivery, &model::Counts)> {
    let deliveries = message.deliveries.iter();
    deliveries.filter_map(|delivery| Some((delivery, delivery.counts.as_ref()?)))
}

/// The message of an event, if anything of it counts.
pub(crate) fn counted_message(event: &AcceptedEvent) -> Option<&NewMessage> {
    match &event.result {
        AcceptedResult::Message { message, .. } => {
            counted(message).next().map(|_| message.as_ref())
        }
        AcceptedResult::Failed { .. } => None,
    }
}
