//! The gates asked again just before the hand-over.

use std::collections::{HashMap, HashSet};

use model::{Facts, Id, MessageId, PurposeClass, RecipientId, Span, Spoke, Taken};
use store::{ClaimedDelivery, StoryOf};

use super::Sender;
use super::stops::Leaving;
use crate::contacts;
use crate::decide::sequence::Standing;
use crate::decide::summary::Summary;
use crate::decide::{Case, still_allowed};

/// The word of the suppression rule, as attempts keep it.
pub(super) const SUPPRESSED: &str = "suppression.suppressed";

/// The word of the rule about newer news.
pub(super) const NEWER: &str = "sequence.newer";

/// A delivery that was accepted so long ago may have been overtaken.
const WAITED: Span = Span::secs(2);

/// What happened since the deliveries of a chunk were decided.
#[derive(Default)]
pub(super) struct Since {
    /// Those whose facts were asked for, because they may have changed.
    asked: HashSet<RecipientId>,
    /// Their facts, where they are still there.
    facts: HashMap<RecipientId, Facts>,
    /// Messages that newer news has overtaken.
    overtaken: HashSet<MessageId>,
    /// Messages that were taken back.
    withdrawn: HashSet<MessageId>,
    /// What was taken of the attention of those for whom something waited.
    taken: HashMap<RecipientId, Vec<Taken>>,
}

/// How many changes and stops were noted when the gates were asked.
#[derive(Clone, Copy, Default)]
pub(super) struct Known {
    changes: u64,
    stops: u64,
}

impl Since {
    /// A recipient's facts, if they changed.
    pub(super) fn facts(&self, recipient: RecipientId) -> Option<&Facts> {
        self.facts.get(&recipient)
    }

    /// What was taken of a recipient's attention, where something for them waited.
    pub(super) fn taken(&self, recipient: RecipientId) -> &[Taken] {
        self.taken.get(&recipient).map_or(&[], Vec::as_slice)
    }
}

impl Sender {
    /// What happened since the deliveries of a chunk were decided.
    pub(super) async fn since(&self, chunk: &[ClaimedDelivery]) -> store::Result<Since> {
        let changed = chunk
            .iter()
            .filter(|claimed| self.may_have_changed(claimed));
        let asked: HashSet<RecipientId> = changed.map(|claimed| claimed.recipient).collect();
        Ok(Since {
            facts: self.facts_now(&asked).await?,
            asked,
            overtaken: self.overtaken(chunk).await?,
            withdrawn: self.withdrawn(chunk).await?,
            taken: self.taken(chunk).await?,
        })
    }

    /// What waits when its message is taken back is cancelled with it; what was in hand then
    /// may come back here.
    async fn withdrawn(&self, chunk: &[ClaimedDelivery]) -> store::Result<HashSet<MessageId>> {
        let again = chunk.iter().filter(|claimed| claimed.attempt > 1);
        let again: Vec<_> = again.map(|c| (c.recipient, c.message)).collect();
        if again.is_empty() {
            return Ok(HashSet::new());
        }
        let found = self.pipeline.store().withdrawn_among(again).await?;
        Ok(found.into_iter().collect())
    }

    /// Whether newer news may have come while a delivery waited.
    pub(super) fn has_waited(&self, claimed: &ClaimedDelivery) -> bool {
        let catalogue = self.pipeline.catalogue();
        let entry = catalogue.get(&claimed.content.message_type);
        entry.is_some_and(|entry| entry.is_overtaken)
            && self.pipeline.clock().now().since(claimed.accepted_at) > WAITED
    }

    fn leaving(&self, claimed: &ClaimedDelivery) -> Leaving {
        Leaving {
            digest: self.pipeline.store().digest(&claimed.contact),
            ..leaving(claimed)
        }
    }

    /// Whether a delivery answers a text: then the stop that it answers does not end it.
    pub(super) fn answers(&self, claimed: &ClaimedDelivery) -> bool {
        let catalogue = self.pipeline.catalogue();
        let entry = catalogue.get(&claimed.content.message_type);
        entry.is_some_and(|entry| entry.answers)
    }

    async fn overtaken(&self, chunk: &[ClaimedDelivery]) -> store::Result<HashSet<MessageId>> {
        let waited: Vec<&ClaimedDelivery> = chunk
            .iter()
            .filter(|claimed| self.has_waited(claimed))
            .collect();
        if waited.is_empty() {
            return Ok(HashSet::new());
        }
        let question = |claimed: &&ClaimedDelivery| StoryOf {
            recipient: claimed.recipient,
            order: claimed.content.order.clone(),
            mode: claimed.mode,
            since: claimed.message.created_at(),
        };
        let stories = self
            .pipeline
            .store()
            .stories(waited.iter().map(question).collect())
            .await?;
        let overtaken = waited.iter().zip(&stories);
        let overtaken = overtaken.filter(|(claimed, told)| {
            let (pipeline, of) = (&self.pipeline, (claimed.message, claimed.at));
            pipeline.is_overtaken(of, &claimed.content, told)
        });
        Ok(overtaken.map(|(claimed, _)| claimed.message).collect())
    }

