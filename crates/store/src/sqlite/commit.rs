//! Committing accepted events with all that follows from them.

use std::collections::HashMap;

use model::{DeliveryState, EventId, EventKey, FailureReason, Id, Lane, Partition, RecipientId};
use rusqlite::{OptionalExtension, params};

use super::Sqlite;
use super::claims::{put_due, put_lease};
use super::rows::stable_hash;
use super::writer::Tx;
use crate::{AcceptedEvent, AcceptedResult, Committed, NewDelivery, NewMessage, Result};

impl Sqlite {
    pub(crate) async fn commit_accepted(
        &self,
        lane: Lane,
        events: Vec<AcceptedEvent>,
    ) -> Result<Vec<(AcceptedEvent, Committed)>> {
        let weight = events.len() * 4;
        self.write(lane, weight, move |tx| {
            let mut versions = HashMap::new();
            events
                .into_iter()
                .map(|event| {
                    let committed = commit_one(tx, &event, &mut versions)?;
                    Ok((event, committed))
                })
                .collect()
        })
        .await
    }

    pub(crate) async fn commit_replayed(&self, event: AcceptedEvent) -> Result<Committed> {
        self.write(Lane::Normal, 4, move |tx| {
            let open: Option<i64> = tx
                .connection
                .prepare_cached("SELECT 1 FROM failed_events WHERE event = ?1 AND replayed_at IS NULL")?
                .query_row([event.id.as_i64()], |row| row.get(0))
                .optional()?;
            if open.is_none() {
                return Ok(Committed::Duplicate(event.id));
            }
            match &event.result {
                AcceptedResult::Failed { reason, detail, .. } => {
                    tx.connection
                        .prepare_cached("UPDATE failed_events SET reason = ?2, detail = ?3 WHERE event = ?1")?
                        .execute(params![event.id.as_i64(), reason.number(), detail])?;
                }
                AcceptedResult::Message { facts_version, message } => {
                    if version_of(tx, message.recipient)? != Some(*facts_version) {
                        return Ok(Committed::Stale);
                    }
                    write_message(tx, &event, message, *facts_version)?;
                    tx.connection
                        .prepare_cached("UPDATE failed_events SET replayed_at = ?2, envelope = '' WHERE event = ?1")?
                        .execute(params![event.id.as_i64(), event.accepted_at.as_micros()])?;
                }
            }
            Ok(Committed::Accepted)
        })
        .await
    }
}

fn commit_one(
    tx: &mut Tx<'_>,
    accepted: &AcceptedEvent,
    versions: &mut HashMap<RecipientId, Option<i64>>,
) -> Result<Committed> {
    let slot = match find_slot(tx, accepted)? {
        Slot::Taken(event) => return Ok(Committed::Duplicate(event)),
        Slot::Free(slot) => slot,
    };
    if let AcceptedResult::Message {
        facts_version,
        message,
    } = &accepted.result
    {
        let version = match versions.get(&message.recipient) {
            Some(version) => *version,
            None => {
                let version = version_of(tx, message.recipient)?;
                versions.insert(message.recipient, version);
                version
            }
        };
        if version != Some(*facts_version) {
            return Ok(Committed::Stale);
        }
    }
    tx.connection
        .prepare_cached("INSERT INTO event_keys (hash, event) VALUES (?1, ?2)")?
        .execute(params![slot, accepted.id.as_i64()])?;
    write_event(tx, accepted)?;
    match &accepted.result {
        AcceptedResult::Message {
            facts_version,
            message,
        } => {
            write_message(tx, accepted, message, *facts_version)?;
        }
        AcceptedResult::Failed {
            reason,
            detail,
            envelope,
        } => {
            write_failure(tx, accepted, *reason, detail, envelope.open())?;
        }
    }
    Ok(Committed::Accepted)
}

enum Slot {
    Taken(EventId),
    Free(i64),
}

fn key_hash(partition: Partition, key: &EventKey) -> i64 {
    stable_hash(&[
        &[partition.number()],
        key.source.as_bytes(),
        key.id.as_bytes(),
    ])
}

