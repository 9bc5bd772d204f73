//! Lines of the audit: only ever added.

use model::{AuditId, AuditLine, Id, Instant, Origin, StaffId};
use tokio_postgres::Row;

use super::Postgres;
use super::rows::{get, text, word};
use super::sql::staff::{APPEND_AUDIT, AUDIT, AUDIT_ACTIONS};
use super::steps::{Steps, begin, commit, params};
use crate::{AuditFilter, Error, Result};

impl Postgres {
    pub(crate) async fn append_audit(&self, lines: Vec<AuditLine>) -> Result<()> {
        let mut client = self.shared.reader().await?;
        let tx = begin(&mut client).await?;
        let mut steps = Steps::new();
        add_audit(&mut steps, &lines);
        steps.run(&tx).await?;
        commit(tx).await?;
        Ok(())
    }

    pub(crate) async fn audit(
        &self,
        filter: AuditFilter,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditLine>> {
        let params = params![
            before.map_or(i64::MAX, AuditId::as_i64),
            filter.who.map(StaffId::as_i64),
            filter.action.as_deref().map(text),
            filter.since.map(Instant::as_micros),
            filter.until.map(Instant::as_micros),
            i64::try_from(limit).unwrap_or(i64::MAX),
        ];
        let found = self.ask_one(AUDIT, params).await?;
        found.rows.iter().map(read_line).collect()
    }

    pub(crate) async fn audit_actions(&self) -> Result<Vec<String>> {
        let found = self.ask_one(AUDIT_ACTIONS, params![]).await?;
        found.rows.iter().map(|row| get(row, 0)).collect()
    }
}

/// Adds lines to what a transaction does.
pub(super) fn add_audit<'a>(steps: &mut Steps<'a>, lines: &'a [AuditLine]) {
    for line in lines {
        let params = params![
            line.id.as_i64(),
            line.at.as_micros(),
            line.who.map(StaffId::as_i64),
            i16::from(line.origin.number()),
            text(&line.action),
            text(&line.subject),
            line.details.to_string(),
        ];
        steps.add(APPEND_AUDIT, params);
    }
}

fn read_line(row: &Row) -> Result<AuditLine> {
    let details: &str = get(row, 6)?;
    Ok(AuditLine {
        id: AuditId::from_i64(get(row, 0)?),
        at: Instant::from_micros(get(row, 1)?),
        who: get::<Option<i64>>(row, 2)?.map(StaffId::from_i64),
        origin: word(row, 3, Origin::from_number)?,
        action: get(row, 4)?,
        subject: get(row, 5)?,
        details: serde_json::from_str(details)
            .map_err(|error| Error::Corrupt(format!("audit.details: {error}")))?,
    })
}
