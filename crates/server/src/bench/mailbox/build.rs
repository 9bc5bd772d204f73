//! Making a large store of delivered messages, in the order of their time, over most of a
//! year; the same statements as in service, in large batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use model::Lane;
use model::{Instant, Span};
use store::{Committed, Store};

use super::super::events::{self, Group};
use super::super::figures::{Progress, round};
use super::super::ground::{self, Folder, Note};
use super::templates::{self, Target, Templates};
use crate::clock;

/// Messages of one commit.
const BATCH: u64 = 2_000;
/// Commits under way at once: one is made while another is written.
const BUILDERS: usize = 3;
/// Customers with a long mailbox, and how long, in a large store.
const LARGE: u64 = 100;
const LARGE_MESSAGES: u64 = 2_000;
/// One message in so many of a long mailbox has the rare word.
const RARE_IN: u64 = 700;
/// The oldest message is so old.
const AGE: Span = Span::days(300);

/// The store with at least so many messages: the one a finished build left in the folder, or
/// a new one.
pub async fn ensure(folder: &Folder, messages: u64, customers: u64) -> Result<Note> {
    let shown = folder.path().display();
    if let Some(note) = Note::read(folder.path())? {
        if note.messages < messages {
            let has = note.messages;
            bail!(
                "the store in {shown} holds {has} messages, fewer than {messages}; choose another folder"
            );
        }
        return Ok(note);
    }
    if folder.store_bytes() > 0 {
        bail!(
            "{shown} has a store that no finished build made; remove it or choose another folder"
        );
    }
    let note = build(folder, messages, customers).await?;
    note.write(folder.path())?;
    Ok(note)
}

/// Whose each message is, and when it came.
struct Plan {
    messages: u64,
    customers: u64,
    large: u64,
    large_messages: u64,
    oldest: Instant,
}

impl Plan {
    fn new(messages: u64, customers: u64, now: Instant) -> Self {
        // A small store has one long mailbox, of a quarter of its messages at most.
        let large_messages = LARGE_MESSAGES.min(messages / 4);
        let large = (messages / large_messages / 4).clamp(1, LARGE);
        Self {
            messages,
            customers,
            large,
            large_messages,
            oldest: now - AGE,
        }
    }

    /// The customer of a message, and which one it is in a long mailbox.
    fn whose(&self, number: u64) -> (Group, u64, Option<u64>) {
        let every = self.messages / (self.large * self.large_messages);
        let turn = number / every;
        if number.is_multiple_of(every) && turn < self.large * self.large_messages {
            return (Group::Large, turn % self.large, Some(turn / self.large));
        }
        (
            Group::Bulk,
            events::customer_of(number, self.customers),
            None,
        )
    }

    fn at(&self, number: u64) -> Instant {
        let part = number as f64 / self.messages as f64;
        let since = (AGE.as_micros() as f64 * part) as i64;
        Instant::from_micros(self.oldest.as_micros() + since)
    }
}

async fn build(folder: &Folder, messages: u64, customers: u64) -> Result<Note> {
    let begun = tokio::time::Instant::now();
    let plan = Plan::new(messages, customers, clock::now());
    let templates = Templates::make().await?;
    let store = Store::open_sqlite(&folder.store(), plan.oldest)?;
    let bulk = ground::put_customers(&store, Group::Bulk, customers, plan.oldest).await?;
    let large = ground::put_customers(&store, Group::Large, plan.large, plan.oldest).await?;
    store.close().await;
    drop(store);
    let bytes_of_customers = folder.store_bytes();

    let store = Store::open_sqlite(&folder.store(), clock::now())?;
    let facts = store
        .facts(vec![events::customer_id(Group::Bulk, 0)])
        .await?;
    let facts = facts.into_iter().flatten().next();
    let builder = Arc::new(Builder {
        facts_version: facts.context("the customers are not there")?.version,
        progress: Progress::new("making the store", messages),
        next: AtomicU64::new(0),
        store: store.clone(),
        templates,
        plan,
        bulk,
        large,
    });
    let builders: Vec<_> = (0..BUILDERS)
        .map(|_| tokio::spawn(builder.clone().run()))
        .collect();
    for builder in builders {
        builder.await??;
    }
    let waiting = store.backlog();
    store.close().await;
    if waiting > 0 {
        bail!("{waiting} deliveries of the made store are not settled");
    }
    let bytes = folder.store_bytes().saturating_sub(bytes_of_customers);
    Ok(Note {
        messages,
        customers,
        large: builder.plan.large,
        large_messages: builder.plan.large_messages,
        build_seconds: round(begun.elapsed().as_secs_f64()),
        bytes_per_message: round(bytes as f64 / messages as f64),
    })
}

