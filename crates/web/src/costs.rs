//! The cost ledger read for people: its days, and its accounts in one line a key.

use std::collections::BTreeMap;

use model::{
    Account, Category, Channel, CostBy, Currency, Instant, Mode, PurposeClass, ledger_day,
};
use store::CostRow;

use crate::App;
use crate::problem::Problem;

/// Days that are looked at together at most.
pub(crate) const DAYS_AT_MOST: i32 = 366;

/// What stands under one key in one currency, in micros, each with its deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CostSums {
    /// The day, the word or the name; empty where deliveries have none.
    pub key: String,
    pub currency: Currency,
    pub quoted: (i64, i64),
    pub reserved: (i64, i64),
    pub released: (i64, i64),
    pub charged: (i64, i64),
    pub reconciled: (i64, i64),
}

impl CostSums {
    /// Charged and reconciled: what it cost as far as is known.
    pub(crate) fn cost(&self) -> i64 {
        self.charged.0.saturating_add(self.reconciled.0)
    }
}

/// What live traffic costs is real money; what tests would have cost stands apart.
pub(crate) fn modes(mode: Mode) -> Vec<Mode> {
    match mode {
        Mode::Test => vec![Mode::Test],
        Mode::Live | Mode::Team => vec![Mode::Live, Mode::Team],
    }
}

/// The sums of some days, one a key and currency, in the order of the store.
pub(crate) async fn read(
    app: &App,
    (from, to): (i32, i32),
    by: CostBy,
    mode: Mode,
) -> Result<Vec<CostSums>, Problem> {
    let query = store::CostQuery {
        from,
        to,
        modes: modes(mode),
        by,
    };
    Ok(sums(app.store().costs(query).await?, by))
}

/// Puts the accounts of one key and currency into one, in the order they came.
fn sums(found: Vec<CostRow>, by: CostBy) -> Vec<CostSums> {
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut all: Vec<CostSums> = Vec::new();
    for row in found {
        let of = (row.key.clone(), row.currency.to_string());
        let place = *places.entry(of).or_insert_with(|| {
            all.push(CostSums {
                key: name(&row.key, by),
                currency: row.currency,
                quoted: (0, 0),
                reserved: (0, 0),
                released: (0, 0),
                charged: (0, 0),
                reconciled: (0, 0),
            });
            all.len() - 1
        });
        let sum = (row.micros, row.count);
        let of_key = &mut all[place];
        match row.account {
            // What was quoted is where the money comes from: it stands on the other side.
            Account::Quoted => of_key.quoted = (row.micros.saturating_neg(), -row.count),
            Account::Reserved => of_key.reserved = sum,
            Account::Released => of_key.released = sum,
            Account::Charged => of_key.charged = sum,
            Account::Reconciled => of_key.reconciled = sum,
            // The other side of what was reconciled.
            Account::Carrier => {}
        }
    }
    all
}

/// The key as it is shown.
fn name(key: &str, by: CostBy) -> String {
    let number = key.parse::<u8>().ok();
    let word = match by {
        CostBy::Day => return key.parse().map_or_else(|_| key.to_owned(), date),
        CostBy::Category => number.and_then(Category::from_number).map(Category::as_str),
        CostBy::Channel => number.and_then(Channel::from_number).map(Channel::as_str),
        CostBy::Purpose => number
            .and_then(PurposeClass::from_number)
            .map(PurposeClass::as_str),
        CostBy::Campaign | CostBy::Seller | CostBy::Country | CostBy::Carrier => None,
    };
    word.unwrap_or(key).to_owned()
}

/// A day of the ledger from how it is written: `2026-11-22`.
pub(crate) fn day(text: &str) -> Option<i32> {
    let fits = text.len() == 10 && text.is_ascii();
    let moment = fits.then(|| Instant::parse(&format!("{text}T00:00:00Z")).ok());
    moment.flatten().map(ledger_day)
}

/// A day of the ledger as it is written.
pub(crate) fn date(day: i32) -> String {
    const MICROS: i64 = 86_400_000_000;
    let at = Instant::from_micros(i64::from(day) * MICROS).to_string();
    at.split('T').next().unwrap_or_default().to_owned()
}
