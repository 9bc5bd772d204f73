//! Messages with the whole of their path, for the API and the console.

use model::{
    Attempt, Delivery, DeliveryId, DeliveryState, Id, Lane, MessageId, Receipt, ReceiptStatus,
    RecipientId,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::fresh::{Entry, FRESH_FLAGS, Moment};
use super::outcomes::outcome_word;
use super::rows::{CONTENT, MESSAGE, collect, contact, id, instant, maybe_instant, message, word};
use super::{Shared, Sqlite};
use crate::{DeliveryRecord, EventRecord, MessageRecord, Result};

impl Sqlite {
    pub(crate) async fn message(&self, id: MessageId) -> Result<Option<MessageRecord>> {
        self.read(move |connection, shared| read_message(connection, shared, id))
            .await
    }

    pub(crate) async fn message_of(&self, delivery: DeliveryId) -> Result<Option<MessageRecord>> {
        self.read(move |connection, shared| {
            let message: Option<i64> = connection
                .prepare_cached("SELECT message FROM deliveries WHERE id = ?1")?
                .query_row([delivery.as_i64()], |row| row.get(0))
                .optional()?;
            match message.map(MessageId::from_i64) {
                Some(message) => read_message(connection, shared, message),
                None => Ok(None),
            }
        })
        .await
    }

    pub(crate) async fn latest_messages(&self, limit: usize) -> Result<Vec<MessageRecord>> {
        self.read(move |connection, shared| {
            let ids: Vec<MessageId> = {
                // Ids of different partitions interleave within a millisecond only, so the
                // newest ids are the newest messages.
                let mut statement = connection
                    .prepare_cached("SELECT id FROM messages ORDER BY id DESC LIMIT ?1")?;
                collect(
                    &mut statement.query([i64::try_from(limit).unwrap_or(i64::MAX)])?,
                    |row| id(row, "id"),
                )?
            };
            let mut records = Vec::with_capacity(ids.len());
            for id in ids {
                records.extend(read_message(connection, shared, id)?);
            }
            Ok(records)
        })
        .await
    }
}

fn read_message(
    connection: &Connection,
    shared: &Shared,
    wanted: MessageId,
) -> Result<Option<MessageRecord>> {
    let recipient: Option<i64> = connection
        .prepare_cached("SELECT recipient FROM messages WHERE id = ?1")?
        .query_row([wanted.as_i64()], |row| row.get(0))
        .optional()?;
    let Some(recipient) = recipient.map(RecipientId::from_i64) else {
        return Ok(None);
    };
    let moment = Moment::of(connection, shared, recipient)?;
    let connection = &moment.snapshot;
    let is_wanted = |entry: &&Entry| entry.message == wanted.as_i64();
    let fresh = moment.fresh.iter().find(is_wanted);
    let flags = match fresh {
        Some(_) => FRESH_FLAGS,
        None => "mailbox b ON b.recipient = m.recipient AND b.message = m.id AND ?2 IS NULL",
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {MESSAGE}, {CONTENT}, e.source, e.event_id, e.type AS event_type, e.time, e.accepted_at, r.customer
         FROM messages m
         JOIN {flags}
         JOIN events e ON e.id = m.event
         LEFT JOIN recipients r ON r.id = m.recipient
         WHERE m.id = ?1"
    ))?;
    let revision = fresh.map(|entry| entry.revision);
    let mut rows = statement.query(params![wanted.as_i64(), revision])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let message = message(row, shared)?;
    let event = EventRecord {
        id: message.event,
        source: shared.names.name(row.get("source")?)?.to_string(),
        event_id: row.get("event_id")?,
        event_type: shared.names.name(row.get("event_type")?)?.to_string(),
        time: instant(row, "time")?,
        accepted_at: instant(row, "accepted_at")?,
    };
    let customer = row
        .get::<_, Option<String>>("customer")?
        .unwrap_or_default();
    let deliveries = read_deliveries(connection, shared, wanted)?;
    Ok(Some(MessageRecord {
        message,
        customer,
        event,
        deliveries,
    }))
}

fn read_deliveries(
    connection: &Connection,
    shared: &Shared,
    of: MessageId,
) -> Result<Vec<DeliveryRecord>> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM deliveries WHERE message = ?1 ORDER BY id")?;
    let deliveries = collect(&mut statement.query([of.as_i64()])?, read_delivery)?;
    deliveries
        .into_iter()
        .map(|mut delivery| {
            let claimed: Option<()> = connection
                .prepare_cached("SELECT 1 FROM leases WHERE delivery = ?1")?
                .query_row([delivery.id.as_i64()], |_| Ok(()))
                .optional()?;
            if claimed.is_some() {
                delivery.state = DeliveryState::Claimed;
            }
            Ok(DeliveryRecord {
                attempts: read_attempts(connection, shared, delivery.id)?,
                receipts: read_receipts(connection, delivery.id)?,
                delivery,
            })
        })
        .collect()
}

fn read_delivery(row: &Row<'_>) -> Result<Delivery> {
    Ok(Delivery {
        id: id(row, "id")?,
        message: id(row, "message")?,
        contact: contact(row)?,
        state: word(row, "state", DeliveryState::from_number)?,
        lane: word(row, "lane", Lane::from_number)?,
        due_at: instant(row, "due_at")?,
        expires_at: instant(row, "expires_at")?,
        attempts: row.get("attempts")?,
        changed_at: instant(row, "changed_at")?,
    })
}

fn read_attempts(connection: &Connection, shared: &Shared, of: DeliveryId) -> Result<Vec<Attempt>> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM attempts WHERE delivery = ?1 ORDER BY number")?;
    collect(&mut statement.query([of.as_i64()])?, |row| {
        Ok(Attempt {
            number: row.get("number")?,
            carrier: shared.names.name(row.get("carrier")?)?.to_string(),
            started_at: instant(row, "started_at")?,
            ended_at: instant(row, "ended_at")?,
            outcome: outcome_word(row.get("outcome")?),
            code: row.get("code")?,
            reason: row.get("reason")?,
            carrier_id: row.get("carrier_id")?,
            digest: row.get("digest")?,
        })
    })
}

fn read_receipts(connection: &Connection, of: DeliveryId) -> Result<Vec<Receipt>> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM receipts WHERE delivery = ?1 ORDER BY number")?;
    collect(&mut statement.query([of.as_i64()])?, |row| {
        Ok(Receipt {
            status: word(row, "status", ReceiptStatus::from_number)?,
            code: row.get("code")?,
            carrier_time: maybe_instant(row, "carrier_time")?,
            received_at: instant(row, "received_at")?,
        })
    })
}
