//! The writer: merges whatever waits into one transaction, for each of a few connections.
//!
//! Two queues, security first and with a connection of its own. A worker takes the oldest
//! work and all of its kind that waits behind it, up to a weight. If the merged batch
//! fails, its parts are run one by one: a bad one takes nothing else with it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deadpool_postgres::Pool;
use model::Lane;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::failure::Failure;
use super::{Postgres, Shared, retrying};
use crate::{AcceptedEvent, Committed, Error, OutcomeRecord, ReceiptMatch, ReceiptRecord, Result};

/// A transaction takes up to so many events, outcomes or receipts.
const WEIGHT: usize = 1_000;
/// Connections that write bulk.
const BULK_WORKERS: usize = 2;

type Answer<T> = oneshot::Sender<Result<T>>;
type Committing = (Vec<AcceptedEvent>, Answer<Vec<(AcceptedEvent, Committed)>>);

/// Work of one kind: a caller's, or several callers' merged.
enum Work {
    Commit(Vec<Committing>),
    Outcomes(Vec<(Vec<OutcomeRecord>, Answer<()>)>),
    Receipts(Vec<(Vec<ReceiptRecord>, Answer<Vec<ReceiptMatch>>)>),
}

impl Work {
    fn weight(&self) -> usize {
        match self {
            Self::Commit(parts) => parts.iter().map(|(part, _)| part.len()).sum(),
            Self::Outcomes(parts) => parts.iter().map(|(part, _)| part.len()).sum(),
            Self::Receipts(parts) => parts.iter().map(|(part, _)| part.len()).sum(),
        }
    }

    /// Takes `other` in, if it is of the same kind.
    fn absorb(&mut self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Commit(all), Self::Commit(more)) => all.extend(more),
            (Self::Outcomes(all), Self::Outcomes(more)) => all.extend(more),
            (Self::Receipts(all), Self::Receipts(more)) => all.extend(more),
            (_, other) => return Some(other),
        }
        None
    }
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<(VecDeque<Work>, bool)>,
    arrived: Notify,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, (VecDeque<Work>, bool)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, work: Work) -> Result<()> {
        {
            let mut waiting = self.lock();
            if waiting.1 {
                return Err(Error::Closed);
            }
            waiting.0.push_back(work);
        }
        self.arrived.notify_one();
        Ok(())
    }

    fn close(&self) {
        self.lock().1 = true;
        self.arrived.notify_one();
    }

    /// The oldest work with all of its kind, as far as it fits; `None` when closed and
    /// empty.
    async fn take(&self) -> Option<Work> {
        loop {
            let arrived = self.arrived.notified();
            {
                let mut waiting = self.lock();
                if let Some(mut first) = waiting.0.pop_front() {
                    let mut left = VecDeque::new();
                    while let Some(next) = waiting.0.pop_front() {
                        if first.weight() + next.weight() > WEIGHT {
                            left.push_back(next);
                            break;
                        }
                        left.extend(first.absorb(next));
                    }
                    left.append(&mut waiting.0);
                    waiting.0 = left;
                    if !waiting.0.is_empty() {
                        self.arrived.notify_one();
                    }
                    return Some(first);
                }
                if waiting.1 {
                    self.arrived.notify_one();
                    return None;
                }
            }
            arrived.await;
        }
    }
}

pub(super) struct Writer {
    security: Arc<Queue>,
    bulk: Arc<Queue>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(shared: &Arc<Shared>) -> Self {
        let (security, bulk) = (Arc::new(Queue::default()), Arc::new(Queue::default()));
        let mut workers = vec![tokio::spawn(work(shared.clone(), security.clone(), true))];
        for _ in 0..BULK_WORKERS {
            workers.push(tokio::spawn(work(shared.clone(), bulk.clone(), false)));
        }
        Self {
            security,
            bulk,
            workers: Mutex::new(workers),
        }
    }

    fn queue(&self, lane: Lane) -> &Queue {
        if lane == Lane::Security {
            &self.security
        } else {
            &self.bulk
        }
    }

