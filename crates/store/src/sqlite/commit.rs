//! Committing accepted events with all that follows from them, a batch a call: each table
//! gets its rows together.

use std::sync::LazyLock;

use model::{AuditLine, DeliveryState, Id, Lane, RecipientId};
use rusqlite::{OptionalExtension, params};

use super::Sqlite;
use super::attention::{self, has_room};
use super::audit::write_audit;
use super::claims::put_due;
use super::digests::write_collected;
use super::event_keys::{Taken, known, take_key};
use super::fresh::Entry;
use super::insert::Insert;
use super::rows::stable_hash;
use super::tx::Tx;
use super::writer::Order;
use crate::attention::{Crowd, counted_message};
use crate::ledger::line_of;
use crate::{AcceptedEvent, AcceptedResult, Committed, Error, NewDelivery, NewMessage, Result};

static EVENTS: LazyLock<Insert> = LazyLock::new(|| {
    Insert::new(
        "events",
        "id, source, event_id, type, time, accepted_at, mode",
    )
});
static MESSAGES: LazyLock<Insert> = LazyLock::new(|| {
    Insert::new(
        "messages",
        "id, recipient, event, at, mode, type, category, purpose, lane, locale, template_version, sender,
         title, summary, text, order_number, data, trace",
    )
});
static FRESH: LazyLock<Insert> = LazyLock::new(|| {
    Insert::new(
        "fresh",
        "seq, key_hash, event, recipient, message, category, order_hash, revision",
    )
});
static FRESH_KEYS: LazyLock<Insert> =
    LazyLock::new(|| Insert::new("fresh", "seq, key_hash, event"));
static DELIVERIES: LazyLock<Insert> = LazyLock::new(|| {
    Insert::new(
        "deliveries",
        "id, message, channel, address, state, lane, facts_version, due_at, expires_at, attempts, changed_at, secret,
         line, quote",
    )
});
static LEASES: LazyLock<Insert> =
    LazyLock::new(|| Insert::new("leases", "delivery, claimed_at, until"));

impl Sqlite {
    pub(crate) async fn commit_accepted(
        &self,
        lane: Lane,
        events: Vec<AcceptedEvent>,
    ) -> Result<Vec<(AcceptedEvent, Committed)>> {
        let weight = events.len() * 4;
        let work = |events: &Vec<AcceptedEvent>, tx: &mut Tx<'_>| commit_batch(tx, events);
        let order = match lane {
            Lane::Security => Order::Code,
            _ => Order::New,
        };
        let (events, committed) = self.write_with(order, weight, events, work).await?;
        Ok(events.into_iter().zip(committed).collect())
    }

    pub(crate) async fn commit_replayed(
        &self,
        event: AcceptedEvent,
        audit: Option<AuditLine>,
    ) -> Result<Committed> {
        let work = |(event, audit): &(AcceptedEvent, Option<AuditLine>), tx: &mut Tx<'_>| {
            let committed = commit_replay(tx, event)?;
            if committed == Committed::Accepted {
                write_audit(tx.connection, audit.as_slice())?;
            }
            Ok(committed)
        };
        let state = (event, audit);
        Ok(self.write_with(Order::New, 4, state, work).await?.1)
    }
}

/// A message of the batch, with where it comes from.
struct Row<'a> {
    event: &'a AcceptedEvent,
    message: &'a NewMessage,
    facts_version: i64,
    /// Of the idempotency key, where the event took it just now.
    slot: Option<i64>,
}

