//! `GET /v1/costs`: what was quoted, charged and reconciled.

use axum::Json;
use axum::extract::State;
use model::{CostBy, decimal_of, ledger_day};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::auth::Key;
use crate::costs::{self, CostSums, DAYS_AT_MOST};
use crate::problem::{Code, Problem};
use crate::read::{Params, sentence};

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
        Some(text) => asked_day("to", text)?,
        None => ledger_day(app.now()),
    };
    let from = match &query.from {
        Some(text) => asked_day("from", text)?,
        None => to - 29,
    };
    if from > to || to - from >= DAYS_AT_MOST {
        let detail =
            format!("`from` is not after `to`, and at most {DAYS_AT_MOST} days are answered.");
        return Err(Problem::new(Code::BadRequest, detail));
    }
    let by = query.by.as_deref().unwrap_or("day").parse::<CostBy>();
    let by = by.map_err(|error| Problem::new(Code::BadRequest, sentence(&error.to_string())))?;
    let mut found = costs::read(&app, (from, to), by, key.mode).await?;
    let truncated = found.len() > ROWS_AT_MOST;
    found.truncate(ROWS_AT_MOST);
    Ok(Json(CostsAnswer {
        from: costs::date(from),
        to: costs::date(to),
        by: by.as_str(),
        rows: found.into_iter().map(CostsRow::of).collect(),
        truncated,
    }))
}

impl CostsRow {
    fn of(sums: CostSums) -> Self {
        let sum = |(micros, deliveries): (i64, i64)| Sum {
            amount: decimal_of(micros),
            deliveries,
        };
        Self {
            currency: sums.currency.to_string(),
            quoted: sum(sums.quoted),
            reserved: sum(sums.reserved),
            released: sum(sums.released),
            charged: sum(sums.charged),
            reconciled: sum(sums.reconciled),
            cost: decimal_of(sums.cost()),
            key: sums.key,
        }
    }
}

fn asked_day(name: &str, text: &str) -> Result<i32, Problem> {
    costs::day(text).ok_or_else(|| {
        Problem::new(
            Code::BadRequest,
            format!("`{name}` is a day like `2026-11-22`."),
        )
    })
}
