//! Editions, drafts, exceptions from the guard.

use model::{
    AuditLine, Draft, Edition, ExceptionState, GuardException, Id, Instant, Lane, StaffId,
};
use rusqlite::{Connection, Row, params};

use super::Sqlite;
use super::audit::write_audit;
use super::rows::{collect, instant, maybe_instant, word};
use crate::desk::{
    DRAFTS_AT_MOST, Settlement, kept, may_settle, read_changes, read_number, read_texts,
    read_version, write_changes, write_texts,
};
use crate::{Publication, Published, Result, Saved, Settled};

const EDITION: &str = "SELECT number, message_type, template_version, changes, note, who, at";
const DRAFT: &str = "SELECT message_type, locale, texts, based_on, who, at, version";
const EXCEPTION: &str =
    "SELECT number, rule, message_type, template_version, reason, asked_by, asked_at, state,
         settled_by, settled_at";

impl Sqlite {
    pub(crate) async fn desk_revision(&self) -> Result<u64> {
        self.read(|connection, _| {
            let mut statement =
                connection.prepare_cached("SELECT coalesce(max(revision), 0) FROM desk")?;
            read_number(statement.query_row([], |row| row.get(0))?, "desk.revision")
        })
        .await
    }

    pub(crate) async fn editions(&self, after: u64, limit: usize) -> Result<Vec<Edition>> {
        self.read(move |connection, _| {
            let sql = format!("{EDITION} FROM editions WHERE number > ?1 ORDER BY number LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params![kept(after), kept(limit as u64)])?;
            collect(&mut rows, read_edition)
        })
        .await
    }

    pub(crate) async fn editions_of(
        &self,
        message_type: String,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Edition>> {
        self.read(move |connection, _| {
            let sql = format!(
                "{EDITION} FROM editions WHERE message_type = ?1 AND number < ?2
                 ORDER BY number DESC LIMIT ?3"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let before = before.map_or(i64::MAX, kept);
            let mut rows = statement.query(params![message_type, before, kept(limit as u64)])?;
            collect(&mut rows, read_edition)
        })
        .await
    }

    pub(crate) async fn publish(&self, publication: Publication) -> Result<Published> {
        self.write(Lane::Normal, 2, move |tx| {
            publish_in(tx.connection, &publication)
        })
        .await
    }

    pub(crate) async fn drafts(&self) -> Result<Vec<Draft>> {
        self.read(|connection, _| {
            let sql =
                format!("{DRAFT} FROM drafts ORDER BY at DESC, message_type, locale LIMIT ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            collect(
                &mut statement.query([kept(DRAFTS_AT_MOST as u64)])?,
                read_draft,
            )
        })
        .await
    }

    pub(crate) async fn draft(
        &self,
        message_type: String,
        locale: String,
    ) -> Result<Option<Draft>> {
        self.read(move |connection, _| {
            let sql = format!("{DRAFT} FROM drafts WHERE message_type = ?1 AND locale = ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([message_type, locale])?;
            rows.next()?.map(read_draft).transpose()
        })
        .await
    }

    pub(crate) async fn save_draft(&self, draft: Draft, now: Instant) -> Result<Saved> {
        self.write(Lane::Normal, 1, move |tx| {
            let sql = if draft.version == 0 {
                "INSERT INTO drafts (message_type, locale, texts, based_on, who, at, version)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7 + 1) ON CONFLICT DO NOTHING"
            } else {
                "UPDATE drafts SET texts = ?3, based_on = ?4, who = ?5, at = ?6, version = ?7 + 1
                 WHERE message_type = ?1 AND locale = ?2 AND version = ?7"
            };
            let saved = tx.connection.prepare_cached(sql)?.execute(params![
                draft.message_type,
                draft.locale,
                write_texts(&draft.texts),
                kept(draft.based_on),
                draft.who.map(StaffId::as_i64),
                now.as_micros(),
                draft.version,
            ])?;
            Ok(if saved == 0 {
                Saved::Stale
            } else {
                Saved::Done
            })
        })
        .await
    }

    pub(crate) async fn discard_draft(
        &self,
        message_type: String,
        locale: String,
        version: Option<i64>,
    ) -> Result<Saved> {
        self.write(Lane::Normal, 1, move |tx| {
            tx.connection.execute(
                "DELETE FROM drafts WHERE message_type = ?1 AND locale = ?2
                     AND (?3 IS NULL OR version = ?3)",
                params![message_type, locale, version],
            )?;
            let left: bool = tx.connection.query_row(
                "SELECT EXISTS (SELECT 1 FROM drafts WHERE message_type = ?1 AND locale = ?2)",
                params![message_type, locale],
                |row| row.get(0),
            )?;
            Ok(if left { Saved::Stale } else { Saved::Done })
        })
        .await
    }

    pub(crate) async fn ask_exception(
        &self,
        exception: GuardException,
        audit: Vec<AuditLine>,
    ) -> Result<Option<u64>> {
        self.write(Lane::Normal, 2, move |tx| {
            ask_in(tx.connection, &exception, &audit)
        })
        .await
    }

    pub(crate) async fn settle_exception(&self, settlement: Settlement) -> Result<Settled> {
        self.write(Lane::Normal, 2, move |tx| {
            settle_in(tx.connection, &settlement)
        })
        .await
    }

    pub(crate) async fn exceptions(&self, limit: usize) -> Result<Vec<GuardException>> {
        self.read(move |connection, _| {
            let sql = format!("{EXCEPTION} FROM guard_exceptions ORDER BY number DESC LIMIT ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            collect(&mut statement.query([kept(limit as u64)])?, read_exception)
        })
        .await
    }

    pub(crate) async fn agreed_exceptions(&self) -> Result<Vec<GuardException>> {
        self.read(|connection, _| {
            let sql =
                format!("{EXCEPTION} FROM guard_exceptions WHERE state = 2 ORDER BY number DESC");
            let mut statement = connection.prepare_cached(&sql)?;
            collect(&mut statement.query([])?, read_exception)
        })
        .await
    }
}

/// Tells that there is something new at the desk.
fn bump(connection: &Connection) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO desk (one, revision) VALUES (1, 1)
             ON CONFLICT (one) DO UPDATE SET revision = revision + 1",
        )?
        .execute([])?;
    Ok(())
}

fn publish_in(connection: &Connection, publication: &Publication) -> Result<Published> {
    let edition = &publication.edition;
    let last: i64 =
        connection.query_row("SELECT coalesce(max(number), 0) FROM editions", [], |row| {
            row.get(0)
        })?;
    if last != kept(publication.last) {
        return Ok(Published::Stale);
    }
    bump(connection)?;
    connection
        .prepare_cached(
            "INSERT INTO editions (number, message_type, template_version, changes, note, who, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            kept(edition.number),
            edition.message_type,
            edition.template_version,
            write_changes(&edition.changes),
            edition.note,
            edition.who.map(StaffId::as_i64),
            edition.at.as_micros(),
        ])?;
    for locale in &publication.drafts {
        connection
            .prepare_cached("DELETE FROM drafts WHERE message_type = ?1 AND locale = ?2")?
            .execute([&edition.message_type, locale])?;
    }
    write_audit(connection, &publication.audit)?;
    Ok(Published::Done)
}

fn ask_in(
    connection: &Connection,
    exception: &GuardException,
    audit: &[AuditLine],
) -> Result<Option<u64>> {
    let open: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM guard_exceptions
             WHERE rule = ?1 AND message_type = ?2 AND template_version = ?3 AND state <> 3)",
        params![
            exception.rule,
            exception.message_type,
            exception.template_version
        ],
        |row| row.get(0),
    )?;
    if open {
        return Ok(None);
    }
    bump(connection)?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO guard_exceptions (number, rule, message_type, template_version, reason, asked_by,
             asked_at, state)
         VALUES ((SELECT coalesce(max(number), 0) + 1 FROM guard_exceptions), ?1, ?2, ?3, ?4, ?5, ?6, 1)
         RETURNING number",
    )?;
    let number: i64 = statement.query_row(
        params![
            exception.rule,
            exception.message_type,
            exception.template_version,
            exception.reason,
            exception.asked_by.map(StaffId::as_i64),
            exception.asked_at.as_micros(),
        ],
        |row| row.get(0),
    )?;
    write_audit(connection, audit)?;
    Ok(Some(read_number(number, "guard_exceptions.number")?))
}

