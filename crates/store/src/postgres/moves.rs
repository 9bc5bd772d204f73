//! Where deliveries go: their rows, and what leaves or enters the queue and the directory
//! of doubts with them.

use std::collections::BTreeSet;

use deadpool_postgres::Transaction;
use model::{
    Channel, ContactPoint, Delivery, DeliveryId, DeliveryState, Id, Instant, Lane, Sealed,
};

use super::failure::Failure;
use super::ledger::add_ledger;
use super::rows::{get, partition_of, word};
use super::sql::claims::{LEAVE_DOUBTS, PUT_DOUBTS};
use super::sql::path::{LEAVE_DUE, MOVE_DELIVERIES, PUT_DUE};
use super::steps::{Param, Steps, params};
use super::{Shared, directory};
use crate::Result;
use crate::ledger::Moved;

/// A delivery's row, locked.
#[derive(Clone)]
pub(super) struct Standing {
    pub(super) state: DeliveryState,
    pub(super) channel: Channel,
    pub(super) lane: Lane,
    pub(super) attempts: i32,
    /// The line of the ledger and the quote, where it has one.
    pub(super) quoted: Option<(i32, i64)>,
    contact: ContactPoint,
    due_at: i64,
}

pub(super) fn read_standing(row: &tokio_postgres::Row) -> Result<(i64, Standing)> {
    let channel = word(row, 2, Channel::from_number)?;
    let line: Option<i32> = get(row, 7)?;
    let quote: Option<i64> = get(row, 8)?;
    let standing = Standing {
        quoted: line.zip(quote),
        state: word(row, 1, DeliveryState::from_number)?,
        channel,
        lane: word(row, 3, Lane::from_number)?,
        attempts: get(row, 4)?,
        contact: ContactPoint {
            channel,
            address: Sealed::new(get::<String>(row, 5)?),
        },
        due_at: get(row, 6)?,
    };
    Ok((get(row, 0)?, standing))
}

/// Partitions and ids of some rows, in the order all lock in.
pub(super) fn sorted_keys(ids: impl Iterator<Item = i64>) -> (Vec<i16>, Vec<i64>) {
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    (ids.iter().map(|id| partition_of(*id)).collect(), ids)
}

/// Rows that leave or enter the tables around a delivery, column by column.
#[derive(Default)]
pub(super) struct Moves {
    moved: States,
    due: Queue,
    undue: Queue,
    doubts: Doubts,
    undoubts: Doubts,
    money: Moved,
}

/// Deliveries' new states.
#[derive(Default)]
struct States {
    partition: Vec<i16>,
    id: Vec<i64>,
    state: Vec<i16>,
    tried: Vec<i32>,
    at: Vec<i64>,
    due_at: Vec<Option<i64>>,
    keep_secret: Vec<bool>,
}

type Queue = (Vec<i16>, Vec<i16>, Vec<i16>, Vec<i64>, Vec<i64>);
type Doubts = (Vec<i16>, Vec<i64>, Vec<i32>, Vec<i64>);

/// Where a delivery goes.
#[derive(Clone, Copy)]
pub(super) struct Move {
    pub(super) to: DeliveryState,
    /// Counts as an attempt.
    pub(super) tried: bool,
    pub(super) at: Instant,
    pub(super) due_at: Option<Instant>,
    pub(super) keep_secret: bool,
}

/// What is told to others, and looked after, once the commit is on disk.
#[derive(Default)]
pub(super) struct Effects {
    pub(super) backlog: i64,
    pub(super) due: BTreeSet<(Channel, Lane)>,
    /// Carrier ids that became known: receipts may wait for them.
    pub(super) hashes: Vec<i64>,
    /// Addresses (digest) with references that came in doubt: the same.
    pub(super) hints: Vec<(i64, i32)>,
    /// What went from account to account.
    pub(super) money: Vec<Moved>,
}

