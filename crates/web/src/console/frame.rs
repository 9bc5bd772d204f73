//! What every page of the console shares: the frame with its ways around, and errors.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use model::{Permission, Role};

use super::gate::Visitor;
use crate::App;
use crate::message_center::signed_in;
use crate::page::{ErrorKind, Page, Place, html, initial};

/// Where in the console a page stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spot {
    Home,
    Path,
    Failed,
    Customers,
    Suppressions,
    Catalogue,
    Costs,
    Staff,
    Audit,
    Account,
    Elsewhere,
}

/// Who is signed in, as the header shows them.
#[derive(Clone, Debug)]
pub(crate) struct Me {
    pub name: String,
    pub initial: String,
    pub roles: Vec<Role>,
}

/// What the frame of a page of the console reads.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Nobody at the door and in the demo.
    pub me: Option<Me>,
    pub spot: Spot,
    /// Nobody has to sign in: this is the demo.
    pub open: bool,
    /// They are inside: the ways around are shown.
    pub inside: bool,
    pub sees_path: bool,
    pub sees_failed: bool,
    pub sees_customers: bool,
    pub sees_catalogue: bool,
    pub sees_costs: bool,
    pub sees_staff: bool,
    pub sees_audit: bool,
}

impl Frame {
    /// For somebody inside.
    pub(crate) fn of(visitor: &Visitor, spot: Spot) -> Self {
        let me = visitor.found().map(|found| {
            let name = found.account.name.open();
            Me {
                name: name.to_owned(),
                initial: initial(name),
                roles: found.account.roles.iter().collect(),
            }
        });
        Self {
            open: me.is_none(),
            me,
            spot,
            inside: true,
            sees_path: visitor.may(Permission::ReadMessages),
            sees_failed: visitor.may(Permission::ReadFailedEvents),
            sees_customers: visitor.may(Permission::ReadCustomers),
            sees_catalogue: visitor.may(Permission::ReadTemplates),
            sees_costs: visitor.may(Permission::ReadCosts),
            sees_staff: visitor.may(Permission::ReadStaff),
            sees_audit: visitor.may(Permission::ReadAudit),
        }
    }

    /// For somebody at the door.
    pub(crate) fn outside() -> Self {
        Self {
            me: None,
            spot: Spot::Elsewhere,
            open: false,
            inside: false,
            sees_path: false,
            sees_failed: false,
            sees_customers: false,
            sees_catalogue: false,
            sees_costs: false,
            sees_staff: false,
            sees_audit: false,
        }
    }

    /// Whether it is the spot with this name.
    pub(crate) fn at(&self, name: &str) -> bool {
        let own = match self.spot {
            Spot::Home => "home",
            Spot::Path => "path",
            Spot::Failed => "failed",
            Spot::Customers => "customers",
            Spot::Suppressions => "suppressions",
            Spot::Catalogue => "catalogue",
            Spot::Costs => "costs",
            Spot::Staff => "staff",
            Spot::Audit => "audit",
            Spot::Account => "account",
            Spot::Elsewhere => "",
        };
        own == name
    }
}

/// The outer frame, shared with the customers' pages.
pub(crate) fn page(app: &App) -> Page {
    signed_in::frame(app, Place::Console)
}

/// Why a page of the console is not shown.
#[derive(Template)]
#[template(path = "console/error.html")]
pub(crate) struct ErrorPage {
    pub page: Page,
    pub frame: Frame,
    pub kind: ErrorKind,
    /// What they would have to be allowed.
    pub refused: Option<Permission>,
}

/// An error in the look of the console.
pub(super) fn error_page(app: &App, visitor: Option<&Visitor>, kind: ErrorKind) -> Response {
    let frame = visitor.map_or_else(Frame::outside, |visitor| {
        Frame::of(visitor, Spot::Elsewhere)
    });
    let page = ErrorPage {
        page: page(app),
        frame,
        kind,
        refused: None,
    };
    html(kind.status(), &page).into_response()
}

/// Somebody is signed in, and their roles do not allow it.
pub(super) fn refused(app: &App, visitor: &Visitor, permission: Permission) -> Response {
    let page = ErrorPage {
        page: page(app),
        frame: Frame::of(visitor, Spot::Elsewhere),
        kind: ErrorKind::Forbidden,
        refused: Some(permission),
    };
    html(StatusCode::FORBIDDEN, &page).into_response()
}
