//! What the store says when a run is over.

use std::collections::HashMap;

use anyhow::Result;
use model::{Channel, DeliveryState, Instant, Lane};
use serde_json::Value;
use store::{MailboxFilter, MessageRecord, Store};

use super::events::{self, Group};
use super::figures::Times;
use super::ground::Folder;
use crate::clock;

/// Customers asked for their newest messages, where the whole store is too much.
const ASKED: u64 = 2_000;

/// Times from the acceptance of an event to the carrier's answer, of all attempts in the
/// store or (`since`) of a sample of the newer ones.
pub async fn accept_to_carrier(
    folder: &Folder,
    since: Option<Instant>,
    customers: u64,
) -> Result<Value> {
    let store = folder.open_store().await?;
    let times: Times = match since {
        None => {
            let all = store.accept_to_carrier().await?;
            all.into_iter()
                .map(|micros| u64::try_from(micros).unwrap_or(0))
                .collect()
        }
        Some(since) => {
            let step = (customers / ASKED).max(1);
            let asked: Vec<u64> = (0..customers).step_by(step as usize).collect();
            let records = newer_messages(&store, Group::Bulk, &asked, since).await?;
            records.iter().filter_map(time_to_carrier).collect()
        }
    };
    store.close().await;
    Ok(times.millis())
}

/// The same of each code, by the id of its event.
pub async fn codes(folder: &Folder, since: Instant) -> Result<HashMap<String, Option<u64>>> {
    let store = folder.open_store().await?;
    let asked: Vec<u64> = (0..events::SIGNING_IN).collect();
    let records = newer_messages(&store, Group::Codes, &asked, since).await?;
    store.close().await;
    let timed = |record: MessageRecord| {
        let time = time_to_carrier(&record);
        (record.event.event_id, time)
    };
    Ok(records.into_iter().map(timed).collect())
}

async fn newer_messages(
    store: &Store,
    group: Group,
    customers: &[u64],
    since: Instant,
) -> Result<Vec<MessageRecord>> {
    let names = customers
        .iter()
        .map(|n| events::customer_id(group, *n))
        .collect();
    let mut records = Vec::new();
    for facts in store.facts(names).await?.into_iter().flatten() {
        let mut cursor = None;
        loop {
            let filter = MailboxFilter {
                since: Some(since),
                ..MailboxFilter::default()
            };
            let page = store
                .mailbox_page(facts.recipient, filter, cursor, 100)
                .await?;
            for message in page.messages {
                records.extend(store.message(message.id).await?);
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
    }
    Ok(records)
}

fn time_to_carrier(record: &MessageRecord) -> Option<u64> {
    let mut attempts = record.deliveries.iter().flat_map(|d| &d.attempts);
    let accepted = attempts.find(|attempt| attempt.outcome == "accepted")?;
    u64::try_from(
        accepted
            .ended_at
            .since(record.event.accepted_at)
            .as_micros(),
    )
    .ok()
}

/// Deliveries by what a stop left of them.
pub struct Left {
    /// Handed over with the answer not recorded.
    pub in_doubt: u64,
    /// Not begun; they stay due.
    pub waiting: u64,
}

/// Looks at what a stop left. What it left claimed counts as in doubt from here on, as at
/// the next start.
pub async fn left(folder: &Folder) -> Result<Left> {
    let store = folder.open_store().await?;
    let again = |_: Lane, now: Instant| now;
    store.doubt_claims(true, clock::now(), again).await?;
    let backlog = store.backlog();
    let counts = store.counts().await?;
    store.close().await;
    let doubtful = Channel::ALL.iter().filter_map(|channel| {
        counts
            .deliveries
            .get(&(*channel, DeliveryState::InDoubt))
            .copied()
    });
    let in_doubt = doubtful.sum();
    Ok(Left {
        in_doubt,
        // Those in doubt stand in the queue too, for a later look.
        waiting: backlog.saturating_sub(in_doubt),
    })
}

/// Texts that the store knows as delivered.
pub async fn delivered_texts(folder: &Folder) -> Result<u64> {
    let store = folder.open_store().await?;
    let counts = store.counts().await?;
    store.close().await;
    let delivered = (Channel::Sms, DeliveryState::Delivered);
    Ok(counts.deliveries.get(&delivered).copied().unwrap_or(0))
}