pub(super) fn commit_batch(tx: &mut Tx<'_>, events: &[AcceptedEvent]) -> Result<Vec<Committed>> {
    let mut fresh: Vec<Taken<'_>> = Vec::with_capacity(events.len());
    let mut answers = Vec::with_capacity(events.len());
    let mut crowd = Crowd::default();
    for event in events {
        let answer = match &event.result {
            AcceptedResult::Message {
                facts_version,
                message,
            } if version_of(tx, message.recipient)? != Some(*facts_version)
                || !has_room(tx, &mut crowd, message, event.accepted_at)? =>
            {
                // One that is here already is not decided again.
                known(tx, event, &fresh)?.map_or(Committed::Stale, Committed::Duplicate)
            }
            _ => match take_key(tx, event, &fresh)? {
                Err(before) => Committed::Duplicate(before),
                Ok(slot) => {
                    if let Some(message) = counted_message(event) {
                        crowd.add(message);
                    }
                    fresh.push((event, slot));
                    Committed::Accepted
                }
            },
        };
        answers.push(answer);
    }
    // Within a millisecond ids sort by partition. Rows that come in the order of their keys
    // go to the end of a table and fill its pages; others split them.
    fresh.sort_unstable_by_key(|(event, _)| event.id);
    write_events(tx, &fresh)?;
    let mut rows = Vec::with_capacity(fresh.len());
    let mut failed = Vec::new();
    for (event, slot) in fresh {
        match &event.result {
            AcceptedResult::Message {
                facts_version,
                message,
            } => rows.push(Row {
                event,
                message,
                facts_version: *facts_version,
                slot: Some(slot),
            }),
            AcceptedResult::Failed { .. } => {
                write_failure(tx, event)?;
                failed.push((event, slot));
            }
        }
    }
    FRESH_KEYS.all(tx.connection, &failed, |(event, slot), values| {
        values
            .put(tx.shared.fresh.next_seq())?
            .put(slot)?
            .put(event.id.as_i64())?;
        Ok(())
    })?;
    rows.sort_unstable_by_key(|row| row.message.id);
    write_messages(tx, &rows)?;
    Ok(answers)
}

fn commit_replay(tx: &mut Tx<'_>, event: &AcceptedEvent) -> Result<Committed> {
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
                .prepare_cached(
                    "UPDATE failed_events SET reason = ?2, detail = ?3 WHERE event = ?1",
                )?
                .execute(params![event.id.as_i64(), reason.number(), detail])?;
        }
        AcceptedResult::Message {
            facts_version,
            message,
        } => {
            let room = has_room(tx, &mut Crowd::default(), message, event.accepted_at)?;
            if version_of(tx, message.recipient)? != Some(*facts_version) || !room {
                return Ok(Committed::Stale);
            }
            let row = Row {
                event,
                message,
                facts_version: *facts_version,
                slot: None,
            };
            write_messages(tx, &[row])?;
            tx.connection
                .prepare_cached(
                    "UPDATE failed_events SET replayed_at = ?2, envelope = '' WHERE event = ?1",
                )?
                .execute(params![event.id.as_i64(), event.accepted_at.as_micros()])?;
        }
    }
    Ok(Committed::Accepted)
}

fn version_of(tx: &mut Tx<'_>, recipient: RecipientId) -> Result<Option<i64>> {
    if let Some(version) = tx.versions.get(&recipient) {
        return Ok(Some(*version));
    }
    let version: Option<i64> = tx
        .connection
        .prepare_cached("SELECT version FROM recipients WHERE id = ?1")?
        .query_row([recipient.as_i64()], |row| row.get(0))
        .optional()?;
    if let Some(version) = version {
        tx.versions.insert(recipient, version);
    }
    Ok(version)
}

fn write_events(tx: &Tx<'_>, events: &[Taken<'_>]) -> Result<()> {
    EVENTS.all(tx.connection, events, |(accepted, _), row| {
        let event = &accepted.event;
        row.put(accepted.id.as_i64())?
            .put(tx.shared.names.number(tx.connection, &event.key.source)?)?
            .put(event.key.id.as_str())?
            .put(tx.shared.names.number(tx.connection, &event.event_type)?)?
            .put(event.time.as_micros())?
            .put(accepted.accepted_at.as_micros())?
            .put(event.mode.number())?;
        Ok(())
    })
}

fn write_failure(tx: &Tx<'_>, accepted: &AcceptedEvent) -> Result<()> {
    let AcceptedResult::Failed {
        reason,
        detail,
        envelope,
    } = &accepted.result
    else {
        return Ok(());
    };
    tx.connection
        .prepare_cached(
            "INSERT INTO failed_events (event, subject, reason, detail, envelope) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            accepted.id.as_i64(),
            accepted.event.subject,
            reason.number(),
            detail,
            envelope.open()
        ])?;
    Ok(())
}

