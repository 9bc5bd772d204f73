//! How hand-overs ended.

use model::{Attempt, Channel, DeliveryState, Id, Instant, Lane};
use rusqlite::params;

use super::Sqlite;
use super::claims::put_due;
use super::receipts::{apply_parked, apply_parked_in_doubt, carrier_hash};
use super::rows::word;
use super::writer::Tx;
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
        lane: Lane,
        outcomes: Vec<OutcomeRecord>,
    ) -> Result<()> {
        let weight = outcomes.len() * 2;
        self.write(lane, weight, move |tx| {
            outcomes.iter().try_for_each(|outcome| record(tx, outcome))
        })
        .await
    }
}

fn record(tx: &mut Tx<'_>, outcome: &OutcomeRecord) -> Result<()> {
    let delivery = outcome.delivery.as_i64();
    // A lease that is gone means the claim was put in doubt meanwhile (a hand-over slower
    // than its lease): the truth that now comes still counts.
    let leased = tx
        .connection
        .prepare_cached("DELETE FROM leases WHERE delivery = ?1")?
        .execute([delivery])?
        > 0;
    let Some((state, channel, lane, attempts)) = standing(tx, delivery)? else {
        return Ok(());
    };
    let mut attempt = outcome.attempt.clone();
    attempt.number = attempts + 1;
    insert_attempt(tx, delivery, &attempt)?;
    if !leased {
        super::claims::leave_due(tx, delivery)?;
    }
    let now = attempt.ended_at;
    let from = if leased {
        DeliveryState::Claimed
    } else {
        state
    };
    let (to, due_at, keep_secret) = match outcome.next {
        Next::Settle(to) => (to, None, false),
        Next::Retry(at) => (DeliveryState::Scheduled, Some(at), true),
        Next::Doubt(at) => (DeliveryState::InDoubt, Some(at), true),
    };
    // Without the lease a receipt may have settled it first; then only the attempt is kept.
    let to = from.to(to).unwrap_or(state);
    if let Some(at) = due_at.filter(|_| !to.is_settled()) {
        put_due(tx, delivery, channel, lane, at)?;
    }
    set_state(tx, delivery, to, due_at, keep_secret, now)?;
    if to == DeliveryState::InDoubt {
        apply_parked_in_doubt(tx, delivery)?;
    }
    if let Some(carrier_id) = &attempt.carrier_id {
        let hash = carrier_hash(&attempt.carrier, carrier_id);
        // Mail has no receipts by carrier id; its entry would never leave.
        if channel == Channel::Sms && to == DeliveryState::Accepted {
            tx.connection
                .prepare_cached(
                    "INSERT OR IGNORE INTO carrier_ids (hash, delivery) VALUES (?1, ?2)",
                )?
                .execute(params![hash, delivery])?;
            apply_parked(tx, delivery, hash, &attempt.carrier, carrier_id)?;
        }
    }
    Ok(())
}

type Standing = (DeliveryState, Channel, Lane, u32);

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
        word(row, "lane", Lane::from_number)?,
        row.get("attempts")?,
    )))
}

fn set_state(
    tx: &Tx<'_>,
    delivery: i64,
    state: DeliveryState,
    due_at: Option<Instant>,
    keep_secret: bool,
    now: Instant,
) -> Result<()> {
    tx.connection
        .prepare_cached(
            "UPDATE deliveries SET state = ?2, attempts = attempts + 1, changed_at = ?3,
                 due_at = coalesce(?4, due_at), secret = CASE WHEN ?5 THEN secret END
             WHERE id = ?1",
        )?
        .execute(params![
            delivery,
            state.number(),
            now.as_micros(),
            due_at.map(Instant::as_micros),
            keep_secret,
        ])?;
    Ok(())
}

pub(super) fn insert_attempt(tx: &Tx<'_>, delivery: i64, attempt: &Attempt) -> Result<()> {
    let carrier = tx.shared.names.number(tx.connection, &attempt.carrier)?;
    let outcome = OUTCOMES
        .iter()
        .position(|word| *word == attempt.outcome)
        .unwrap_or(3);
    tx.connection
        .prepare_cached(
            "INSERT INTO attempts (delivery, number, carrier, started_at, ended_at, outcome, code, reason,
                 carrier_id, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            delivery,
            attempt.number,
            carrier,
            attempt.started_at.as_micros(),
            attempt.ended_at.as_micros(),
            i64::try_from(outcome).unwrap_or(3),
            attempt.code,
            attempt.reason,
            attempt.carrier_id,
            attempt.digest,
        ])?;
    Ok(())
}
