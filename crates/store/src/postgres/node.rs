//! This node's number: leased from the database, renewed while we live, proved in every
//! commit and claim. A node that lost its number writes nothing until it has another.

use std::sync::{Arc, PoisonError, RwLock};

use deadpool_postgres::{GenericClient, Pool};
use model::{IdSource, Span};
use tokio::sync::Notify;

use super::all_partitions;
use super::failure::Failure;
use super::rows::get;
use super::sql::nodes::{FENCE, GIVE_BACK, LEASE, LIVING, RENEW};
use super::steps::{Steps, ask, params};

/// How long things take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// A number not renewed for so long is lost.
    pub(super) lease: Span,
    /// How often it is renewed.
    pub(super) renew: Span,
    /// A lost number goes to another node only after so long: longer than a statement of
    /// the last holder can take.
    pub(super) rest: Span,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            lease: Span::secs(20),
            renew: Span::secs(5),
            rest: Span::secs(30),
        }
    }
}

/// A number and which of its holders we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) number: i16,
    pub(super) epoch: i64,
}

pub(super) struct Node {
    terms: Terms,
    held: RwLock<Option<Held>>,
    /// The partitions this node looks in first, so that nodes seldom meet.
    home: RwLock<Arc<[i16]>>,
    lost: Notify,
}

impl Node {
    /// Leases a number; `None` when all are taken.
    pub(super) async fn lease(
        client: &impl GenericClient,
        terms: Terms,
    ) -> Result<Option<Self>, Failure> {
        let held = take(client, terms).await?;
        Ok(held.map(|held| Self {
            terms,
            held: RwLock::new(Some(held)),
            home: RwLock::new(all_partitions().into()),
            lost: Notify::new(),
        }))
    }

    pub(super) fn held(&self) -> Result<Held, Failure> {
        let held = *self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.ok_or(Failure::NumberLost)
    }

    pub(super) fn home(&self) -> Arc<[i16]> {
        self.home
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Adds the proof to a transaction's first statements; its answer goes to [`Node::proved`].
    pub(super) fn prove(steps: &mut Steps<'_>, held: Held) {
        steps.add(FENCE, params![held.number, held.epoch]);
    }

    /// Fails where the proof gave nothing.
    pub(super) fn proved(&self, rows: &[tokio_postgres::Row], held: Held) -> Result<(), Failure> {
        if rows.is_empty() {
            self.lose(held);
            return Err(Failure::NumberLost);
        }
        Ok(())
    }

    fn lose(&self, held: Held) {
        let mut now = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if *now == Some(held) {
            tracing::warn!(node = held.number, "this node lost its number");
            *now = None;
            self.lost.notify_one();
        }
    }

    /// Waits for the next renewal, or for the number to be lost.
    pub(super) async fn wait(&self) {
        let _ = tokio::time::timeout(self.terms.renew.to_duration(), self.lost.notified()).await;
    }

    /// Renews the number, or leases another where it is lost.
    pub(super) async fn renew(
        &self,
        client: &impl GenericClient,
        ids: &IdSource,
    ) -> Result<(), Failure> {
        let lease = self.terms.lease.as_micros();
        if let Ok(held) = self.held() {
            let renewed = ask(client, RENEW, params![held.number, held.epoch, lease]).await?;
            if renewed.rows.is_empty() {
                self.lose(held);
            }
        }
        if self.held().is_err()
            && let Some(held) = take(client, self.terms).await?
        {
            ids.move_to(held.number as u8);
            tracing::info!(node = held.number, "this node has a number again");
            *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(held);
        }
        self.settle_home(client).await
    }

    /// Shares the partitions out among the living: only a preference, never a right.
    async fn settle_home(&self, client: &impl GenericClient) -> Result<(), Failure> {
        let living = living(client).await?;
        let Ok(held) = self.held() else { return Ok(()) };
        let Some(place) = living.iter().position(|other| *other == held) else {
            return Ok(());
        };
        let home: Arc<[i16]> = all_partitions()
            .into_iter()
            .filter(|partition| usize::from(partition.unsigned_abs()) % living.len() == place)
            .collect();
        *self.home.write().unwrap_or_else(PoisonError::into_inner) = home;
        Ok(())
    }

    pub(super) async fn give_back(&self, pool: &Pool) {
        let held = self
            .held
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(held) = held else { return };
        let given = async {
            let client = pool.get().await?;
            ask(&client, GIVE_BACK, params![held.number, held.epoch]).await
        };
        if given.await.is_err() {
            tracing::warn!(
                node = held.number,
                "the node's number was not given back; its lease ends by itself"
            );
        }
    }
}

/// Who holds a number now.
pub(super) async fn living(client: &impl GenericClient) -> Result<Vec<Held>, Failure> {
    let found = ask(client, LIVING, params![]).await?;
    let read = |row| {
        Ok(Held {
            number: get(row, 0)?,
            epoch: get(row, 1)?,
        })
    };
    found.rows.iter().map(read).collect()
}

async fn take(client: &impl GenericClient, terms: Terms) -> Result<Option<Held>, Failure> {
    let params = params![terms.lease.as_micros(), terms.rest.as_micros()];
    let found = ask(client, LEASE, params).await?;
    let read = |row| {
        Ok(Held {
            number: get(row, 0)?,
            epoch: get(row, 1)?,
        })
    };
    found.rows.first().map(read).transpose()
}