fn write_messages(tx: &mut Tx<'_>, rows: &[Row<'_>]) -> Result<()> {
    MESSAGES.all(tx.connection, rows, |row, values| {
        let (message, content) = (row.message, &row.message.content);
        let names = &tx.shared.names;
        let data = serde_json::to_string(&content.data)
            .map_err(|error| Error::Corrupt(format!("data: {error}")))?;
        values
            .put(message.id.as_i64())?
            .put(message.recipient.as_i64())?
            .put(row.event.id.as_i64())?
            .put(message.at.as_micros())?
            .put(row.event.event.mode.number())?
            .put(names.number(tx.connection, &content.message_type)?)?
            .put(content.category.number())?
            .put(content.purpose.number())?
            .put(content.lane.number())?
            .put(names.number(tx.connection, &content.locale)?)?
            .put(content.template_version)?
            .put(content.sender.as_str())?
            .put(content.title.as_str())?
            .put(content.summary.as_str())?
            .put(content.text.as_str())?
            .put(content.order.as_deref())?
            .put(data)?
            .put(message.trace.to_compact())?;
        Ok(())
    })?;
    let (connection, shared) = (tx.connection, tx.shared);
    FRESH.all(connection, rows, |row, values| {
        let (recipient, content) = (row.message.recipient, &row.message.content);
        let entry = Entry {
            message: row.message.id.as_i64(),
            category: content.category,
            order_hash: content.order.as_deref().map_or(0, order_hash),
            revision: tx.next_revision(recipient),
        };
        tx.entered_mailbox(recipient, entry);
        values
            .put(shared.fresh.next_seq())?
            .put(row.slot)?
            .put(row.event.id.as_i64())?
            .put(recipient.as_i64())?
            .put(entry.message)?
            .put(entry.category.number())?
            .put(entry.order_hash)?
            .put(entry.revision)?;
        Ok(())
    })?;
    write_collected(tx, rows.iter().map(|row| row.message))?;
    write_deliveries(tx, rows)?;
    attention::write(tx, rows.iter().map(|row| row.message))
}

/// Reserves the quote of a delivery; the line it is booked under.
fn cost_line(tx: &mut Tx<'_>, row: &Row<'_>, delivery: &NewDelivery) -> Result<Option<i32>> {
    let Some(quote) = &delivery.quote else {
        return Ok(None);
    };
    let channel = delivery.planned.contact.channel;
    let line = tx.cost_line(line_of(row.event, row.message, channel, quote))?;
    tx.effects.moved.reserve(line, quote.micros);
    Ok(Some(line))
}

/// Never 0, which stands for "no order".
pub(super) fn order_hash(order: &str) -> i64 {
    stable_hash(&[order.as_bytes()]) | 1
}

fn write_deliveries(tx: &mut Tx<'_>, rows: &[Row<'_>]) -> Result<()> {
    let mut all: Vec<(&Row<'_>, &NewDelivery, Option<i32>)> = Vec::with_capacity(rows.len());
    for row in rows {
        for delivery in &row.message.deliveries {
            all.push((row, delivery, cost_line(tx, row, delivery)?));
        }
    }
    all.sort_unstable_by_key(|(_, delivery, _)| delivery.id);
    DELIVERIES.all(tx.connection, &all, |(row, delivery, line), values| {
        let planned = &delivery.planned;
        values
            .put(delivery.id.as_i64())?
            .put(row.message.id.as_i64())?
            .put(planned.contact.channel.number())?
            .put(planned.contact.address.open())?
            .put(DeliveryState::Scheduled.number())?
            .put(planned.lane.number())?
            .put(row.facts_version)?
            .put(planned.due_at.as_micros())?
            .put(planned.expires_at.as_micros())?
            .put(0)?
            .put(row.event.accepted_at.as_micros())?
            .put(delivery.secret.as_ref().map(|secret| secret.open()))?
            .put(line)?
            .put(delivery.quote.as_ref().map(|quote| quote.micros))?;
        Ok(())
    })?;
    let leased: Vec<_> = all
        .iter()
        .filter_map(|(row, d, _)| Some((d.id, row.event.accepted_at, d.lease?)))
        .collect();
    LEASES.all(tx.connection, &leased, |(delivery, from, lease), values| {
        values
            .put(delivery.as_i64())?
            .put(from.as_micros())?
            .put((*from + *lease).as_micros())?;
        Ok(())
    })?;
    for (_, delivery, _) in all.iter().filter(|(_, d, _)| d.lease.is_none()) {
        let planned = &delivery.planned;
        let (channel, lane) = (planned.contact.channel, planned.lane);
        put_due(tx, delivery.id.as_i64(), channel, lane, planned.due_at)?;
    }
    Ok(())
}
