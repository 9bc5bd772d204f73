//! `GET /v1/failed-events`: what made no message, and why.

use axum::Json;
use axum::extract::State;
use model::{EventId, FailedEvent, Instant};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::api::page_size;
use crate::auth::Key;
use crate::problem::{Code, Problem};
use crate::read::Params;

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FailedEventsQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<usize>,
}

/// A page of failed events, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct FailedEventsAnswer {
    /// Those that no replay has mended.
    failed_events: Vec<FailedEventShown>,
    /// Where the next page starts; `null` on the last one.
    #[schema(value_type = Option<String>)]
    next_cursor: Option<EventId>,
}

/// An event that was accepted but made no message.
#[derive(Serialize, ToSchema)]
pub(crate) struct FailedEventShown {
    /// Its id here.
    #[schema(value_type = String)]
    id: EventId,
    /// The CloudEvents `source`.
    source: String,
    /// The CloudEvents `id`.
    event_id: String,
    /// Its type.
    #[serde(rename = "type")]
    event_type: String,
    /// The customer it names.
    subject: String,
    /// When it was accepted.
    #[schema(value_type = String, format = DateTime)]
    accepted_at: Instant,
    /// Live, test or team.
    #[schema(value_type = String)]
    mode: &'static str,
    /// Why it failed, as a code.
    #[schema(value_type = String, example = "unknown_recipient")]
    reason: &'static str,
    /// What exactly.
    detail: String,
}

impl From<FailedEvent> for FailedEventShown {
    fn from(event: FailedEvent) -> Self {
        Self {
            id: event.id,
            source: event.source,
            event_id: event.event_id,
            event_type: event.event_type,
            subject: event.subject,
            accepted_at: event.accepted_at,
            mode: event.mode.as_str(),
            reason: event.reason.as_str(),
            detail: event.detail,
        }
    }
}

/// Events that were accepted but made no message, newest first.
#[utoipa::path(get, path = "/v1/failed-events", tag = "events",
    params(FailedEventsQuery), security(("api_key" = [])),
    responses(
        (status = 200, description = "A page.", body = FailedEventsAnswer),
        (status = 400, description = "The cursor cannot be read.")))]
pub(crate) async fn list_failed_events(
    State(app): State<App>,
    _: Key,
    Params(query): Params<FailedEventsQuery>,
) -> Result<Json<FailedEventsAnswer>, Problem> {
    let limit = page_size(query.limit)?;
    let before = query.cursor.as_deref().map(str::parse::<EventId>);
    let before = before
        .transpose()
        .map_err(|_| Problem::new(Code::BadRequest, "`cursor` is `next_cursor` of a page."))?;
    // One more than asked tells whether there is another page.
    let mut events = app.store().failed_events(before, limit + 1).await?;
    let more = events.len() > limit;
    events.truncate(limit);
    let next_cursor = events.last().map(|event| event.id).filter(|_| more);
    Ok(Json(FailedEventsAnswer {
        failed_events: events.into_iter().map(Into::into).collect(),
        next_cursor,
    }))
}
