//! How hand-overs ended.
//!
//! Recorded also by a node that lost its number: the truth counts whoever brings it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use deadpool_postgres::{Pool, Transaction};
use model::{Attempt, Channel, DeliveryState, Id, Trace};

use super::failure::Failure;
use super::moves::{Effects, Move, Moves, Standing, read_standing, sorted_keys};
use super::names::Names;
use super::rows::{get, partition_of, stable_hash, text};
use super::sql::claims::TAKE_CLAIMS;
use super::sql::path::{
    ADD_TO_TRACES, KNOWN_ATTEMPTS, LOCK_DELIVERIES, LOCK_DELIVERIES_ONE, PUT_ATTEMPTS,
};
use super::sql::receipts::PUT_CARRIER_IDS;
use super::steps::{Steps, ask, begin, commit, first_rows, params};
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

fn outcome_number(word: &str) -> i16 {
    let outcome = OUTCOMES.iter().position(|known| *known == word);
    outcome.map_or(3, |at| at as i16)
}

pub(super) fn outcome_word(number: i16) -> String {
    let word = usize::try_from(number).ok().and_then(|n| OUTCOMES.get(n));
    word.copied().unwrap_or("unknown").to_owned()
}

pub(super) fn carrier_hash(carrier: &str, carrier_id: &str) -> i64 {
    stable_hash(&[carrier.as_bytes(), carrier_id.as_bytes()])
}

/// Attempts about to be kept, column by column.
#[derive(Default)]
pub(super) struct Attempts<'a> {
    key: (Vec<i16>, Vec<i64>, Vec<i32>, Vec<i32>),
    times: (Vec<i64>, Vec<i64>),
    outcome: Vec<i16>,
    words: (Vec<Cow<'a, str>>, Vec<Cow<'a, str>>),
    carrier_id: Vec<Option<Cow<'a, str>>>,
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
        self.key.0.push(partition_of(delivery));
        self.key.1.push(delivery);
        self.key.2.push(number);
        self.key.3.push(names.number(&attempt.carrier)?);
        self.times.0.push(attempt.started_at.as_micros());
        self.times.1.push(attempt.ended_at.as_micros());
        self.outcome.push(outcome_number(&attempt.outcome));
        self.words.0.push(text(&attempt.code));
        self.words.1.push(text(&attempt.reason));
        self.carrier_id
            .push(attempt.carrier_id.as_deref().map(text));
        self.digest.push(&attempt.digest);
        Ok(())
    }

    pub(super) fn steps(&self) -> Steps<'_> {
        let mut steps = Steps::new();
        if !self.outcome.is_empty() {
            let (k, t, w) = (&self.key, &self.times, &self.words);
            let params = params![
                &k.0,
                &k.1,
                &k.2,
                &k.3,
                &t.0,
                &t.1,
                &self.outcome,
                &w.0,
                &w.1,
                &self.carrier_id,
                &self.digest
            ];
            steps.add(PUT_ATTEMPTS, params);
        }
        steps
    }
}

/// Lines for the traces of deliveries' messages: partition, delivery, line.
type Lines = (Vec<i16>, Vec<i64>, Vec<String>);

impl Shared {
    pub(super) async fn outcomes(
        &self,
        pool: &Pool,
        outcomes: Arc<Vec<OutcomeRecord>>,
    ) -> std::result::Result<Vec<()>, Failure> {
        let mut client = self.open(pool).await?;
        let carriers = outcomes
            .iter()
            .map(|outcome| outcome.attempt.carrier.as_str());
        self.names.learn(&client, carriers).await?;
        let mut effects = Effects::default();
        let tx = begin(&mut client).await?;
        let wished: Vec<_> = outcomes
            .iter()
            .filter_map(|o| o.wished.as_deref())
            .collect();
        self.wish_first(&tx, &wished).await?;
        let mut rest: Vec<&OutcomeRecord> = outcomes.iter().collect();
        // One delivery twice in a batch: the second finds what the first made of it.
        while !rest.is_empty() {
            let mut seen = HashSet::new();
            let (now, later): (Vec<_>, Vec<_>) = rest
                .into_iter()
                .partition(|outcome| seen.insert(outcome.delivery));
            self.record(&tx, &now, &mut effects).await?;
            rest = later;
        }
        commit(tx).await?;
        drop(client);
        self.outdate_wished(&wished).await?;
        self.settle(effects, pool).await;
        Ok(vec![(); outcomes.len()])
    }

