//! Suppressed addresses, and who has them.

use std::collections::HashSet;

use deadpool_postgres::Transaction;
use model::{
    AuditLine, Channel, ContactPoint, Id, Instant, Lane, Partition, SuppressionId, is_own_stop,
};
use tokio_postgres::Row;

use super::audit::add_audit;
use super::failure::Failure;
use super::rows::{get, partition_of, text, word};
use super::sql::customers::{OUTDATE, OUTDATE_ONE, OWNERS};
use super::sql::suppressions::{
    ENTRY, ENTRY_OF, LIST, LIST_ONE, LOCK_ENTRY, REASONS, SUPPRESS, SUPPRESSED, UNDO,
};
use super::steps::{Steps, ask, begin, commit, params};
use super::{Postgres, Shared, all_partitions, directory, retrying};
use crate::{NewSuppression, Result, Suppression, SuppressionFilter, Undone};

impl Postgres {
    pub(crate) async fn suppressed_among(
        &self,
        digests: Vec<i64>,
        at: Instant,
    ) -> Result<Vec<i64>> {
        let client = self.shared.reader().await?;
        let partitions: Vec<i16> = digests.iter().map(|digest| directory(*digest)).collect();
        let rows = ask(&client, SUPPRESSED, params![partitions, digests])
            .await?
            .rows;
        let mut found = HashSet::new();
        for row in &rows {
            if holds(row, at)? {
                found.insert(get(row, 0)?);
            }
        }
        Ok(found.into_iter().collect())
    }

    pub(crate) async fn add_suppression(&self, new: NewSuppression) -> Result<SuppressionId> {
        let one = [new];
        let id = retrying(|| self.shared.suppress(&one)).await?;
        self.shared.outdate_owners(&[&one[0].contact]).await?;
        Ok(id)
    }

    pub(crate) async fn suppressions(
        &self,
        filter: SuppressionFilter,
        before: Option<SuppressionId>,
        limit: usize,
    ) -> Result<Vec<Suppression>> {
        let before = before.map_or(i64::MAX, SuppressionId::as_i64);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let reason = filter.reason.as_deref().map(text);
        let channel = filter.channel.map(|channel| i16::from(channel.number()));
        let found = match &filter.contact {
            Some(contact) => {
                let digest = self.shared.secret.address(contact);
                let place = directory(digest);
                let params = params![place, digest, before, reason, channel, limit];
                self.ask_one(LIST_ONE, params).await?
            }
            None => {
                let params = params![all_partitions(), before, reason, channel, limit];
                self.ask_one(LIST, params).await?
            }
        };
        found.rows.iter().map(entry).collect()
    }

    pub(crate) async fn suppression(&self, id: SuppressionId) -> Result<Option<Suppression>> {
        let found = self
            .ask_one(ENTRY, params![all_partitions(), id.as_i64()])
            .await?;
        found.rows.first().map(entry).transpose()
    }

    pub(crate) async fn suppression_reasons(&self) -> Result<Vec<String>> {
        let found = self.ask_one(REASONS, params![all_partitions()]).await?;
        found.rows.iter().map(|row| get(row, 0)).collect()
    }

    pub(crate) async fn undo_suppression(
        &self,
        id: SuppressionId,
        now: Instant,
        audit: Vec<AuditLine>,
    ) -> Result<Undone> {
        Ok(retrying(|| self.shared.undo(id, now, &audit)).await?)
    }
}

fn holds(row: &Row, at: Instant) -> Result<bool> {
    let until: Option<i64> = get(row, 2)?;
    Ok(until.is_none_or(|until| at.as_micros() < until))
}

fn entry(row: &Row) -> Result<Suppression> {
    Ok(Suppression {
        id: SuppressionId::from_i64(get(row, 0)?),
        channel: word(row, 1, Channel::from_number)?,
        masked: get(row, 2)?,
        reason: get(row, 3)?,
        at: Instant::from_micros(get(row, 4)?),
        until: get::<Option<i64>>(row, 5)?.map(Instant::from_micros),
        note: get(row, 6)?,
        by: get(row, 7)?,
    })
}

impl Shared {
    async fn suppress(
        &self,
        all: &[NewSuppression; 1],
    ) -> std::result::Result<SuppressionId, Failure> {
        let [new] = all;
        let mut client = self.open(self.pool(Lane::Security)).await?;
        let tx = begin(&mut client).await?;
        let written = self.suppress_in(&tx, all).await?;
        let digest = self.secret.address(&new.contact);
        let slot = text(new.slot());
        let found = ask(&tx, ENTRY_OF, params![directory(digest), digest, slot]).await?;
        let id = found.rows.first().map_or(Ok(0), |row| get(row, 0))?;
        let id = SuppressionId::from_i64(id);
        if written > 0 {
            let lines = new.lines(id);
            let mut steps = Steps::new();
            add_audit(&mut steps, &lines);
            steps.run(&tx).await?;
        }
        commit(tx).await?;
        Ok(id)
    }

