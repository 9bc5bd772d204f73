//! Receipts that name a delivery: kept with it, and the delivery moved.

use std::borrow::Cow;
use std::collections::HashMap;

use deadpool_postgres::Transaction;
use model::{DeliveryState, Instant, Receipt, ReceiptStatus};

use super::failure::Failure;
use super::moves::{Effects, Move, Moves, Standing, read_standing, sorted_keys};
use super::rows::{get, partition_of, text};
use super::sql::path::{LOCK_DELIVERIES, LOCK_DELIVERIES_ONE};
use super::sql::receipts::{LAST_RECEIPTS, LEAVE_CARRIER_IDS, PUT_RECEIPTS};
use super::steps::{Steps, first_rows, params};
use super::{Shared, directory};
use crate::Result;

/// A receipt with the delivery it names, and the hash it was found by.
pub(super) struct Named<'a> {
    pub(super) delivery: i64,
    pub(super) hash: i64,
    pub(super) receipt: &'a Receipt,
}

impl Shared {
    /// Keeps receipts with their deliveries and moves these, as far as their states allow.
    pub(super) async fn apply(
        &self,
        tx: &Transaction<'_>,
        named: &[Named<'_>],
        effects: &mut Effects,
    ) -> std::result::Result<(), Failure> {
        let (partitions, ids) = sorted_keys(named.iter().map(|named| named.delivery));
        if ids.is_empty() {
            return Ok(());
        }
        let mut steps = Steps::new();
        let both = (LOCK_DELIVERIES, LOCK_DELIVERIES_ONE);
        let locks = steps.add_keyed(both, self.distributed, &partitions, &ids);
        steps.add(LAST_RECEIPTS, params![&partitions, &ids]);
        let mut answers = steps.run(tx).await?;
        let locked = first_rows(&mut answers, locks);
        let before: HashMap<i64, Standing> =
            locked.iter().map(read_standing).collect::<Result<_>>()?;
        let mut numbers: HashMap<i64, i32> = HashMap::new();
        for row in &answers[0].rows {
            numbers.insert(get(row, 0)?, get(row, 1)?);
        }
        let mut states: HashMap<i64, (DeliveryState, Instant)> = HashMap::new();
        let mut rows = Rows::default();
        let mut finals: (Vec<i16>, Vec<i64>, Vec<i64>) = Default::default();
        for named in named {
            let Some(standing) = before.get(&named.delivery) else {
                continue;
            };
            let number = numbers.entry(named.delivery).or_insert(0);
            *number += 1;
            rows.add(named, *number);
            let to = match named.receipt.status {
                ReceiptStatus::Intermediate => continue,
                ReceiptStatus::Delivered => DeliveryState::Delivered,
                ReceiptStatus::Failed => DeliveryState::Undelivered,
            };
            let state = states
                .get(&named.delivery)
                .map_or(standing.state, |(s, _)| *s);
            // What the state does not allow (a failure after "delivered") is kept as a
            // receipt only.
            if state.to(to).is_ok() {
                states.insert(named.delivery, (to, named.receipt.received_at));
            }
            // One with a quote waits for its price.
            if to == DeliveryState::Delivered && standing.quoted.is_none() {
                // Final: nothing more is expected, the directory entry leaves.
                finals.0.push(directory(named.hash));
                finals.1.push(named.hash);
                finals.2.push(named.delivery);
            }
        }
        let mut moves = Moves::default();
        for (id, (to, at)) in states {
            let standing = &before[&id];
            if !standing.state.is_settled() {
                moves.leave_due(id, standing);
            }
            let to = Move {
                to,
                tried: false,
                at,
                due_at: None,
                keep_secret: false,
            };
            moves.add(self, (id, standing), to, effects);
        }
        let mut steps = rows.steps();
        if !finals.0.is_empty() {
            steps.add(LEAVE_CARRIER_IDS, params![&finals.0, &finals.1, &finals.2]);
        }
        moves.run(tx, steps, effects).await
    }
}

/// Receipts, column by column.
#[derive(Default)]
pub(super) struct Rows<'a> {
    pub(super) delivery: Vec<i64>,
    pub(super) hash: Vec<i64>,
    number: Vec<i32>,
    pub(super) status: Vec<i16>,
    pub(super) code: Vec<Cow<'a, str>>,
    pub(super) carrier_time: Vec<Option<i64>>,
    pub(super) received_at: Vec<i64>,
}

impl<'a> Rows<'a> {
    pub(super) fn add(&mut self, named: &Named<'a>, number: i32) {
        let receipt = named.receipt;
        self.delivery.push(named.delivery);
        self.hash.push(named.hash);
        self.number.push(number);
        self.status.push(i16::from(receipt.status.number()));
        self.code.push(text(&receipt.code));
        self.carrier_time
            .push(receipt.carrier_time.map(Instant::as_micros));
        self.received_at.push(receipt.received_at.as_micros());
    }

    pub(super) fn steps(&self) -> Steps<'_> {
        let mut steps = Steps::new();
        let partitions: Vec<i16> = self.delivery.iter().map(|id| partition_of(*id)).collect();
        steps.add(
            PUT_RECEIPTS,
            params![
                partitions,
                &self.delivery,
                &self.number,
                &self.status,
                &self.code,
                &self.carrier_time,
                &self.received_at
            ],
        );
        steps
    }
}
