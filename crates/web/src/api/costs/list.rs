//! `GET /v1/costs`: what was quoted, charged and reconciled.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use model::{Account, Category, Channel, CostBy, Instant, PurposeClass, decimal_of, ledger_day};
use serde::{Deserialize, Serialize};
use store::{CostQuery, CostRow};
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::auth::Key;
use crate::problem::{Code, Problem};
use crate::read::{Params, sentence};

/// Days of one answer at most.
const DAYS_AT_MOST: i32 = 366;
/// Rows of one answer at most.
const ROWS_AT_MOST: usize = 5_000;

/// Which days, and by what.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CostsQuery {
    /// The first day (UTC); thirty days before the last when left out.
    #[param(example = "2026-11-01")]
    from: Option<String>,
    /// The last day (UTC); today when left out.
    #[param(example = "2026-11-22")]
    to: Option<String>,
    /// `day`, `category`, `campaign`, `seller`, `channel`, `country`, `carrier` or
    /// `purpose`; `day` when left out.
    by: Option<String>,
}

/// What sending cost, by the day on which each event was accepted.
#[derive(Serialize, ToSchema)]
pub(crate) struct CostsAnswer {
    /// The first day.
    from: String,
    /// The last day.
    to: String,
    /// What the rows are told apart by.
    by: &'static str,
    /// One a key and currency.
    rows: Vec<CostsRow>,
    /// There are more than these 5,000; ask for fewer days.
    truncated: bool,
}

/// What stands under one key in one currency. Amounts are decimal text.
#[derive(Serialize, ToSchema)]
pub(crate) struct CostsRow {
    /// The day, the word or the name; empty where deliveries have none.
    key: String,
    /// The currency.
    #[schema(example = "USD")]
    currency: String,
    /// What was expected when the deliveries were made.
    quoted: Sum,
    /// Of it: for deliveries still on their way.
    reserved: Sum,
    /// Of it: free again, for what did not leave.
    released: Sum,
    /// Of it: for what carriers took.
    charged: Sum,
    /// What carriers' own prices were above (or below) what was charged.
    reconciled: Sum,
    /// Charged and reconciled: what it cost as far as is known.
    #[schema(example = "12.345")]
    cost: String,
}

/// An amount, and of how many deliveries.
#[derive(Serialize, ToSchema)]
pub(crate) struct Sum {
    /// Decimal text.
    #[schema(example = "0.0158")]
    amount: String,
    /// Deliveries.
    deliveries: i64,
}

/// What sending cost.
///
/// A live or team key sees real traffic, a test key what tests would have cost.
#[utoipa::path(get, path = "/v1/costs", tag = "costs", params(CostsQuery),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The sums.", body = CostsAnswer),
        (status = 400, description = "A day or a grouping cannot be read.")))]
pub(crate) async fn list_costs(
    State(app): State<App>,
    key: Key,
    Params(query): Params<CostsQuery>,
) -> Result<Json<CostsAnswer>, Problem> {
    let to = match &query.to {
        Some(text) => day("to", text)?,
        None => ledger_day(app.now()),
    };
    let from = match &query.from {
        Some(text) => day("from", text)?,
        None => to - 29,
    };
    if from > to || to - from >= DAYS_AT_MOST {
        let detail =
            format!("`from` is not after `to`, and at most {DAYS_AT_MOST} days are answered.");
        return Err(Problem::new(Code::BadRequest, detail));
    }
    let by = query.by.as_deref().unwrap_or("day").parse::<CostBy>();
    let by = by.map_err(|error| Problem::new(Code::BadRequest, sentence(&error.to_string())))?;
    let modes = super::modes(key.mode);
    let found = app
        .store()
        .costs(CostQuery {
            from,
            to,
            modes,
            by,
        })
        .await?;
    let mut rows = rows_of(found, by);
    let truncated = rows.len() > ROWS_AT_MOST;
    rows.truncate(ROWS_AT_MOST);
    Ok(Json(CostsAnswer {
        from: date(from),
        to: date(to),
        by: by.as_str(),
        rows,
        truncated,
    }))
}

/// Puts the accounts of one key and currency into one row, in the order they came.
fn rows_of(found: Vec<CostRow>, by: CostBy) -> Vec<CostsRow> {
    let mut order: Vec<(String, String)> = Vec::new();
    let mut sums: BTreeMap<(String, String), BTreeMap<Account, (i64, i64)>> = BTreeMap::new();
    for row in found {
        let key = (row.key, row.currency.to_string());
        if !sums.contains_key(&key) {
            order.push(key.clone());
        }
        let accounts = sums.entry(key).or_default();
        accounts.insert(row.account, (row.micros, row.count));
    }
    let rows = order.into_iter().map(|key| {
        let accounts = sums.remove(&key).unwrap_or_default();
        let of = |account| accounts.get(&account).copied().unwrap_or((0, 0));
        let sum = |(micros, deliveries): (i64, i64)| Sum {
            amount: decimal_of(micros),
            deliveries,
        };
        let (micros, count) = of(Account::Quoted);
        let cost = of(Account::Charged)
            .0
            .saturating_add(of(Account::Reconciled).0);
        CostsRow {
            key: name(&key.0, by),
            currency: key.1,
            quoted: sum((micros.saturating_neg(), -count)),
            reserved: sum(of(Account::Reserved)),
            released: sum(of(Account::Released)),
            charged: sum(of(Account::Charged)),
            reconciled: sum(of(Account::Reconciled)),
            cost: decimal_of(cost),
        }
    });
    rows.collect()
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

fn day(name: &str, text: &str) -> Result<i32, Problem> {
    let fits = text.len() == 10 && text.is_ascii();
    let moment = fits.then(|| Instant::parse(&format!("{text}T00:00:00Z")).ok());
    moment.flatten().map(ledger_day).ok_or_else(|| {
        Problem::new(
            Code::BadRequest,
            format!("`{name}` is a day like `2026-11-22`."),
        )
    })
}

/// A day of the ledger as it is written.
pub(super) fn date(day: i32) -> String {
    const MICROS: i64 = 86_400_000_000;
    let at = Instant::from_micros(i64::from(day) * MICROS).to_string();
    at.split('T').next().unwrap_or_default().to_owned()
}
