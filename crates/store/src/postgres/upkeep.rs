//! What keeps a running store well: whether it can be reached, claims that live on, a clock
//! that was set back, and how many nodes there are.

use model::{Instant, Lane, Span};

use super::node::living;
use super::rows::get;
use super::sql::claims::{MOVE_BACK, NEWEST_ACCEPTED, RENEW_CLAIMS};
use super::sql::nodes::FENCE;
use super::steps::{ask, params};
use super::{Postgres, all_partitions, retrying};
use crate::Result;

/// What is due so soon after the present is counted from it, and not a time of day.
const SOON: Span = Span::minutes(1);

impl Postgres {
    /// A node without a number, or without a database, is not ready. After a pause it may
    /// have lost its number without knowing, so the database is asked.
    pub(crate) async fn ready(&self) -> Result<()> {
        let client = self.shared.reader().await?;
        let held = self.shared.node.held()?;
        let params = params![held.number, held.epoch];
        let proof = ask(&client, FENCE, params).await?;
        Ok(self.shared.node.proved(&proof.rows, held)?)
    }

    pub(crate) async fn nodes(&self) -> Result<usize> {
        let client = self.shared.reader().await?;
        Ok(living(&client).await?.len())
    }

    /// Only this node's own claims: the others renew theirs.
    pub(crate) async fn renew_claims(&self, _: Instant, lease: Span) -> Result<usize> {
        let held = self.shared.node.held()?;
        let renewed = retrying(async || {
            let client = self.shared.open(self.shared.pool(Lane::Normal)).await?;
            let params = params![all_partitions(), held.number, held.epoch, lease.as_micros()];
            ask(&client, RENEW_CLAIMS, params).await
        });
        Ok(renewed.await?.rows.len())
    }

    pub(crate) async fn newest_accepted_at(&self) -> Result<Option<Instant>> {
        let client = self.shared.reader().await?;
        let found = ask(&client, NEWEST_ACCEPTED, params![all_partitions()]).await?;
        let newest: Option<i64> = match found.rows.first() {
            Some(row) => get(row, 0)?,
            None => None,
        };
        Ok(newest.map(Instant::from_micros))
    }

    /// Of several nodes one may be set back alone: what it moves is due already by the
    /// others' clocks, or within a minute.
    pub(crate) async fn clock_set_back(&self, now: Instant, before: Instant) -> Result<usize> {
        let mut moved = 0;
        for partition in all_partitions() {
            let one = retrying(async || {
                let client = self.shared.open(self.shared.pool(Lane::Normal)).await?;
                let last = (before + SOON).as_micros();
                let by = before.since(now).as_micros();
                let params = params![partition, now.as_micros(), last, by];
                ask(&client, MOVE_BACK, params).await
            });
            moved += one.await?.rows.len();
        }
        Ok(moved)
    }
}
