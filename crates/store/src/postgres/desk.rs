//! Editions, drafts, exceptions from the guard.

use model::{
    AuditLine, Draft, Edition, ExceptionState, GuardException, Id, Instant, Lane, StaffId,
};
use tokio_postgres::Row;

use super::audit::add_audit;
use super::failure::Failure;
use super::rows::{get, text, word};
use super::sql::desk::{
    ADD_DRAFT, ADD_EDITION, ADD_EXCEPTION, AGREED_EXCEPTIONS, BUMP_DESK, CHANGE_DRAFT,
    DESK_REVISION, DRAFT, DRAFTS, DROP_DRAFT, DROP_DRAFTS, EDITIONS, EDITIONS_OF, EXCEPTION,
    EXCEPTIONS, LAST_EDITION, SETTLE_EXCEPTION,
};
use super::steps::{Steps, ask, begin, commit, params};
use super::{Postgres, Shared, retrying};
use crate::desk::{
    DRAFTS_AT_MOST, Settlement, kept, may_settle, read_changes, read_number, read_texts,
    read_version, write_changes, write_texts,
};
use crate::{Publication, Published, Result, Saved, Settled};

impl Postgres {
    pub(crate) async fn desk_revision(&self) -> Result<u64> {
        let found = self.ask_one(DESK_REVISION, params![]).await?;
        let revision = found.rows.first().map_or(Ok(0), |row| get(row, 0))?;
        read_number(revision, "desk.revision")
    }

    pub(crate) async fn editions(&self, after: u64, limit: usize) -> Result<Vec<Edition>> {
        let params = params![kept(after), kept(limit as u64)];
        let found = self.ask_one(EDITIONS, params).await?;
        found.rows.iter().map(read_edition).collect()
    }

    pub(crate) async fn editions_of(
        &self,
        message_type: String,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Edition>> {
        let before = before.map_or(i64::MAX, kept);
        let params = params![text(&message_type), before, kept(limit as u64)];
        let found = self.ask_one(EDITIONS_OF, params).await?;
        found.rows.iter().map(read_edition).collect()
    }

    pub(crate) async fn publish(&self, publication: Publication) -> Result<Published> {
        Ok(retrying(|| self.shared.publish(&publication)).await?)
    }

    pub(crate) async fn drafts(&self) -> Result<Vec<Draft>> {
        let params = params![kept(DRAFTS_AT_MOST as u64)];
        let found = self.ask_one(DRAFTS, params).await?;
        found.rows.iter().map(read_draft).collect()
    }

    pub(crate) async fn draft(
        &self,
        message_type: String,
        locale: String,
    ) -> Result<Option<Draft>> {
        let params = params![text(&message_type), text(&locale)];
        let found = self.ask_one(DRAFT, params).await?;
        found.rows.first().map(read_draft).transpose()
    }

    pub(crate) async fn save_draft(&self, draft: Draft, now: Instant) -> Result<Saved> {
        let sql = if draft.version == 0 {
            ADD_DRAFT
        } else {
            CHANGE_DRAFT
        };
        let params = params![
            text(&draft.message_type),
            text(&draft.locale),
            write_texts(&draft.texts),
            kept(draft.based_on),
            draft.who.map(StaffId::as_i64),
            now.as_micros(),
            draft.version,
        ];
        Ok(match self.ask_one(sql, params).await?.affected {
            0 => Saved::Stale,
            _ => Saved::Done,
        })
    }

    pub(crate) async fn discard_draft(
        &self,
        message_type: String,
        locale: String,
        version: Option<i64>,
    ) -> Result<Saved> {
        let params = params![text(&message_type), text(&locale), version];
        self.ask_one(DROP_DRAFT, params).await?;
        let params = params![text(&message_type), text(&locale)];
        let left = self.ask_one(DRAFT, params).await?;
        Ok(if left.rows.is_empty() {
            Saved::Done
        } else {
            Saved::Stale
        })
    }

    pub(crate) async fn ask_exception(
        &self,
        exception: GuardException,
        audit: Vec<AuditLine>,
    ) -> Result<Option<u64>> {
        Ok(retrying(|| self.shared.ask_exception(&exception, &audit)).await?)
    }

    pub(crate) async fn settle_exception(&self, settlement: Settlement) -> Result<Settled> {
        Ok(retrying(|| self.shared.settle_exception(&settlement)).await?)
    }

    pub(crate) async fn exceptions(&self, limit: usize) -> Result<Vec<GuardException>> {
        let found = self
            .ask_one(EXCEPTIONS, params![kept(limit as u64)])
            .await?;
        found.rows.iter().map(read_exception).collect()
    }

    pub(crate) async fn agreed_exceptions(&self) -> Result<Vec<GuardException>> {
        let found = self.ask_one(AGREED_EXCEPTIONS, params![]).await?;
        found.rows.iter().map(read_exception).collect()
    }
}

impl Shared {
    async fn publish(&self, publication: &Publication) -> std::result::Result<Published, Failure> {
        let edition = &publication.edition;
        let mut client = self.open(self.pool(Lane::Normal)).await?;
        let tx = begin(&mut client).await?;
        // After this no other edition comes in between: what is read next is the last.
        ask(&tx, BUMP_DESK, params![]).await?;
        let found = ask(&tx, LAST_EDITION, params![]).await?;
        let last: i64 = found.rows.first().map_or(Ok(0), |row| get(row, 0))?;
        if last != kept(publication.last) {
            return Ok(Published::Stale);
        }
        let mut steps = Steps::new();
        let params = params![
            kept(edition.number),
            text(&edition.message_type),
            i64::from(edition.template_version),
            write_changes(&edition.changes),
            text(&edition.note),
            edition.who.map(StaffId::as_i64),
            edition.at.as_micros(),
        ];
        steps.add(ADD_EDITION, params);
        if !publication.drafts.is_empty() {
            let locales: Vec<_> = publication.drafts.iter().map(|l| text(l)).collect();
            steps.add(DROP_DRAFTS, params![text(&edition.message_type), locales]);
        }
        add_audit(&mut steps, &publication.audit);
        steps.run(&tx).await?;
        commit(tx).await?;
        Ok(Published::Done)
    }

