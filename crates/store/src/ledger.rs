//! The arithmetic of the cost ledger, for both backends: movements are added up in memory
//! and written once a transaction; lines are known by number.
//!
//! Every movement takes from one account what it gives to another. Nothing here touches a
//! database.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use model::{Account, CostLine, Currency, DeliveryState, PurposeClass, Quote};

use crate::costs::{LedgerFault, Tally};
use crate::{AcceptedEvent, NewMessage};

/// Lines of a day that campaigns and sellers may make; what comes after goes to one line
/// of others, so that a hostile event source does not make a line a message.
const LINES_A_DAY: usize = 20_000;
/// Lines kept in memory.
const KEPT: usize = 100_000;
/// The campaign and seller of what came after.
const OTHERS: &str = "(others)";
/// Bytes of a name in a line.
const NAME: usize = 80;

/// What changes on one account of one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) amount: i64,
    pub(crate) count: i64,
    /// The part of it that came in.
    gained: i64,
}

/// Movements of one transaction, added up by line and account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moved(BTreeMap<(i32, Account), Change>);

impl Moved {
    /// Moves money; less than nothing goes the other way.
    fn book(&mut self, line: i32, (from, to): (Account, Account), amount: i64, count: i64) {
        let (loses, gains) = if amount < 0 { (to, from) } else { (from, to) };
        let size = amount.saturating_abs();
        let lost = self.0.entry((line, loses)).or_default();
        lost.amount = lost.amount.saturating_sub(size);
        let gained = self.0.entry((line, gains)).or_default();
        gained.amount = gained.amount.saturating_add(size);
        gained.gained = gained.gained.saturating_add(size);
        self.0.entry((line, from)).or_default().count -= count;
        self.0.entry((line, to)).or_default().count += count;
    }

    /// A delivery was committed with this quote.
    pub(crate) fn reserve(&mut self, line: i32, quote: i64) {
        self.book(line, (Account::Quoted, Account::Reserved), quote, 1);
    }

    /// A delivery with a quote went from one state to another.
    pub(crate) fn went(
        &mut self,
        (line, quote): (i32, i64),
        from: DeliveryState,
        to: DeliveryState,
    ) {
        let (from, to) = (from.account(), to.account());
        if from != to {
            self.book(line, (from, to), quote, 1);
        }
    }