fn settle_in(connection: &Connection, settlement: &Settlement) -> Result<Settled> {
    let sql = format!("{EXCEPTION} FROM guard_exceptions WHERE number = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([kept(settlement.number)])?;
    let Some(found) = rows.next()?.map(read_exception).transpose()? else {
        return Ok(Settled::Gone);
    };
    let settled = may_settle(settlement, found.state, found.asked_by);
    if settled == Settled::Done {
        bump(connection)?;
        connection
            .prepare_cached(
                "UPDATE guard_exceptions SET state = ?2, settled_by = ?3, settled_at = ?4
                 WHERE number = ?1",
            )?
            .execute(params![
                kept(settlement.number),
                settlement.to.number(),
                settlement.who.map(StaffId::as_i64),
                settlement.now.as_micros(),
            ])?;
        write_audit(connection, &settlement.audit)?;
    }
    Ok(settled)
}

fn staff(row: &Row<'_>, column: &str) -> Result<Option<StaffId>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(StaffId::from_i64))
}

fn read_edition(row: &Row<'_>) -> Result<Edition> {
    Ok(Edition {
        number: read_number(row.get("number")?, "editions.number")?,
        message_type: row.get("message_type")?,
        template_version: read_version(row.get("template_version")?, "editions.template_version")?,
        changes: read_changes(&row.get::<_, String>("changes")?)?,
        note: row.get("note")?,
        who: staff(row, "who")?,
        at: instant(row, "at")?,
    })
}

fn read_draft(row: &Row<'_>) -> Result<Draft> {
    Ok(Draft {
        message_type: row.get("message_type")?,
        locale: row.get("locale")?,
        texts: read_texts(&row.get::<_, String>("texts")?)?,
        based_on: read_number(row.get("based_on")?, "drafts.based_on")?,
        who: staff(row, "who")?,
        at: instant(row, "at")?,
        version: row.get("version")?,
    })
}

fn read_exception(row: &Row<'_>) -> Result<GuardException> {
    Ok(GuardException {
        number: read_number(row.get("number")?, "guard_exceptions.number")?,
        rule: row.get("rule")?,
        message_type: row.get("message_type")?,
        template_version: read_version(
            row.get("template_version")?,
            "guard_exceptions.template_version",
        )?,
        reason: row.get("reason")?,
        asked_by: staff(row, "asked_by")?,
        asked_at: instant(row, "asked_at")?,
        state: word(row, "state", ExceptionState::from_number)?,
        settled_by: staff(row, "settled_by")?,
        settled_at: maybe_instant(row, "settled_at")?,
    })
}
