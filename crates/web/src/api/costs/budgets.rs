//! `GET /v1/budgets`: how much of each budget is spent.

use axum::Json;
use axum::extract::State;
use model::decimal_of;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::auth::Key;
use crate::problem::Problem;

/// All budgets of the configuration.
#[derive(Serialize, ToSchema)]
pub(crate) struct BudgetsAnswer {
    /// In the order of the configuration.
    budgets: Vec<BudgetAnswer>,
}

/// A budget, and where it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct BudgetAnswer {
    /// Its name.
    name: String,
    /// `day` or `month` (UTC).
    per: &'static str,
    /// What it allows, as decimal text.
    #[schema(example = "250.00")]
    amount: String,
    /// Reserved, charged and reconciled in the present day or month.
    #[schema(example = "203.48")]
    spent: String,
    /// The currency.
    currency: String,
    /// The purposes it is for.
    purposes: Vec<&'static str>,
    /// The channel it is for.
    channel: &'static str,
    /// The country it is for; `null` for all.
    country: Option<String>,
    /// `open`, `nearly` (four fifths are spent) or `spent` (its purposes stop).
    state: &'static str,
}

/// How much of each budget is spent.
///
/// As this node knows it; nodes look what others spent every few seconds. With a test key:
/// what tests would have spent.
#[utoipa::path(get, path = "/v1/budgets", tag = "costs", security(("api_key" = [])),
    responses((status = 200, description = "The budgets.", body = BudgetsAnswer)))]
pub(crate) async fn list_budgets(
    State(app): State<App>,
    key: Key,
) -> Result<Json<BudgetsAnswer>, Problem> {
    let states = app.pipeline().budgets(key.mode).into_iter();
    let budgets = states.map(|state| {
        let purposes = state.budget.purposes.iter();
        BudgetAnswer {
            per: state.budget.per.as_str(),
            amount: decimal_of(state.budget.micros),
            spent: decimal_of(state.spent),
            currency: state.budget.currency.to_string(),
            purposes: purposes.map(|purpose| purpose.as_str()).collect(),
            channel: state.budget.channel.as_str(),
            country: state.budget.country,
            state: match (state.over, state.nearly) {
                (true, _) => "spent",
                (false, true) => "nearly",
                (false, false) => "open",
            },
            name: state.budget.name,
        }
    });
    Ok(Json(BudgetsAnswer {
        budgets: budgets.collect(),
    }))
}
