//! The list of accounts, with a form for another one.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::{Instant, Permission, Role, Roles};
use store::StaffAccount;

use super::{Mistake, Tick, ticks};
use crate::App;
use crate::console::clock::UtcClock;
use crate::console::frame::{Frame, Spot, page};
use crate::console::gate::Visitor;
use crate::message_center::signed_in::PageError;
use crate::message_center::when::Moment;
use crate::page::{Page, html, initial};
use crate::staff::barred_accounts;

/// How an account stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// They can sign in.
    Active,
    /// They have not opened their link yet.
    Invited,
    /// Kept out.
    Disabled,
    /// Too many tries; they wait until then.
    HeldBack(Moment),
}

/// An account in the list.
pub(crate) struct Line {
    pub id: String,
    pub name: String,
    pub initial: String,
    pub login: String,
    pub roles: Vec<Role>,
    pub standing: Standing,
    pub since: Moment,
}

/// What the form for another account held when it was refused.
#[derive(Default)]
pub(super) struct Draft {
    pub name: String,
    pub email: String,
    pub roles: Roles,
    pub mistake: Option<Mistake>,
}

#[derive(Template)]
#[template(path = "console/staff.html")]
struct StaffPage {
    page: Page,
    frame: Frame,
    lines: Vec<Line>,
    may_manage: bool,
    name: String,
    email: String,
    ticks: Vec<Tick>,
    mistake: Option<Mistake>,
}

/// How an account stands, given until when it waits.
pub(super) fn standing(
    account: &StaffAccount,
    held_back: Option<Instant>,
    clock: &UtcClock,
) -> Standing {
    if account.disabled_at.is_some() {
        Standing::Disabled
    } else if let Some(until) = held_back {
        Standing::HeldBack(clock.minute(until))
    } else if account.can_sign_in() {
        Standing::Active
    } else {
        Standing::Invited
    }
}

/// `GET /console/staff`
pub(crate) async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, PageError> {
    with(&app, &visitor, Draft::default()).await
}

/// The list, with the form as it was sent.
pub(super) async fn with(
    app: &App,
    visitor: &Visitor,
    draft: Draft,
) -> Result<Response, PageError> {
    let accounts = app.store().staff().await?;
    let held_back = barred_accounts(app.store(), &accounts, app.now()).await?;
    let clock = UtcClock::new(app.now());
    let line = |account: &StaffAccount| {
        let until = held_back.iter().find(|(id, _)| *id == account.id);
        let name = account.name.open();
        Line {
            id: account.id.to_string(),
            name: name.to_owned(),
            initial: initial(name),
            login: account.login.open().to_owned(),
            roles: account.roles.iter().collect(),
            standing: standing(account, until.map(|(_, until)| *until), &clock),
            since: clock.minute(account.created_at),
        }
    };
    let status = match draft.mistake {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let shown = StaffPage {
        page: page(app),
        frame: Frame::of(visitor, Spot::Staff),
        lines: accounts.iter().map(line).collect(),
        may_manage: visitor.may(Permission::ManageStaff),
        name: draft.name,
        email: draft.email,
        ticks: ticks(draft.roles),
        mistake: draft.mistake,
    };
    Ok(html(status, &shown))
}
