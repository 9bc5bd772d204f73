//! One entry, with what can be done about it.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::{Permission, SuppressionId};

use super::{Line, Makers};
use crate::App;
use crate::console::clock::UtcClock;
use crate::console::frame::{Frame, Spot, page};
use crate::console::gate::Visitor;
use crate::message_center::signed_in::PageError;
use crate::page::{ErrorKind, Page, html};

/// Why an entry was not undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    /// Nobody said why.
    Note,
    /// It is what the customer said.
    Own,
}

#[derive(Template)]
#[template(path = "console/suppression.html")]
struct SuppressionPage {
    page: Page,
    frame: Frame,
    line: Line,
    may_change: bool,
    note: String,
    mistake: Option<Mistake>,
}

/// `GET /console/suppressions/{id}`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let id = id.parse();
    let id = id.map_err(|_| PageError::Shown(ErrorKind::NotFound))?;
    with(&app, &visitor, id, String::new(), None).await
}

pub(super) async fn with(
    app: &App,
    visitor: &Visitor,
    id: SuppressionId,
    note: String,
    mistake: Option<Mistake>,
) -> Result<Response, PageError> {
    let found = app.store().suppression(id).await?;
    let entry = found.ok_or(PageError::Shown(ErrorKind::NotFound))?;
    let clock = UtcClock::new(app.now());
    let shown = SuppressionPage {
        page: page(app),
        frame: Frame::of(visitor, Spot::Suppressions),
        line: Makers::load(app).await?.line(entry, &clock, app),
        may_change: visitor.may(Permission::StopForCustomers),
        note,
        mistake,
    };
    let status = match mistake {
        None => StatusCode::OK,
        Some(Mistake::Note) => StatusCode::UNPROCESSABLE_ENTITY,
        Some(Mistake::Own) => StatusCode::CONFLICT,
    };
    Ok(html(status, &shown))
}
