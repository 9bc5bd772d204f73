//! The writer: one thread that merges whatever waits into one durable transaction.
//!
//! Three queues: codes first, then what was begun, then what is new. All jobs of a transaction are answered after it is on disk.
//! When one of them fails, the transaction is rolled back and each runs again by itself,
//! so that it takes nothing else with it: cheaper than a savepoint around every job.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use model::RecipientId;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Shared;
use super::checkpoint::{Bounds, Checkpointer};
use super::ledger;
use super::sweep::Sweep;
use super::tx::{Effects, Tx};
use crate::{Error, Result};

/// A transaction takes bulk work until it has this weight (about rows), then commits: a
/// code that comes meanwhile waits no longer than that. At 1,500 codes waited twice as long,
/// and bulk was not faster.
const BULK_WEIGHT: usize = 400;
/// Recipients whose facts version is remembered between transactions.
const VERSIONS: usize = 100_000;

/// A piece of work that can be run again after a rollback.
trait Job: Send {
    fn weight(&self) -> usize;
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<()>;
    fn answer(self: Box<Self>, committed: Result<()>);
}

struct Call<S, T, F> {
    weight: usize,
    state: S,
    work: F,
    result: Option<T>,
    send: oneshot::Sender<Result<(S, T)>>,
}

impl<S, T, F> Job for Call<S, T, F>
where
    S: Send,
    T: Send,
    F: FnMut(&S, &mut Tx<'_>) -> Result<T> + Send,
{
    fn weight(&self) -> usize {
        self.weight
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        self.result = Some((self.work)(&self.state, tx)?);
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<()>) {
        let this = *self;
        let result = committed.and_then(|()| {
            let value = this.result.ok_or(Error::Closed)?;
            Ok((this.state, value))
        });
        // Nobody waits any more when the caller was dropped: that is fine.
        let _ = this.send.send(result);
    }
}

/// What goes first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The security lane.
    Code,
    /// Claims, outcomes, receipts and all else that is bounded by what is in flight.
    Begun,
    /// Events: however many come, what was accepted before goes on.
    New,
}

/// Transactions that may pass over waiting new work before one must take some of it.
const PASSED_OVER: u32 = 3;

#[derive(Default)]
struct Queues {
    codes: VecDeque<Box<dyn Job>>,
    begun: VecDeque<Box<dyn Job>>,
    new: VecDeque<Box<dyn Job>>,
    passed_over: u32,
    closed: bool,
}

impl Queues {
    fn pop_bulk(&mut self) -> Option<Box<dyn Job>> {
        let turn_of_new = self.passed_over >= PASSED_OVER;
        let begun = match turn_of_new && !self.new.is_empty() {
            true => None,
            false => self.begun.pop_front(),
        };
        begun.or_else(|| {
            self.passed_over = 0;
            self.new.pop_front()
        })
    }
}

#[derive(Default)]
struct Inbox {
    queues: Mutex<Queues>,
    arrived: Condvar,
}

