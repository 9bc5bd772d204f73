//! The backend for many nodes: one PostgreSQL (15 or newer), or one spread over machines.
//!
//! A call is a batch: arrays in, one statement a table. Writes of the path are merged by
//! [`writer`]; everything else takes a pooled connection. Each node holds a number by lease
//! and proves it in every commit and claim.

mod apply;
mod attention;
mod audit;
mod claims;
mod commit;
mod consents;
mod contacts;
mod customers;
mod desk;
mod digests;
mod distribute;
mod doubts;
mod events;
mod failure;
mod inbound;
mod insert;
mod keys;
mod ledger;
mod mailbox;
mod messages;
mod moves;
mod names;
mod node;
mod open;
mod outcomes;
mod parked;
mod prices;
mod receipts;
mod rows;
mod sql;
mod staff;
mod steps;
mod stories;
mod suppressions;
mod tasks;
mod unheard;
mod upkeep;
mod withdrawn;
mod writer;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use deadpool_postgres::{Object, Pool};
use model::{ContactPoint, IdSource, Instant};
use tokio::task::AbortHandle;

use crate::ledger::Lines;
use crate::news::Bells;
use crate::secret::Secret;
use crate::{Error, OpenError};
pub(crate) use distribute::distribute;
#[cfg(test)]
pub(crate) use distribute::{PARTITIONED, PARTITIONED_ALONE};
use failure::Failure;
pub(crate) use failure::describe;
use names::Names;
use node::Node;
pub(crate) use open::{connect_quietly, migrate, read_url};
pub(crate) use rows::text;
use unheard::Unheard;
use writer::Writer;

/// How often a transaction that met another is tried.
const TRIES: usize = 5;

/// See the module.
pub(crate) struct Postgres {
    shared: Arc<Shared>,
    writer: Writer,
    tasks: Mutex<Vec<AbortHandle>>,
}

/// What calls and background tasks share.
pub(crate) struct Shared {
    pools: Pools,
    secret: Secret,
    names: Names,
    lines: Lines,
    bells: Bells,
    backlog: AtomicI64,
    ids: IdSource,
    node: Node,
    /// The tables are spread over machines: statements keep to one partition.
    distributed: bool,
    unheard: Unheard,
    closed: AtomicBool,
}

/// Connections by what waits for them: a code never queues behind a campaign or a report.
struct Pools {
    reads: Pool,
    bulk: Pool,
    urgent: Pool,
}

impl Shared {
    async fn reader(&self) -> std::result::Result<Object, Failure> {
        self.open(&self.pools.reads).await
    }

    async fn open(&self, pool: &Pool) -> std::result::Result<Object, Failure> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Failure::Store(Error::Closed));
        }
        Ok(pool.get().await?)
    }
}

/// The partition of a directory row: the low byte of the digest it is found by.
fn directory(digest: i64) -> i16 {
    (digest & 0xff) as i16
}

/// Every partition there is.
fn all_partitions() -> Vec<i16> {
    (0..256).collect()
}

/// Runs a transaction again when it only met another one.
async fn retrying<T, F>(mut work: impl FnMut() -> F) -> std::result::Result<T, Failure>
where
    F: Future<Output = std::result::Result<T, Failure>>,
{
    let mut tries = 1;
    loop {
        match work().await {
            Err(failure) if failure.is_transient() && tries < TRIES => tries += 1,
            done => return done,
        }
    }
}

impl Postgres {
    pub(crate) async fn open(url: &str, now: Instant) -> std::result::Result<Self, OpenError> {
        open::open(url, now, false).await
    }

    /// Keeps to one partition a statement, as on a distributed database.
    #[cfg(test)]
    pub(crate) async fn open_apart(
        url: &str,
        now: Instant,
    ) -> std::result::Result<Self, OpenError> {
        open::open(url, now, true).await
    }

    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.shared.closed.store(true, Ordering::SeqCst);
        self.stop_tasks();
        self.shared.node.give_back(&self.shared.pools.urgent).await;
        for pool in [
            &self.shared.pools.reads,
            &self.shared.pools.bulk,
            &self.shared.pools.urgent,
        ] {
            pool.close();
        }
    }

    fn stop_tasks(&self) {
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            task.abort();
        }
    }

    pub(crate) fn ids(&self) -> &IdSource {
        &self.shared.ids
    }

    pub(crate) fn key(&self, purpose: &str) -> [u8; 32] {
        self.shared.secret.derived_key(purpose)
    }

    pub(crate) fn bells(&self) -> &Bells {
        &self.shared.bells
    }

    pub(crate) fn backlog(&self) -> u64 {
        u64::try_from(self.shared.backlog.load(Ordering::Relaxed)).unwrap_or(0)
    }

    pub(crate) fn digest(&self, contact: &ContactPoint) -> i64 {
        self.shared.secret.address(contact)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop_tasks();
    }
}
