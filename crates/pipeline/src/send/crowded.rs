//! Whether the customer has had enough, counted once more for what left later than planned.
//!
//! The commit took a place at the planned moment, so what leaves at it needs no second look.
//! What was held, tried again or stood in a queue may meet what came after it: that is counted
//! here, with those of its kind that wait too and were made before it, for they go first.

use std::collections::HashMap;

use model::{Channel, Instant, Lane, PurposeClass, RecipientId, Rule, Span, Spoke, Taken, Verdict};
use store::ClaimedDelivery;

use super::Sender;
use super::gates::Since;
use super::quiet::Barred;
use crate::attention::Kind;
use crate::decide::frequency_cap::with;
use crate::regions::Place;
use crate::render;

/// What leaves within this time of its moment left as planned.
const ON_TIME: Span = Span::minutes(1);

impl Sender {
    /// What was taken of the attention of those for whom something in a chunk has waited.
    pub(super) async fn taken(
        &self,
        chunk: &[ClaimedDelivery],
    ) -> store::Result<HashMap<RecipientId, Vec<Taken>>> {
        let now = self.pipeline.clock().now();
        let waited = chunk.iter().filter(|claimed| is_recounted(claimed, now));
        let mut recipients: Vec<RecipientId> = waited.map(|claimed| claimed.recipient).collect();
        let mut all: HashMap<RecipientId, Vec<Taken>> = HashMap::new();
        if recipients.is_empty() {
            return Ok(all);
        }
        recipients.sort_unstable();
        recipients.dedup();
        for (recipient, taken) in self.pipeline.store().attention(recipients, now).await? {
            all.entry(recipient).or_default().push(taken);
        }
        Ok(all)
    }

    /// Why a delivery must wait on, if too much left meanwhile.
    pub(super) fn crowded(
        &self,
        claimed: &ClaimedDelivery,
        since: &Since,
        now: Instant,
    ) -> Option<Barred> {
        if !is_recounted(claimed, now) {
            return None;
        }
        let own = claimed.id;
        let goes_first = |one: &Taken| one.left || (one.at <= now && one.delivery < own);
        let taken = since.taken(claimed.recipient).iter().copied();
        let taken: Vec<Taken> = taken
            .filter(|one| one.delivery != own && goes_first(one))
            .collect();
        if taken.is_empty() {
            return None;
        }
        let limits = self.pipeline.limits();
        let newer = since.facts(claimed.recipient).map(|facts| &facts.customer);
        let place = match newer {
            Some(customer) => Place::of(customer),
            None => render::place_of(&claimed.content.data),
        };
        let kind = Kind {
            purpose: claimed.content.purpose,
            lane: claimed.lane,
            category: claimed.content.category,
            answers: self.answers(claimed),
        };
        let channel = claimed.contact.channel;
        let about = (kind, channel, claimed.mode);
        let counts = limits
            .attention
            .counts(&limits.regions, about, &place, now)?;
        let cap = counts.broken(&taken, now)?;
        let until = counts.room(&taken, now);
        let spoke = Spoke {
            rule: Rule::FrequencyCap,
            verdict: Verdict::Hold,
            channel: Some(channel),
            why: cap.why.to_owned(),
            with: with(until.unwrap_or(claimed.expires_at), cap),
        };
        Some(Barred { spoke, until })
    }
}

/// Whether a delivery may count and did not leave at its moment.
pub(super) fn is_recounted(claimed: &ClaimedDelivery, now: Instant) -> bool {
    let calm_text = claimed.contact.channel == Channel::Sms
        && matches!(claimed.lane, Lane::Normal | Lane::Bulk);
    let counts = claimed.content.purpose == PurposeClass::Marketing || calm_text;
    counts
        && (claimed.attempt > 1
            || claimed.due_at > claimed.accepted_at
            || now.since(claimed.accepted_at) > ON_TIME)
}
