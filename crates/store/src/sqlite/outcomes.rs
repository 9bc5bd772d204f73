//! How hand-overs ended.

use std::sync::LazyLock;

use model::{Attempt, Channel, DeliveryState, Id, Instant, Spoke, Trace};
use rusqlite::params;

use super::Sqlite;
use super::claims::{leave_due, put_due};
use super::consents::wish_in;
use super::insert::{Insert, Values};
use super::receipts::{apply_parked, apply_parked_in_doubt, carrier_hash};
use super::rows::word;
use super::tx::Tx;
use crate::{Next, OutcomeRecord, Result};

/// The outcomes' numbers in the store; a new word goes to the end.
const OUTCOMES: [&str; 6] = [
    "accepted",
    "retry_later",
    "rejected",
    "unknown",
    "stopped",
    "in_doubt",
];

static ATTEMPTS: LazyLock<Insert> = LazyLock::new(|| {
    Insert::new(
        "attempts",
        "delivery, number, carrier, started_at, ended_at, outcome, code, reason, carrier_id, digest",
    )
});

pub(super) fn outcome_word(number: i64) -> String {
    usize::try_from(number)
        .ok()
        .and_then(|n| OUTCOMES.get(n))
        .copied()
        .unwrap_or("unknown")
        .to_owned()
}

impl Sqlite {
    pub(crate) async fn record_outcomes(
        &self,
        lane: model::Lane,
        outcomes: Vec<OutcomeRecord>,
    ) -> Result<()> {
        let weight = outcomes.len() * 2;
        self.write(lane, weight, move |tx| record_batch(tx, &outcomes))
            .await
    }
}

/// What a batch makes of one delivery: the attempt's number and the state it goes to.
struct Settled<'a> {
    outcome: &'a OutcomeRecord,
    number: u32,
    to: DeliveryState,
}

fn record_batch(tx: &mut Tx<'_>, outcomes: &[OutcomeRecord]) -> Result<()> {
    let mut claimed = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        if end_claim(tx, outcome)? {
            // While it is claimed nobody else changes it: the claim's word holds.
            let (to, _) = aim(outcome.next);
            claimed.push(Settled {
                outcome,
                number: outcome.attempt.number,
                to: DeliveryState::Claimed
                    .to(to)
                    .unwrap_or(DeliveryState::Claimed),
            });
        } else {
            // Perhaps one of the claimed above: those come first.
            write(tx, std::mem::take(&mut claimed))?;
            if let Some(late) = settle_late(tx, outcome)? {
                write(tx, vec![late])?;
            }
        }
    }
    write(tx, claimed)?;
    let wished = outcomes
        .iter()
        .filter_map(|outcome| outcome.wished.as_ref());
    for wished in wished {
        wish_in(tx, &wished.0, &wished.1)?;
    }
    Ok(())
}

fn write(tx: &mut Tx<'_>, mut settled: Vec<Settled<'_>>) -> Result<()> {
    // In the order of the keys, so that one page after the other changes.
    settled.sort_unstable_by_key(|one| one.outcome.delivery);
    let tried: Vec<&Settled<'_>> = settled.iter().filter(|one| is_try(one.outcome)).collect();
    ATTEMPTS.all(tx.connection, &tried, |one, values| {
        let delivery = one.outcome.delivery.as_i64();
        bind_attempt(tx, values, (delivery, one.number), &one.outcome.attempt)
    })?;
    settled.iter().try_for_each(|one| apply(tx, one))
}

fn aim(next: Next) -> (DeliveryState, Option<Instant>) {
    match next {
        Next::Settle(to) => (to, None),
        Next::Retry(at) | Next::Hold(at) => (DeliveryState::Scheduled, Some(at)),
        Next::Doubt(at) => (DeliveryState::InDoubt, Some(at)),
    }
}

/// Whether something was tried.
fn is_try(outcome: &OutcomeRecord) -> bool {
    !matches!(outcome.next, Next::Hold(_))
}

/// Adds a rule's word to the trace of a delivery's message.
fn add_to_trace(tx: &Tx<'_>, delivery: i64, spoke: &Spoke) -> Result<()> {
    let line = Trace(vec![spoke.clone()]).to_compact();
    tx.connection
        .prepare_cached(
            "UPDATE messages SET trace = trace || ?2
             WHERE id = (SELECT message FROM deliveries WHERE id = ?1)",
        )?
        .execute(params![delivery, line])?;
    Ok(())
}