    /// Suppresses addresses and outdates every decision made about their owners; how many
    /// entries that made or changed.
    pub(super) async fn suppress_in(
        &self,
        tx: &Transaction<'_>,
        all: &[NewSuppression],
    ) -> std::result::Result<usize, Failure> {
        if all.is_empty() {
            return Ok(0);
        }
        let mut rows: Vec<(i64, &NewSuppression)> = all
            .iter()
            .map(|one| (self.secret.address(&one.contact), one))
            .collect();
        rows.sort_by_key(|(digest, new)| (directory(*digest), *digest, new.slot()));
        // One statement writes a row once.
        rows.dedup_by_key(|(digest, new)| (*digest, new.slot().to_owned()));
        let drawn = |(digest, new): &(i64, &NewSuppression)| {
            let partition = Partition::new((digest & 255) as u8);
            let id: SuppressionId = self.ids.next(partition, new.at);
            id.as_i64()
        };
        let ends = |new: &NewSuppression| {
            let until = new.until.filter(|_| !is_own_stop(&new.reason));
            until.map(Instant::as_micros)
        };
        let params = params![
            rows.iter().map(|(d, _)| directory(*d)).collect::<Vec<_>>(),
            rows.iter().map(|(d, _)| *d).collect::<Vec<_>>(),
            rows.iter().map(|(_, n)| text(n.slot())).collect::<Vec<_>>(),
            rows.iter().map(drawn).collect::<Vec<_>>(),
            rows.iter()
                .map(|(_, n)| i16::from(n.contact.channel.number()))
                .collect::<Vec<_>>(),
            rows.iter()
                .map(|(_, n)| text(&n.reason))
                .collect::<Vec<_>>(),
            rows.iter()
                .map(|(_, n)| n.at.as_micros())
                .collect::<Vec<_>>(),
            rows.iter().map(|(_, n)| ends(n)).collect::<Vec<_>>(),
            rows.iter()
                .map(|(_, n)| n.contact.masked())
                .collect::<Vec<_>>(),
            rows.iter().map(|(_, n)| text(&n.note)).collect::<Vec<_>>(),
            rows.iter().map(|(_, n)| text(&n.by)).collect::<Vec<_>>(),
        ];
        let written = ask(tx, SUPPRESS, params).await?.rows.len();
        let contacts: Vec<&ContactPoint> = all.iter().map(|one| &one.contact).collect();
        self.outdate_in(tx, &contacts).await?;
        Ok(written)
    }

    async fn undo(
        &self,
        id: SuppressionId,
        now: Instant,
        audit: &[AuditLine],
    ) -> std::result::Result<Undone, Failure> {
        let mut client = self.open(self.pool(Lane::Security)).await?;
        let tx = begin(&mut client).await?;
        let found = ask(&tx, LOCK_ENTRY, params![all_partitions(), id.as_i64()]).await?;
        let Some(row) = found.rows.first() else {
            return Ok(Undone::Gone);
        };
        let (digest, slot): (i64, String) = (get(row, 0)?, get(row, 1)?);
        if slot.is_empty() {
            return Ok(Undone::Own);
        }
        let place = directory(digest);
        if ask(&tx, UNDO, params![place, digest, slot]).await?.affected == 0 {
            return Ok(Undone::Gone);
        }
        let mut steps = Steps::new();
        add_audit(&mut steps, audit);
        steps.run(&tx).await?;
        self.outdate_digests(&tx, &[digest]).await?;
        let rest = ask(&tx, SUPPRESSED, params![vec![place], vec![digest]]).await?;
        let rest: Vec<bool> = rest
            .rows
            .iter()
            .map(|row| holds(row, now))
            .collect::<Result<_>>()?;
        commit(tx).await?;
        Ok(match rest.contains(&true) {
            true => Undone::OthersHold,
            false => Undone::Done(digest),
        })
    }

    /// Once more after the commit: an owner whose profile was being written while we
    /// looked is seen now, or will itself see the suppression.
    pub(super) async fn outdate_owners(
        &self,
        all: &[&ContactPoint],
    ) -> std::result::Result<(), Failure> {
        if all.is_empty() {
            return Ok(());
        }
        retrying(|| async {
            let mut client = self.open(self.pool(Lane::Security)).await?;
            let tx = begin(&mut client).await?;
            self.outdate_in(&tx, all).await?;
            commit(tx).await
        })
        .await
    }

    pub(super) async fn outdate_in(
        &self,
        tx: &Transaction<'_>,
        all: &[&ContactPoint],
    ) -> std::result::Result<(), Failure> {
        let digests: Vec<i64> = all.iter().map(|one| self.secret.address(one)).collect();
        self.outdate_digests(tx, &digests).await
    }

    async fn outdate_digests(
        &self,
        tx: &Transaction<'_>,
        digests: &[i64],
    ) -> std::result::Result<(), Failure> {
        let owners = owners(tx, digests).await?;
        if owners.is_empty() {
            return Ok(());
        }
        let partitions: Vec<i16> = owners.iter().map(|id| partition_of(*id)).collect();
        let mut steps = Steps::new();
        let both = (OUTDATE, OUTDATE_ONE);
        steps.add_keyed(both, self.distributed, &partitions, &owners);
        steps.run(tx).await?;
        Ok(())
    }
}

/// The recipients that have one of some addresses, by digest.
pub(super) async fn owners(
    tx: &Transaction<'_>,
    digests: &[i64],
) -> std::result::Result<Vec<i64>, Failure> {
    let places: Vec<i16> = digests.iter().map(|digest| directory(*digest)).collect();
    let rows = ask(tx, OWNERS, params![places, digests]).await?.rows;
    let owners = rows.iter().map(|row| get::<i64>(row, 0));
    let owners: HashSet<i64> = owners.collect::<Result<_>>()?;
    Ok(owners.into_iter().collect())
}
