//! Signing out elsewhere.

use axum::Form;
use axum::extract::State;
use axum::response::Redirect;
use serde::Deserialize;

use super::{handle, own};
use crate::App;
use crate::console::gate::Visitor;
use crate::message_center::signed_in::PageError;
use crate::staff::end_sessions;

/// What the form sends: one, or nothing for all others.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    session: String,
}

/// `POST /console/account/sessions`
pub(crate) async fn end(
    State(app): State<App>,
    visitor: Visitor,
    Form(sent): Form<Sent>,
) -> Result<Redirect, PageError> {
    let found = own(&visitor)?;
    let to = Redirect::to("/console/account?done=sessions");
    if sent.session.is_empty() {
        end_sessions(&app, found, None).await?;
        return Ok(to);
    }
    let sessions = app
        .store()
        .staff_sessions(found.account.id, app.now())
        .await?;
    let one = sessions.iter().find(|s| handle(&s.hash) == sent.session);
    if let Some(one) = one {
        end_sessions(&app, found, Some(one.hash)).await?;
    }
    Ok(to)
}
