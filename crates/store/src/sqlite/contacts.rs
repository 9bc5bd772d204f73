//! What is known of addresses, and changes that the old address is to be told of.

use model::{ChangeId, ContactPoint, ContactState, Customer, Id, Instant, Lane, Mode, RecipientId};
use rusqlite::{Row, params, params_from_iter};

use super::Sqlite;
use super::consents::outdate_owners;
use super::rows::{collect, contact, id, instant, word};
use super::tx::Tx;
use crate::contacts::{health_reasons, lost};
use crate::{ContactChange, ContactRow, Error, Result};

impl Sqlite {
    pub(crate) async fn contact_points(&self, recipient: RecipientId) -> Result<Vec<ContactRow>> {
        self.read(move |connection, _| {
            let mut statement = connection.prepare_cached(
                "SELECT recipient, digest, version, state FROM contact_points
                 WHERE recipient = ?1 ORDER BY digest",
            )?;
            collect(&mut statement.query([recipient.as_i64()])?, row)
        })
        .await
    }

    pub(crate) async fn contact_points_at(&self, at: ContactPoint) -> Result<Vec<ContactRow>> {
        self.read(move |connection, shared| {
            let mut statement = connection.prepare_cached(
                "SELECT p.recipient, p.digest, p.version, p.state FROM contact_owners AS o
                 JOIN contact_points AS p ON p.recipient = o.recipient AND p.digest = o.digest
                 WHERE o.digest = ?1 ORDER BY p.recipient",
            )?;
            collect(&mut statement.query([shared.secret.address(&at)])?, row)
        })
        .await
    }

    pub(crate) async fn owners_of(&self, at: ContactPoint) -> Result<Vec<RecipientId>> {
        self.read(move |connection, shared| {
            let mut statement = connection.prepare_cached(
                "SELECT recipient FROM contact_owners WHERE digest = ?1 ORDER BY recipient",
            )?;
            let mut rows = statement.query([shared.secret.address(&at)])?;
            collect(&mut rows, |row| id(row, "recipient"))
        })
        .await
    }

    pub(crate) async fn keep_contact_point(&self, row: ContactRow) -> Result<bool> {
        self.write(Lane::Security, 1, move |tx| {
            let (recipient, state) = (row.recipient.as_i64(), written(&row.state)?);
            let written = if row.version == 0 {
                tx.connection
                    .prepare_cached(
                        "INSERT OR IGNORE INTO contact_points (recipient, digest, version, state)
                         VALUES (?1, ?2, 1, ?3)",
                    )?
                    .execute(params![recipient, row.digest, state])?
            } else {
                tx.connection
                    .prepare_cached(
                        "UPDATE contact_points SET state = ?3, version = version + 1
                         WHERE recipient = ?1 AND digest = ?2 AND version = ?4",
                    )?
                    .execute(params![recipient, row.digest, state, row.version])?
            };
            Ok(written > 0)
        })
        .await
    }

    pub(crate) async fn heal(&self, at: ContactPoint) -> Result<bool> {
        self.write(Lane::Security, 2, move |tx| {
            let digest = tx.shared.secret.address(&at);
            let reasons = health_reasons();
            let places = vec!["?"; reasons.len()].join(", ");
            let sql = format!("DELETE FROM suppressions WHERE reason IN ({places}) AND digest = ?");
            let mut statement = tx.connection.prepare_cached(&sql)?;
            let reasons = reasons.into_iter().map(|reason| reason.to_owned().into());
            let values = reasons.chain([rusqlite::types::Value::from(digest)]);
            let gone = statement.execute(params_from_iter(values))?;
            drop(statement);
            if gone > 0 {
                outdate_owners(tx, digest)?;
            }
            Ok(gone > 0)
        })
        .await
    }

    pub(crate) async fn due_contact_changes(&self, limit: usize) -> Result<Vec<ContactChange>> {
        self.read(move |connection, _| {
            let mut statement = connection.prepare_cached(
                "SELECT id, recipient, channel, address, mode, changed_at FROM contact_changes
                 ORDER BY id LIMIT ?1",
            )?;
            let mut rows = statement.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
            collect(&mut rows, |row| {
                Ok(ContactChange {
                    id: id(row, "id")?,
                    recipient: id(row, "recipient")?,
                    contact: contact(row)?,
                    mode: word(row, "mode", Mode::from_number)?,
                    changed_at: instant(row, "changed_at")?,
                })
            })
        })
        .await
    }

    pub(crate) async fn contact_changes_told(&self, changes: Vec<ChangeId>) -> Result<()> {
        self.write(Lane::Normal, changes.len(), move |tx| {
            let mut statement = tx
                .connection
                .prepare_cached("DELETE FROM contact_changes WHERE id = ?1")?;
            for change in &changes {
                statement.execute([change.as_i64()])?;
            }
            Ok(())
        })
        .await
    }
}

fn row(row: &Row<'_>) -> Result<ContactRow> {
    let state = row.get_ref("state")?;
    let state = state
        .as_str()
        .map_err(|e| Error::Corrupt(format!("state: {e}")))?;
    Ok(ContactRow {
        recipient: id(row, "recipient")?,
        digest: row.get("digest")?,
        version: row.get("version")?,
        state: serde_json::from_str(state).map_err(|e| Error::Corrupt(format!("state: {e}")))?,
    })
}

fn written(state: &ContactState) -> Result<String> {
    serde_json::to_string(state).map_err(|e| Error::Corrupt(format!("state: {e}")))
}

/// What was known of addresses that a customer has no more is forgotten: proof belongs to the
/// address, and whoever has it later proves it anew.
pub(super) fn forget(
    tx: &Tx<'_>,
    recipient: i64,
    before: &Customer,
    after: &Customer,
) -> Result<()> {
    for (digest, _) in lost(before, after, |contact| tx.shared.secret.address(contact)) {
        tx.connection
            .prepare_cached("DELETE FROM contact_points WHERE recipient = ?1 AND digest = ?2")?
            .execute(params![recipient, digest])?;
    }
    Ok(())
}

/// Notes that the addresses a customer has no more are to be told.
pub(super) fn note(
    tx: &Tx<'_>,
    (ids, mode): (&[ChangeId], Mode),
    recipient: i64,
    (before, after): (&Customer, &Customer),
    now: Instant,
) -> Result<()> {
    let lost = lost(before, after, |contact| tx.shared.secret.address(contact));
    for (id, (_, old)) in ids.iter().zip(lost) {
        tx.connection
            .prepare_cached(
                "INSERT INTO contact_changes (id, recipient, channel, address, mode, changed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                id.as_i64(),
                recipient,
                old.channel.number(),
                old.address.open(),
                mode.number(),
                now.as_micros()
            ])?;
    }
    Ok(())
}