/// `false` when there was no claim.
fn end_claim(tx: &Tx<'_>, outcome: &OutcomeRecord) -> Result<bool> {
    let ended = tx
        .connection
        .prepare_cached("DELETE FROM leases WHERE delivery = ?1")?
        .execute([outcome.delivery.as_i64()])?;
    Ok(ended > 0)
}

/// A lease that is gone means the claim was put in doubt meanwhile (a hand-over slower than
/// its lease): the truth that now comes still counts. A receipt may have settled the
/// delivery first; then only the attempt is kept. `None` when there is no such delivery.
fn settle_late<'a>(tx: &mut Tx<'_>, outcome: &'a OutcomeRecord) -> Result<Option<Settled<'a>>> {
    let delivery = outcome.delivery.as_i64();
    let Some((state, _, _, attempts)) = standing(tx, delivery)? else {
        return Ok(None);
    };
    leave_due(tx, delivery)?;
    let (to, _) = aim(outcome.next);
    Ok(Some(Settled {
        outcome,
        number: attempts + 1,
        to: state.to(to).unwrap_or(state),
    }))
}

fn apply(tx: &mut Tx<'_>, settled: &Settled<'_>) -> Result<()> {
    let (outcome, to) = (settled.outcome, settled.to);
    let delivery = outcome.delivery.as_i64();
    let (_, due_at) = aim(outcome.next);
    let before = tx.quoted(delivery)?;
    tx.went(before, to);
    if let Some(at) = due_at.filter(|_| !to.is_settled()) {
        put_due(tx, delivery, outcome.channel, outcome.lane, at)?;
    }
    tx.connection
        .prepare_cached(
            "UPDATE deliveries SET state = ?2, attempts = attempts + ?6, changed_at = ?3,
                 due_at = coalesce(?4, due_at), secret = CASE WHEN ?5 THEN secret END
             WHERE id = ?1",
        )?
        .execute(params![
            delivery,
            to.number(),
            outcome.attempt.ended_at.as_micros(),
            due_at.map(Instant::as_micros),
            due_at.is_some(),
            is_try(outcome),
        ])?;
    if let Some(spoke) = &outcome.said {
        add_to_trace(tx, delivery, spoke)?;
    }
    if to == DeliveryState::InDoubt {
        apply_parked_in_doubt(tx, delivery)?;
    }
    // Mail has no receipts by carrier id; its entry would never leave.
    let named = outcome
        .attempt
        .carrier_id
        .as_ref()
        .filter(|_| outcome.channel == Channel::Sms && to == DeliveryState::Accepted);
    if let Some(carrier_id) = named {
        let hash = carrier_hash(&outcome.attempt.carrier, carrier_id);
        tx.connection
            .prepare_cached("INSERT OR IGNORE INTO carrier_ids (hash, delivery) VALUES (?1, ?2)")?
            .execute(params![hash, delivery])?;
        apply_parked(tx, delivery, hash, &outcome.attempt.carrier, carrier_id)?;
    }
    Ok(())
}

type Standing = (DeliveryState, Channel, model::Lane, u32);

pub(super) fn standing(tx: &Tx<'_>, delivery: i64) -> Result<Option<Standing>> {
    let mut statement = tx
        .connection
        .prepare_cached("SELECT state, channel, lane, attempts FROM deliveries WHERE id = ?1")?;
    let mut rows = statement.query([delivery])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some((
        word(row, "state", DeliveryState::from_number)?,
        word(row, "channel", Channel::from_number)?,
        word(row, "lane", model::Lane::from_number)?,
        row.get("attempts")?,
    )))
}

pub(super) fn insert_attempt(tx: &Tx<'_>, delivery: i64, attempt: &Attempt) -> Result<()> {
    ATTEMPTS.all(tx.connection, std::slice::from_ref(attempt), |a, values| {
        bind_attempt(tx, values, (delivery, a.number), a)
    })
}

fn bind_attempt(
    tx: &Tx<'_>,
    values: &mut Values<'_, '_>,
    (delivery, number): (i64, u32),
    attempt: &Attempt,
) -> Result<()> {
    let outcome = OUTCOMES
        .iter()
        .position(|word| *word == attempt.outcome)
        .and_then(|place| i64::try_from(place).ok());
    values
        .put(delivery)?
        .put(number)?
        .put(tx.shared.names.number(tx.connection, &attempt.carrier)?)?
        .put(attempt.started_at.as_micros())?
        .put(attempt.ended_at.as_micros())?
        .put(outcome.unwrap_or(3))?
        .put(attempt.code.as_str())?
        .put(attempt.reason.as_str())?
        .put(attempt.carrier_id.as_deref())?
        .put(attempt.digest.as_str())?;
    Ok(())
}
