//! The list of suppressed addresses.

use model::{
    AuditLine, Channel, ContactPoint, Id, Instant, Lane, Partition, Suppressed, SuppressionId,
    is_own_stop,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Sqlite;
use super::audit::write_audit;
use super::consents::outdate_owners;
use super::rows::{collect, id, instant, maybe_instant, word};
use super::tx::Tx;
use crate::{NewSuppression, Result, Suppression, SuppressionFilter, Undone};

const COLUMNS: &str = "id, channel, masked, reason, at, until, note, made_by";

impl Sqlite {
    pub(crate) async fn suppressed_among(
        &self,
        digests: Vec<i64>,
        at: Instant,
    ) -> Result<Vec<i64>> {
        self.read(move |connection, _| {
            let mut found = Vec::new();
            for digest in digests {
                let all = suppressed_for(connection, digest)?;
                if all.iter().any(|one| one.holds(at)) {
                    found.push(digest);
                }
            }
            Ok(found)
        })
        .await
    }

    pub(crate) async fn add_suppression(&self, new: NewSuppression) -> Result<SuppressionId> {
        self.write(Lane::Security, 1, move |tx| Ok(suppress_in(tx, &new)?.id))
            .await
    }

    pub(crate) async fn suppressions(
        &self,
        filter: SuppressionFilter,
        before: Option<SuppressionId>,
        limit: usize,
    ) -> Result<Vec<Suppression>> {
        self.read(move |connection, shared| {
            let one = filter.contact.as_ref().map(|c| shared.secret.address(c));
            let only = match one {
                Some(_) => "digest = ?2",
                None => "?2 IS NULL",
            };
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM suppressions
                 WHERE id < ?1 AND {only} AND (?3 IS NULL OR reason = ?3)
                     AND (?4 IS NULL OR channel = ?4)
                 ORDER BY id DESC LIMIT ?5"
            ))?;
            let mut rows = statement.query(params![
                before.map_or(i64::MAX, SuppressionId::as_i64),
                one,
                filter.reason,
                filter.channel.map(Channel::number),
                i64::try_from(limit).unwrap_or(i64::MAX),
            ])?;
            collect(&mut rows, entry)
        })
        .await
    }

    pub(crate) async fn suppression(&self, id: SuppressionId) -> Result<Option<Suppression>> {
        self.read(move |connection, _| {
            let mut statement = connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM suppressions WHERE id = ?1"))?;
            let mut rows = statement.query([id.as_i64()])?;
            rows.next()?.map(entry).transpose()
        })
        .await
    }

    pub(crate) async fn suppression_reasons(&self) -> Result<Vec<String>> {
        self.read(|connection, _| {
            let mut statement = connection
                .prepare_cached("SELECT DISTINCT reason FROM suppressions ORDER BY reason")?;
            collect(&mut statement.query([])?, |row| Ok(row.get(0)?))
        })
        .await
    }

    pub(crate) async fn undo_suppression(
        &self,
        id: SuppressionId,
        now: Instant,
        audit: Vec<AuditLine>,
    ) -> Result<Undone> {
        self.write(Lane::Security, 1, move |tx| undo_in(tx, id, now, &audit))
            .await
    }
}

fn entry(row: &Row<'_>) -> Result<Suppression> {
    Ok(Suppression {
        id: id(row, "id")?,
        channel: word(row, "channel", Channel::from_number)?,
        masked: row.get("masked")?,
        reason: row.get("reason")?,
        at: instant(row, "at")?,
        until: maybe_instant(row, "until")?,
        note: row.get("note")?,
        by: row.get("made_by")?,
    })
}

/// Why an address is suppressed: what others found before what its owner said.
pub(super) fn suppressed_for(connection: &Connection, digest: i64) -> Result<Vec<Suppressed>> {
    let mut look = connection.prepare_cached(
        "SELECT reason, until FROM suppressions WHERE digest = ?1 ORDER BY slot DESC",
    )?;
    let mut rows = look.query([digest])?;
    collect(&mut rows, |row| {
        Ok(Suppressed {
            reason: row.get("reason")?,
            until: maybe_instant(row, "until")?,
        })
    })
}

/// What an entry that was to be made came to.
pub(super) struct Made {
    pub(super) id: SuppressionId,
    /// The address was not suppressed before.
    pub(super) is_news: bool,
}

/// Suppresses an address.
pub(super) fn suppress_in(tx: &mut Tx<'_>, new: &NewSuppression) -> Result<Made> {
    let digest = tx.shared.secret.address(&new.contact);
    let before = suppressed_for(tx.connection, digest)?;
    let is_news = !before.iter().any(|one| one.holds(new.at));
    let partition = Partition::new((digest & 255) as u8);
    let drawn: SuppressionId = tx.shared.ids.next(partition, new.at);
    let until = new.until.filter(|_| !is_own_stop(&new.reason));
    let written = tx
        .connection
        .prepare_cached(
            "INSERT INTO suppressions (digest, slot, id, channel, reason, at, until, masked, note, made_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (digest, slot) DO UPDATE SET at = excluded.at, until = excluded.until,
                 masked = excluded.masked, note = excluded.note, made_by = excluded.made_by
                 WHERE suppressions.until IS NOT NULL
                     AND (excluded.until IS NULL OR excluded.until > suppressions.until)",
        )?
        .execute(params![
            digest,
            new.slot(),
            drawn.as_i64(),
            new.contact.channel.number(),
            new.reason,
            new.at.as_micros(),
            until.map(Instant::as_micros),
            new.contact.masked(),
            new.note,
            new.by,
        ])?;
    let id = tx
        .connection
        .prepare_cached("SELECT id FROM suppressions WHERE digest = ?1 AND slot = ?2")?
        .query_row(params![digest, new.slot()], |row| row.get(0))?;
    let id = SuppressionId::from_i64(id);
    if written > 0 {
        write_audit(tx.connection, &new.lines(id))?;
    }
    outdate_owners(tx, digest)?;
    Ok(Made { id, is_news })
}

/// Takes what the owner of an address said back, by their own word; whether there was any.
pub(super) fn start_in(tx: &mut Tx<'_>, contact: &ContactPoint) -> Result<bool> {
    let digest = tx.shared.secret.address(contact);
    let gone = tx
        .connection
        .prepare_cached("DELETE FROM suppressions WHERE digest = ?1 AND slot = ''")?
        .execute([digest])?;
    if gone > 0 {
        outdate_owners(tx, digest)?;
    }
    Ok(gone > 0)
}

fn undo_in(
    tx: &mut Tx<'_>,
    id: SuppressionId,
    now: Instant,
    audit: &[AuditLine],
) -> Result<Undone> {
    let found: Option<(i64, String)> = tx
        .connection
        .prepare_cached("SELECT digest, slot FROM suppressions WHERE id = ?1")?
        .query_row([id.as_i64()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((digest, slot)) = found else {
        return Ok(Undone::Gone);
    };
    if slot.is_empty() {
        return Ok(Undone::Own);
    }
    tx.connection
        .prepare_cached("DELETE FROM suppressions WHERE id = ?1")?
        .execute([id.as_i64()])?;
    write_audit(tx.connection, audit)?;
    outdate_owners(tx, digest)?;
    let rest = suppressed_for(tx.connection, digest)?;
    Ok(match rest.iter().any(|one| one.holds(now)) {
        true => Undone::OthersHold,
        false => Undone::Done(digest),
    })
}
