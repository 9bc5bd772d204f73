//! The cost ledger: lines by number, balances once a transaction, carriers' prices,
//! reports.

use std::sync::atomic::Ordering;

use model::{
    Account, Category, Channel, CostBy, CostLine, Currency, DeliveryId, DeliveryState, Id, Lane,
    Mode, PurposeClass,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Sqlite;
use super::receipts::{carrier_hash, find};
use super::rows::{collect, word};
use super::tx::Tx;
use crate::ledger::{Balances, Moved, Recount, faults};
use crate::{
    CostQuery, CostRow, Error, LedgerFault, PriceMatch, PriceRecord, Result, Spent, Tally,
};

/// Of a delivery with a quote: its state, its line, the quote.
pub(super) type Quoted = (DeliveryState, i32, i64);

impl Tx<'_> {
    /// The number of a line, given to it now if it is new.
    pub(super) fn cost_line(&mut self, line: CostLine) -> Result<i32> {
        let lines = &self.shared.lines;
        let line = lines.booked(line);
        if let Some(number) = lines.number(&line) {
            return Ok(number);
        }
        let key = params![
            line.day,
            line.mode.number(),
            line.channel.number(),
            line.category.number(),
            line.purpose.number(),
            line.currency.as_str(),
            &*line.carrier,
            &*line.country,
            &*line.campaign,
            &*line.seller
        ];
        let kept: Option<i32> = self
            .connection
            .prepare_cached(
                "SELECT id FROM cost_lines WHERE day = ?1 AND mode = ?2 AND channel = ?3 AND category = ?4
                     AND purpose = ?5 AND currency = ?6 AND carrier = ?7 AND country = ?8 AND campaign = ?9
                     AND seller = ?10",
            )?
            .query_row(key, |row| row.get(0))
            .optional()?;
        let number = match kept {
            Some(number) => number,
            None => self
                .connection
                .prepare_cached(
                    "INSERT INTO cost_lines (day, mode, channel, category, purpose, currency, carrier, country,
                         campaign, seller)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING id",
                )?
                .query_row(key, |row| row.get(0))?,
        };
        lines.put(number, line);
        self.shared.has_costs.store(true, Ordering::Relaxed);
        Ok(number)
    }

    /// What a delivery was quoted, and its state; `None` where it has no quote. Where no
    /// delivery ever had one, nothing is read.
    pub(super) fn quoted(&self, delivery: i64) -> Result<Option<Quoted>> {
        if !self.shared.has_costs.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let mut statement = self
            .connection
            .prepare_cached("SELECT state, line, quote FROM deliveries WHERE id = ?1")?;
        let mut rows = statement.query([delivery])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let (Some(line), Some(quote)) = (row.get(1)?, row.get(2)?) else {
            return Ok(None);
        };
        Ok(Some((
            word(row, "state", DeliveryState::from_number)?,
            line,
            quote,
        )))
    }

    /// Books that a delivery went to another state, as it stood before.
    pub(super) fn went(&mut self, before: Option<Quoted>, to: DeliveryState) {
        if let Some((from, line, quote)) = before {
            self.effects.moved.went((line, quote), from, to);
        }
    }
}

/// Writes what a transaction moved.
pub(super) fn write(connection: &Connection, shared: &super::Shared, moved: &Moved) -> Result<()> {
    if moved.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(
        "INSERT INTO ledger (line, account, slot, amount, count) VALUES (?1, ?2, 0, ?3, ?4)
         ON CONFLICT (line, account, slot) DO UPDATE
             SET amount = amount + excluded.amount, count = count + excluded.count",
    )?;
    for ((line, account), change) in moved.changes() {
        statement.execute(params![line, account.number(), change.amount, change.count])?;
    }
    for number in moved.lines() {
        if shared.lines.line(number).is_none()
            && let Some(line) = line_by_number(connection, number)?
        {
            shared.lines.put(number, line);
        }
    }
    Ok(())
}

