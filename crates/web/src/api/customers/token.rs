//! `POST /v1/customers/{id}/tokens`: a token for that customer's browser or app.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::Instant;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;
use crate::auth::{Caller, Key, Scope, mint, sign_in_url};
use crate::problem::Problem;
use crate::read::{CustomerId, JsonBody};

/// What the token is for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRequest {
    /// `sign_in` (60 seconds, used once) or `api` (15 minutes).
    #[serde(default)]
    scope: Scope,
}

/// A token, shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenAnswer {
    /// The token.
    #[schema(example = "tct_AQE…")]
    token: String,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Instant,
    /// For `sign_in`: the page to send the customer's browser to.
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_in_url: Option<String>,
}

/// Makes a token for a customer.
///
/// Scope `sign_in` opens the Message Center: send the browser to `sign_in_url` within 60
/// seconds; it works once. Scope `api` goes into an app: `Authorization: Bearer` on the
/// customer's own calls for 15 minutes.
#[utoipa::path(post, path = "/v1/customers/{id}/tokens", tag = "customers",
    params(("id" = String, Path, description = "The marketplace's own id of the customer.")),
    security(("api_key" = [])), request_body = TokenRequest,
    responses(
        (status = 201, description = "The token.", body = TokenAnswer),
        (status = 404, description = "No such customer.")))]
pub(crate) async fn create_token(
    State(app): State<App>,
    key: Key,
    CustomerId(id): CustomerId,
    JsonBody(request): JsonBody<TokenRequest>,
) -> Result<(StatusCode, Json<TokenAnswer>), Problem> {
    let facts = Caller::Key(key).customer(&app, &id).await?;
    let (token, expires_at) = mint(&app, facts.recipient, request.scope)?;
    let answer = TokenAnswer {
        sign_in_url: (request.scope == Scope::SignIn).then(|| sign_in_url(&app, &token)),
        token,
        expires_at,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}
