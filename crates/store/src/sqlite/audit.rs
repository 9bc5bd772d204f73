//! Lines of the audit: only ever added.

use model::{AuditId, AuditLine, Id, Instant, Lane, Origin, StaffId};
use rusqlite::{Connection, Row, params};

use super::Sqlite;
use super::rows::{collect, id, instant, word};
use crate::{AuditFilter, Error, Result};

impl Sqlite {
    pub(crate) async fn append_audit(&self, lines: Vec<AuditLine>) -> Result<()> {
        self.write(Lane::Normal, 1, move |tx| {
            write_audit(tx.connection, &lines)
        })
        .await
    }

    pub(crate) async fn audit(
        &self,
        filter: AuditFilter,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditLine>> {
        self.read(move |connection, _| {
            let mut statement = connection.prepare_cached(
                "SELECT id, at, who, origin, action, subject, details FROM audit
                 WHERE id < ?1 AND (?2 IS NULL OR who = ?2) AND (?3 IS NULL OR action = ?3)
                     AND (?4 IS NULL OR at >= ?4) AND (?5 IS NULL OR at < ?5)
                 ORDER BY id DESC LIMIT ?6",
            )?;
            let mut rows = statement.query(params![
                before.map_or(i64::MAX, AuditId::as_i64),
                filter.who.map(StaffId::as_i64),
                filter.action,
                filter.since.map(Instant::as_micros),
                filter.until.map(Instant::as_micros),
                i64::try_from(limit).unwrap_or(i64::MAX),
            ])?;
            collect(&mut rows, read_line)
        })
        .await
    }

    pub(crate) async fn audit_actions(&self) -> Result<Vec<String>> {
        self.read(|connection, _| {
            let mut statement =
                connection.prepare_cached("SELECT DISTINCT action FROM audit ORDER BY action")?;
            collect(&mut statement.query([])?, |row| Ok(row.get(0)?))
        })
        .await
    }
}

/// Adds lines in a transaction.
pub(super) fn write_audit(connection: &Connection, lines: &[AuditLine]) -> Result<()> {
    for line in lines {
        connection
            .prepare_cached(
                "INSERT INTO audit (id, at, who, origin, action, subject, details)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                line.id.as_i64(),
                line.at.as_micros(),
                line.who.map(StaffId::as_i64),
                line.origin.number(),
                line.action,
                line.subject,
                line.details.to_string(),
            ])?;
    }
    Ok(())
}

fn read_line(row: &Row<'_>) -> Result<AuditLine> {
    let details: String = row.get("details")?;
    Ok(AuditLine {
        id: id(row, "id")?,
        at: instant(row, "at")?,
        who: row.get::<_, Option<i64>>("who")?.map(StaffId::from_i64),
        origin: word(row, "origin", Origin::from_number)?,
        action: row.get("action")?,
        subject: row.get("subject")?,
        details: serde_json::from_str(&details)
            .map_err(|error| Error::Corrupt(format!("audit.details: {error}")))?,
    })
}
