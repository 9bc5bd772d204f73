//! Claims nobody will finish: their lease ran out, or their node is gone.

use std::collections::HashMap;

use model::{Attempt, DeliveryState, Instant, Lane};

use super::failure::Failure;
use super::moves::{Effects, Move, Moves, Standing, read_standing, sorted_keys};
use super::node::{Held, living};
use super::outcomes::Attempts;
use super::rows::{get, partition_of};
use super::sql::claims::{LAPSED, TAKE_LAPSED};
use super::sql::path::{LOCK_DELIVERIES, LOCK_DELIVERIES_ONE};
use super::steps::{Steps, ask, begin, commit, first_rows, params};
use super::{Postgres, Shared, all_partitions, retrying};
use crate::Result;

/// So many at a time.
const BATCH: i64 = 500;

/// A claim as it was seen.
struct Lapsed {
    delivery: i64,
    holder: Held,
    claimed_at: i64,
}

impl Postgres {
    pub(crate) async fn doubt_claims(
        &self,
        all: bool,
        now: Instant,
        due_again: impl Fn(Lane, Instant) -> Instant + Send + 'static,
    ) -> Result<usize> {
        let again: HashMap<Lane, Instant> = Lane::ALL
            .iter()
            .map(|lane| (*lane, due_again(*lane, now)))
            .collect();
        drop(due_again);
        let mut total = 0;
        loop {
            let (seen, taken) = retrying(|| self.shared.doubt(all, now, &again)).await?;
            total += taken;
            if seen < BATCH as usize || taken == 0 {
                return Ok(total);
            }
        }
    }
}

impl Shared {
    /// Puts one batch in doubt; how many claims were seen, and how many were taken.
    async fn doubt(
        &self,
        all: bool,
        now: Instant,
        again: &HashMap<Lane, Instant>,
    ) -> std::result::Result<(usize, usize), Failure> {
        let pool = self.pool(Lane::Normal);
        let mut client = self.open(pool).await?;
        self.names.learn(&client, std::iter::once("")).await?;
        let lapsed = self.lapsed(&client, all).await?;
        if lapsed.is_empty() {
            return Ok((0, 0));
        }
        let mut effects = Effects::default();
        let tx = begin(&mut client).await?;
        let (partitions, ids) = sorted_keys(lapsed.iter().map(|claim| claim.delivery));
        let mut steps = Steps::new();
        let both = (LOCK_DELIVERIES, LOCK_DELIVERIES_ONE);
        let locks = steps.add_keyed(both, self.distributed, &partitions, &ids);
        steps.add(
            TAKE_LAPSED,
            params![
                lapsed
                    .iter()
                    .map(|c| partition_of(c.delivery))
                    .collect::<Vec<_>>(),
                lapsed.iter().map(|c| c.delivery).collect::<Vec<_>>(),
                lapsed.iter().map(|c| c.holder.number).collect::<Vec<_>>(),
                lapsed.iter().map(|c| c.holder.epoch).collect::<Vec<_>>(),
                lapsed.iter().map(|c| c.claimed_at).collect::<Vec<_>>(),
            ],
        );
        let mut answers = steps.run(&tx).await?;
        let locked = first_rows(&mut answers, locks);
        let standing: HashMap<i64, Standing> =
            locked.iter().map(read_standing).collect::<Result<_>>()?;
        let mut cut_off = Vec::new();
        for row in &answers[0].rows {
            let (delivery, claimed_at): (i64, i64) = (get(row, 0)?, get(row, 1)?);
            // A receipt may have settled it while it was claimed again.
            let open = standing.get(&delivery).filter(|s| !s.state.is_settled());
            cut_off.extend(open.map(|standing| (delivery, standing, attempt(claimed_at, now))));
        }
        let (mut attempts, mut moves) = (Attempts::default(), Moves::default());
        for (delivery, standing, attempt) in &cut_off {
            attempts.add(*delivery, standing.attempts + 1, attempt, &self.names)?;
            let to = Move {
                to: DeliveryState::InDoubt,
                tried: true,
                at: now,
                due_at: Some(again.get(&standing.lane).copied().unwrap_or(now)),
                keep_secret: true,
            };
            moves.add(self, (*delivery, standing), to, &mut effects);
        }
        moves.run(&tx, attempts.steps(), &mut effects).await?;
        commit(tx).await?;
        drop(client);
        self.settle(effects, pool).await;
        Ok((lapsed.len(), answers[0].rows.len()))
    }

    /// Claims that may be taken. A holder that began to live after we asked who lives is
    /// asked for again: never is a living node's claim taken.
    async fn lapsed(
        &self,
        client: &deadpool_postgres::Object,
        all: bool,
    ) -> std::result::Result<Vec<Lapsed>, Failure> {
        let own = self.node.held().map_or(-1, |held| held.number);
        let alive = living(client).await?;
        let numbers: Vec<i16> = alive.iter().map(|held| held.number).collect();
        let epochs: Vec<i64> = alive.iter().map(|held| held.epoch).collect();
        let params = params![all_partitions(), all, own, numbers, epochs, BATCH];
        let rows = ask(client, LAPSED, params).await?.rows;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let claim = Lapsed {
                delivery: get(row, 1)?,
                holder: Held {
                    number: get(row, 2)?,
                    epoch: get(row, 3)?,
                },
                claimed_at: get(row, 4)?,
            };
            found.push((claim, get::<bool>(row, 5)?));
        }
        if found.iter().any(|(_, certain)| !certain) {
            let alive = living(client).await?;
            found.retain(|(claim, certain)| *certain || !alive.contains(&claim.holder));
        }
        Ok(found.into_iter().map(|(claim, _)| claim).collect())
    }
}

fn attempt(claimed_at: i64, now: Instant) -> Attempt {
    Attempt {
        number: 0,
        carrier: String::new(),
        started_at: Instant::from_micros(claimed_at),
        ended_at: now,
        outcome: "in_doubt".into(),
        code: String::new(),
        reason: "cut_off".into(),
        carrier_id: None,
        digest: String::new(),
    }
}