pub(super) struct Writer {
    inbox: Arc<Inbox>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(
        mut connection: Connection,
        file: &Path,
        (revision, sweep_at): (i64, usize),
        shared: Arc<Shared>,
    ) -> rusqlite::Result<Self> {
        let checkpointer = Checkpointer::start(&mut connection, file, Bounds::default())?;
        let inbox = Arc::new(Inbox::default());
        let theirs = inbox.clone();
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || {
                Loop {
                    connection,
                    revision,
                    shared,
                    versions: HashMap::new(),
                    sweep: Sweep::new(sweep_at),
                }
                .run(&theirs, checkpointer);
            })
            .expect("the system gives one thread at start");
        Ok(Self {
            inbox,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Queues `work` and waits until it is durable. `work` may run more than once; `state`
    /// is what it reads, given back with its result.
    pub(super) async fn run<S, T, F>(
        &self,
        order: Order,
        weight: usize,
        state: S,
        work: F,
    ) -> Result<(S, T)>
    where
        S: Send + 'static,
        T: Send + 'static,
        F: FnMut(&S, &mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let (send, receive) = oneshot::channel();
        let job = Box::new(Call {
            weight,
            state,
            work,
            result: None,
            send,
        });
        {
            let mut queues = self.inbox.lock();
            if queues.closed {
                return Err(Error::Closed);
            }
            match order {
                Order::Code => queues.codes.push_back(job),
                Order::Begun => queues.begun.push_back(job),
                Order::New => queues.new.push_back(job),
            }
        }
        self.inbox.arrived.notify_one();
        receive.await.unwrap_or(Err(Error::Closed))
    }

    pub(super) async fn close(&self) {
        self.inbox.lock().closed = true;
        self.inbox.arrived.notify_one();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let joined = tokio::task::spawn_blocking(move || thread.join().is_ok()).await;
            if !matches!(joined, Ok(true)) {
                tracing::error!("the store's writer ended in a panic");
            }
        }
    }
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for work; `None` when closed and empty.
    fn wait(&self) -> Option<Box<dyn Job>> {
        let mut queues = self.lock();
        loop {
            if !queues.new.is_empty() {
                queues.passed_over += 1;
            }
            if let Some(code) = queues.codes.pop_front() {
                return Some(code);
            }
            if let Some(next) = queues.pop_bulk() {
                return Some(next);
            }
            if queues.closed {
                return None;
            }
            queues = self
                .arrived
                .wait(queues)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// More work for the open transaction: security always; bulk while there is room.
    fn more(&self, weight: usize) -> Option<Box<dyn Job>> {
        let mut queues = self.lock();
        if let Some(code) = queues.codes.pop_front() {
            return Some(code);
        }
        if weight >= BULK_WEIGHT {
            None
        } else {
            queues.pop_bulk()
        }
    }
}

/// What the writer's thread owns.
struct Loop {
    connection: Connection,
    revision: i64,
    shared: Arc<Shared>,
    versions: HashMap<RecipientId, i64>,
    sweep: Sweep,
}

impl Loop {
    fn run(mut self, inbox: &Inbox, checkpointer: Checkpointer) {
        while let Some(first) = inbox.wait() {
            let mut jobs = Vec::new();
            let worked = self.transact(|this, effects| {
                let (mut next, mut weight) = (Some(first), 0);
                while let Some(job) = next {
                    weight += job.weight();
                    jobs.push(job);
                    let last = jobs.len() - 1;
                    this.work(&mut *jobs[last], effects)?;
                    next = inbox.more(weight);
                }
                this.sweep_on(effects)
            });
            match worked {
                Err(error) if jobs.len() > 1 => {
                    tracing::warn!(%error, jobs = jobs.len(), "a transaction failed; its jobs run one by one");
                    for mut job in jobs {
                        let alone = self.transact(|this, effects| this.work(&mut *job, effects));
                        report(&alone);
                        job.answer(alone);
                    }
                }
                worked => {
                    report(&worked);
                    for job in jobs {
                        job.answer(worked.clone());
                    }
                }
            }
            checkpointer.after_commit(&self.connection);
        }
        checkpointer.stop();
        if let Err(error) = self
            .connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        {
            tracing::warn!(%error, "the last checkpoint failed; the next start does it");
        }
    }

    /// A step of the sweep inside the open transaction.
    fn sweep_on(&self, effects: &mut Effects) -> Result<()> {
        let changes = &mut effects.fresh;
        effects.sweep = Some(
            self.sweep
                .step(&self.connection, &self.shared.fresh, changes)?,
        );
        Ok(())
    }

    /// One job inside the open transaction.
    fn work(&mut self, job: &mut dyn Job, effects: &mut Effects) -> Result<()> {
        let mut tx = Tx {
            connection: &self.connection,
            shared: &self.shared,
            versions: &mut self.versions,
            revision: &mut self.revision,
            effects,
        };
        // A panic in one job is that caller's error, not the store's end.
        catch_unwind(AssertUnwindSafe(|| job.run(&mut tx)))
            .unwrap_or_else(|_| Err(Error::Unavailable("the work panicked".into())))
    }

    /// A transaction around `body`: on disk when this is `Ok`, undone when it is not.
    fn transact(&mut self, body: impl FnOnce(&mut Self, &mut Effects) -> Result<()>) -> Result<()> {
        let before = self.revision;
        let mut effects = Effects::default();
        let committed = (|| {
            self.connection
                .prepare_cached("BEGIN IMMEDIATE")?
                .execute([])?;
            body(self, &mut effects)?;
            ledger::write(&self.connection, &self.shared, &effects.moved)?;
            if self.revision != before {
                self.connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO meta (key, value) VALUES ('revision', ?1)",
                    )?
                    .execute([self.revision])?;
            }
            self.connection.prepare_cached("COMMIT")?.execute([])?;
            Ok(())
        })();
        if committed.is_ok() {
            if self.versions.len() > VERSIONS {
                self.versions.clear();
            }
            if let Some(sweep) = effects.sweep.take() {
                self.sweep = sweep;
            }
            effects.tell(&self.shared);
            return committed;
        }
        self.shared.refused.store(true, Ordering::Relaxed);
        if !self.connection.is_autocommit() && self.connection.execute_batch("ROLLBACK").is_err() {
            tracing::error!("the rollback failed too");
        }
        self.revision = before;
        self.versions.clear();
        self.shared.fresh.undo(effects.fresh);
        self.shared.names.reload(&self.connection);
        self.shared.lines.forget();
        committed
    }
}

fn report(committed: &Result<()>) {
    if let Err(error) = committed {
        tracing::error!(%error, "a transaction was rolled back");
    }
}
