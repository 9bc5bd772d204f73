//! Suppressed addresses, and who has them.

use std::collections::HashSet;

use deadpool_postgres::Transaction;
use model::{ContactPoint, Instant, Lane};

use super::failure::Failure;
use super::rows::{get, partition_of, text};
use super::sql::customers::{OUTDATE, OUTDATE_ONE, OWNERS, SUPPRESS, SUPPRESSED};
use super::steps::{Steps, ask, begin, commit, params};
use super::{Postgres, Shared, directory, retrying};
use crate::Result;
use crate::consents::STOPS;

/// An address to be suppressed, why, and when.
pub(super) type Suppressing<'a> = (&'a ContactPoint, &'a str, Instant);

impl Postgres {
    pub(crate) async fn suppressed_among(&self, digests: Vec<i64>) -> Result<Vec<i64>> {
        let client = self.shared.reader().await?;
        let partitions: Vec<i16> = digests.iter().map(|digest| directory(*digest)).collect();
        let found = ask(&client, SUPPRESSED, params![partitions, digests]).await?;
        found.rows.iter().map(|row| get(row, 0)).collect()
    }

    pub(crate) async fn suppress(
        &self,
        contact: ContactPoint,
        reason: String,
        now: Instant,
    ) -> Result<()> {
        let one = [(&contact, reason.as_str(), now)];
        retrying(|| self.shared.suppress(&one)).await?;
        Ok(self.shared.outdate_owners(&one).await?)
    }
}

impl Shared {
    async fn suppress(&self, all: &[Suppressing<'_>]) -> std::result::Result<(), Failure> {
        let mut client = self.open(self.pool(Lane::Security)).await?;
        let tx = begin(&mut client).await?;
        self.suppress_in(&tx, all).await?;
        commit(tx).await
    }

    /// Suppresses addresses and outdates every decision made about their owners.
    pub(super) async fn suppress_in(
        &self,
        tx: &Transaction<'_>,
        all: &[Suppressing<'_>],
    ) -> std::result::Result<(), Failure> {
        if all.is_empty() {
            return Ok(());
        }
        let mut rows: Vec<(i64, &Suppressing<'_>)> = all
            .iter()
            .map(|one| (self.secret.address(one.0), one))
            .collect();
        rows.sort_by_key(|(digest, _)| (directory(*digest), *digest));
        let params = params![
            rows.iter()
                .map(|(digest, _)| directory(*digest))
                .collect::<Vec<_>>(),
            rows.iter().map(|(digest, _)| *digest).collect::<Vec<_>>(),
            rows.iter()
                .map(|(_, one)| i16::from(one.0.channel.number()))
                .collect::<Vec<_>>(),
            rows.iter().map(|(_, one)| text(one.1)).collect::<Vec<_>>(),
            rows.iter()
                .map(|(_, one)| one.2.as_micros())
                .collect::<Vec<_>>(),
            STOPS.to_vec(),
        ];
        ask(tx, SUPPRESS, params).await?;
        self.outdate_in(tx, all).await
    }

    /// Once more after the commit: an owner whose profile was being written while we
    /// looked is seen now, or will itself see the suppression.
    pub(super) async fn outdate_owners(
        &self,
        all: &[Suppressing<'_>],
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
        all: &[Suppressing<'_>],
    ) -> std::result::Result<(), Failure> {
        let digests: Vec<i64> = all.iter().map(|one| self.secret.address(one.0)).collect();
        let owners = owners(tx, &digests).await?;
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
