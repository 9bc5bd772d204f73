//! What is asked of the cost ledger, and what it answers.

use model::{Account, Channel, CostBy, CostLine, Currency, DeliveryId, Mode, PurposeClass};

use crate::{Backend, Result, Store};

/// A carrier's own price for a text it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRecord {
    /// The carrier, as attempts name it.
    pub carrier: String,
    /// Its id of the text.
    pub carrier_id: String,
    /// What it asks for the whole text, in micros.
    pub micros: i64,
    /// In this money.
    pub currency: Currency,
}

/// What became of a carrier's price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceMatch {
    /// The difference to what stood there is booked.
    Booked(DeliveryId),
    /// It stood there already.
    Same(DeliveryId),
    /// No delivery with a quote has that id (yet).
    Unknown,
}

/// Which costs to add up.
#[derive(Clone, Debug)]
pub struct CostQuery {
    /// The first day ([`model::ledger_day`]).
    pub from: i32,
    /// The last day.
    pub to: i32,
    /// Of these modes.
    pub modes: Vec<Mode>,
    /// Told apart by this.
    pub by: CostBy,
}

/// What stands on one account, in one money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostRow {
    /// The day's number, the word's number, or the name, as asked.
    pub key: String,
    /// The account.
    pub account: Account,
    /// The money.
    pub currency: Currency,
    /// Its balance in micros.
    pub micros: i64,
    /// Of so many deliveries.
    pub count: i64,
}

/// What was spent (reserved, charged and reconciled), as far as budgets tell it apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// On this day.
    pub day: i32,
    /// Live, test or team.
    pub mode: Mode,
    /// The channel.
    pub channel: Channel,
    /// The purpose class.
    pub purpose: PurposeClass,
    /// The country, as the rate card calls it.
    pub country: String,
    /// The money.
    pub currency: Currency,
    /// In micros.
    pub micros: i64,
}

/// A balance that is not what the deliveries say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerFault {
    /// The line; none where a delivery names one that is not there.
    pub line: Option<CostLine>,
    /// Its number.
    pub number: i32,
    /// The account.
    pub account: Account,
    /// What the ledger says: micros, and of how many deliveries.
    pub ledger: (i64, i64),
    /// What the deliveries say.
    pub deliveries: (i64, i64),
}

/// Money that has gone into an account since this process started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The purpose class of the messages.
    pub purpose: PurposeClass,
    /// The account.
    pub account: Account,
    /// The money.
    pub currency: Currency,
    /// In micros.
    pub micros: u64,
}

impl Store {
    /// Books carriers' prices; one answer each, in order. Doing it twice books nothing more.
    ///
    /// # Errors
    /// [`Error`](crate::Error); then none is booked.
    pub async fn record_prices(&self, prices: Vec<PriceRecord>) -> Result<Vec<PriceMatch>> {
        on!(self, backend => backend.record_prices(prices).await)
    }

    /// What stands on the accounts, told apart as asked.
    ///
    /// # Errors
    /// [`Error`](crate::Error).
    pub async fn costs(&self, query: CostQuery) -> Result<Vec<CostRow>> {
        on!(self, backend => backend.costs(query).await)
    }

    /// What was spent since a day, for budgets.
    ///
    /// # Errors
    /// [`Error`](crate::Error).
    pub async fn spent(&self, since: i32) -> Result<Vec<Spent>> {
        on!(self, backend => backend.spent(since).await)
    }

    /// Computes the ledger anew from all deliveries, and gives what it says otherwise;
    /// reads the whole store.
    ///
    /// # Errors
    /// [`Error`](crate::Error).
    pub async fn check_ledger(&self) -> Result<Vec<LedgerFault>> {
        on!(self, backend => backend.check_ledger().await)
    }

    /// What this process moved since it started (for metrics).
    pub fn cost_tally(&self) -> Vec<Tally> {
        on!(self, backend => backend.cost_tally())
    }
}
