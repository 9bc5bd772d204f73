//! `POST /v1/suppressions`: never write to an address again.

use axum::extract::State;
use axum::http::StatusCode;
use model::ContactPoint;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::App;
use crate::auth::LiveKey;
use crate::problem::Problem;
use crate::read::JsonBody;

/// Longest reason, in bytes.
const REASON_LIMIT: usize = 200;

/// Which address, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuppressionRequest {
    /// A phone number in the international form; or `email`.
    #[schema(example = "+12535550129")]
    phone: Option<String>,
    /// A mail address; or `phone`.
    email: Option<String>,
    /// Why, in the operator's words; stands in the trace of what is stopped.
    #[schema(example = "asked by letter")]
    reason: String,
}

/// Suppresses an address.
///
/// Nothing goes there any more, also nothing that is queued. Doing it twice is fine.
#[utoipa::path(post, path = "/v1/suppressions", tag = "suppressions",
    security(("api_key" = [])), request_body = SuppressionRequest,
    responses(
        (status = 204, description = "It is so."),
        (status = 400, description = "No JSON, or not these fields."),
        (status = 422, description = "The address or the reason cannot be used.")))]
pub(crate) async fn create_suppression(
    State(app): State<App>,
    _: LiveKey,
    JsonBody(request): JsonBody<SuppressionRequest>,
) -> Result<StatusCode, Problem> {
    let contact = read_contact(request.phone.as_deref(), request.email.as_deref())?;
    let reason = request.reason.trim();
    let fits = (1..=REASON_LIMIT).contains(&reason.len()) && !reason.chars().any(char::is_control);
    if !fits {
        let why = format!("a reason has 1 to {REASON_LIMIT} bytes and no control characters");
        return Err(Problem::fault("/reason", &why));
    }
    app.pipeline().suppress(contact, reason.to_owned()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn read_contact(phone: Option<&str>, email: Option<&str>) -> Result<ContactPoint, Problem> {
    match (phone, email) {
        (Some(phone), None) => {
            ContactPoint::phone(phone).map_err(|error| Problem::fault("/phone", &error.to_string()))
        }
        (None, Some(email)) => {
            ContactPoint::email(email).map_err(|error| Problem::fault("/email", &error.to_string()))
        }
        _ => Err(Problem::fault("", "either `phone` or `email` is given")),
    }
}
