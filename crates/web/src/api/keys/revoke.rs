//! `DELETE /v1/keys/{id}`: take an API key back.

use axum::extract::State;
use axum::http::StatusCode;
use model::KeyId;

use crate::App;
use crate::auth::LiveKey;
use crate::problem::Problem;
use crate::read::PathId;

/// Takes an API key back.
///
/// It stops at once on this server, and within ten seconds on others. Takes a live key,
/// which may be the key itself.
#[utoipa::path(delete, path = "/v1/keys/{id}", tag = "keys",
    params(("id" = String, Path, description = "The key's public half, `key_…`.")),
    security(("api_key" = [])),
    responses(
        (status = 204, description = "It is taken back."),
        (status = 400, description = "Not the id of a key."),
        (status = 404, description = "No such key.")))]
pub(crate) async fn revoke_key(
    State(app): State<App>,
    _: LiveKey,
    PathId(id): PathId<KeyId>,
) -> Result<StatusCode, Problem> {
    let known = app.store().revoke_api_key(id, app.now()).await?;
    app.keys().forget(id);
    if known {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found("key"))
    }
}
