//! The gates asked again just before the hand-over.

use std::collections::HashMap;

use model::{Facts, Id, RecipientId, Span, Spoke};
use store::ClaimedDelivery;

use super::Sender;
use crate::decide::{Case, still_allowed};

/// The word of the suppression rule, as attempts keep it.
pub(super) const SUPPRESSED: &str = "suppression.suppressed";

impl Sender {
    /// The facts of those recipients of a chunk whose facts changed since the decision.
    pub(super) async fn changed_facts(
        &self,
        chunk: &[ClaimedDelivery],
    ) -> store::Result<HashMap<RecipientId, Facts>> {
        let changed: Vec<RecipientId> = chunk
            .iter()
            .filter(|c| c.facts_changed)
            .map(|c| c.recipient)
            .collect();
        if changed.is_empty() {
            return Ok(HashMap::new());
        }
        let facts = self.pipeline.store().facts_of(changed).await?;
        Ok(facts
            .into_iter()
            .flatten()
            .map(|facts| (facts.recipient, facts))
            .collect())
    }

    /// The word of the rule that now says no to a delivery, if one does.
    pub(super) fn gate(
        &self,
        claimed: &ClaimedDelivery,
        changed: &HashMap<RecipientId, Facts>,
    ) -> Option<String> {
        if !self.pipeline.stops().is_empty()
            && self
                .pipeline
                .stops()
                .has(self.pipeline.store().digest(&claimed.contact))
        {
            return Some(SUPPRESSED.into());
        }
        if !claimed.facts_changed {
            return None;
        }
        let Some(facts) = changed.get(&claimed.recipient) else {
            return Some("contact.no_recipient".into());
        };
        let Some(terms) = self.pipeline.terms(&claimed.content.message_type) else {
            return Some("matrix.unknown_type".into());
        };
        // A replay asks as of its own time, moved on by as long as the delivery waited.
        let waited = self.pipeline.clock().now().since(claimed.accepted_at);
        let case = Case {
            event_time: claimed.at,
            at: claimed.at + waited.max(Span::ZERO),
            facts,
            terms: &terms,
            mode: claimed.mode,
            team: &self.pipeline.limits().team,
        };
        still_allowed(&case, &claimed.contact)
            .map(|Spoke { rule, why, .. }| format!("{rule}.{why}"))
    }
}

/// A stable number between 0 and 1 for a delivery's attempt: jitter without chance.
pub(super) fn jitter(claimed: &ClaimedDelivery) -> f64 {
    let mixed = (claimed.id.as_i64().cast_unsigned() ^ u64::from(claimed.attempt) << 48)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}
