//! `POST /v1/messages/{id}/read`: mark read or unread.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use model::MessageId;
use serde::Deserialize;
use store::FlagChange;
use utoipa::ToSchema;

use super::flags::{change, find};
use crate::App;
use crate::auth::Caller;
use crate::problem::Problem;
use crate::read::{self, PathId};

/// The body is a handful of bytes.
const BODY_LIMIT: usize = 1_024;

/// Read or unread.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadRequest {
    /// `false` marks it unread again; `true` when left out.
    #[serde(default = "yes")]
    read: bool,
}

fn yes() -> bool {
    true
}

/// Marks a message read, or unread again.
///
/// Without a body it is marked read. Doing it twice is fine.
#[utoipa::path(post, path = "/v1/messages/{id}/read", tag = "messages",
    params(("id" = String, Path, description = "The message's id, `msg_…`.")),
    security(("api_key" = []), ("customer_token" = [])),
    request_body = Option<ReadRequest>,
    responses(
        (status = 204, description = "It is so."),
        (status = 400, description = "Not the id of a message, or no JSON."),
        (status = 404, description = "No such message, or not this customer's.")))]
pub(crate) async fn mark_read(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<MessageId>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = read::read_bytes(body, BODY_LIMIT).await?;
    let wanted = if bytes.is_empty() {
        true
    } else {
        read::expect_json(&parts.headers)?;
        read::parse::<ReadRequest>(&bytes)?.read
    };
    let record = find(&app, caller, id).await?;
    change(&app, &record, FlagChange::Read(wanted)).await?;
    Ok(StatusCode::NO_CONTENT)
}
