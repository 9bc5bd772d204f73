//! `GET /v1/suppressions/{id}`: one entry.

use axum::Json;
use axum::extract::State;
use model::SuppressionId;

use super::SuppressionShown;
use crate::App;
use crate::auth::LiveKey;
use crate::problem::Problem;
use crate::read::PathId;

/// One entry of the list.
#[utoipa::path(get, path = "/v1/suppressions/{id}", tag = "suppressions",
    params(("id" = String, Path, description = "The entry's id, `sup_…`.")),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "The entry.", body = SuppressionShown),
        (status = 400, description = "Not the id of an entry."),
        (status = 404, description = "There is none, or it was undone.")))]
pub(crate) async fn get_suppression(
    State(app): State<App>,
    _: LiveKey,
    PathId(id): PathId<SuppressionId>,
) -> Result<Json<SuppressionShown>, Problem> {
    let found = app.store().suppression(id).await?;
    let entry = found.ok_or_else(|| Problem::not_found("suppression"))?;
    Ok(Json(SuppressionShown::of(entry, app.now())))
}
