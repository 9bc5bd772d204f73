//! `POST /v1/messages/{id}/restore`: bring a deleted message back.

use axum::extract::State;
use axum::http::StatusCode;
use model::MessageId;
use store::FlagChange;

use super::flags::{change, find};
use crate::App;
use crate::auth::Caller;
use crate::problem::{Code, Problem};
use crate::read::PathId;

/// Restores a deleted message.
///
/// For 30 days after it was deleted. A message that is not deleted stays as it is.
#[utoipa::path(post, path = "/v1/messages/{id}/restore", tag = "messages",
    params(("id" = String, Path, description = "The message's id, `msg_…`.")),
    security(("api_key" = []), ("customer_token" = [])),
    responses(
        (status = 204, description = "It is back."),
        (status = 400, description = "Not the id of a message."),
        (status = 404, description = "No such message, or not this customer's."),
        (status = 410, description = "Its content was destroyed, or it was taken back.")))]
pub(crate) async fn restore_message(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<MessageId>,
) -> Result<StatusCode, Problem> {
    let record = find(&app, caller, id).await?;
    let message = &record.message;
    if message.flags.withdrawn_at.is_some() {
        return Err(Problem::new(
            Code::Gone,
            "The message was taken back: it broke a promise made to customers.",
        ));
    }
    // Every message has a title until its content is destroyed.
    if message.flags.deleted_at.is_some() && message.content.title.is_empty() {
        return Err(Problem::new(
            Code::Gone,
            "The message was deleted more than 30 days ago; its content is destroyed.",
        ));
    }
    change(&app, &record, FlagChange::Deleted(false)).await?;
    Ok(StatusCode::NO_CONTENT)
}