    async fn facts_now(
        &self,
        asked: &HashSet<RecipientId>,
    ) -> store::Result<HashMap<RecipientId, Facts>> {
        if asked.is_empty() {
            return Ok(HashMap::new());
        }
        let asked = asked.iter().copied().collect();
        let facts = self.pipeline.store().facts_of(asked).await?;
        Ok(facts
            .into_iter()
            .flatten()
            .map(|facts| (facts.recipient, facts))
            .collect())
    }

    /// What is noted by now; asked before the gates are.
    pub(super) fn known(&self) -> Known {
        Known {
            changes: self.pipeline.changes().count(),
            stops: self.pipeline.stops().count(),
        }
    }

    /// Tells whether the gates must be asked again: a profile changed since, or a stop came
    /// whose reason an answer has to know.
    pub(super) fn outdated(
        &self,
        claimed: &ClaimedDelivery,
        known: Known,
    ) -> impl Fn() -> bool + Send + Sync + 'static {
        let (pipeline, recipient) = (self.pipeline.clone(), claimed.recipient);
        let answer = self.answers(claimed).then(|| self.leaving(claimed));
        move || {
            let stops = pipeline.stops();
            let now = pipeline.clock().now();
            let stopped = |leaving| stops.count() > known.stops && stops.has(leaving, now);
            pipeline.changes().after(recipient, known.changes)
                || answer.as_ref().is_some_and(stopped)
        }
    }

    /// Whether the facts may be others than those a delivery was decided under: a profile may
    /// have changed after the claim. Offers are asked again always: a "no" may have come to
    /// another node. So are codes that pass a stop, and an answer, where a stop may be of somebody
    /// else's making.
    pub(super) fn may_have_changed(&self, claimed: &ClaimedDelivery) -> bool {
        claimed.facts_changed
            || claimed.content.purpose == PurposeClass::Marketing
            || contacts::proves(&claimed.content.message_type)
            || (!self.pipeline.stops().is_empty() && self.answers(claimed))
            || self
                .pipeline
                .changes()
                .since(claimed.recipient, claimed.accepted_at)
    }

    /// The word of the rule that now says no to a delivery, if one does.
    pub(super) fn gate(&self, claimed: &ClaimedDelivery, since: &Since) -> Option<String> {
        let (stops, now) = (self.pipeline.stops(), self.pipeline.clock().now());
        if !stops.is_empty() && !self.answers(claimed) && stops.has(&self.leaving(claimed), now) {
            return Some(SUPPRESSED.into());
        }
        if since.withdrawn.contains(&claimed.message) {
            return Some("guard.withdrawn".into());
        }
        let overtaken = self.pipeline.overtaken();
        if since.overtaken.contains(&claimed.message) || overtaken.has(claimed.message) {
            return Some(NEWER.into());
        }
        if !since.asked.contains(&claimed.recipient) {
            return None;
        }
        let Some(facts) = since.facts.get(&claimed.recipient) else {
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
            now: self.pipeline.clock().now(),
            facts,
            terms: &terms,
            standing: Standing::Newest,
            mode: claimed.mode,
            team: &self.pipeline.limits().team,
            // What was decided is paid for.
            spent: &[],
            // The hand-over itself asks for the sender, facts changed or not.
            no_sender: &[],
            regions: &self.pipeline.limits().regions,
            // Counted apart, where it has waited.
            attention: None,
            taken: &[],
        };
        let refused = |case: &Case<'_>| {
            let spoke = still_allowed(case, &claimed.contact);
            spoke.map(|Spoke { rule, why, .. }| format!("{rule}.{why}"))
        };
        let summary = Summary::of(&claimed.content.data).filter(|_| terms.digest);
        match summary {
            None => refused(&case),
            Some(summary) => summary.terms(terms.clone()).find_map(|terms| {
                refused(&Case {
                    terms: &terms,
                    ..case
                })
            }),
        }
    }
}

/// A delivery as stops are asked about it, without its address.
pub(super) fn leaving(claimed: &ClaimedDelivery) -> Leaving {
    Leaving {
        digest: 0,
        recipient: claimed.recipient,
        channel: claimed.contact.channel,
        purpose: claimed.content.purpose,
        accepted_at: claimed.accepted_at,
        proves: contacts::proves(&claimed.content.message_type),
    }
}

/// A stable number between 0 and 1 for a delivery's attempt: jitter without chance.
pub(super) fn jitter(claimed: &ClaimedDelivery) -> f64 {
    let mixed = (claimed.id.as_i64().cast_unsigned() ^ u64::from(claimed.attempt) << 48)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}
