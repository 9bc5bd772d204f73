//! `DELETE /v1/messages/{id}`: hide a message.

use axum::extract::State;
use axum::http::StatusCode;
use model::MessageId;
use store::FlagChange;

use super::flags::{change, find};
use crate::App;
use crate::auth::Caller;
use crate::problem::Problem;
use crate::read::PathId;

/// Deletes a message.
///
/// It is hidden and can be restored for 30 days; then its content is destroyed.
#[utoipa::path(delete, path = "/v1/messages/{id}", tag = "messages",
    params(("id" = String, Path, description = "The message's id, `msg_…`.")),
    security(("api_key" = []), ("customer_token" = [])),
    responses(
        (status = 204, description = "It is hidden."),
        (status = 400, description = "Not the id of a message."),
        (status = 404, description = "No such message, or not this customer's.")))]
pub(crate) async fn delete_message(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<MessageId>,
) -> Result<StatusCode, Problem> {
    let record = find(&app, caller, id).await?;
    change(&app, &record, FlagChange::Deleted(true)).await?;
    Ok(StatusCode::NO_CONTENT)
}
