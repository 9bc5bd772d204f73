//! One's own account, with its forms.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::Role;
use serde::Deserialize;
use store::StaffSession;

use super::{Mistake, handle, own};
use crate::App;
use crate::console::clock::UtcClock;
use crate::console::frame::{Frame, Spot, page};
use crate::console::gate::Visitor;
use crate::message_center::signed_in::PageError;
use crate::message_center::when::Moment;
use crate::page::{Page, html};

/// What the page is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    done: String,
}

/// A browser one is signed in at.
struct Line {
    handle: String,
    device: String,
    began: Moment,
    seen: Moment,
    /// The one at hand.
    here: bool,
}

#[derive(Template)]
#[template(path = "console/account.html")]
struct AccountPage {
    page: Page,
    frame: Frame,
    done: String,
    mistake: Option<Mistake>,
    name: String,
    login: String,
    roles: Vec<Role>,
    recovery_left: usize,
    sessions: Vec<Line>,
}

/// `GET /console/account`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    with(&app, &visitor, asked.done, None).await
}

/// The page, with what was done or went wrong.
pub(super) async fn with(
    app: &App,
    visitor: &Visitor,
    done: String,
    mistake: Option<Mistake>,
) -> Result<Response, PageError> {
    let found = own(visitor)?;
    let account = &found.account;
    let sessions = app.store().staff_sessions(account.id, app.now()).await?;
    let clock = UtcClock::new(app.now());
    let line = |session: &StaffSession| Line {
        handle: handle(&session.hash),
        device: session.device.clone(),
        began: clock.minute(session.began_at),
        seen: clock.minute(session.seen_at),
        here: session.hash == found.session.hash,
    };
    let status = match mistake {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let shown = AccountPage {
        page: page(app),
        frame: Frame::of(visitor, Spot::Account),
        done,
        mistake,
        name: account.name.open().to_owned(),
        login: account.login.open().to_owned(),
        roles: account.roles.iter().collect(),
        recovery_left: account.recovery.len(),
        sessions: sessions.iter().map(line).collect(),
    };
    Ok(html(status, &shown))
}