    /// The carrier's price came (line and amount), perhaps in place of an earlier one.
    pub(crate) fn priced(
        &mut self,
        (line, quote): (i32, i64),
        before: Option<(i32, i64)>,
        (price_line, price): (i32, i64),
    ) {
        let way = (Account::Carrier, Account::Reconciled);
        match before {
            Some((line, earlier)) if line == price_line => {
                self.book(line, way, price.saturating_sub(earlier), 0);
            }
            Some((line, earlier)) => {
                self.book(line, way, earlier.saturating_neg(), -1);
                self.book(price_line, way, price, 1);
            }
            None if line == price_line => {
                self.book(line, way, price.saturating_sub(quote), 1);
            }
            None => {
                self.book(line, way, quote.saturating_neg(), 0);
                self.book(price_line, way, price, 1);
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is to be written, in the order all write in.
    pub(crate) fn changes(&self) -> impl Iterator<Item = ((i32, Account), Change)> {
        let changed = |change: &Change| change.amount != 0 || change.count != 0;
        let all = self.0.iter().map(|(key, change)| (*key, *change));
        all.filter(move |(_, change)| changed(change))
    }

    /// The lines that change.
    pub(crate) fn lines(&self) -> impl Iterator<Item = i32> {
        self.0.keys().map(|(line, _)| *line)
    }
}

/// Lines by number, as far as they are known here, and what went into their accounts.
#[derive(Default)]
pub(crate) struct Lines {
    table: RwLock<Table>,
    tally: Mutex<BTreeMap<(PurposeClass, Account, Currency), u64>>,
}

#[derive(Default)]
struct Table {
    by_line: HashMap<Arc<CostLine>, i32>,
    by_number: HashMap<i32, Arc<CostLine>>,
    by_day: HashMap<i32, usize>,
}

impl Lines {
    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The line as it is booked: names are bounded, and so is how many a day has.
    pub(crate) fn booked(&self, mut line: CostLine) -> CostLine {
        for name in [
            &mut line.carrier,
            &mut line.country,
            &mut line.campaign,
            &mut line.seller,
        ] {
            if let Some(clean) = cleaned(name) {
                *name = clean.into();
            }
        }
        let table = self.read();
        let many = table
            .by_day
            .get(&line.day)
            .is_some_and(|n| *n >= LINES_A_DAY);
        if many && !table.by_line.contains_key(&line) {
            line.campaign = OTHERS.into();
            line.seller = OTHERS.into();
        }
        line
    }

    pub(crate) fn number(&self, line: &CostLine) -> Option<i32> {
        self.read().by_line.get(line).copied()
    }

    pub(crate) fn line(&self, number: i32) -> Option<Arc<CostLine>> {
        self.read().by_number.get(&number).cloned()
    }

    pub(crate) fn put(&self, number: i32, line: CostLine) {
        let mut table = self.write();
        if table.by_number.len() >= KEPT {
            *table = Table::default();
        }
        let line = Arc::new(line);
        if table.by_number.insert(number, line.clone()).is_none() {
            *table.by_day.entry(line.day).or_default() += 1;
        }
        table.by_line.insert(line, number);
    }

    /// Forgets all: after a rollback numbers may be gone again.
    pub(crate) fn forget(&self) {
        *self.write() = Table::default();
    }

    /// Counts what a commit moved.
    pub(crate) fn count(&self, moved: &Moved) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        for ((number, account), change) in &moved.0 {
            let into = *account != Account::Quoted && change.gained > 0;
            if let Some(line) = self.line(*number).filter(|_| into) {
                let sum = tally.entry((line.purpose, *account, line.currency));
                *sum.or_default() += change.gained.unsigned_abs();
            }
        }
    }

    pub(crate) fn tally(&self) -> Vec<Tally> {
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let all = tally
            .iter()
            .map(|((purpose, account, currency), micros)| Tally {
                purpose: *purpose,
                account: *account,
                currency: *currency,
                micros: *micros,
            });
        all.collect()
    }
}

/// A name without control characters and not too long; `None` where it is that already.
fn cleaned(name: &str) -> Option<String> {
    if name.len() <= NAME && !name.chars().any(char::is_control) {
        return None;
    }
    let mut clean: String = name.chars().filter(|c| !c.is_control()).collect();
    while clean.len() > NAME {
        clean.pop();
    }
    Some(clean)
}

/// The line that a quote of a message is booked under.
pub(crate) fn line_of(
    accepted: &AcceptedEvent,
    message: &NewMessage,
    channel: model::Channel,
    quote: &Quote,
) -> CostLine {
    CostLine {
        day: model::ledger_day(accepted.accepted_at),
        mode: accepted.event.mode,
        channel,
        category: message.content.category,
        purpose: message.content.purpose,
        currency: quote.currency,
        carrier: quote.carrier.clone(),
        country: quote.country.clone(),
        campaign: quote.campaign.as_str().into(),
        seller: quote.seller.as_str().into(),
    }
}

/// Micros, and of how many deliveries.
type Balance = (i64, i64);
/// Balances by line and account.
pub(crate) type Balances = BTreeMap<(i32, Account), Balance>;
/// Where two say two things: the ledger first, then the deliveries.
pub(crate) type Difference = ((i32, Account), (Balance, Balance));

/// Computes every balance anew: from how many deliveries of a line are in a state with what
/// quotes, and from prices.
#[derive(Default)]
pub(crate) struct Recount(Moved);

impl Recount {
    /// So many deliveries of a line are in a state; their quotes add up to so much.
    pub(crate) fn deliveries(
        &mut self,
        line: i32,
        state: DeliveryState,
        (quotes, count): (i64, i64),
    ) {
        let way = (Account::Quoted, state.account());
        self.0.book(line, way, quotes, count);
    }

    /// Prices in a line, of quotes in a line.
    pub(crate) fn prices(
        &mut self,
        (line, quotes): (i32, i64),
        (price_line, prices, count): (i32, i64, i64),
    ) {
        let way = (Account::Carrier, Account::Reconciled);
        self.0.book(line, way, quotes.saturating_neg(), 0);
        self.0.book(price_line, way, prices, count);
    }

    /// Where the ledger says something else; reservations below zero are found too, for no
    /// delivery can make them.
    pub(crate) fn compare(&self, ledger: &Balances) -> Vec<Difference> {
        let mut all: BTreeMap<(i32, Account), (Balance, Balance)> = BTreeMap::new();
        for (key, balance) in ledger {
            all.entry(*key).or_default().0 = *balance;
        }
        for (key, change) in &self.0.0 {
            all.entry(*key).or_default().1 = (change.amount, change.count);
        }
        all.into_iter()
            .filter(|(_, (ledger, deliveries))| ledger != deliveries)
            .collect()
    }
}

/// Names the lines of what differs.
pub(crate) fn faults(
    found: Vec<Difference>,
    line: impl Fn(i32) -> Option<CostLine>,
) -> Vec<LedgerFault> {
    let named = found.into_iter();
    named
        .map(|((number, account), (ledger, deliveries))| LedgerFault {
            line: line(number),
            number,
            account,
            ledger,
            deliveries,
        })
        .collect()
}

#[cfg(test)]
mod tests;
