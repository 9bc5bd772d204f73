//! `GET /v1/customers/{id}/changes`: what changed since a revision.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::api::messages::MessageSummary;
use crate::api::page_size;
use crate::auth::Caller;
use crate::problem::Problem;
use crate::read::{CustomerId, Params};

/// Since when, and how many.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangesQuery {
    /// The revision the device knows; 0 or nothing asks for everything.
    #[serde(default)]
    since: i64,
    /// 1 to 200; 50 when left out.
    limit: Option<usize>,
}

/// What changed.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChangesAnswer {
    /// New and changed messages, in order of their change; a deleted one has
    /// `deleted_at`.
    messages: Vec<MessageSummary>,
    /// Ask from here next time.
    revision: i64,
    /// There is more: ask again at once.
    more: bool,
    /// The revision asked from is not of this server (it was restored from a backup): these
    /// are all messages from the first, and replace what the device knows.
    reset: bool,
}

/// What changed in a customer's mailbox since a revision.
#[utoipa::path(get, path = "/v1/customers/{id}/changes", tag = "customers",
    params(("id" = String, Path, description = "The marketplace's own id of the customer."), ChangesQuery),
    security(("api_key" = []), ("customer_token" = [])),
    responses(
        (status = 200, description = "The changes.", body = ChangesAnswer),
        (status = 404, description = "No such customer.")))]
pub(crate) async fn changes(
    State(app): State<App>,
    caller: Caller,
    CustomerId(id): CustomerId,
    Params(query): Params<ChangesQuery>,
) -> Result<Json<ChangesAnswer>, Problem> {
    let limit = page_size(query.limit)?;
    let facts = caller.customer(&app, &id).await?;
    let changes = app
        .store()
        .changes_since(facts.recipient, query.since, limit)
        .await?;
    Ok(Json(ChangesAnswer {
        messages: changes
            .messages
            .into_iter()
            .map(MessageSummary::from)
            .collect(),
        revision: changes.revision,
        more: changes.more,
        reset: changes.reset,
    }))
}
