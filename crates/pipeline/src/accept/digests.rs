//! Summaries: at their moment, one message of what waited for it.
//!
//! What waits was committed with its message. Here an event is made of it, and committed in one
//! piece with the end of the waiting: a crash before loses nothing, a crash after repeats
//! nothing. Each of the messages is asked about once more: what its customer read meanwhile,
//! deleted, stopped or switched off, or what newer news overtook, is left out, and its trace
//! says so. A summary of nothing is not made.

mod list;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use futures_util::future::join_all;
use model::{
    Category, Event, EventKey, Facts, FailureReason, Message, MessageId, Mode, PurposeClass, Span,
    Spoke,
};
use store::{AcceptedEvent, AcceptedResult, DigestCommitted, DigestSettled, DueDigest, StoryOf};
use tokio_util::sync::CancellationToken;

use super::attention::Attended;
use super::stories::Stories;
use super::{AcceptError, OWN_SOURCES, STALE_ROUNDS};
use crate::Pipeline;
use crate::costs::Holds;
use crate::decide::digest::ground;
use crate::decide::sequence::Standing;
use crate::decide::{Case, refusal};
use list::List;

/// So many are made together.
const BATCH: usize = 64;
/// What a node claimed and did not settle is made by another after so long.
const LEASE: Span = Span::minutes(1);
/// How often it is looked for what has become due.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// Messages of one summary that are looked at one by one: the newest.
const MESSAGES: usize = 1_000;

/// The task that makes summaries.
pub struct Digests {
    pipeline: Pipeline,
}

/// What goes into one summary.
type Group = (Mode, Category, PurposeClass);

impl Digests {
    /// Makes them for a pipeline.
    pub fn new(pipeline: Pipeline) -> Self {
        Self { pipeline }
    }

    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.pipeline.make_digests().await {
                tracing::warn!(%error, "summaries could not be made; trying again");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
    }
}

impl Pipeline {
    /// Makes every summary that is due now.
    ///
    /// # Errors
    /// [`AcceptError`]; what is not made yet is made when it is called again.
    pub async fn make_digests(&self) -> Result<(), AcceptError> {
        loop {
            self.admit()?;
            let now = self.clock().now();
            let due = self.store().claim_digests(now, BATCH, LEASE).await?;
            if due.is_empty() {
                return Ok(());
            }
            let made = join_all(due.into_iter().map(|waited| self.make_digest(waited)));
            made.await.into_iter().collect::<store::Result<()>>()?;
        }
    }

    /// Makes what is to be made of all that waited for one moment: a summary of each
    /// category, and of offers apart from the rest.
    async fn make_digest(&self, mut waited: DueDigest) -> store::Result<()> {
        let older = waited.messages.len().saturating_sub(MESSAGES);
        let unread: Vec<MessageId> = waited.messages.drain(..older).collect();
        let newest = waited.messages.clone();
        let found = self.store().messages_of(waited.recipient, newest).await?;
        let mut groups: BTreeMap<Group, Vec<Message>> = BTreeMap::new();
        for message in found {
            let content = &message.content;
            let group = (message.mode, content.category, ground(content.purpose));
            waited.messages.retain(|id| *id != message.id);
            groups.entry(group).or_default().push(message);
        }
        // What is gone, and what is too much to be looked at.
        for (messages, why) in [(waited.messages.split_off(0), "gone"), (unread, "many")] {
            if !messages.is_empty() {
                let said = messages.iter();
                let said = said.map(|id| (*id, list::left_out(waited.channel, why)));
                let settled = DigestSettled {
                    said: said.collect(),
                    waited: DueDigest {
                        messages,
                        ..waited.clone()
                    },
                    event: None,
                };
                self.store().settle_digest(settled).await?;
            }
        }
        for (group, messages) in groups {
            let waited = DueDigest {
                messages: messages.iter().map(|message| message.id).collect(),
                ..waited.clone()
            };
            self.settle_group(waited, group, &messages).await?;
        }
        Ok(())
    }

    async fn settle_group(
        &self,
        waited: DueDigest,
        group: Group,
        messages: &[Message],
    ) -> store::Result<()> {
        let overtaken = self.overtaken_among(&waited, messages).await?;
        for _ in 0..STALE_ROUNDS {
            let facts = self.store().facts_of(vec![waited.recipient]).await?;
            let facts = facts.into_iter().flatten().next();
            let (mut said, mut stays) = (Vec::new(), Vec::new());
            for message in messages {
                let facts = facts.as_ref();
                match facts.and_then(|facts| self.left_out(&waited, message, facts, &overtaken)) {
                    Some(spoke) => said.push((message.id, spoke)),
                    None => stays.push(message),
                }
            }
            let listed = facts.as_ref().filter(|_| !stays.is_empty());
            let now = self.clock().now();
            let attended = self.attended_of(waited.recipient, now).await?;
            let event =
                listed.map(|facts| self.summary(&waited, group, &stays, (facts, &attended)));
            let mut holds = Holds::new(&self.limits().costs);
            if let Some(event) = &event {
                holds.add(0, event);
            }
            let settled = DigestSettled {
                waited: waited.clone(),
                event,
                said,
            };
            match self.store().settle_digest(settled).await? {
                DigestCommitted::Stale => {}
                DigestCommitted::Gone => return Ok(()),
                DigestCommitted::Settled => {
                    holds.keep(0);
                    return Ok(());
                }
            }
        }
        let why = "a customer's facts keep changing";
        Err(store::Error::Unavailable(why.into()))
    }