fn line_by_number(connection: &Connection, number: i32) -> Result<Option<CostLine>> {
    let mut statement = connection.prepare_cached("SELECT * FROM cost_lines WHERE id = ?1")?;
    let mut rows = statement.query([number])?;
    rows.next()?.map(read_line).transpose()
}

fn read_line(row: &Row<'_>) -> Result<CostLine> {
    let name = |column: &str| row.get::<_, String>(column).map(Into::into);
    Ok(CostLine {
        day: row.get("day")?,
        mode: word(row, "mode", Mode::from_number)?,
        channel: word(row, "channel", Channel::from_number)?,
        category: word(row, "category", Category::from_number)?,
        purpose: word(row, "purpose", PurposeClass::from_number)?,
        currency: currency(row)?,
        carrier: name("carrier")?,
        country: name("country")?,
        campaign: name("campaign")?,
        seller: name("seller")?,
    })
}

fn currency(row: &Row<'_>) -> Result<Currency> {
    let text: String = row.get("currency")?;
    text.parse()
        .map_err(|_| Error::Corrupt("currency: not three letters".into()))
}

/// By which expression rows are told apart.
fn key_of(by: CostBy) -> &'static str {
    match by {
        CostBy::Day => "l.day",
        CostBy::Category => "l.category",
        CostBy::Campaign => "l.campaign",
        CostBy::Seller => "l.seller",
        CostBy::Channel => "l.channel",
        CostBy::Country => "l.country",
        CostBy::Carrier => "l.carrier",
        CostBy::Purpose => "l.purpose",
    }
}

impl Sqlite {
    pub(crate) async fn record_prices(&self, prices: Vec<PriceRecord>) -> Result<Vec<PriceMatch>> {
        let weight = prices.len() * 2;
        self.write(Lane::Normal, weight, move |tx| {
            prices.iter().map(|price| record(tx, price)).collect()
        })
        .await
    }

    pub(crate) async fn costs(&self, query: CostQuery) -> Result<Vec<CostRow>> {
        self.read(move |connection, _| {
            let modes: Vec<String> = query.modes.iter().map(|m| m.number().to_string()).collect();
            let sql = format!(
                "SELECT CAST({} AS TEXT) AS key, g.account, l.currency, sum(g.amount), sum(g.count)
                 FROM cost_lines l JOIN ledger g ON g.line = l.id
                 WHERE l.day BETWEEN ?1 AND ?2 AND l.mode IN ({})
                 GROUP BY 1, 2, 3 ORDER BY {0}, 3, 2",
                key_of(query.by),
                modes.join(", ")
            );
            let mut statement = connection.prepare_cached(&sql)?;
            collect(
                &mut statement.query(params![query.from, query.to])?,
                |row| {
                    Ok(CostRow {
                        key: row.get(0)?,
                        account: word(row, "account", Account::from_number)?,
                        currency: currency(row)?,
                        micros: row.get(3)?,
                        count: row.get(4)?,
                    })
                },
            )
        })
        .await
    }

    pub(crate) async fn spent(&self, since: i32) -> Result<Vec<Spent>> {
        self.read(move |connection, _| {
            let mut statement = connection.prepare_cached(
                "SELECT l.day, l.mode, l.channel, l.purpose, l.country, l.currency, sum(g.amount) AS micros
                 FROM cost_lines l JOIN ledger g ON g.line = l.id
                 WHERE l.day >= ?1 AND g.account IN (2, 4, 5) GROUP BY 1, 2, 3, 4, 5, 6",
            )?;
            collect(&mut statement.query([since])?, |row| {
                Ok(Spent {
                    day: row.get("day")?,
                    mode: word(row, "mode", Mode::from_number)?,
                    channel: word(row, "channel", Channel::from_number)?,
                    purpose: word(row, "purpose", PurposeClass::from_number)?,
                    country: row.get("country")?,
                    currency: currency(row)?,
                    micros: row.get("micros")?,
                })
            })
        })
        .await
    }

