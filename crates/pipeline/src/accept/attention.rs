//! How much of the attention of a batch's customers is taken, and what the batch takes of it.

use std::collections::HashMap;

use model::{Event, Facts, Instant, RecipientId, Taken};
use store::NewMessage;

use super::facts::facts_about;
use crate::Pipeline;
use crate::attention::Kind;
use crate::catalogue::Catalogue;

/// What was taken, by customer; of those only whom something in the batch counts for.
#[derive(Clone, Default)]
pub(super) struct Attended(HashMap<RecipientId, Vec<Taken>>);

impl Pipeline {
    /// Asks the store about the customers of what counts; where nothing does, asks nothing.
    pub(super) async fn load_attention(
        &self,
        waiting: &[(usize, Event)],
        facts: &[Facts],
        now: Instant,
    ) -> store::Result<Attended> {
        let of = |(_, event): &(usize, Event)| Some(facts_about(facts, event)?.recipient);
        let catalogue = self.catalogue();
        let may_count = |event: &Event| self.may_count(&catalogue, event);
        let counted = waiting.iter().filter(|(_, event)| may_count(event));
        let mut recipients: Vec<RecipientId> = counted.filter_map(of).collect();
        if recipients.is_empty() {
            return Ok(Attended::default());
        }
        recipients.sort_unstable();
        recipients.dedup();
        let mut all: HashMap<RecipientId, Vec<Taken>> = HashMap::new();
        for (recipient, taken) in self.store().attention(recipients, now).await? {
            all.entry(recipient).or_default().push(taken);
        }
        Ok(Attended(all))
    }

    /// What was taken of one customer's attention.
    pub(super) async fn attended_of(
        &self,
        recipient: RecipientId,
        now: Instant,
    ) -> store::Result<Attended> {
        let taken = self.store().attention(vec![recipient], now).await?;
        let taken: Vec<Taken> = taken.into_iter().map(|(_, taken)| taken).collect();
        Ok(Attended(HashMap::from([(recipient, taken)])))
    }

    fn may_count(&self, catalogue: &Catalogue, event: &Event) -> bool {
        // What is replayed as of its own time is a question, and takes no attention.
        if event.as_of.is_some() {
            return false;
        }
        let Some(entry) = catalogue.get(&event.event_type) else {
            return false;
        };
        let kind = Kind {
            purpose: entry.purpose,
            lane: entry.lane,
            category: entry.category,
            answers: entry.answers,
        };
        let limits = self.limits();
        let mut channels = entry.channels.iter();
        channels.any(|channel| {
            let attention = &limits.attention;
            attention.may_concern(&limits.regions, kind, *channel)
        })
    }
}

impl Attended {
    /// What was taken of a customer's attention.
    pub(super) fn of(&self, recipient: RecipientId) -> &[Taken] {
        self.0.get(&recipient).map_or(&[], Vec::as_slice)
    }

    /// What this batch takes, for those that follow in it.
    pub(super) fn note(&mut self, message: &NewMessage) {
        for delivery in &message.deliveries {
            let Some(counts) = &delivery.counts else {
                continue;
            };
            self.0.entry(message.recipient).or_default().push(Taken {
                delivery: delivery.id,
                channel: delivery.planned.contact.channel,
                purpose: counts.purpose,
                test: counts.test,
                at: delivery.planned.due_at,
                left: false,
            });
        }
    }
}
