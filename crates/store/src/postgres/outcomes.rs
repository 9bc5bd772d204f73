//! How hand-overs ended.
//!
//! Recorded also by a node that lost its number: the truth counts whoever brings it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use deadpool_postgres::{Pool, Transaction};
use model::{Attempt, Channel, ContactPoint, Delivery, DeliveryId, DeliveryState, Id, Instant, Lane, Sealed};

use super::failure::Failure;
use super::names::Names;
use super::rows::{get, partition_of, stable_hash, text, word};
use super::sql::claims::{LEAVE_DOUBTS, PUT_DOUBTS, TAKE_CLAIMS};
use super::sql::path::{LEAVE_DUE, LOCK_DELIVERIES, MOVE_DELIVERIES, PUT_ATTEMPTS, PUT_DUE};
use super::sql::receipts::PUT_CARRIER_IDS;
use super::steps::{Steps, params};
use super::{Shared, directory};
use crate::{News, Next, OutcomeRecord, Result};

/// The outcomes' numbers in the store; a new word goes to the end.
const OUTCOMES: [&str; 6] = [
    "accepted",
    "retry_later",
    "rejected",
    "unknown",
    "stopped",
    "in_doubt",
];

pub(super) fn outcome_word(number: i16) -> String {
    let word = usize::try_from(number).ok().and_then(|n| OUTCOMES.get(n));
    word.copied().unwrap_or("unknown").to_owned()
}

pub(super) fn carrier_hash(carrier: &str, carrier_id: &str) -> i64 {
    stable_hash(&[carrier.as_bytes(), carrier_id.as_bytes()])
}

/// A delivery's row, locked.
#[derive(Clone)]
pub(super) struct Standing {
    pub(super) state: DeliveryState,
    channel: Channel,
    pub(super) lane: Lane,
    pub(super) attempts: i32,
    contact: ContactPoint,
    due_at: i64,
}

