//! One account: its roles, and what an operator can do with it.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::{Permission, Role, StaffId};
use serde::Deserialize;

use super::list::{Standing, standing};
use super::{Mistake, Tick, ticks};
use crate::App;
use crate::console::clock::UtcClock;
use crate::console::frame::{Frame, Spot, page};
use crate::console::gate::Visitor;
use crate::message_center::signed_in::PageError;
use crate::message_center::when::Moment;
use crate::page::{ErrorKind, Page, html};
use crate::staff::barred_accounts;

/// What the page is asked with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    done: String,
}

#[derive(Template)]
#[template(path = "console/staff_one.html")]
struct StaffOnePage {
    page: Page,
    frame: Frame,
    done: String,
    mistake: Option<Mistake>,
    id: String,
    name: String,
    login: String,
    roles: Vec<Role>,
    ticks: Vec<Tick>,
    standing: Standing,
    since: Moment,
    enrolled: Option<Moment>,
    recovery_left: usize,
    sessions: usize,
    may_manage: bool,
    sees_audit: bool,
    /// It is the account of who looks.
    own: bool,
}

/// `GET /console/staff/{id}`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    with(&app, &visitor, &id, asked.done, None).await
}

/// The page, with what was done or went wrong.
pub(super) async fn with(
    app: &App,
    visitor: &Visitor,
    id: &str,
    done: String,
    mistake: Option<Mistake>,
) -> Result<Response, PageError> {
    let not_found = PageError::Shown(ErrorKind::NotFound);
    let Ok(id) = id.parse::<StaffId>() else {
        return Err(not_found);
    };
    let (store, now) = (app.store(), app.now());
    let account = store.staff_account(id).await?.ok_or(not_found)?;
    let sessions = store.staff_sessions(id, now).await?.len();
    let held_back = barred_accounts(store, std::slice::from_ref(&account), now).await?;
    let clock = UtcClock::new(now);
    let until = held_back.first().map(|(_, until)| *until);
    let status = match mistake {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let shown = StaffOnePage {
        page: page(app),
        frame: Frame::of(visitor, Spot::Staff),
        done,
        mistake,
        id: id.to_string(),
        name: account.name.open().to_owned(),
        login: account.login.open().to_owned(),
        roles: account.roles.iter().collect(),
        ticks: ticks(account.roles),
        standing: standing(&account, until, &clock),
        since: clock.minute(account.created_at),
        enrolled: account.enrolled_at.map(|at| clock.minute(at)),
        recovery_left: account.recovery.len(),
        sessions,
        may_manage: visitor.may(Permission::ManageStaff),
        sees_audit: visitor.may(Permission::ReadAudit),
        own: visitor.found().is_some_and(|found| found.account.id == id),
    };
    Ok(html(status, &shown))
}
