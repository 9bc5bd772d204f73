//! Who works here: the list, one account, and what operators change of them.

pub(super) mod add;
pub(super) mod change;
pub(super) mod list;
pub(super) mod one;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use model::{Role, Roles, StaffId};
use serde::Deserialize;

use super::clock::UtcClock;
use super::frame::{Frame, Spot, page};
use super::gate::Visitor;
use crate::App;
use crate::message_center::signed_in::PageError;
use crate::message_center::when::Moment;
use crate::page::{ErrorKind, Page, html};
use crate::staff::{Invited, StaffError, enrol_url};

/// Roles as a form sends them: one field each, there when it is ticked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ticked {
    operator: String,
    marketer: String,
    support: String,
    trust: String,
    auditor: String,
}

impl Ticked {
    fn roles(&self) -> Roles {
        let ticked = |role: &Role| {
            let field = match role {
                Role::Operator => &self.operator,
                Role::Marketer => &self.marketer,
                Role::Support => &self.support,
                Role::Trust => &self.trust,
                Role::Auditor => &self.auditor,
            };
            !field.is_empty()
        };
        Role::ALL.iter().copied().filter(ticked).collect()
    }
}

/// A role to tick.
pub(crate) struct Tick {
    pub role: Role,
    pub on: bool,
}

fn ticks(roles: Roles) -> Vec<Tick> {
    let tick = |role: &Role| Tick {
        role: *role,
        on: roles.has(*role),
    };
    Role::ALL.iter().map(tick).collect()
}

/// What a form of these pages says went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    Name,
    Email,
    NoRole,
    LoginTaken,
    LastOperator,
}

impl Mistake {
    /// What an error is to the person; what they cannot mend is an error page.
    fn of(error: StaffError) -> Result<Self, PageError> {
        Ok(match error {
            StaffError::Name => Self::Name,
            StaffError::Email => Self::Email,
            StaffError::NoRole => Self::NoRole,
            StaffError::LoginTaken => Self::LoginTaken,
            StaffError::LastOperator => Self::LastOperator,
            StaffError::NotFound => return Err(PageError::Shown(ErrorKind::NotFound)),
            StaffError::Random => return Err(PageError::Shown(ErrorKind::Broken)),
            StaffError::Store(error) => return Err(error.into()),
        })
    }
}

/// A link that is shown once, to be handed to its person.
#[derive(Template)]
#[template(path = "console/staff_link.html")]
struct LinkPage {
    page: Page,
    frame: Frame,
    id: StaffId,
    name: String,
    url: String,
    until: Moment,
    /// They were here before.
    again: bool,
}

fn link_page(
    app: &App,
    visitor: &Visitor,
    invited: &Invited,
    name: String,
    again: bool,
) -> Response {
    let shown = LinkPage {
        page: page(app),
        frame: Frame::of(visitor, Spot::Staff),
        id: invited.id,
        name,
        url: enrol_url(&app.config().public_url, invited),
        until: UtcClock::new(app.now()).minute(invited.expires_at),
        again,
    };
    html(StatusCode::OK, &shown)
}
