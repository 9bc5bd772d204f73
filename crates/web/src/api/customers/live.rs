//! `GET /v1/customers/{id}/live`: "there is news", as it happens.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::App;
use crate::auth::Caller;
use crate::live;
use crate::problem::Problem;
use crate::read::{CustomerId, Params};

/// What is known already.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LiveQuery {
    /// The revision known; the header `Last-Event-ID` of a reconnect goes before it.
    since: Option<i64>,
}

/// News of a customer's mailbox, as server-sent events.
///
/// Each event is named `news`, has the mailbox revision as its id, and says only
/// `{"revision": …}`: ask `changes?since=` for what it is. When the mailbox has moved
/// past the revision known, the first event comes at once.
#[utoipa::path(get, path = "/v1/customers/{id}/live", tag = "customers",
    params(("id" = String, Path, description = "The marketplace's own id of the customer."), LiveQuery,
        ("Last-Event-ID" = Option<i64>, Header, description = "The revision a reconnect knows.")),
    security(("api_key" = []), ("customer_token" = [])),
    responses(
        (status = 200, description = "The stream.", body = String, content_type = "text/event-stream"),
        (status = 404, description = "No such customer."),
        (status = 429, description = "Too many listen already.")))]
pub(crate) async fn live(
    State(app): State<App>,
    caller: Caller,
    CustomerId(id): CustomerId,
    Params(query): Params<LiveQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let facts = caller.customer(&app, &id).await?;
    let lifetime = match caller {
        Caller::Key(_) => None,
        Caller::Customer(_, expires_at) => Some(expires_at.since(app.now())),
    };
    let known = live::last_event_id(&headers).or(query.since);
    live::news(&app, facts.recipient, known, lifetime).await
}