impl Moves {
    pub(super) fn add(
        &mut self,
        shared: &Shared,
        (id, standing): (i64, &Standing),
        to: Move,
        effects: &mut Effects,
    ) {
        if let Some(quoted) = standing.quoted {
            self.money.went(quoted, standing.state, to.to);
        }
        let partition = partition_of(id);
        let moved = &mut self.moved;
        moved.partition.push(partition);
        moved.id.push(id);
        moved.state.push(i16::from(to.to.number()));
        moved.tried.push(i32::from(to.tried));
        moved.at.push(to.at.as_micros());
        moved.due_at.push(to.due_at.map(Instant::as_micros));
        moved.keep_secret.push(to.keep_secret);
        if let Some(at) = to.due_at.filter(|_| !to.to.is_settled()) {
            queue(&mut self.due, (id, standing), at.as_micros());
            effects.due.insert((standing.channel, standing.lane));
        }
        let was = standing.state == DeliveryState::InDoubt;
        let is = to.to == DeliveryState::InDoubt;
        if was == is && !is {
            return;
        }
        let address = shared.secret.address(&standing.contact);
        let reference = i32::from(Delivery::reference(DeliveryId::from_i64(id)));
        let doubts = if is {
            &mut self.doubts
        } else {
            &mut self.undoubts
        };
        doubts.0.push(directory(address));
        doubts.1.push(address);
        doubts.2.push(reference);
        doubts.3.push(id);
        if is {
            effects.hints.push((address, reference));
        }
    }

    /// Puts a delivery back into the due queue, as it was.
    pub(super) fn return_due(&mut self, id: i64, standing: &Standing, effects: &mut Effects) {
        queue(&mut self.due, (id, standing), standing.due_at);
        effects.due.insert((standing.channel, standing.lane));
    }

    /// Takes a delivery out of the due queue, if it waits there.
    pub(super) fn leave_due(&mut self, id: i64, standing: &Standing) {
        queue(&mut self.undue, (id, standing), standing.due_at);
    }

    /// What [`Moves::leave_due`] noted, as [`LEAVE_DUE`] takes it.
    pub(super) fn undue(&self) -> Vec<Param<'_>> {
        let q = &self.undue;
        params![&q.0, &q.1, &q.2, &q.3, &q.4]
    }

    /// Writes everything, and counts what the due queue gained.
    pub(super) async fn run<'s>(
        &'s self,
        tx: &Transaction<'_>,
        mut steps: Steps<'s>,
        effects: &mut Effects,
    ) -> std::result::Result<(), Failure> {
        if !self.undue.0.is_empty() {
            // First of all: its answer is looked for below.
            let mut first = Steps::new();
            first.add(LEAVE_DUE, self.undue());
            let left = first.run(tx).await?;
            effects.backlog -= left[0].affected as i64;
        }
        if !self.moved.id.is_empty() {
            let m = &self.moved;
            let params = params![
                &m.partition,
                &m.id,
                &m.state,
                &m.tried,
                &m.at,
                &m.due_at,
                &m.keep_secret
            ];
            steps.add(MOVE_DELIVERIES, params);
        }
        if !self.due.0.is_empty() {
            let q = &self.due;
            effects.backlog += q.0.len() as i64;
            steps.add(PUT_DUE, params![&q.0, &q.1, &q.2, &q.3, &q.4]);
        }
        for (doubts, sql) in [(&self.doubts, PUT_DOUBTS), (&self.undoubts, LEAVE_DOUBTS)] {
            if !doubts.0.is_empty() {
                steps.add(sql, params![&doubts.0, &doubts.1, &doubts.2, &doubts.3]);
            }
        }
        add_ledger(&mut steps, &self.money);
        steps.run(tx).await?;
        effects.money.push(self.money.clone());
        Ok(())
    }
}

fn queue(queue: &mut Queue, (id, standing): (i64, &Standing), at: i64) {
    queue.0.push(partition_of(id));
    queue.1.push(i16::from(standing.channel.number()));
    queue.2.push(i16::from(standing.lane.number()));
    queue.3.push(at);
    queue.4.push(id);
}