    async fn ask_exception(
        &self,
        exception: &GuardException,
        audit: &[AuditLine],
    ) -> std::result::Result<Option<u64>, Failure> {
        let mut client = self.open(self.pool(Lane::Normal)).await?;
        let tx = begin(&mut client).await?;
        ask(&tx, BUMP_DESK, params![]).await?;
        let params = params![
            text(&exception.rule),
            text(&exception.message_type),
            i64::from(exception.template_version),
            text(&exception.reason),
            exception.asked_by.map(StaffId::as_i64),
            exception.asked_at.as_micros(),
        ];
        let added = ask(&tx, ADD_EXCEPTION, params).await?;
        let Some(row) = added.rows.first() else {
            return Ok(None);
        };
        let number = read_number(get(row, 0)?, "guard_exceptions.number")?;
        let mut steps = Steps::new();
        add_audit(&mut steps, audit);
        steps.run(&tx).await?;
        commit(tx).await?;
        Ok(Some(number))
    }

    async fn settle_exception(
        &self,
        settlement: &Settlement,
    ) -> std::result::Result<Settled, Failure> {
        let mut client = self.open(self.pool(Lane::Normal)).await?;
        let tx = begin(&mut client).await?;
        ask(&tx, BUMP_DESK, params![]).await?;
        let found = ask(&tx, EXCEPTION, params![kept(settlement.number)]).await?;
        let Some(found) = found.rows.first().map(read_exception).transpose()? else {
            return Ok(Settled::Gone);
        };
        let settled = may_settle(settlement, found.state, found.asked_by);
        if settled != Settled::Done {
            return Ok(settled);
        }
        let mut steps = Steps::new();
        let params = params![
            kept(settlement.number),
            i16::from(settlement.to.number()),
            settlement.who.map(StaffId::as_i64),
            settlement.now.as_micros(),
        ];
        steps.add(SETTLE_EXCEPTION, params);
        add_audit(&mut steps, &settlement.audit);
        steps.run(&tx).await?;
        commit(tx).await?;
        Ok(Settled::Done)
    }
}

fn staff(row: &Row, at: usize) -> Result<Option<StaffId>> {
    Ok(get::<Option<i64>>(row, at)?.map(StaffId::from_i64))
}

fn read_edition(row: &Row) -> Result<Edition> {
    Ok(Edition {
        number: read_number(get(row, 0)?, "editions.number")?,
        message_type: get(row, 1)?,
        template_version: read_version(get(row, 2)?, "editions.template_version")?,
        changes: read_changes(get(row, 3)?)?,
        note: get(row, 4)?,
        who: staff(row, 5)?,
        at: Instant::from_micros(get(row, 6)?),
    })
}

fn read_draft(row: &Row) -> Result<Draft> {
    Ok(Draft {
        message_type: get(row, 0)?,
        locale: get(row, 1)?,
        texts: read_texts(get(row, 2)?)?,
        based_on: read_number(get(row, 3)?, "drafts.based_on")?,
        who: staff(row, 4)?,
        at: Instant::from_micros(get(row, 5)?),
        version: get(row, 6)?,
    })
}

fn read_exception(row: &Row) -> Result<GuardException> {
    Ok(GuardException {
        number: read_number(get(row, 0)?, "guard_exceptions.number")?,
        rule: get(row, 1)?,
        message_type: get(row, 2)?,
        template_version: read_version(get(row, 3)?, "guard_exceptions.template_version")?,
        reason: get(row, 4)?,
        asked_by: staff(row, 5)?,
        asked_at: Instant::from_micros(get(row, 6)?),
        state: word(row, 7, ExceptionState::from_number)?,
        settled_by: staff(row, 8)?,
        settled_at: get::<Option<i64>>(row, 9)?.map(Instant::from_micros),
    })
}
