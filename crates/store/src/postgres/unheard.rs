//! Claims this node may have made without hearing of it: the connection went at the commit.
//!
//! Nobody hands such deliveries over, and as long as this node lives it would renew their
//! claims. They go back into the queue as if nobody had taken them: none has left. What was
//! claimed must be matched whole, for the same delivery may be claimed rightly meanwhile.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::Transaction;
use model::Lane;

use super::Shared;
use super::failure::Failure;
use super::moves::{Effects, Moves, Standing, read_standing, sorted_keys};
use super::node::Held;
use super::rows::{get, partition_of};
use super::sql::claims::TAKE_LAPSED;
use super::sql::path::{LOCK_DELIVERIES, LOCK_DELIVERIES_ONE};
use super::steps::{Steps, begin, commit, first_rows, params};
use crate::Result;

/// After the database answers again, a commit from before may still come through for so
/// long: its settings end what is left open sooner.
const LATE: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Default)]
pub(super) struct Unheard(Mutex<Vec<Lost>>);

/// A commit without an answer.
#[derive(Clone)]
struct Lost {
    held: Held,
    /// Deliveries, and when they were claimed.
    claims: Vec<(i64, i64)>,
    /// When the database was first asked about it and answered.
    asked: Option<Instant>,
}

impl Unheard {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Lost>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, held: Held, claims: Vec<(i64, i64)>) {
        if claims.is_empty() {
            return;
        }
        tracing::warn!(
            deliveries = claims.len(),
            "a commit was not answered; what it may have claimed goes back into the queue"
        );
        self.lock().push(Lost {
            held,
            claims,
            asked: None,
        });
    }
}

impl Shared {
    /// Commits what claims deliveries; remembers them where the answer does not come.
    pub(super) async fn end(
        &self,
        tx: Transaction<'_>,
        held: Held,
        claims: impl FnOnce() -> Vec<(i64, i64)>,
    ) -> std::result::Result<(), Failure> {
        let ended = commit(tx).await;
        if ended.as_ref().is_err_and(Failure::leaves_open) {
            self.unheard.note(held, claims());
        }
        ended
    }

    /// Looks for claims of commits that were not answered, and gives back what is found.
    pub(super) async fn give_back_unheard(&self) -> std::result::Result<(), Failure> {
        let mut left = std::mem::take(&mut *self.unheard.lock());
        let mut result = Ok(());
        for lost in &mut left {
            match self.give_back(lost).await {
                Ok(given) => {
                    lost.claims.retain(|claim| !given.contains(claim));
                    lost.asked.get_or_insert_with(Instant::now);
                }
                Err(failure) => {
                    result = Err(failure);
                    break;
                }
            }
        }
        left.retain(|lost| {
            !lost.claims.is_empty() && lost.asked.is_none_or(|asked| asked.elapsed() < LATE)
        });
        self.unheard.lock().extend(left);
        result
    }

    /// The claims that were found and given back. If this commit is not answered either, a
    /// later look finds none, and needs to find none.
    async fn give_back(&self, lost: &Lost) -> std::result::Result<Vec<(i64, i64)>, Failure> {
        let mut client = self.open(self.pool(Lane::Normal)).await?;
        let mut effects = Effects::default();
        let tx = begin(&mut client).await?;
        let (partitions, ids) = sorted_keys(lost.claims.iter().map(|(id, _)| *id));
        let mut steps = Steps::new();
        let both = (LOCK_DELIVERIES, LOCK_DELIVERIES_ONE);
        let locks = steps.add_keyed(both, self.distributed, &partitions, &ids);
        let claims = &lost.claims;
        steps.add(
            TAKE_LAPSED,
            params![
                claims
                    .iter()
                    .map(|(id, _)| partition_of(*id))
                    .collect::<Vec<_>>(),
                claims.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
                vec![lost.held.number; claims.len()],
                vec![lost.held.epoch; claims.len()],
                claims.iter().map(|(_, at)| *at).collect::<Vec<_>>(),
            ],
        );
        let mut answers = steps.run(&tx).await?;
        let locked = first_rows(&mut answers, locks);
        let standing: HashMap<i64, Standing> =
            locked.iter().map(read_standing).collect::<Result<_>>()?;
        let mut given = Vec::new();
        let mut moves = Moves::default();
        for row in &answers[0].rows {
            let claim: (i64, i64) = (get(row, 0)?, get(row, 1)?);
            given.push(claim);
            // One in doubt may have been settled by a receipt.
            let open = standing.get(&claim.0).filter(|s| !s.state.is_settled());
            if let Some(standing) = open {
                moves.return_due(claim.0, standing, &mut effects);
            }
        }
        moves.run(&tx, Steps::new(), &mut effects).await?;
        commit(tx).await?;
        if !given.is_empty() {
            tracing::warn!(
                deliveries = given.len(),
                "gave back claims whose commit was not answered"
            );
        }
        self.tell(effects);
        Ok(given)
    }
}
