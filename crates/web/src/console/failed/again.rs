//! Trying failed events again: one, or those of a filter, so many at a time.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::Redirect;
use model::EventId;
use pipeline::ReplayAnswer;
use serde_json::json;
use store::AcceptedResult;

use super::{Asked, list_href};
use crate::App;
use crate::console::gate::Visitor;
use crate::message_center::signed_in::PageError;
use crate::page::ErrorKind;

/// So many are tried in one request.
const BATCH: usize = 100;

/// `POST /console/failed/{id}/again`
pub(crate) async fn one(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Redirect, PageError> {
    let Ok(id) = id.parse::<EventId>() else {
        return Err(PageError::Shown(ErrorKind::NotFound));
    };
    let done = match retry(&app, &visitor, id).await? {
        ReplayAnswer::Replayed { .. } => "made",
        ReplayAnswer::StillFailing { .. } => "failing",
        ReplayAnswer::AlreadyReplayed => "gone",
        ReplayAnswer::NotFound => return Err(PageError::Shown(ErrorKind::NotFound)),
    };
    Ok(Redirect::to(&format!("/console/failed/{id}?done={done}")))
}

/// `POST /console/failed/again`: the newest of a filter, or those before a place.
pub(crate) async fn all(
    State(app): State<App>,
    visitor: Visitor,
    Form(asked): Form<Asked>,
) -> Result<Redirect, PageError> {
    let filter = asked.filter();
    let before: Option<EventId> = asked.before.parse().ok();
    let found = app
        .store()
        .failed_events_like(filter.clone(), before, BATCH)
        .await?;
    let (mut made, mut failing) = (0, 0);
    for event in &found {
        match retry(&app, &visitor, event.id).await? {
            ReplayAnswer::Replayed { .. } => made += 1,
            ReplayAnswer::StillFailing { .. } => failing += 1,
            ReplayAnswer::AlreadyReplayed | ReplayAnswer::NotFound => {}
        }
    }
    let last = found.last().filter(|_| found.len() == BATCH);
    let place = last.map(|event| event.id.to_string());
    let done = format!("done=batch&made={made}&failing={failing}");
    Ok(Redirect::to(&list_href(&filter, place.as_deref(), &done)))
}

async fn retry(app: &App, visitor: &Visitor, id: EventId) -> Result<ReplayAnswer, PageError> {
    let (actor, now) = (visitor.actor(), app.now());
    let note = |result: &AcceptedResult| {
        let details = match result {
            AcceptedResult::Message { message, .. } => json!({ "made": message.id }),
            AcceptedResult::Failed { reason, .. } => json!({ "still": reason }),
        };
        Some(actor.line(app.store(), now, "failed_event.retried", &id, details))
    };
    let answer = app.pipeline().replay_failed_noting(id, note).await;
    answer.map_err(|error| {
        tracing::warn!(event = %id, %error, "a failed event could not be tried again");
        PageError::Shown(ErrorKind::Broken)
    })
}