    pub(crate) async fn check_ledger(&self) -> Result<Vec<LedgerFault>> {
        self.read(|connection, shared| {
            if !shared.has_costs.load(Ordering::Relaxed) {
                return Ok(vec![]);
            }
            // One moment for all of it.
            let connection = connection.unchecked_transaction()?;
            let found = recount(&connection)?.compare(&balances(&connection)?);
            let mut lines = std::collections::HashMap::new();
            for ((number, _), _) in &found {
                lines.insert(*number, line_by_number(&connection, *number)?);
            }
            Ok(faults(found, |number| {
                lines.get(&number).cloned().flatten()
            }))
        })
        .await
    }

    pub(crate) fn cost_tally(&self) -> Vec<Tally> {
        self.shared.lines.tally()
    }
}

fn balances(connection: &Connection) -> Result<Balances> {
    let mut statement = connection
        .prepare("SELECT line, account, sum(amount), sum(count) FROM ledger GROUP BY 1, 2")?;
    let rows = collect(&mut statement.query([])?, |row| {
        let account = word(row, "account", Account::from_number)?;
        Ok(((row.get(0)?, account), (row.get(2)?, row.get(3)?)))
    })?;
    Ok(rows.into_iter().collect())
}

fn recount(connection: &Connection) -> Result<Recount> {
    let mut recount = Recount::default();
    let mut states = connection.prepare(
        "SELECT line, state, sum(quote), count(*) FROM deliveries WHERE line IS NOT NULL GROUP BY 1, 2",
    )?;
    let mut rows = states.query([])?;
    while let Some(row) = rows.next()? {
        let state = word(row, "state", DeliveryState::from_number)?;
        recount.deliveries(row.get(0)?, state, (row.get(2)?, row.get(3)?));
    }
    let mut prices = connection.prepare(
        "SELECT d.line, sum(d.quote), p.line, sum(p.amount), count(*)
         FROM prices p JOIN deliveries d ON d.id = p.delivery GROUP BY d.line, p.line",
    )?;
    let mut rows = prices.query([])?;
    while let Some(row) = rows.next()? {
        let quoted = (row.get(0)?, row.get(1)?);
        recount.prices(quoted, (row.get(2)?, row.get(3)?, row.get(4)?));
    }
    Ok(recount)
}

fn record(tx: &mut Tx<'_>, price: &PriceRecord) -> Result<PriceMatch> {
    let hash = carrier_hash(&price.carrier, &price.carrier_id);
    let Some(delivery) = find(tx, hash, &price.carrier, &price.carrier_id)? else {
        return Ok(PriceMatch::Unknown);
    };
    let Some((state, line, quote)) = tx.quoted(delivery)? else {
        return Ok(PriceMatch::Unknown);
    };
    let id = DeliveryId::from_i64(delivery);
    let before: Option<(i32, i64)> = tx
        .connection
        .prepare_cached("SELECT line, amount FROM prices WHERE delivery = ?1")?
        .query_row([delivery], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some(quoted_as) = known_line(tx, line)?.filter(|_| state.account() == Account::Charged)
    else {
        return Ok(PriceMatch::Unknown);
    };
    let price_line = match quoted_as.currency == price.currency {
        true => line,
        false => tx.cost_line(CostLine {
            currency: price.currency,
            ..quoted_as
        })?,
    };
    let now = (price_line, price.micros);
    if before == Some(now) {
        return Ok(PriceMatch::Same(id));
    }
    tx.connection
        .prepare_cached(
            "INSERT OR REPLACE INTO prices (delivery, line, amount) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![delivery, price_line, price.micros])?;
    tx.effects.moved.priced((line, quote), before, now);
    Ok(PriceMatch::Booked(id))
}

fn known_line(tx: &Tx<'_>, number: i32) -> Result<Option<CostLine>> {
    match tx.shared.lines.line(number) {
        Some(line) => Ok(Some((*line).clone())),
        None => line_by_number(tx.connection, number),
    }
}
