//! Messages that wait for a summary.

use std::sync::LazyLock;

use model::{Channel, Id, Instant, Lane, Message, MessageId, RecipientId, Span, Spoke, Trace};
use rusqlite::params;

use super::Sqlite;
use super::commit::commit_batch;
use super::insert::Insert;
use super::rows::{CONTENT, collect, id, instant, message, word};
use super::tx::Tx;
use super::writer::Order;
use crate::{Committed, DigestCommitted, DigestSettled, DueDigest, NewMessage, Result};

static COLLECTED: LazyLock<Insert> =
    LazyLock::new(|| Insert::new("collected", "due_at, recipient, channel, message"));

/// The columns of a message that may not stand in the mailbox's table yet: then it is as it
/// came.
const MESSAGE: &str =
    "m.id, m.recipient, m.event, m.at, m.mode, m.trace, coalesce(b.revision, 0) AS revision,
     b.read_at, b.deleted_at, b.withdrawn_at";

impl Sqlite {
    pub(crate) async fn claim_digests(
        &self,
        now: Instant,
        limit: usize,
        lease: Span,
    ) -> Result<Vec<DueDigest>> {
        let nothing = self.read(move |connection, _| {
            let mut due =
                connection.prepare_cached("SELECT 1 FROM collected WHERE due_at <= ?1 LIMIT 1")?;
            Ok(!due.exists([now.as_micros()])?)
        });
        // A look at nothing waits for no writer.
        if nothing.await? {
            return Ok(vec![]);
        }
        self.write(Lane::Normal, limit, move |tx| {
            let mut due: Vec<DueDigest> = {
                let mut statement = tx.connection.prepare_cached(
                    "SELECT DISTINCT due_at, recipient, channel FROM collected
                     WHERE due_at <= ?1 AND until <= ?1 ORDER BY due_at, recipient, channel LIMIT ?2",
                )?;
                let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                collect(&mut statement.query([now.as_micros(), limit])?, |row| {
                    Ok(DueDigest {
                        recipient: id(row, "recipient")?,
                        channel: word(row, "channel", Channel::from_number)?,
                        due_at: instant(row, "due_at")?,
                        messages: Vec::new(),
                    })
                })?
            };
            let mut take = tx.connection.prepare_cached(
                "UPDATE collected SET until = ?5 WHERE due_at = ?1 AND recipient = ?2 AND channel = ?3
                 AND until <= ?4 RETURNING message",
            )?;
            for one in &mut due {
                let mut rows = take.query(params![
                    one.due_at.as_micros(),
                    one.recipient.as_i64(),
                    one.channel.number(),
                    now.as_micros(),
                    (now + lease).as_micros()
                ])?;
                one.messages = collect(&mut rows, |row| id(row, "message"))?;
                one.messages.sort_unstable();
            }
            Ok(due)
        })
        .await
    }

    pub(crate) async fn settle_digest(&self, settled: DigestSettled) -> Result<DigestCommitted> {
        let work = |settled: &DigestSettled, tx: &mut Tx<'_>| settle(tx, settled);
        let weight = 4 + settled.waited.messages.len();
        Ok(self.write_with(Order::New, weight, settled, work).await?.1)
    }

    pub(crate) async fn messages_of(
        &self,
        recipient: RecipientId,
        messages: Vec<MessageId>,
    ) -> Result<Vec<Message>> {
        self.read(move |connection, shared| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {MESSAGE}, {CONTENT} FROM messages m
                 LEFT JOIN mailbox b ON b.recipient = m.recipient AND b.message = m.id
                 WHERE m.id = ?1 AND m.recipient = ?2"
            ))?;
            let mut found = Vec::with_capacity(messages.len());
            for one in &messages {
                let mut rows = statement.query([one.as_i64(), recipient.as_i64()])?;
                found.extend(collect(&mut rows, |row| message(row, shared))?);
            }
            Ok(found)
        })
        .await
    }
}

/// Writes what waits of some messages that are about to be committed.
pub(super) fn write_collected<'a>(
    tx: &Tx<'_>,
    messages: impl Iterator<Item = &'a NewMessage>,
) -> Result<()> {
    let mut all = Vec::new();
    for message in messages {
        all.extend(message.collected.iter().map(|waits| (message, waits)));
    }
    COLLECTED.all(tx.connection, &all, |(message, waits), values| {
        values
            .put(waits.due_at.as_micros())?
            .put(message.recipient.as_i64())?
            .put(waits.channel.number())?
            .put(message.id.as_i64())?;
        Ok(())
    })
}

fn settle(tx: &mut Tx<'_>, settled: &DigestSettled) -> Result<DigestCommitted> {
    let waited = &settled.waited;
    let (due_at, recipient) = (waited.due_at.as_micros(), waited.recipient.as_i64());
    let channel = waited.channel.number();
    {
        let mut waits = tx.connection.prepare_cached(
            "SELECT 1 FROM collected WHERE due_at = ?1 AND recipient = ?2 AND channel = ?3 AND message = ?4",
        )?;
        for message in &waited.messages {
            if !waits.exists(params![due_at, recipient, channel, message.as_i64()])? {
                return Ok(DigestCommitted::Gone);
            }
        }
    }
    let event = settled.event.as_slice();
    // One that was made before is not made again; what it told waits no longer.
    if commit_batch(tx, event)?.contains(&Committed::Stale) {
        return Ok(DigestCommitted::Stale);
    }
    let mut leave = tx.connection.prepare_cached(
        "DELETE FROM collected WHERE due_at = ?1 AND recipient = ?2 AND channel = ?3 AND message = ?4",
    )?;
    for message in &waited.messages {
        leave.execute(params![due_at, recipient, channel, message.as_i64()])?;
    }
    for (message, spoke) in &settled.said {
        add_to_trace_of(tx, *message, spoke)?;
    }
    Ok(DigestCommitted::Settled)
}

fn add_to_trace_of(tx: &Tx<'_>, message: MessageId, spoke: &Spoke) -> Result<()> {
    let line = Trace(vec![spoke.clone()]).to_compact();
    tx.connection
        .prepare_cached("UPDATE messages SET trace = trace || ?2 WHERE id = ?1")?
        .execute(params![message.as_i64(), line])?;
    Ok(())
}