pub(super) fn read_standing(row: &tokio_postgres::Row) -> Result<(i64, Standing)> {
    let channel = word(row, 2, Channel::from_number)?;
    let standing = Standing {
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
    moved: (Vec<i16>, Vec<i64>, Vec<i16>, Vec<i32>, Vec<i64>, Vec<Option<i64>>, Vec<bool>),
    due: Queue,
    undue: Queue,
    doubts: Doubts,
    undoubts: Doubts,
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
    backlog: i64,
    due: BTreeSet<(Channel, Lane)>,
    /// Carrier ids that became known: receipts may wait for them.
    pub(super) hashes: Vec<i64>,
    /// Addresses (digest) with references that came in doubt: the same.
    pub(super) hints: Vec<(i64, i32)>,
}

impl Moves {
    pub(super) fn add(
        &mut self,
        shared: &Shared,
        (id, standing): (i64, &Standing),
        to: Move,
        effects: &mut Effects,
    ) {
        let partition = partition_of(id);
        let moved = &mut self.moved;
        moved.0.push(partition);
        moved.1.push(id);
        moved.2.push(i16::from(to.to.number()));
        moved.3.push(i32::from(to.tried));
        moved.4.push(to.at.as_micros());
        moved.5.push(to.due_at.map(Instant::as_micros));
        moved.6.push(to.keep_secret);
        if let Some(at) = to.due_at.filter(|_| !to.to.is_settled()) {
            queue(&mut self.due, (id, standing), at.as_micros());
            effects.due.insert((standing.channel, standing.lane));
        }
        let was = standing.state == DeliveryState::InDoubt;
        let is = to.to == DeliveryState::InDoubt;
        if was == is && !is {
            return;
        }
        let address = shared.digest(&standing.contact);
        let reference = i32::from(Delivery::reference(DeliveryId::from_i64(id)));
        let doubts = if is { &mut self.doubts } else { &mut self.undoubts };
        doubts.0.push(directory(address));
        doubts.1.push(address);
        doubts.2.push(reference);
        doubts.3.push(id);
        if is {
            effects.hints.push((address, reference));
        }
    }

    /// Takes a delivery out of the due queue, if it waits there.
    pub(super) fn leave_due(&mut self, id: i64, standing: &Standing) {
        queue(&mut self.undue, (id, standing), standing.due_at);
    }

    /// Writes everything, and counts what the due queue gained.
    pub(super) async fn run<'s>(
        &'s self,
        tx: &Transaction<'_>,
        mut steps: Steps<'s>,
        effects: &mut Effects,
    ) -> std::result::Result<(), Failure> {
        if !self.undue.0.is_empty() {
            let q = &self.undue;
            // First of all: its answer is looked for below.
            let mut first = Steps::new();
            first.add(LEAVE_DUE, params![&q.0, &q.1, &q.2, &q.3, &q.4]);
            let left = first.run(tx).await?;
            effects.backlog -= left[0].affected as i64;
        }
        if !self.moved.0.is_empty() {
            let m = &self.moved;
            steps.add(MOVE_DELIVERIES, params![&m.0, &m.1, &m.2, &m.3, &m.4, &m.5, &m.6]);
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
        steps.run(tx).await?;
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

/// Attempts about to be kept, column by column.
#[derive(Default)]
pub(super) struct Attempts<'a> {
    key: (Vec<i16>, Vec<i64>, Vec<i32>, Vec<i32>),
    times: (Vec<i64>, Vec<i64>),
    outcome: Vec<i16>,
    words: (Vec<std::borrow::Cow<'a, str>>, Vec<std::borrow::Cow<'a, str>>),
    carrier_id: Vec<Option<std::borrow::Cow<'a, str>>>,
    digest: Vec<&'a str>,
}

impl<'a> Attempts<'a> {
    pub(super) fn add(
        &mut self,
        delivery: i64,
        number: i32,
        attempt: &'a Attempt,
        names: &Names,
    ) -> Result<()> {
        let outcome = OUTCOMES.iter().position(|word| *word == attempt.outcome);
        self.key.0.push(partition_of(delivery));
        self.key.1.push(delivery);
        self.key.2.push(number);
        self.key.3.push(names.number(&attempt.carrier)?);
        self.times.0.push(attempt.started_at.as_micros());
        self.times.1.push(attempt.ended_at.as_micros());
        self.outcome.push(outcome.map_or(3, |at| at as i16));
        self.words.0.push(text(&attempt.code));
        self.words.1.push(text(&attempt.reason));
        self.carrier_id.push(attempt.carrier_id.as_deref().map(text));
        self.digest.push(&attempt.digest);
        Ok(())
    }

    pub(super) fn steps(&self) -> Steps<'_> {
        let mut steps = Steps::new();
        if !self.outcome.is_empty() {
            let (k, t, w) = (&self.key, &self.times, &self.words);
            let params = params![
                &k.0, &k.1, &k.2, &k.3, &t.0, &t.1, &self.outcome, &w.0, &w.1, &self.carrier_id, &self.digest
            ];
            steps.add(PUT_ATTEMPTS, params);
        }
        steps
    }
}

impl Shared {
    pub(super) async fn outcomes(
        &self,
        pool: &Pool,
        outcomes: Arc<Vec<OutcomeRecord>>,
    ) -> std::result::Result<Vec<()>, Failure> {
        let mut client = self.open(pool).await?;
        let carriers = outcomes.iter().map(|outcome| outcome.attempt.carrier.as_str());
        self.names.learn(&client, carriers).await?;
        let mut effects = Effects::default();
        let tx = client.transaction().await?;
        let mut rest: Vec<&OutcomeRecord> = outcomes.iter().collect();
        // One delivery twice in a batch: the second finds what the first made of it.
        while !rest.is_empty() {
            let mut seen = HashSet::new();
            let (now, later): (Vec<_>, Vec<_>) =
                rest.into_iter().partition(|outcome| seen.insert(outcome.delivery));
            self.record(&tx, &now, &mut effects).await?;
            rest = later;
        }
        tx.commit().await?;
        drop(client);
        self.settle(effects, pool).await;
        Ok(vec![(); outcomes.len()])
    }

    async fn record(
        &self,
        tx: &Transaction<'_>,
        outcomes: &[&OutcomeRecord],
        effects: &mut Effects,
    ) -> std::result::Result<(), Failure> {
        let (partitions, ids) = sorted_keys(outcomes.iter().map(|outcome| outcome.delivery.as_i64()));
        let mut steps = Steps::new();
        steps.add(LOCK_DELIVERIES, params![&partitions, &ids]);
        steps.add(TAKE_CLAIMS, params![&partitions, &ids]);
        let answers = steps.run(tx).await?;
        let standing: HashMap<i64, Standing> =
            answers[0].rows.iter().map(read_standing).collect::<Result<_>>()?;
        // A claim that is gone was put in doubt meanwhile (a hand-over slower than its
        // lease): the truth that now comes still counts.
        let claimed: HashSet<i64> =
            answers[1].rows.iter().map(|row| get(row, 0)).collect::<Result<_>>()?;
        let (mut attempts, mut moves) = (Attempts::default(), Moves::default());
        let mut known: (Vec<i16>, Vec<i64>, Vec<i64>) = Default::default();
        for outcome in outcomes {
            let id = outcome.delivery.as_i64();
            let Some(standing) = standing.get(&id) else {
                continue;
            };
            let claimed = claimed.contains(&id);
            if !claimed && !standing.state.is_settled() {
                moves.leave_due(id, standing);
            }
            let attempt = &outcome.attempt;
            attempts.add(id, standing.attempts + 1, attempt, &self.names)?;
            let to = next(outcome, standing, claimed);
            moves.add(self, (id, standing), to, effects);
            // Mail has no receipts by carrier id; its entry would never leave.
            if let Some(carrier_id) = &attempt.carrier_id
                && standing.channel == Channel::Sms
                && to.to == DeliveryState::Accepted
            {
                let hash = carrier_hash(&attempt.carrier, carrier_id);
                known.0.push(directory(hash));
                known.1.push(hash);
                known.2.push(id);
                effects.hashes.push(hash);
            }
        }
        let mut steps = attempts.steps();
        if !known.0.is_empty() {
            steps.add(PUT_CARRIER_IDS, params![&known.0, &known.1, &known.2]);
        }
        moves.run(tx, steps, effects).await
    }

    /// After a commit: tells, and applies the receipts that waited for what it made known.
    pub(super) async fn settle(&self, effects: Effects, pool: &Pool) {
        let (hashes, hints) = (effects.hashes.clone(), effects.hints.clone());
        self.tell(effects);
        if let Err(failure) = self.apply_parked(pool, &hashes, &hints).await {
            // What was asked is on disk. The sweep finds what waits.
            let error = crate::Error::from(failure);
            tracing::warn!(%error, "parked receipts were not applied yet");
        }
    }

    pub(super) fn tell(&self, effects: Effects) {
        self.backlog.fetch_add(effects.backlog, Ordering::Relaxed);
        if !effects.due.is_empty() {
            self.bells.tell(News {
                due: effects.due.into_iter().collect(),
                mailboxes: vec![],
            });
        }
    }
}

fn next(outcome: &OutcomeRecord, standing: &Standing, claimed: bool) -> Move {
    let from = if claimed {
        DeliveryState::Claimed
    } else {
        standing.state
    };
    let (to, due_at, keep_secret) = match outcome.next {
        Next::Settle(to) => (to, None, false),
        Next::Retry(at) => (DeliveryState::Scheduled, Some(at), true),
        Next::Doubt(at) => (DeliveryState::InDoubt, Some(at), true),
    };
    Move {
        // Without the claim a receipt may have settled it first; then only the attempt is kept.
        to: from.to(to).unwrap_or(standing.state),
        tried: true,
        at: outcome.attempt.ended_at,
        due_at,
        keep_secret,
    }
}
