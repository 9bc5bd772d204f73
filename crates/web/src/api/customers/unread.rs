//! `GET /v1/customers/{id}/unread`: how many unread messages there are.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::auth::Caller;
use crate::problem::Problem;
use crate::read::CustomerId;

/// Unread messages.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnreadAnswer {
    /// In all.
    total: u32,
    /// By category; those with none are left out.
    by_category: BTreeMap<&'static str, u32>,
    /// The mailbox revision the counts are of.
    revision: i64,
}

/// How many messages a customer has not read.
#[utoipa::path(get, path = "/v1/customers/{id}/unread", tag = "customers",
    params(("id" = String, Path, description = "The marketplace's own id of the customer.")),
    security(("api_key" = []), ("customer_token" = [])),
    responses(
        (status = 200, description = "The counts.", body = UnreadAnswer),
        (status = 404, description = "No such customer.")))]
pub(crate) async fn unread_counts(
    State(app): State<App>,
    caller: Caller,
    CustomerId(id): CustomerId,
) -> Result<Json<UnreadAnswer>, Problem> {
    let facts = caller.customer(&app, &id).await?;
    let counts = app.store().unread_counts(facts.recipient).await?;
    let by_category = counts.by_category.into_iter();
    Ok(Json(UnreadAnswer {
        total: counts.total,
        by_category: by_category.map(|(c, count)| (c.as_str(), count)).collect(),
        revision: counts.revision,
    }))
}
