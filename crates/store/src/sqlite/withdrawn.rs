//! Taking messages back.

use model::{DeliveryState, Id, Lane, MessageId, RecipientId};
use rusqlite::{OptionalExtension, params};

use super::Sqlite;
use super::claims::leave_due;
use super::outcomes::insert_attempt;
use super::rows::collect;
use super::tx::Tx;
use crate::{Result, Withdrawal};

impl Sqlite {
    pub(crate) async fn withdraw(&self, withdrawal: Withdrawal) -> Result<bool> {
        self.write(Lane::Normal, 4, move |tx| withdraw_in(tx, &withdrawal))
            .await
    }

    pub(crate) async fn withdrawn_among(
        &self,
        messages: Vec<(RecipientId, MessageId)>,
    ) -> Result<Vec<MessageId>> {
        self.read(move |connection, _| {
            let mut statement = connection.prepare_cached(
                "SELECT 1 FROM mailbox WHERE recipient = ?1 AND message = ?2 AND withdrawn_at IS NOT NULL",
            )?;
            let mut found = Vec::new();
            for (recipient, message) in messages {
                if statement.exists(params![recipient.as_i64(), message.as_i64()])? {
                    found.push(message);
                }
            }
            Ok(found)
        })
        .await
    }
}

fn withdraw_in(tx: &mut Tx<'_>, withdrawal: &Withdrawal) -> Result<bool> {
    let (message, now) = (withdrawal.message.as_i64(), withdrawal.now.as_micros());
    let found: Option<(i64, i64)> = tx
        .connection
        .prepare_cached("SELECT recipient, event FROM messages WHERE id = ?1")?
        .query_row([message], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((recipient, event)) = found else {
        return Ok(false);
    };
    let recipient = RecipientId::from_i64(recipient);
    tx.settle(recipient, withdrawal.message)?;
    let stands = tx
        .connection
        .prepare_cached(
            "SELECT 1 FROM mailbox WHERE recipient = ?1 AND message = ?2 AND withdrawn_at IS NULL",
        )?
        .exists(params![recipient.as_i64(), message])?;
    if !stands {
        return Ok(false);
    }
    let revision = tx.next_revision(recipient);
    tx.connection
        .prepare_cached(
            "UPDATE mailbox SET withdrawn_at = ?3, deleted_at = coalesce(deleted_at, ?3), revision = ?4
             WHERE recipient = ?1 AND message = ?2",
        )?
        .execute(params![recipient.as_i64(), message, now, revision])?;
    // One that a replay mended before fails once more.
    tx.connection
        .prepare_cached(
            "INSERT INTO failed_events (event, subject, reason, detail, envelope) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (event) DO UPDATE SET subject = excluded.subject, reason = excluded.reason,
                 detail = excluded.detail, envelope = excluded.envelope, replayed_at = NULL",
        )?
        .execute(params![
            event,
            withdrawal.subject,
            withdrawal.reason.number(),
            withdrawal.detail,
            withdrawal.envelope.open(),
        ])?;
    cancel_waiting(tx, withdrawal)?;
    Ok(true)
}

/// Stops what waits in the due queue; what is claimed ends as it ends.
fn cancel_waiting(tx: &mut Tx<'_>, withdrawal: &Withdrawal) -> Result<()> {
    let waiting: Vec<(i64, u32)> = {
        let mut statement = tx.connection.prepare_cached(
            "SELECT id, attempts FROM deliveries WHERE message = ?1 AND EXISTS (
                 SELECT 1 FROM due AS q WHERE q.channel = deliveries.channel AND q.lane = deliveries.lane
                     AND q.due_at = deliveries.due_at AND q.delivery = deliveries.id)
             ORDER BY id",
        )?;
        let mut rows = statement.query([withdrawal.message.as_i64()])?;
        collect(&mut rows, |row| Ok((row.get(0)?, row.get(1)?)))?
    };
    for (delivery, attempts) in waiting {
        leave_due(tx, delivery)?;
        insert_attempt(tx, delivery, &withdrawal.attempt(attempts + 1))?;
        let before = tx.quoted(delivery)?;
        tx.went(before, DeliveryState::Cancelled);
        tx.connection
            .prepare_cached(
                "UPDATE deliveries SET state = ?2, attempts = attempts + 1, changed_at = ?3, secret = NULL
                 WHERE id = ?1",
            )?
            .execute(params![
                delivery,
                DeliveryState::Cancelled.number(),
                withdrawal.now.as_micros(),
            ])?;
    }
    Ok(())
}
