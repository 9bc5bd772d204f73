//! The embedded backend: one SQLite file in a folder that one process holds.
//!
//! WAL with `synchronous=FULL`; one writer thread with group commit, a pool of readers.

mod attention;
mod audit;
mod checkpoint;
mod claims;
mod commit;
mod consents;
mod contacts;
mod customers;
mod desk;
mod digests;
mod event_keys;
mod events;
mod fresh;
mod insert;
mod keys;
mod ledger;
mod mailbox;
mod messages;
mod names;
mod open;
mod outcomes;
mod readers;
mod receipts;
mod rows;
mod search;
mod staff;
mod stories;
mod suppressions;
mod sweep;
mod tx;
mod upkeep;
mod withdrawn;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use model::{ContactPoint, IdSource, Instant, Lane};

use crate::ledger::Lines;
use crate::news::Bells;
use crate::secret::Secret;
use crate::{OpenError, Result};
use fresh::Fresh;
use names::Names;
pub(crate) use open::{Quiet, open_quietly};
use readers::Readers;
use writer::{Order, Writer};

/// See the module.
pub(crate) struct Sqlite {
    writer: Writer,
    readers: Readers,
    shared: Arc<Shared>,
    /// Held for as long as the store is open: the lock that keeps a second process out.
    _lock: open::FolderLock,
}

/// What the writer and its callers share.
pub(crate) struct Shared {
    ids: IdSource,
    secret: Secret,
    names: Names,
    fresh: Fresh,
    lines: Lines,
    /// Some delivery has a quote; where none ever had, the ledger costs nothing.
    has_costs: AtomicBool,
    bells: Bells,
    backlog: AtomicI64,
    /// How often content of messages was destroyed.
    destroyed: AtomicU64,
    /// A commit failed, and none made to see has succeeded since. (One that had nothing
    /// to write shows nothing.)
    refused: AtomicBool,
}

impl Sqlite {
    pub(crate) fn open(
        folder: &std::path::Path,
        now: Instant,
    ) -> std::result::Result<Self, OpenError> {
        open::open(folder, now, sweep::SWEEP_AT)
    }

    /// Carries rows of `fresh` over from a few on.
    #[cfg(test)]
    pub(crate) fn open_sweeping(
        folder: &std::path::Path,
        now: Instant,
    ) -> std::result::Result<Self, OpenError> {
        open::open(folder, now, 2)
    }

    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.readers.close();
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

    /// Runs a write in the writer's next transaction. It may run twice: after a rollback.
    async fn write<T: Send + 'static>(
        &self,
        lane: Lane,
        weight: usize,
        mut work: impl FnMut(&mut tx::Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let order = match lane {
            Lane::Security => Order::Code,
            _ => Order::Begun,
        };
        let work = move |(): &(), tx: &mut tx::Tx<'_>| work(tx);
        Ok(self.writer.run(order, weight, (), work).await?.1)
    }

    /// Like `write`, for work that reads `state`; gives it back.
    async fn write_with<S: Send + 'static, T: Send + 'static>(
        &self,
        order: Order,
        weight: usize,
        state: S,
        work: impl FnMut(&S, &mut tx::Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<(S, T)> {
        self.writer.run(order, weight, state, work).await
    }

    /// Runs a read on a pooled connection.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Connection, &Shared) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let shared = self.shared.clone();
        self.readers
            .run(move |connection| work(connection, &shared))
            .await
    }
}