    async fn record(
        &self,
        tx: &Transaction<'_>,
        outcomes: &[&OutcomeRecord],
        effects: &mut Effects,
    ) -> std::result::Result<(), Failure> {
        let (partitions, ids) =
            sorted_keys(outcomes.iter().map(|outcome| outcome.delivery.as_i64()));
        let mut steps = Steps::new();
        let both = (LOCK_DELIVERIES, LOCK_DELIVERIES_ONE);
        let locks = steps.add_keyed(both, self.distributed, &partitions, &ids);
        steps.add(TAKE_CLAIMS, params![&partitions, &ids]);
        let mut answers = steps.run(tx).await?;
        let locked = first_rows(&mut answers, locks);
        let standing: HashMap<i64, Standing> =
            locked.iter().map(read_standing).collect::<Result<_>>()?;
        // A claim that is gone was put in doubt meanwhile (a hand-over slower than its
        // lease): the truth that now comes still counts.
        let claimed: HashSet<i64> = answers[0]
            .rows
            .iter()
            .map(|row| get(row, 0))
            .collect::<Result<_>>()?;
        let again = known_already(tx, outcomes, &claimed).await?;
        let (mut attempts, mut moves) = (Attempts::default(), Moves::default());
        let mut known: (Vec<i16>, Vec<i64>, Vec<i64>) = Default::default();
        let mut said: BTreeMap<Channel, Lines> = BTreeMap::new();
        for outcome in outcomes {
            let id = outcome.delivery.as_i64();
            let Some(standing) = standing.get(&id) else {
                continue;
            };
            if again.contains(&id) {
                continue;
            }
            let claimed = claimed.contains(&id);
            if !claimed && !standing.state.is_settled() {
                moves.leave_due(id, standing);
            }
            let attempt = &outcome.attempt;
            let to = next(outcome, standing, claimed);
            if to.tried {
                attempts.add(id, standing.attempts + 1, attempt, &self.names)?;
            }
            // Of a commit that was not answered the line is there already.
            if let Some(spoke) = outcome.said.as_ref().filter(|_| claimed) {
                let line = Trace(vec![spoke.clone()]).to_compact();
                // A message has one delivery a channel at most: no line meets another.
                let said = said.entry(standing.channel).or_default();
                said.0.push(partition_of(id));
                said.1.push(id);
                said.2.push(text(&line).into_owned());
            }
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
        for said in said.values() {
            steps.add(ADD_TO_TRACES, params![&said.0, &said.1, &said.2]);
        }
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
        for money in &effects.money {
            self.lines.count(money);
        }
        if !effects.due.is_empty() {
            self.bells.tell(News {
                due: effects.due.into_iter().collect(),
                mailboxes: vec![],
            });
        }
    }
}

/// Deliveries whose outcome was recorded before, by a commit that was not answered: it
/// took the claim, and must not count twice.
async fn known_already(
    tx: &Transaction<'_>,
    outcomes: &[&OutcomeRecord],
    claimed: &HashSet<i64>,
) -> std::result::Result<HashSet<i64>, Failure> {
    let unclaimed = |outcome: &&&OutcomeRecord| !claimed.contains(&outcome.delivery.as_i64());
    let asked: Vec<&OutcomeRecord> = outcomes.iter().filter(unclaimed).copied().collect();
    if asked.is_empty() {
        return Ok(HashSet::new());
    }
    let ids: Vec<i64> = asked.iter().map(|o| o.delivery.as_i64()).collect();
    let partitions: Vec<i16> = ids.iter().map(|id| partition_of(*id)).collect();
    let attempts = || asked.iter().map(|outcome| &outcome.attempt);
    let started: Vec<i64> = attempts().map(|a| a.started_at.as_micros()).collect();
    let words: Vec<i16> = attempts().map(|a| outcome_number(&a.outcome)).collect();
    let found = ask(tx, KNOWN_ATTEMPTS, params![partitions, ids, started, words]).await?;
    let known: Result<_> = found.rows.iter().map(|row| get(row, 0)).collect();
    Ok(known?)
}

fn next(outcome: &OutcomeRecord, standing: &Standing, claimed: bool) -> Move {
    let from = if claimed {
        DeliveryState::Claimed
    } else {
        standing.state
    };
    let (to, due_at, keep_secret) = match outcome.next {
        Next::Settle(to) => (to, None, false),
        Next::Retry(at) | Next::Hold(at) => (DeliveryState::Scheduled, Some(at), true),
        Next::Doubt(at) => (DeliveryState::InDoubt, Some(at), true),
    };
    Move {
        // Without the claim a receipt may have settled it first; then only the attempt is kept.
        to: from.to(to).unwrap_or(standing.state),
        tried: !matches!(outcome.next, Next::Hold(_)),
        at: outcome.attempt.ended_at,
        due_at,
        keep_secret,
    }
}
