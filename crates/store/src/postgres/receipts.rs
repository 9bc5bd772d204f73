//! What carriers say later: matched with a delivery, or parked until one is named.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use deadpool_postgres::{GenericClient, Pool, Transaction};
use model::{DeliveryId, DeliveryState, Id, Partition, Span};

use super::apply::{Named, Rows};
use super::failure::Failure;
use super::moves::{Effects, read_standing, sorted_keys};
use super::outcomes::carrier_hash;
use super::rows::{get, named, text};
use super::sql::path::{LOCK_DELIVERIES, LOCK_DELIVERIES_ONE};
use super::sql::receipts::{
    FIND_ATTEMPTS, FIND_CARRIER_IDS, FIND_CLAIMS, FIND_DOUBTS, PARK, PARK_HINTS, UNPARK_OLD,
    UNPARK_OLD_HINTS,
};
use super::steps::{Steps, ask, begin, commit, first_rows, params};
use super::{Shared, directory};
use crate::{ReceiptMatch, ReceiptRecord};

/// Parked receipts are kept so long; one that nobody claims by then names nothing of ours.
const PARKED_FOR: Span = Span::days(3);
/// And at most so many a partition, 100,000 in all: a carrier that sends rubbish does not
/// fill the disk.
const PARKED_AT_MOST: i64 = 400;

impl Shared {
    pub(super) async fn receipts(
        &self,
        pool: &Pool,
        receipts: Arc<Vec<ReceiptRecord>>,
    ) -> std::result::Result<Vec<ReceiptMatch>, Failure> {
        let mut client = self.open(pool).await?;
        let tx = begin(&mut client).await?;
        let wished: Vec<_> = receipts
            .iter()
            .filter_map(|r| r.wished.as_deref())
            .collect();
        self.wish_first(&tx, &wished).await?;
        let mut found = self.find_by_id(&tx, &receipts).await?;
        for (record, found) in receipts.iter().zip(&mut found) {
            *found = record.delivery.map(DeliveryId::as_i64).or(*found);
        }
        self.find_in_doubt(&tx, &receipts, &mut found).await?;
        let hash = |record: &ReceiptRecord| carrier_hash(&record.carrier, &record.carrier_id);
        let named: Vec<Named<'_>> = receipts
            .iter()
            .zip(&found)
            .filter_map(|(record, delivery)| {
                Some(Named {
                    delivery: (*delivery)?,
                    hash: hash(record),
                    receipt: &record.receipt,
                })
            })
            .collect();
        let mut effects = Effects::default();
        self.apply(&tx, &named, &mut effects).await?;
        let parked: Vec<&ReceiptRecord> = receipts
            .iter()
            .zip(&found)
            .filter_map(|(record, delivery)| delivery.is_none().then_some(record))
            .collect();
        self.park(&tx, &parked, &mut effects).await?;
        commit(tx).await?;
        drop(client);
        self.outdate_wished(&wished).await?;
        self.settle(effects, pool).await;
        let matches = receipts.iter().zip(found).map(|(record, delivery)| {
            delivery.map_or(ReceiptMatch::Parked, |delivery| {
                ReceiptMatch::Matched(DeliveryId::from_i64(delivery), record.receipt.status)
            })
        });
        Ok(matches.collect())
    }

    /// The deliveries that carriers' ids name. The hash finds candidates, the attempt decides.
    async fn find_by_id(
        &self,
        tx: &Transaction<'_>,
        receipts: &[ReceiptRecord],
    ) -> std::result::Result<Vec<Option<i64>>, Failure> {
        let hashes: HashSet<i64> = receipts
            .iter()
            .map(|r| carrier_hash(&r.carrier, &r.carrier_id))
            .collect();
        let hashes: Vec<i64> = hashes.into_iter().collect();
        let partitions: Vec<i16> = hashes.iter().map(|hash| directory(*hash)).collect();
        let candidates = ask(tx, FIND_CARRIER_IDS, params![partitions, hashes])
            .await?
            .rows;
        let mut deliveries = Vec::with_capacity(candidates.len());
        for row in &candidates {
            deliveries.push(get(row, 1)?);
        }
        let known = self.carrier_ids_of(tx, deliveries.into_iter()).await?;
        let named = |record: &ReceiptRecord| {
            let key = (record.carrier.clone(), record.carrier_id.clone());
            known.get(&key).copied()
        };
        Ok(receipts.iter().map(named).collect())
    }

    /// Under which (carrier, carrier's id) some deliveries went out; the newest delivery
    /// where two have the same.
    pub(super) async fn carrier_ids_of(
        &self,
        tx: &impl GenericClient,
        deliveries: impl Iterator<Item = i64>,
    ) -> std::result::Result<HashMap<(String, String), i64>, Failure> {
        let (partitions, ids) = sorted_keys(deliveries);
        let mut known: HashMap<(String, String), i64> = HashMap::new();
        if ids.is_empty() {
            return Ok(known);
        }
        let rows = ask(tx, FIND_ATTEMPTS, params![partitions, ids]).await?.rows;
        self.names
            .cover(tx, named(&rows, &["carrier"]).into_iter())
            .await?;
        for row in &rows {
            let key = (self.names.name(get(row, 1)?)?, get(row, 2)?);
            let newest = known.entry(key).or_insert(i64::MIN);
            *newest = (*newest).max(get(row, 0)?);
        }
        Ok(known)
    }