    /// Waits until everything queued is answered.
    pub(super) async fn close(&self) {
        self.security.close();
        self.bulk.close();
        let workers =
            std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        for worker in workers {
            if worker.await.is_err() {
                tracing::error!("a store writer ended in a panic");
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.security.close();
        self.bulk.close();
    }
}

impl Postgres {
    pub(crate) async fn commit_accepted(
        &self,
        lane: Lane,
        events: Vec<AcceptedEvent>,
    ) -> Result<Vec<(AcceptedEvent, Committed)>> {
        let (answer, answered) = oneshot::channel();
        let work = Work::Commit(vec![(events, answer)]);
        self.writer.queue(lane).put(work)?;
        answered.await.unwrap_or(Err(Error::Closed))
    }

    pub(crate) async fn record_outcomes(
        &self,
        lane: Lane,
        outcomes: Vec<OutcomeRecord>,
    ) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        let work = Work::Outcomes(vec![(outcomes, answer)]);
        self.writer.queue(lane).put(work)?;
        answered.await.unwrap_or(Err(Error::Closed))
    }

    pub(crate) async fn record_receipts(
        &self,
        receipts: Vec<ReceiptRecord>,
    ) -> Result<Vec<ReceiptMatch>> {
        let (answer, answered) = oneshot::channel();
        let work = Work::Receipts(vec![(receipts, answer)]);
        self.writer.queue(Lane::Normal).put(work)?;
        answered.await.unwrap_or(Err(Error::Closed))
    }
}

async fn work(shared: Arc<Shared>, queue: Arc<Queue>, urgent: bool) {
    while let Some(work) = queue.take().await {
        let pool = if urgent {
            &shared.pools.urgent
        } else {
            &shared.pools.bulk
        };
        match work {
            Work::Commit(parts) => {
                // Each event goes back to its caller, in order.
                merged(
                    parts,
                    |events| shared.commit(pool, events),
                    |events, committed| events.into_iter().zip(committed).collect(),
                )
                .await;
            }
            Work::Outcomes(parts) => {
                merged(parts, |all| shared.outcomes(pool, all), |_, _| ()).await;
            }
            Work::Receipts(parts) => {
                merged(parts, |all| shared.receipts(pool, all), |_, found| found).await;
            }
        }
    }
}

/// Runs the parts as one batch, or one by one where that fails for what is in it.
async fn merged<I, O, A, F>(
    parts: Vec<(Vec<I>, Answer<A>)>,
    mut run: impl FnMut(Arc<Vec<I>>) -> F,
    give: impl Fn(Vec<I>, Vec<O>) -> A,
) where
    I: Clone,
    F: Future<Output = std::result::Result<Vec<O>, Failure>>,
{
    let sizes: Vec<usize> = parts.iter().map(|(part, _)| part.len()).collect();
    let mut answers = Vec::with_capacity(parts.len());
    let mut all = Vec::with_capacity(sizes.iter().sum());
    for (part, answer) in parts {
        all.extend(part);
        answers.push(answer);
    }
    let all = Arc::new(all);
    let result = retrying(|| run(all.clone())).await;
    let split = |all: Vec<I>| -> Vec<Vec<I>> {
        let mut rest = all.into_iter();
        sizes
            .iter()
            .map(|n| rest.by_ref().take(*n).collect())
            .collect()
    };
    let whole = |all: Arc<Vec<I>>| Arc::try_unwrap(all).unwrap_or_else(|all| (*all).clone());
    match result {
        Ok(done) => {
            let mut done = done.into_iter();
            for (part, answer) in split(whole(all)).into_iter().zip(answers) {
                let own = done.by_ref().take(part.len()).collect();
                // Nobody waits any more when the caller was dropped: that is fine.
                let _ = answer.send(Ok(give(part, own)));
            }
        }
        Err(failure) if failure.is_of_the_batch() && answers.len() > 1 => {
            for (part, answer) in split(whole(all)).into_iter().zip(answers) {
                let part = Arc::new(part);
                let result = retrying(|| run(part.clone())).await;
                let _ = answer.send(match result {
                    Ok(done) => Ok(give(whole(part), done)),
                    Err(failure) => Err(failure.into()),
                });
            }
        }
        Err(failure) => {
            let error = Error::from(failure);
            tracing::error!(%error, "a transaction was rolled back");
            for answer in answers {
                let _ = answer.send(Err(error.clone()));
            }
        }
    }
}

/// The pool of a lane.
impl Shared {
    pub(super) fn pool(&self, lane: Lane) -> &Pool {
        if lane == Lane::Security {
            &self.pools.urgent
        } else {
            &self.pools.bulk
        }
    }
}
