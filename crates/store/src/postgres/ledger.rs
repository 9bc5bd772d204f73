//! The cost ledger: lines by number, and reports. Movements are written by [`super::moves`],
//! [`super::insert`] and [`super::prices`], in the transactions that make them.

use deadpool_postgres::GenericClient;
use model::{Account, Category, Channel, CostLine, Currency, DeliveryState, Mode, PurposeClass};
use tokio_postgres::Row;

use super::failure::Failure;
use super::open::REPORT;
use super::rows::{get, word};
use super::sql::ledger::{
    ANY_LINE, BALANCES, COSTS, FIND_LINES, LINES, PUT_LEDGER, PUT_LINES, RECOUNT_DELIVERIES,
    RECOUNT_PRICES, SPENT,
};
use super::steps::{Steps, ask, begin, params};
use super::{Postgres, Shared};
use crate::ledger::{Balances, Lines, Moved, Recount, faults, line_of};
use crate::{
    AcceptedEvent, AcceptedResult, CostQuery, CostRow, Error, LedgerFault, Result, Spent, Tally,
};

/// Balances and deliveries are compared as of one moment.
const ONE_MOMENT: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// Columns of lines.
#[derive(Default)]
struct Columns<'a> {
    day: Vec<i32>,
    words: [Vec<i16>; 4],
    names: [Vec<&'a str>; 5],
}

impl<'a> Columns<'a> {
    fn of(lines: &'a [CostLine]) -> Self {
        let mut columns = Self::default();
        for line in lines {
            let words = [
                line.mode.number(),
                line.channel.number(),
                line.category.number(),
                line.purpose.number(),
            ];
            let names = [
                line.currency.as_str(),
                &line.carrier,
                &line.country,
                &line.campaign,
                &line.seller,
            ];
            columns.day.push(line.day);
            for (column, word) in columns.words.iter_mut().zip(words) {
                column.push(word.into());
            }
            for (column, name) in columns.names.iter_mut().zip(names) {
                column.push(name);
            }
        }
        columns
    }

    fn ask<'s>(&'s self, steps: &mut Steps<'s>, sql: &'static str) {
        let [mode, channel, category, purpose] = &self.words;
        let [currency, carrier, country, campaign, seller] = &self.names;
        let of = params![
            &self.day, mode, channel, category, purpose, currency, carrier, country, campaign,
            seller
        ];
        steps.add(sql, of);
    }
}

/// Adds what is moved to the steps of a transaction.
pub(super) fn add_ledger<'s>(steps: &mut Steps<'s>, moved: &Moved) {
    if moved.is_empty() {
        return;
    }
    let mut columns: (Vec<i32>, Vec<i16>, Vec<i64>, Vec<i64>) = Default::default();
    for ((line, account), change) in moved.changes() {
        columns.0.push(line);
        columns.1.push(account.number().into());
        columns.2.push(change.amount);
        columns.3.push(change.count);
    }
    steps.add(
        PUT_LEDGER,
        params![columns.0, columns.1, columns.2, columns.3],
    );
}

impl Shared {
    /// Gives numbers to the lines of what is about to be committed. Outside of any
    /// transaction: a line that nothing uses does no harm.
    pub(super) async fn learn_lines(
        &self,
        client: &impl GenericClient,
        events: &[AcceptedEvent],
    ) -> std::result::Result<(), Failure> {
        let mut unknown = Vec::new();
        for accepted in events {
            let AcceptedResult::Message { message, .. } = &accepted.result else {
                continue;
            };
            for delivery in &message.deliveries {
                if let Some(quote) = &delivery.quote {
                    let channel = delivery.planned.contact.channel;
                    let line = line_of(accepted, message, channel, quote);
                    unknown.push(self.lines.booked(line));
                }
            }
        }
        unknown.retain(|line| self.lines.number(line).is_none());
        self.name_lines(client, unknown).await
    }

    pub(super) async fn name_lines(
        &self,
        client: &impl GenericClient,
        mut unknown: Vec<CostLine>,
    ) -> std::result::Result<(), Failure> {
        if unknown.is_empty() {
            return Ok(());
        }
        unknown.sort_unstable();
        unknown.dedup();
        let columns = Columns::of(&unknown);
        let mut steps = Steps::new();
        columns.ask(&mut steps, PUT_LINES);
        columns.ask(&mut steps, FIND_LINES);
        let answers = steps.run(client).await?;
        for row in answers.iter().flat_map(|answer| &answer.rows) {
            let (number, line) = read_line(row)?;
            self.lines.put(number, line);
        }
        Ok(())
    }

    /// Reads the lines that another node, or an earlier process, gave numbers to.
    pub(super) async fn cover_lines(
        &self,
        client: &impl GenericClient,
        numbers: impl Iterator<Item = i32>,
    ) -> std::result::Result<(), Failure> {
        let mut unknown: Vec<i32> = numbers.filter(|n| self.lines.line(*n).is_none()).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        unknown.sort_unstable();
        unknown.dedup();
        for row in ask(client, LINES, params![unknown]).await?.rows {
            let (number, line) = read_line(&row)?;
            self.lines.put(number, line);
        }
        Ok(())
    }

