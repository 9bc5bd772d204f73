//! Adding an entry, and undoing one.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use model::SuppressionId;
use serde::Deserialize;
use serde_json::json;
use store::{NewSuppression, Undone};

use super::list::{Asked, Draft, Mistake, read_address};
use super::{list, one};
use crate::App;
use crate::api::suppressions::{read_note, read_reason};
use crate::console::clock::day;
use crate::console::gate::Visitor;
use crate::message_center::signed_in::PageError;
use crate::page::ErrorKind;

/// `POST /console/suppressions`
pub(crate) async fn add(
    State(app): State<App>,
    visitor: Visitor,
    Form(draft): Form<Draft>,
) -> Result<Response, PageError> {
    let new = match read(&app, &visitor, &draft) {
        Ok(new) => new,
        Err(mistake) => {
            return list::with(&app, &visitor, Asked::default(), draft, Some(mistake)).await;
        }
    };
    app.pipeline().add_suppression(new).await?;
    Ok(Redirect::to("/console/suppressions?done=added").into_response())
}

fn read(app: &App, visitor: &Visitor, draft: &Draft) -> Result<NewSuppression, Mistake> {
    let contact = read_address(&draft.address).ok_or(Mistake::Address)?;
    let reason = read_reason(&draft.reason).map_err(|_| Mistake::Reason)?;
    // Here people add what they found; a stop of the customer's own is told on their page.
    if model::is_own_stop(&reason) {
        return Err(Mistake::Reason);
    }
    let note = read_note(&draft.note).map_err(|_| Mistake::Note)?;
    let now = app.now();
    // It holds on its last day too.
    let until = match draft.until.trim() {
        "" => None,
        date => Some(day(date).ok_or(Mistake::Until)?.1),
    };
    if until.is_some_and(|until| until <= now) {
        return Err(Mistake::Until);
    }
    let details = json!({ "reason": reason, "channel": contact.channel });
    let actor = visitor.actor();
    let line = actor.line(app.store(), now, "suppression.added", &"", details);
    Ok(NewSuppression {
        until,
        note,
        by: by(visitor),
        audit: vec![line],
        ..NewSuppression::of(contact, reason, now)
    })
}

/// As whom somebody is kept beside an entry.
pub(in crate::console) fn by(visitor: &Visitor) -> String {
    let found = visitor.found();
    found.map_or_else(|| "demo".to_owned(), |found| found.account.id.to_string())
}

/// Why an entry is undone.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Why {
    note: String,
}

/// `POST /console/suppressions/{id}/undo`
pub(crate) async fn undo(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(why): Form<Why>,
) -> Result<Response, PageError> {
    let not_found = || PageError::Shown(ErrorKind::NotFound);
    let id: SuppressionId = id.parse().map_err(|_| not_found())?;
    let entry = app.store().suppression(id).await?.ok_or_else(not_found)?;
    let Some(note) = read_note(&why.note).ok().filter(|note| !note.is_empty()) else {
        return one::with(&app, &visitor, id, why.note, Some(one::Mistake::Note)).await;
    };
    let details = json!({ "reason": entry.reason, "note": note });
    let actor = visitor.actor();
    let line = actor.line(app.store(), app.now(), "suppression.undone", &id, details);
    let done = match app.pipeline().undo_suppression(id, vec![line]).await? {
        Undone::Done(_) => "undone",
        Undone::OthersHold => "held",
        Undone::Own => {
            return one::with(&app, &visitor, id, note, Some(one::Mistake::Own)).await;
        }
        Undone::Gone => return Err(not_found()),
    };
    Ok(Redirect::to(&format!("/console/suppressions?done={done}")).into_response())
}