    /// Why a message is not in the summary it waited for, if it is not.
    fn left_out(
        &self,
        waited: &DueDigest,
        message: &Message,
        facts: &Facts,
        overtaken: &HashSet<MessageId>,
    ) -> Option<Spoke> {
        let flags = message.flags;
        let content = &message.content;
        let terms = self.terms(&content.message_type);
        let why = if flags.withdrawn_at.is_some() || flags.deleted_at.is_some() || terms.is_none() {
            Some("gone")
        } else if flags.read_at.is_some() {
            Some("read")
        } else if overtaken.contains(&message.id) {
            Some("newer")
        } else {
            None
        };
        if let Some(why) = why {
            return Some(list::left_out(waited.channel, why));
        }
        let now = self.clock().now();
        let case = Case {
            event_time: now,
            at: now,
            now,
            facts,
            terms: &terms?,
            standing: Standing::Newest,
            mode: message.mode,
            team: &self.limits().team,
            spent: &[],
            no_sender: &[],
            regions: &self.limits().regions,
            // Their summary counts, and they do not.
            attention: None,
            taken: &[],
        };
        refusal(&case, waited.channel)
    }

    /// The messages that newer news has overtaken while they waited.
    async fn overtaken_among(
        &self,
        waited: &DueDigest,
        messages: &[Message],
    ) -> store::Result<HashSet<MessageId>> {
        let catalogue = self.catalogue();
        let may = |message: &&Message| {
            let entry = catalogue.get(&message.content.message_type);
            entry.is_some_and(|entry| entry.is_overtaken)
        };
        let asked: Vec<&Message> = messages.iter().filter(may).collect();
        if asked.is_empty() {
            return Ok(HashSet::new());
        }
        let question = |message: &&Message| StoryOf {
            recipient: waited.recipient,
            order: message.content.order.clone(),
            mode: message.mode,
            since: model::Id::created_at(message.id),
        };
        let stories = asked.iter().map(question).collect();
        let stories = self.store().stories(stories).await?;
        let told = asked.iter().zip(&stories);
        let overtaken = told.filter(|(message, told)| {
            self.is_overtaken((message.id, message.at), &message.content, told)
        });
        Ok(overtaken.map(|(message, _)| message.id).collect())
    }

    /// The summary of some messages; without their titles where the guard would stop it.
    fn summary(
        &self,
        waited: &DueDigest,
        (mode, category, purpose): Group,
        messages: &[&Message],
        (facts, attended): (&Facts, &Attended),
    ) -> AcceptedEvent {
        let catalogue = self.catalogue();
        let locale = catalogue.nearest_locale(&facts.customer.locale);
        let about = format!("category.{category}");
        let topic = |message: &&Message| {
            let entry = catalogue.get(&message.content.message_type);
            entry.map(|entry| entry.topic.clone()).unwrap_or_default()
        };
        let list = List {
            channel: waited.channel,
            category,
            about: catalogue
                .words
                .get(locale, &about)
                .unwrap_or(category.as_str()),
            topics: messages.iter().map(topic).collect(),
            messages,
            center: self.message_center(),
        };
        let now = self.clock().now();
        let event = |data| Event {
            key: EventKey {
                source: format!("{OWN_SOURCES}digests"),
                id: key(waited, (category, purpose), messages),
            },
            event_type: match purpose {
                PurposeClass::Marketing => "digest.offers".to_owned(),
                _ => "digest.news".to_owned(),
            },
            subject: facts.customer.id.clone(),
            time: now,
            data,
            mode,
            as_of: None,
        };
        let make = |data| {
            let event: Event = event(data);
            let whole = event.clone();
            let mut stories = Stories::default();
            stories.attended = attended.clone();
            self.make(event, Some(facts), &mut stories, now, || whole.clone())
        };
        let made = make(list.data(true));
        let guarded = matches!(
            made.result,
            AcceptedResult::Failed {
                reason: FailureReason::Guard,
                ..
            }
        );
        match guarded || self.stopped_in_mail(&made.result).is_some() {
            true => make(list.data(false)),
            false => made,
        }
    }
}

/// What makes a summary the same again.
fn key(
    waited: &DueDigest,
    (category, purpose): (Category, PurposeClass),
    messages: &[&Message],
) -> String {
    let first = messages.iter().map(|message| message.id).min();
    let first = first.map(|id| id.to_string()).unwrap_or_default();
    let (channel, due_at) = (waited.channel, waited.due_at);
    format!("{channel}:{category}:{purpose}:{due_at}:{first}")
}
