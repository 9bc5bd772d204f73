//! `GET /v1/keys`: the API keys there are.

use axum::Json;
use axum::extract::State;
use model::{Instant, KeyId};
use serde::Serialize;
use store::ApiKey;
use utoipa::ToSchema;

use crate::App;
use crate::auth::LiveKey;
use crate::problem::Problem;

/// The API keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeysAnswer {
    /// Oldest first, those taken back among them.
    keys: Vec<KeyShown>,
}

/// An API key without its secret, which nobody can read back.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyShown {
    /// Its public half.
    #[schema(value_type = String)]
    id: KeyId,
    /// What it is for.
    name: String,
    /// Live, test or team.
    #[schema(value_type = String)]
    mode: &'static str,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
    /// When it was taken back, if it was.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Instant>,
}

impl From<ApiKey> for KeyShown {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            mode: key.mode.as_str(),
            created_at: key.created_at,
            revoked_at: key.revoked_at,
        }
    }
}

/// The API keys there are. Takes a live key.
#[utoipa::path(get, path = "/v1/keys", tag = "keys", security(("api_key" = [])),
    responses((status = 200, description = "The keys.", body = KeysAnswer)))]
pub(crate) async fn list_keys(
    State(app): State<App>,
    _: LiveKey,
) -> Result<Json<KeysAnswer>, Problem> {
    let keys = app.store().api_keys().await?;
    Ok(Json(KeysAnswer {
        keys: keys.into_iter().map(Into::into).collect(),
    }))
}