    /// The deliveries in doubt that receipts' numbers and references name. One that is
    /// claimed again is not meant: its outcome, or its next doubt, looks among the parked.
    async fn find_in_doubt(
        &self,
        tx: &Transaction<'_>,
        receipts: &[ReceiptRecord],
        found: &mut [Option<i64>],
    ) -> std::result::Result<(), Failure> {
        let hints: Vec<Option<(i64, i32)>> = receipts
            .iter()
            .zip(found.iter())
            .map(|(record, found)| {
                let (contact, reference) = record.hint.as_ref()?;
                found
                    .is_none()
                    .then(|| (self.secret.address(contact), i32::from(*reference)))
            })
            .collect();
        let asked: Vec<(i64, i32)> = hints.iter().copied().flatten().collect();
        if asked.is_empty() {
            return Ok(());
        }
        let params = params![
            asked
                .iter()
                .map(|(address, _)| directory(*address))
                .collect::<Vec<_>>(),
            asked
                .iter()
                .map(|(address, _)| *address)
                .collect::<Vec<_>>(),
            asked
                .iter()
                .map(|(_, reference)| *reference)
                .collect::<Vec<_>>(),
        ];
        let rows = ask(tx, FIND_DOUBTS, params).await?.rows;
        let mut candidates = Vec::with_capacity(rows.len());
        for row in &rows {
            candidates.push(((get(row, 0)?, get(row, 1)?), get::<i64>(row, 2)?));
        }
        let open = self
            .open_doubts(tx, candidates.iter().map(|(_, id)| *id))
            .await?;
        let mut first: HashMap<(i64, i32), i64> = HashMap::new();
        for (hint, delivery) in candidates {
            if open.contains(&delivery) {
                first.entry(hint).or_insert(delivery);
            }
        }
        for (hint, found) in hints.iter().zip(found) {
            if let Some(delivery) = hint.and_then(|hint| first.get(&hint)) {
                *found = Some(*delivery);
            }
        }
        Ok(())
    }

    /// Which of some deliveries are in doubt and not claimed again; all are locked.
    pub(super) async fn open_doubts(
        &self,
        tx: &Transaction<'_>,
        deliveries: impl Iterator<Item = i64>,
    ) -> std::result::Result<HashSet<i64>, Failure> {
        let (partitions, ids) = sorted_keys(deliveries);
        if ids.is_empty() {
            return Ok(HashSet::new());
        }
        let mut steps = Steps::new();
        let both = (LOCK_DELIVERIES, LOCK_DELIVERIES_ONE);
        let locks = steps.add_keyed(both, self.distributed, &partitions, &ids);
        steps.add(FIND_CLAIMS, params![&partitions, &ids]);
        let mut answers = steps.run(tx).await?;
        let locked = first_rows(&mut answers, locks);
        let mut open = HashSet::new();
        for row in &locked {
            let (id, standing) = read_standing(row)?;
            if standing.state == DeliveryState::InDoubt {
                open.insert(id);
            }
        }
        for row in &answers[0].rows {
            open.remove(&get::<i64>(row, 0)?);
        }
        Ok(open)
    }

    async fn park(
        &self,
        tx: &Transaction<'_>,
        parked: &[&ReceiptRecord],
        effects: &mut Effects,
    ) -> std::result::Result<(), Failure> {
        let Some(newest) = parked.iter().map(|r| r.receipt.received_at).max() else {
            return Ok(());
        };
        let mut rows = Rows::default();
        let mut words: (Vec<_>, Vec<_>) = Default::default();
        let mut hints = Hints::default();
        for record in parked {
            let hash = carrier_hash(&record.carrier, &record.carrier_id);
            let at = record.receipt.received_at;
            let own = Partition::new((hash & 0xff) as u8);
            // Only a number that grows: the order of arrival within a hash.
            let id = self.ids.next::<DeliveryId>(own, at).as_i64();
            let named = Named {
                delivery: id,
                hash,
                receipt: &record.receipt,
            };
            rows.add(&named, 0);
            words.0.push(text(&record.carrier));
            words.1.push(text(&record.carrier_id));
            effects.hashes.push(hash);
            if let Some((contact, reference)) = &record.hint {
                let (address, reference) = (self.secret.address(contact), i32::from(*reference));
                hints.partition.push(directory(address));
                hints.address.push(address);
                hints.reference.push(reference);
                hints.hash.push(hash);
                hints.parked.push(id);
                hints.received_at.push(at.as_micros());
                effects.hints.push((address, reference));
            }
        }
        let r = &rows;
        let places: HashSet<i16> = r.hash.iter().map(|hash| directory(*hash)).collect();
        let places: Vec<i16> = places.into_iter().collect();
        let old = (newest - PARKED_FOR).as_micros();
        let mut steps = Steps::new();
        let own: Vec<i16> = r.hash.iter().map(|hash| directory(*hash)).collect();
        steps.add(
            PARK,
            params![
                own,
                &r.hash,
                &r.delivery,
                &words.0,
                &words.1,
                &r.status,
                &r.code,
                &r.carrier_time,
                &r.received_at
            ],
        );
        steps.add(UNPARK_OLD, params![places, old, PARKED_AT_MOST]);
        if !hints.partition.is_empty() {
            let h = &hints;
            let params = params![
                &h.partition,
                &h.address,
                &h.reference,
                &h.hash,
                &h.parked,
                &h.received_at,
            ];
            steps.add(PARK_HINTS, params);
            steps.add(UNPARK_OLD_HINTS, params![&h.partition, old]);
        }
        steps.run(tx).await?;
        Ok(())
    }
}

/// Parked receipts' directory rows, column by column.
#[derive(Default)]
struct Hints {
    partition: Vec<i16>,
    address: Vec<i64>,
    reference: Vec<i32>,
    hash: Vec<i64>,
    parked: Vec<i64>,
    received_at: Vec<i64>,
}
