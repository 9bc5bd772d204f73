//! `POST /v1/keys`: make an API key.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::{KeyId, Mode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;
use crate::auth::{CreateKeyError, LiveKey, create_api_key};
use crate::problem::{Code, Problem};
use crate::read::JsonBody;

/// Longest name, in bytes.
const NAME_LIMIT: usize = 100;

/// Which key to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRequest {
    /// What it is for, in your words.
    #[schema(example = "order service")]
    name: String,
    /// `live` reaches real carriers, `test` the sandbox, `team` only the team's addresses.
    #[schema(value_type = String, example = "test")]
    mode: Mode,
}

/// A new API key.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyAnswer {
    /// Its public half.
    #[schema(value_type = String)]
    id: KeyId,
    /// The key. It is shown this once and kept only as a hash.
    #[schema(example = "tid_test_…")]
    key: String,
}

/// Makes an API key. Takes a live key.
#[utoipa::path(post, path = "/v1/keys", tag = "keys", security(("api_key" = [])),
    request_body = KeyRequest,
    responses(
        (status = 201, description = "The key, shown this once.", body = KeyAnswer),
        (status = 400, description = "No JSON, or not these fields."),
        (status = 422, description = "The name cannot be used.")))]
pub(crate) async fn create_key(
    State(app): State<App>,
    _: LiveKey,
    JsonBody(request): JsonBody<KeyRequest>,
) -> Result<(StatusCode, Json<KeyAnswer>), Problem> {
    let name = request.name.trim();
    let fits = (1..=NAME_LIMIT).contains(&name.len()) && !name.chars().any(char::is_control);
    if !fits {
        let reason = format!("a name has 1 to {NAME_LIMIT} bytes and no control characters");
        return Err(Problem::fault("/name", &reason));
    }
    let made = create_api_key(app.store(), app.random(), name, request.mode, app.now()).await;
    let (id, key) = made.map_err(|error| match error {
        CreateKeyError::Random => Problem::new(
            Code::Internal,
            "The system gave no random numbers. Try again.",
        ),
        CreateKeyError::Store(error) => error.into(),
    })?;
    let key = key.open().to_owned();
    Ok((StatusCode::CREATED, Json(KeyAnswer { id, key })))
}