struct Builder {
    store: Store,
    templates: Templates,
    plan: Plan,
    bulk: Vec<model::RecipientId>,
    large: Vec<model::RecipientId>,
    facts_version: i64,
    next: AtomicU64,
    progress: Progress,
}

impl Builder {
    async fn run(self: Arc<Self>) -> Result<()> {
        loop {
            let from = self.next.fetch_add(BATCH, Ordering::Relaxed);
            let to = (from + BATCH).min(self.plan.messages);
            if from >= to {
                return Ok(());
            }
            let events = (from..to).map(|number| self.event(number)).collect();
            deliver(&self.store, events).await?;
            self.progress.add(to - from);
        }
    }

    fn event(&self, number: u64) -> store::AcceptedEvent {
        let (group, customer, turn) = self.plan.whose(number);
        let recipients = if group == Group::Large {
            &self.large
        } else {
            &self.bulk
        };
        let target = Target {
            id: events::customer_id(group, customer),
            recipient: recipients[customer as usize],
            facts_version: self.facts_version,
            contact: events::contact(group, customer),
            number: customer,
        };
        let rare = turn.is_some_and(|turn| turn % RARE_IN == RARE_IN / 2 || turn == 0);
        let placed = (number, self.plan.at(number));
        self.templates.write(&self.store, &target, placed, rare)
    }
}

/// Commits messages as claimed, records that their carriers took them, and the receipts.
pub async fn deliver(store: &Store, events: Vec<store::AcceptedEvent>) -> Result<()> {
    let outcomes: Vec<_> = events.iter().filter_map(templates::outcome).collect();
    let receipts: Vec<_> = events.iter().filter_map(templates::receipt).collect();
    let committed = store.commit_accepted(Lane::Normal, events).await?;
    if let Some((_, other)) = committed.iter().find(|(_, c)| *c != Committed::Accepted) {
        bail!("a message was not committed: {other:?}");
    }
    store.record_outcomes(Lane::Normal, outcomes).await?;
    store.record_receipts(receipts).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_mailboxes_get_exactly_what_is_planned() {
        for (messages, large, each) in [(100, 1, 25), (30_000, 3, 2_000), (4_000_000, 100, 2_000)] {
            let plan = Plan::new(messages, 10, Instant::from_micros(0));
            assert_eq!((plan.large, plan.large_messages), (large, each));
            let mut counts = vec![0; large as usize];
            for number in 0..messages {
                let (group, customer, turn) = plan.whose(number);
                match group {
                    Group::Large => {
                        assert_eq!(turn, Some(counts[customer as usize]));
                        counts[customer as usize] += 1;
                    }
                    _ => assert!(customer < 10),
                }
            }
            assert_eq!(counts, vec![each; large as usize]);
        }
    }

    #[test]
    fn messages_come_in_the_order_of_their_time() {
        let now = Instant::parse("2026-11-22T09:00:00Z").unwrap();
        let plan = Plan::new(1_000, 10, now);
        assert_eq!(plan.at(0), now - AGE);
        assert!((1..1_000).all(|number| plan.at(number - 1) < plan.at(number)));
        assert!(plan.at(999) < now);
    }
}
