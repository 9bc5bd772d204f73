//! The writer: one thread that merges whatever waits into one durable transaction.
//!
//! Two queues, security first. Each piece of work runs in a savepoint of its own, so that
//! one that fails takes nothing else with it; all that ran well share one commit and are
//! answered after it is on disk.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use model::{Channel, Lane, RecipientId};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Shared;
use crate::{Error, MailboxNews, News, Result};

/// A transaction takes bulk work up to this weight (about rows), then commits: a code that
/// comes meanwhile waits no longer than that.
const BULK_WEIGHT: usize = 1_500;

type Answer = Box<dyn FnOnce(Result<()>) + Send>;
type Work = Box<dyn FnOnce(&mut Tx<'_>) -> (bool, Answer) + Send>;

struct Queued {
    weight: usize,
    work: Work,
}

#[derive(Default)]
struct Queues {
    security: std::collections::VecDeque<Queued>,
    bulk: std::collections::VecDeque<Queued>,
    closed: bool,
}

struct Inbox {
    queues: Mutex<Queues>,
    arrived: Condvar,
}

pub(super) struct Writer {
    inbox: Arc<Inbox>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// The transaction a piece of work runs in.
pub(super) struct Tx<'a> {
    pub(super) connection: &'a Connection,
    pub(super) shared: &'a Shared,
    revision: &'a mut i64,
    effects: &'a mut Effects,
}

/// What is told to others once the commit is on disk.
#[derive(Default)]
struct Effects {
    news: HashMap<RecipientId, i64>,
    due: Vec<(Channel, Lane)>,
    backlog: i64,
}

impl Tx<'_> {
    /// The next mailbox revision, noted as news for the recipient. One writer gives them,
    /// so they grow in the order of the commits.
    pub(super) fn next_revision(&mut self, recipient: RecipientId) -> i64 {
        *self.revision += 1;
        self.effects.news.insert(recipient, *self.revision);
        *self.revision
    }

    /// A delivery entered the due queue.
    pub(super) fn entered_due(&mut self, channel: Channel, lane: Lane) {
        if !self.effects.due.contains(&(channel, lane)) {
            self.effects.due.push((channel, lane));
        }
        self.effects.backlog += 1;
    }

    /// Deliveries left the due queue.
    pub(super) fn left_due(&mut self, count: usize) {
        self.effects.backlog -= i64::try_from(count).unwrap_or(i64::MAX);
    }
}

impl Writer {
    pub(super) fn start(connection: Connection, revision: i64, shared: Arc<Shared>) -> Self {
        let inbox = Arc::new(Inbox {
            queues: Mutex::new(Queues::default()),
            arrived: Condvar::new(),
        });
        let theirs = inbox.clone();
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || write_until_closed(&theirs, connection, revision, &shared))
            .expect("the system gives one thread at start");
        Self {
            inbox,
            thread: Mutex::new(Some(thread)),
        }
    }

    /// Queues `work` and waits until it is durable.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        weight: usize,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (send, receive) = oneshot::channel::<Result<T>>();
        let work: Work = Box::new(move |tx| {
            let result = work(tx);
            let kept = result.is_ok();
            let answer: Answer = Box::new(move |commit| {
                // Nobody waits any more when the caller was dropped: that is fine.
                let _ = send.send(commit.and(result));
            });
            (kept, answer)
        });
        {
            let mut queues = self
                .inbox
                .queues
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if queues.closed {
                return Err(Error::Closed);
            }
            let queued = Queued { weight, work };
            if lane == Lane::Security {
                queues.security.push_back(queued);
            } else {
                queues.bulk.push_back(queued);
            }
        }
        self.inbox.arrived.notify_one();
        receive.await.unwrap_or(Err(Error::Closed))
    }

    pub(super) async fn close(&self) {
        self.inbox
            .queues
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .closed = true;
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
    /// Waits for work; `None` when closed and empty.
    fn wait(&self) -> Option<Queued> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(next) = queues
                .security
                .pop_front()
                .or_else(|| queues.bulk.pop_front())
            {
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

    /// More work for the open transaction: security always; bulk while there is room, and
    /// none once a code waits.
    fn more(&self, weight: usize) -> Option<Queued> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(next) = queues.security.pop_front() {
            return Some(next);
        }
        if weight >= BULK_WEIGHT {
            None
        } else {
            queues.bulk.pop_front()
        }
    }
}

fn write_until_closed(inbox: &Inbox, connection: Connection, mut revision: i64, shared: &Shared) {
    while let Some(first) = inbox.wait() {
        let before = revision;
        let mut answers = Vec::new();
        let mut effects = Effects::default();
        let committed = (|| -> Result<()> {
            connection.execute_batch("BEGIN IMMEDIATE")?;
            let mut next = Some(first);
            let mut weight = 0;
            while let Some(queued) = next {
                weight += queued.weight;
                let mut own = Effects::default();
                let mut tx = Tx {
                    connection: &connection,
                    shared,
                    revision: &mut revision,
                    effects: &mut own,
                };
                connection.execute_batch("SAVEPOINT work")?;
                // A panic in one piece of work is that caller's error, not the store's end.
                let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    (queued.work)(&mut tx)
                }));
                let kept = matches!(worked, Ok((true, _)));
                answers.extend(worked.ok().map(|(_, answer)| answer));
                if kept {
                    effects.absorb(own);
                    connection.execute_batch("RELEASE work")?;
                } else {
                    connection.execute_batch("ROLLBACK TO work; RELEASE work")?;
                    shared.names.reload(&connection);
                }
                next = inbox.more(weight);
            }
            if revision != before {
                let mut statement = connection.prepare_cached(
                    "INSERT OR REPLACE INTO meta (key, value) VALUES ('revision', ?1)",
                )?;
                statement.execute([revision])?;
            }
            connection.execute_batch("COMMIT")?;
            Ok(())
        })();
        if let Err(error) = &committed {
            shared.refused.store(true, Ordering::Relaxed);
            tracing::error!(%error, "a transaction was rolled back");
            if !connection.is_autocommit() && connection.execute_batch("ROLLBACK").is_err() {
                tracing::error!("the rollback failed too");
            }
            revision = before;
            shared.names.reload(&connection);
        } else {
            effects.tell(shared);
        }
        for answer in answers {
            answer(committed.clone());
        }
    }
    if let Err(error) = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(%error, "the last checkpoint failed; the next start does it");
    }
}

impl Effects {
    fn absorb(&mut self, other: Self) {
        self.news.extend(other.news);
        self.due.extend(other.due);
        self.backlog += other.backlog;
    }

    fn tell(self, shared: &Shared) {
        shared.backlog.fetch_add(self.backlog, Ordering::Relaxed);
        let mailboxes = self.news.into_iter();
        shared.bells.tell(News {
            due: self.due,
            mailboxes: mailboxes
                .map(|(recipient, revision)| MailboxNews {
                    recipient,
                    revision,
                })
                .collect(),
        });
    }
}
