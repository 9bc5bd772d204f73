//! `POST /v1/suppressions/{id}/undo`: write there again.

use axum::extract::State;
use axum::http::StatusCode;
use model::SuppressionId;
use serde::Deserialize;
use serde_json::json;
use store::Undone;
use utoipa::ToSchema;

use super::{name_of, not_yours_to_undo, read_note};
use crate::App;
use crate::auth::LiveKey;
use crate::problem::Problem;
use crate::read::{JsonBody, PathId};
use crate::staff::Actor;

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UndoRequest {
    /// Why, for the record.
    #[schema(example = "the mailbox was moved, and is back")]
    note: String,
}

/// Undoes an entry that others than the customer made.
///
/// What goes there again is what the customer allows, and what no other entry of the address
/// holds back. The record keeps who did it and why.
#[utoipa::path(post, path = "/v1/suppressions/{id}/undo", tag = "suppressions",
    params(("id" = String, Path, description = "The entry's id, `sup_…`.")),
    security(("api_key" = [])), request_body = UndoRequest,
    responses(
        (status = 204, description = "It is gone."),
        (status = 400, description = "Not the id of an entry, or no JSON."),
        (status = 404, description = "There is none, or it was undone already."),
        (status = 409, description = "It is what the customer said: only they start again."),
        (status = 422, description = "The note is missing or too long.")))]
pub(crate) async fn undo_suppression(
    State(app): State<App>,
    LiveKey(key): LiveKey,
    PathId(id): PathId<SuppressionId>,
    JsonBody(request): JsonBody<UndoRequest>,
) -> Result<StatusCode, Problem> {
    let note = read_note(&request.note).map_err(|why| Problem::fault("/note", &why))?;
    if note.is_empty() {
        return Err(Problem::fault("/note", "say why, for the record"));
    }
    let found = app.store().suppression(id).await?;
    let entry = found.ok_or_else(|| Problem::not_found("suppression"))?;
    let by = name_of(&app, key).await?;
    let details = json!({ "reason": entry.reason, "note": note, "key": by });
    let line = Actor::API.line(app.store(), app.now(), "suppression.undone", &id, details);
    match app.pipeline().undo_suppression(id, vec![line]).await? {
        Undone::Done(_) | Undone::OthersHold => Ok(StatusCode::NO_CONTENT),
        Undone::Own => Err(not_yours_to_undo()),
        Undone::Gone => Err(Problem::not_found("suppression")),
    }
}