/// Where the event's key stands, or would stand: neighbouring slots are tried until the
/// same key or a free one is met. Keys are never deleted, so there are no gaps.
fn find_slot(tx: &Tx<'_>, accepted: &AcceptedEvent) -> Result<Slot> {
    let mut look = tx
        .connection
        .prepare_cached("SELECT event FROM event_keys WHERE hash = ?1")?;
    let partition = accepted.event.partition();
    let mut hash = key_hash(partition, &accepted.event.key);
    loop {
        let found: Option<i64> = look.query_row([hash], |row| row.get(0)).optional()?;
        let Some(event) = found else {
            return Ok(Slot::Free(hash));
        };
        let mut full = tx
            .connection
            .prepare_cached("SELECT source, event_id FROM events WHERE id = ?1")?;
        let (source, id): (i64, String) =
            full.query_row([event], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let event = EventId::from_i64(event);
        let same = id == accepted.event.key.id
            && event.partition() == partition
            && *tx.shared.names.name(source)? == *accepted.event.key.source;
        if same {
            return Ok(Slot::Taken(event));
        }
        hash = hash.wrapping_add(1);
    }
}

fn version_of(tx: &Tx<'_>, recipient: RecipientId) -> Result<Option<i64>> {
    let mut statement = tx
        .connection
        .prepare_cached("SELECT version FROM recipients WHERE id = ?1")?;
    Ok(statement
        .query_row([recipient.as_i64()], |row| row.get(0))
        .optional()?)
}

fn write_event(tx: &Tx<'_>, accepted: &AcceptedEvent) -> Result<()> {
    let event = &accepted.event;
    let source = tx.shared.names.number(tx.connection, &event.key.source)?;
    let kind = tx.shared.names.number(tx.connection, &event.event_type)?;
    tx.connection
        .prepare_cached(
            "INSERT INTO events (id, source, event_id, type, time, accepted_at, mode)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            accepted.id.as_i64(),
            source,
            event.key.id,
            kind,
            event.time.as_micros(),
            accepted.accepted_at.as_micros(),
            event.mode.number(),
        ])?;
    Ok(())
}

fn write_failure(
    tx: &Tx<'_>,
    accepted: &AcceptedEvent,
    reason: FailureReason,
    detail: &str,
    envelope: &str,
) -> Result<()> {
    tx.connection
        .prepare_cached(
            "INSERT INTO failed_events (event, subject, reason, detail, envelope) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![accepted.id.as_i64(), accepted.event.subject, reason.number(), detail, envelope])?;
    Ok(())
}

fn write_message(
    tx: &mut Tx<'_>,
    accepted: &AcceptedEvent,
    message: &NewMessage,
    facts_version: i64,
) -> Result<()> {
    let content = &message.content;
    let kind = tx
        .shared
        .names
        .number(tx.connection, &content.message_type)?;
    let locale = tx.shared.names.number(tx.connection, &content.locale)?;
    let data = serde_json::to_string(&content.data)
        .map_err(|error| crate::Error::Corrupt(format!("data: {error}")))?;
    tx.connection
        .prepare_cached(
            "INSERT INTO messages (id, recipient, event, at, mode, type, category, purpose, lane, locale,
                 template_version, sender, title, summary, text, order_number, data, trace)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        )?
        .execute(params![
            message.id.as_i64(),
            message.recipient.as_i64(),
            accepted.id.as_i64(),
            message.at.as_micros(),
            accepted.event.mode.number(),
            kind,
            content.category.number(),
            content.purpose.number(),
            content.lane.number(),
            locale,
            content.template_version,
            content.sender,
            content.title,
            content.summary,
            content.text,
            content.order,
            data,
            message.trace.to_compact(),
        ])?;
    let revision = tx.next_revision(message.recipient);
    let order = content.order.as_deref().map_or(0, order_hash);
    tx.connection
        .prepare_cached(
            "INSERT INTO mailbox (recipient, message, category, order_hash, revision) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            message.recipient.as_i64(),
            message.id.as_i64(),
            content.category.number(),
            order,
            revision,
        ])?;
    for delivery in &message.deliveries {
        write_delivery(tx, accepted, message, delivery, facts_version)?;
    }
    Ok(())
}

/// Never 0, which stands for "no order".
pub(super) fn order_hash(order: &str) -> i64 {
    stable_hash(&[order.as_bytes()]) | 1
}

fn write_delivery(
    tx: &mut Tx<'_>,
    accepted: &AcceptedEvent,
    message: &NewMessage,
    delivery: &NewDelivery,
    facts_version: i64,
) -> Result<()> {
    let planned = &delivery.planned;
    tx.connection
        .prepare_cached(
            "INSERT INTO deliveries (id, message, channel, address, state, lane, facts_version, due_at,
                 expires_at, attempts, changed_at, secret)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10, ?11)",
        )?
        .execute(params![
            delivery.id.as_i64(),
            message.id.as_i64(),
            planned.contact.channel.number(),
            planned.contact.address.open(),
            DeliveryState::Scheduled.number(),
            planned.lane.number(),
            facts_version,
            planned.due_at.as_micros(),
            planned.expires_at.as_micros(),
            accepted.accepted_at.as_micros(),
            delivery.secret.as_ref().map(|secret| secret.open()),
        ])?;
    match delivery.lease {
        Some(lease) => put_lease(tx, delivery.id.as_i64(), accepted.accepted_at, lease),
        None => put_due(
            tx,
            delivery.id.as_i64(),
            planned.contact.channel,
            planned.lane,
            planned.due_at,
        ),
    }
}
