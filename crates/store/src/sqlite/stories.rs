//! What recipients were told before of the same order.

use std::collections::BTreeMap;

use model::{Id, Instant, MessageId, Mode, Sealed, Told};
use rusqlite::{Connection, params};

use super::commit::order_hash;
use super::fresh::Entry;
use super::rows::collect;
use super::{Shared, Sqlite};
use crate::{Result, StoryOf, TOLD_AT_MOST};

impl Sqlite {
    pub(crate) async fn stories(&self, asked: Vec<StoryOf>) -> Result<Vec<Vec<Told>>> {
        self.read(move |connection, shared| {
            asked
                .iter()
                .map(|of| story(connection, shared, of))
                .collect()
        })
        .await
    }
}

fn story(connection: &Connection, shared: &Shared, of: &StoryOf) -> Result<Vec<Told>> {
    let hash = of.order.as_deref().map_or(0, order_hash);
    let since = MessageId::least_at(of.since).as_i64();
    // What is fresh first: a row leaves there after it is in its table.
    let fresh = shared.fresh.of(of.recipient);
    let counts = |entry: &&Entry| entry.order_hash == hash && entry.message >= since;
    let fresh = fresh.iter().filter(counts);
    let mut messages: BTreeMap<i64, bool> = fresh.map(|entry| (entry.message, false)).collect();
    let mut swept = connection.prepare_cached(
        "SELECT message, withdrawn_at IS NOT NULL FROM mailbox WHERE recipient = ?1 AND message >= ?2 AND order_hash = ?3
         ORDER BY message DESC LIMIT ?4",
    )?;
    let most = i64::try_from(TOLD_AT_MOST).unwrap_or(i64::MAX);
    let mut rows = swept.query(params![of.recipient.as_i64(), since, hash, most])?;
    // It may be in both.
    messages.extend(collect(&mut rows, |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?))
    })?);
    let newest = messages.into_iter().rev().take(TOLD_AT_MOST);
    let mut told = Vec::new();
    for (message, withdrawn) in newest {
        told.extend(read(connection, shared, (message, withdrawn, of.mode))?);
    }
    told.reverse();
    Ok(told)
}

/// None where the message is not committed yet, gone, or of another mode. What was taken
/// back was told as far as a carrier took something of it.
fn read(
    connection: &Connection,
    shared: &Shared,
    (message, withdrawn, mode): (i64, bool, Mode),
) -> Result<Option<Told>> {
    let mut statement = connection.prepare_cached(
        "SELECT m.type, e.time, EXISTS (SELECT 1 FROM deliveries d WHERE d.message = m.id), m.data
         FROM messages m JOIN events e ON e.id = m.event WHERE m.id = ?1 AND m.mode = ?2
         AND (NOT ?3 OR EXISTS (SELECT 1 FROM deliveries d WHERE d.message = m.id AND d.state IN (3, 4, 5, 6)))",
    )?;
    let mut rows = statement.query(params![message, mode.number(), withdrawn])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(Told {
        message: MessageId::from_i64(message),
        message_type: shared.names.name(row.get(0)?)?.to_string(),
        time: Instant::from_micros(row.get(1)?),
        on_its_way: row.get(2)?,
        data: Sealed::new(row.get::<_, String>(3)?),
    }))
}
