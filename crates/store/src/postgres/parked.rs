//! Receipts that came before what names their delivery.
//!
//! A receipt that is parked and a response that names its delivery may be written at the
//! same moment, each blind to the other. So both look again after their commit; one of them
//! sees the other. What a crash leaves between the two steps, a sweep finds.

use std::collections::{HashMap, HashSet};

use deadpool_postgres::{Pool, Transaction};
use model::{Instant, Receipt, ReceiptStatus};

use super::apply::Named;
use super::failure::Failure;
use super::moves::Effects;
use super::outcomes::carrier_hash;
use super::rows::{get, word};
use super::sql::receipts::{
    PARKED_BY_ANY_HINT, PARKED_BY_ANY_ID, PARKED_BY_HINT, PARKED_BY_ID, UNPARK, UNPARK_HINTS,
};
use super::steps::{Steps, begin, commit, params};
use super::{Shared, directory, retrying};
use crate::Result;

/// A parked receipt (its hash and number) and the delivery it seems to name.
type Candidate = ((i64, i64), i64);

/// What there is to apply.
#[derive(Default)]
struct Waiting {
    by_id: Vec<Candidate>,
    by_hint: Vec<Candidate>,
    hints: Vec<Hint>,
}

/// A parked receipt's directory row.
struct Hint {
    partition: i16,
    address: i64,
    reference: i32,
    parked: (i64, i64),
}

impl Shared {
    /// Applies what waits for carrier ids (by hash) and for deliveries in doubt (by address
    /// and reference).
    pub(super) async fn apply_parked(
        &self,
        pool: &Pool,
        hashes: &[i64],
        hints: &[(i64, i32)],
    ) -> std::result::Result<(), Failure> {
        let mut steps = Steps::new();
        let partitions: Vec<i16> = hashes.iter().map(|hash| directory(*hash)).collect();
        if hashes.is_empty() && hints.is_empty() {
            return Ok(());
        }
        steps.add(PARKED_BY_ID, params![partitions, hashes]);
        steps.add(
            PARKED_BY_HINT,
            params![
                hints
                    .iter()
                    .map(|(address, _)| directory(*address))
                    .collect::<Vec<_>>(),
                hints
                    .iter()
                    .map(|(address, _)| *address)
                    .collect::<Vec<_>>(),
                hints
                    .iter()
                    .map(|(_, reference)| *reference)
                    .collect::<Vec<_>>(),
            ],
        );
        retrying(|| self.apply_found(pool, &steps)).await
    }

    /// Looks through whole partitions.
    pub(super) async fn sweep_parked(
        &self,
        partitions: Vec<i16>,
    ) -> std::result::Result<(), Failure> {
        let mut steps = Steps::new();
        steps.add(PARKED_BY_ANY_ID, params![partitions.clone()]);
        steps.add(PARKED_BY_ANY_HINT, params![partitions]);
        retrying(|| self.apply_found(&self.pools.reads, &steps)).await
    }

    async fn apply_found(
        &self,
        pool: &Pool,
        steps: &Steps<'_>,
    ) -> std::result::Result<(), Failure> {
        let mut client = self.open(pool).await?;
        let answers = steps.run(&client).await?;
        let mut waiting = Waiting::default();
        for row in &answers[0].rows {
            waiting
                .by_id
                .push(((get(row, 1)?, get(row, 2)?), get(row, 3)?));
        }
        for row in &answers[1].rows {
            waiting
                .by_hint
                .push(((get(row, 0)?, get(row, 1)?), get(row, 2)?));
            waiting.hints.push(Hint {
                partition: get(row, 3)?,
                address: get(row, 4)?,
                reference: get(row, 5)?,
                parked: (get(row, 0)?, get(row, 1)?),
            });
        }
        if waiting.by_id.is_empty() && waiting.by_hint.is_empty() {
            return Ok(());
        }
        let mut effects = Effects::default();
        let tx = begin(&mut client).await?;
        self.apply_waiting(&tx, &waiting, &mut effects).await?;
        commit(tx).await?;
        drop(client);
        self.tell(effects);
        Ok(())
    }

    async fn apply_waiting(
        &self,
        tx: &Transaction<'_>,
        waiting: &Waiting,
        effects: &mut Effects,
    ) -> std::result::Result<(), Failure> {
        let by_id = waiting.by_id.iter().map(|(_, delivery)| *delivery);
        let known = self.carrier_ids_of(tx, by_id).await?;
        // The attempt decides, as with a receipt that comes late.
        let known: HashMap<i64, HashSet<i64>> =
            known
                .into_iter()
                .fold(HashMap::new(), |mut all, ((carrier, id), delivery)| {
                    all.entry(carrier_hash(&carrier, &id))
                        .or_default()
                        .insert(delivery);
                    all
                });
        let by_hint = waiting.by_hint.iter().map(|(_, delivery)| *delivery);
        let open = self.open_doubts(tx, by_hint).await?;
        let mut to: HashMap<(i64, i64), i64> = HashMap::new();
        for (parked, delivery) in &waiting.by_hint {
            if open.contains(delivery) {
                to.entry(*parked).or_insert(*delivery);
            }
        }
        for (parked, delivery) in &waiting.by_id {
            if known
                .get(&parked.0)
                .is_some_and(|named| named.contains(delivery))
            {
                to.insert(*parked, *delivery);
            }
        }
        let mut keys: Vec<(i64, i64)> = to.keys().copied().collect();
        keys.sort_unstable();
        let mut steps = Steps::new();
        steps.add(
            UNPARK,
            params![
                keys.iter()
                    .map(|(hash, _)| directory(*hash))
                    .collect::<Vec<_>>(),
                keys.iter().map(|(hash, _)| *hash).collect::<Vec<_>>(),
                keys.iter().map(|(_, id)| *id).collect::<Vec<_>>(),
            ],
        );
        let hints = waiting.hints.iter();
        let used: Vec<&Hint> = hints.filter(|hint| to.contains_key(&hint.parked)).collect();
        steps.add(
            UNPARK_HINTS,
            params![
                used.iter().map(|hint| hint.partition).collect::<Vec<_>>(),
                used.iter().map(|hint| hint.address).collect::<Vec<_>>(),
                used.iter().map(|hint| hint.reference).collect::<Vec<_>>(),
                used.iter().map(|hint| hint.parked.0).collect::<Vec<_>>(),
                used.iter().map(|hint| hint.parked.1).collect::<Vec<_>>(),
            ],
        );
        let mut rows = steps.run(tx).await?.swap_remove(0).rows;
        rows.sort_by_key(|row| get::<i64>(row, 1).unwrap_or(0));
        let receipts = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        let named: Vec<Named<'_>> = receipts
            .iter()
            .filter_map(|(key, receipt)| {
                Some(Named {
                    delivery: *to.get(key)?,
                    hash: key.0,
                    receipt,
                })
            })
            .collect();
        self.apply(tx, &named, effects).await
    }
}

fn read(row: &tokio_postgres::Row) -> Result<((i64, i64), Receipt)> {
    let receipt = Receipt {
        status: word(row, 4, ReceiptStatus::from_number)?,
        code: get(row, 5)?,
        carrier_time: get::<Option<i64>>(row, 6)?.map(Instant::from_micros),
        received_at: Instant::from_micros(get(row, 7)?),
    };
    Ok(((get(row, 0)?, get(row, 1)?), receipt))
}
