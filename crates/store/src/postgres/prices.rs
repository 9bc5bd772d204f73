//! Carriers' own prices: each is booked on the line of the delivery it names.

use std::collections::HashMap;
use std::sync::Arc;

use deadpool_postgres::GenericClient;
use model::{Account, CostLine, DeliveryId, Id, Lane};

use super::failure::Failure;
use super::ledger::add_ledger;
use super::moves::{Standing, read_standing, sorted_keys};
use super::outcomes::carrier_hash;
use super::rows::{get, partition_of};
use super::sql::ledger::{PRICES, PUT_PRICES};
use super::sql::path::{LOCK_DELIVERIES, LOCK_DELIVERIES_ONE};
use super::sql::receipts::FIND_CARRIER_IDS;
use super::steps::{Steps, ask, begin, commit, first_rows, params};
use super::{Postgres, Shared, directory, retrying};
use crate::ledger::Moved;
use crate::{PriceMatch, PriceRecord, Result};

impl Postgres {
    pub(crate) async fn record_prices(&self, prices: Vec<PriceRecord>) -> Result<Vec<PriceMatch>> {
        Ok(retrying(|| self.shared.prices(&prices)).await?)
    }
}

impl Shared {
    async fn prices(
        &self,
        prices: &[PriceRecord],
    ) -> std::result::Result<Vec<PriceMatch>, Failure> {
        let pool = self.pool(Lane::Normal);
        let mut client = self.open(pool).await?;
        let found = self.deliveries_of(&client, prices).await?;
        let (partitions, ids) = sorted_keys(found.iter().copied().flatten());
        if ids.is_empty() {
            return Ok(vec![PriceMatch::Unknown; prices.len()]);
        }
        let quoted = self.standing_of(&client, (&partitions, &ids)).await?;
        let lines = self.price_lines(&client, prices, &found, &quoted).await?;
        let tx = begin(&mut client).await?;
        // Once more under the lock: what another booked meanwhile counts.
        let quoted = self.standing_of(&tx, (&partitions, &ids)).await?;
        let mut before: HashMap<i64, (i32, i64)> = HashMap::new();
        for row in ask(&tx, PRICES, params![&partitions, &ids]).await?.rows {
            before.insert(get(&row, 0)?, (get(&row, 1)?, get(&row, 2)?));
        }
        let mut moved = Moved::default();
        let mut changed = Vec::new();
        let mut matches = Vec::with_capacity(prices.len());
        for ((price, delivery), line) in prices.iter().zip(&found).zip(lines) {
            let standing = delivery.and_then(|id| Some((id, quoted.get(&id)?)));
            let Some((id, standing)) =
                standing.filter(|(_, s)| s.state.account() == Account::Charged)
            else {
                matches.push(PriceMatch::Unknown);
                continue;
            };
            let (Some(quoted), Some(line)) = (standing.quoted, line) else {
                matches.push(PriceMatch::Unknown);
                continue;
            };
            let now = (line, price.micros);
            let delivery = DeliveryId::from_i64(id);
            let earlier = before.insert(id, now);
            if earlier == Some(now) {
                matches.push(PriceMatch::Same(delivery));
                continue;
            }
            moved.priced(quoted, earlier, now);
            changed.push(id);
            matches.push(PriceMatch::Booked(delivery));
        }
        changed.sort_unstable();
        changed.dedup();
        let mut steps = Steps::new();
        if !changed.is_empty() {
            steps.add(
                PUT_PRICES,
                params![
                    changed
                        .iter()
                        .map(|id| partition_of(*id))
                        .collect::<Vec<_>>(),
                    &changed,
                    changed.iter().map(|id| before[id].0).collect::<Vec<_>>(),
                    changed.iter().map(|id| before[id].1).collect::<Vec<_>>(),
                ],
            );
        }
        add_ledger(&mut steps, &moved);
        steps.run(&tx).await?;
        commit(tx).await?;
        self.lines.count(&moved);
        Ok(matches)
    }

    /// The deliveries that carriers' ids name.
    async fn deliveries_of(
        &self,
        client: &deadpool_postgres::Object,
        prices: &[PriceRecord],
    ) -> std::result::Result<Vec<Option<i64>>, Failure> {
        let hashes: Vec<i64> = prices
            .iter()
            .map(|price| carrier_hash(&price.carrier, &price.carrier_id))
            .collect();
        let places: Vec<i16> = hashes.iter().map(|hash| directory(*hash)).collect();
        let rows = ask(client, FIND_CARRIER_IDS, params![places, hashes])
            .await?
            .rows;
        let mut candidates = Vec::with_capacity(rows.len());
        for row in &rows {
            candidates.push(get(row, 1)?);
        }
        let known = self.carrier_ids_of(client, candidates.into_iter()).await?;
        let named = |price: &PriceRecord| {
            let key = (price.carrier.clone(), price.carrier_id.clone());
            known.get(&key).copied()
        };
        Ok(prices.iter().map(named).collect())
    }

    async fn standing_of(
        &self,
        client: &impl GenericClient,
        (partitions, ids): (&[i16], &[i64]),
    ) -> std::result::Result<HashMap<i64, Standing>, Failure> {
        let mut steps = Steps::new();
        let both = (LOCK_DELIVERIES, LOCK_DELIVERIES_ONE);
        let locks = steps.add_keyed(both, self.distributed, partitions, ids);
        let mut answers = steps.run(client).await?;
        let rows = first_rows(&mut answers, locks);
        Ok(rows.iter().map(read_standing).collect::<Result<_>>()?)
    }

    /// The line that each price is booked under: that of its quote, in the price's money.
    async fn price_lines(
        &self,
        client: &deadpool_postgres::Object,
        prices: &[PriceRecord],
        found: &[Option<i64>],
        quoted: &HashMap<i64, Standing>,
    ) -> std::result::Result<Vec<Option<i32>>, Failure> {
        let line = |id: &Option<i64>| Some(quoted.get(&(*id)?)?.quoted?.0);
        self.cover_lines(client, found.iter().filter_map(line))
            .await?;
        let wanted: Vec<Option<CostLine>> = prices
            .iter()
            .zip(found)
            .map(|(price, id)| {
                let known: Arc<CostLine> = self.lines.line(line(id)?)?;
                Some(CostLine {
                    currency: price.currency,
                    ..(*known).clone()
                })
            })
            .collect();
        let unknown = wanted.iter().flatten();
        let unknown = unknown.filter(|line| self.lines.number(line).is_none());
        self.name_lines(client, unknown.cloned().collect()).await?;
        let number = |line: &Option<CostLine>| self.lines.number(line.as_ref()?);
        Ok(wanted.iter().map(number).collect())
    }
}
