//! `POST /v1/failed-events/{id}/replay`: try again.

use axum::Json;
use axum::extract::State;
use model::{EventId, FailedEvent, MessageId, Mode};
use pipeline::ReplayAnswer;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::api::events::post::refused;
use crate::auth::Key;
use crate::problem::{Code, Problem};
use crate::read::PathId;

/// What became of trying again.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReplayedAnswer {
    /// Whether there is a message now.
    replayed: bool,
    /// The message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    message: Option<MessageId>,
    /// Why it still fails, as a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reason: Option<&'static str>,
    /// What exactly.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// Tries a failed event again.
///
/// Mend the cause first (the customer, the catalogue). A live key tries all; another key
/// only events of its own mode.
#[utoipa::path(post, path = "/v1/failed-events/{id}/replay", tag = "events",
    params(("id" = String, Path, description = "The event's id, `evt_…`.")),
    security(("api_key" = [])),
    responses(
        (status = 200, description = "There is a message now, or why it still fails.", body = ReplayedAnswer),
        (status = 400, description = "Not the id of an event."),
        (status = 404, description = "No failed event has this id."),
        (status = 409, description = "A replay made a message of it already."),
        (status = 429, description = "The queues are full.")))]
pub(crate) async fn replay_failed_event(
    State(app): State<App>,
    key: Key,
    PathId(id): PathId<EventId>,
) -> Result<Json<ReplayedAnswer>, Problem> {
    let failed = app.store().failed_event(id).await?;
    may_replay(key, failed.as_ref())?;
    match app.pipeline().replay_failed(id).await.map_err(refused)? {
        ReplayAnswer::Replayed { message } => Ok(Json(ReplayedAnswer {
            replayed: true,
            message: Some(message),
            reason: None,
            detail: None,
        })),
        ReplayAnswer::StillFailing { reason, detail } => Ok(Json(ReplayedAnswer {
            replayed: false,
            message: None,
            reason: Some(reason.as_str()),
            detail: Some(detail),
        })),
        ReplayAnswer::NotFound => Err(Problem::not_found("failed event")),
        ReplayAnswer::AlreadyReplayed => Err(Problem::new(
            Code::Conflict,
            "A replay has made a message of this event already.",
        )),
    }
}

/// The message a replay makes has the event's mode: a test key must not cause a live one.
fn may_replay(key: Key, failed: Option<&FailedEvent>) -> Result<(), Problem> {
    let failed = failed.ok_or_else(|| Problem::not_found("failed event"))?;
    if key.mode == Mode::Live || key.mode == failed.mode {
        return Ok(());
    }
    Err(Problem::new(
        Code::Forbidden,
        format!(
            "The event is a {} one; the key sent is a {} key.",
            failed.mode, key.mode
        ),
    ))
}