    /// The number of a line that was learnt.
    pub(super) fn line_number(lines: &Lines, line: CostLine) -> Result<i32> {
        let number = lines.number(&lines.booked(line));
        number.ok_or_else(|| Error::Corrupt("cost_lines: a line has no number".into()))
    }

    async fn read_costs(&self, query: &CostQuery) -> std::result::Result<Vec<CostRow>, Failure> {
        let client = self.reader().await?;
        let modes: Vec<i16> = query.modes.iter().map(|m| m.number().into()).collect();
        let by = i16::from(query.by.number());
        let rows = ask(&client, COSTS, params![query.from, query.to, modes, by]).await?;
        let read = |row: &Row| {
            Ok(CostRow {
                key: get(row, 0)?,
                account: word(row, 1, Account::from_number)?,
                currency: currency(row, 2)?,
                micros: get(row, 3)?,
                count: get(row, 4)?,
            })
        };
        Ok(rows.rows.iter().map(read).collect::<Result<_>>()?)
    }

    async fn read_spent(&self, since: i32) -> std::result::Result<Vec<Spent>, Failure> {
        let client = self.reader().await?;
        let rows = ask(&client, SPENT, params![since]).await?.rows;
        let read = |row: &Row| {
            Ok(Spent {
                day: get(row, 0)?,
                mode: word(row, 1, Mode::from_number)?,
                channel: word(row, 2, Channel::from_number)?,
                purpose: word(row, 3, PurposeClass::from_number)?,
                country: get(row, 4)?,
                currency: currency(row, 5)?,
                micros: get(row, 6)?,
            })
        };
        Ok(rows.iter().map(read).collect::<Result<_>>()?)
    }

    async fn recount(&self) -> std::result::Result<Vec<LedgerFault>, Failure> {
        let mut client = self.reader().await?;
        let tx = begin(&mut client).await?;
        tx.batch_execute(ONE_MOMENT).await?;
        tx.batch_execute(REPORT).await?;
        if ask(&tx, ANY_LINE, params![]).await?.rows.is_empty() {
            return Ok(vec![]);
        }
        let mut steps = Steps::new();
        for sql in [BALANCES, RECOUNT_DELIVERIES, RECOUNT_PRICES] {
            steps.add(sql, params![]);
        }
        let answers = steps.run_long(&tx).await?;
        let mut ledger = Balances::new();
        for row in &answers[0].rows {
            let key = (get(row, 0)?, word(row, 1, Account::from_number)?);
            ledger.insert(key, (get(row, 2)?, get(row, 3)?));
        }
        let mut recount = Recount::default();
        for row in &answers[1].rows {
            let state = word(row, 1, DeliveryState::from_number)?;
            recount.deliveries(get(row, 0)?, state, (get(row, 2)?, get(row, 3)?));
        }
        for row in &answers[2].rows {
            let quoted = (get(row, 0)?, get(row, 1)?);
            recount.prices(quoted, (get(row, 2)?, get(row, 3)?, get(row, 4)?));
        }
        let found = recount.compare(&ledger);
        self.cover_lines(&tx, found.iter().map(|((line, _), _)| *line))
            .await?;
        let line = |number| self.lines.line(number).map(|line| (*line).clone());
        Ok(faults(found, line))
    }
}

impl Postgres {
    pub(crate) async fn costs(&self, query: CostQuery) -> Result<Vec<CostRow>> {
        Ok(self.shared.read_costs(&query).await?)
    }

    pub(crate) async fn spent(&self, since: i32) -> Result<Vec<Spent>> {
        Ok(self.shared.read_spent(since).await?)
    }

    pub(crate) async fn check_ledger(&self) -> Result<Vec<LedgerFault>> {
        Ok(self.shared.recount().await?)
    }

    pub(crate) fn cost_tally(&self) -> Vec<Tally> {
        self.shared.lines.tally()
    }
}

fn read_line(row: &Row) -> Result<(i32, CostLine)> {
    let name = |at: usize| get::<&str>(row, at).map(Into::into);
    let line = CostLine {
        day: get(row, 1)?,
        mode: word(row, 2, Mode::from_number)?,
        channel: word(row, 3, Channel::from_number)?,
        category: word(row, 4, Category::from_number)?,
        purpose: word(row, 5, PurposeClass::from_number)?,
        currency: currency(row, 6)?,
        carrier: name(7)?,
        country: name(8)?,
        campaign: name(9)?,
        seller: name(10)?,
    };
    Ok((get(row, 0)?, line))
}

fn currency(row: &Row, at: usize) -> Result<Currency> {
    let text: &str = get(row, at)?;
    text.parse()
        .map_err(|_| Error::Corrupt("currency: not three letters".into()))
}
