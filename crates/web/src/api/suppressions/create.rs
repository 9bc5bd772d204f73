//! `POST /v1/suppressions`: never write to an address again.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::Instant;
use serde::Deserialize;
use serde_json::json;
use store::NewSuppression;
use utoipa::ToSchema;

use super::{name_of, read_contact, read_note, read_reason, read_until};
use crate::App;
use crate::auth::LiveKey;
use crate::problem::Problem;
use crate::read::JsonBody;
use crate::staff::Actor;

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
    /// When it ends by itself; left out, it does not.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Instant>,
    /// More of it, for the record: at most 1,000 bytes, and no address.
    note: Option<String>,
}

/// Suppresses an address.
///
/// Nothing goes there any more, also nothing that is queued. Doing it twice is fine: of two ends
/// the later counts. An address may have an entry for each reason.
#[utoipa::path(post, path = "/v1/suppressions", tag = "suppressions",
    security(("api_key" = [])), request_body = SuppressionRequest,
    responses(
        (status = 204, description = "It is so; `Location` names the entry."),
        (status = 400, description = "No JSON, or not these fields."),
        (status = 422, description = "The address, the reason, the end or the note cannot be used.")))]
pub(crate) async fn create_suppression(
    State(app): State<App>,
    LiveKey(key): LiveKey,
    JsonBody(request): JsonBody<SuppressionRequest>,
) -> Result<Response, Problem> {
    let contact = read_contact(request.phone.as_deref(), request.email.as_deref())?;
    let now = app.now();
    let fault = |pointer: &'static str| move |why: String| Problem::fault(pointer, &why);
    let reason = read_reason(&request.reason).map_err(fault("/reason"))?;
    let note = read_note(request.note.as_deref().unwrap_or_default()).map_err(fault("/note"))?;
    let until =
        read_until(request.until, &reason, now).map_err(|why| Problem::fault("/until", why))?;
    let by = name_of(&app, key).await?;
    let details = json!({ "reason": reason, "key": by, "channel": contact.channel });
    let line = Actor::API.line(app.store(), now, "suppression.added", &"", details);
    let new = NewSuppression {
        until,
        note,
        by,
        audit: vec![line],
        ..NewSuppression::of(contact, reason, now)
    };
    let id = app.pipeline().add_suppression(new).await?;
    let at = format!("/v1/suppressions/{id}");
    Ok((StatusCode::NO_CONTENT, [(header::LOCATION, at)]).into_response())
}
