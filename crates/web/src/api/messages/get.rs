//! `GET /v1/messages/{id}`: a message with the whole of its path.

use axum::Json;
use axum::extract::State;
use model::MessageId;

use super::detail::MessageDetail;
use super::flags::find;
use crate::App;
use crate::auth::Caller;
use crate::problem::Problem;
use crate::read::PathId;

/// A message: what it says, why it went where it went, and what became of it.
#[utoipa::path(get, path = "/v1/messages/{id}", tag = "messages",
    params(("id" = String, Path, description = "The message's id, `msg_…`.")),
    security(("api_key" = []), ("customer_token" = [])),
    responses(
        (status = 200, description = "The message.", body = MessageDetail),
        (status = 400, description = "Not the id of a message."),
        (status = 404, description = "No such message, or not this customer's.")))]
pub(crate) async fn get_message(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<MessageId>,
) -> Result<Json<MessageDetail>, Problem> {
    let record = find(&app, caller, id).await?;
    let facts = app.store().facts_of(vec![record.message.recipient]).await?;
    let zone = facts.into_iter().flatten().next();
    let zone = zone.map_or_else(|| "UTC".to_owned(), |facts| facts.customer.time_zone);
    Ok(Json(MessageDetail::new(app.pipeline(), record, &zone)))
}
