//! One failed event: what is wrong with it, in words, and what to do.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::{EventId, Permission};

use super::{Asked, line_of};
use crate::App;
use crate::console::clock::UtcClock;
use crate::console::frame::{Frame, Spot, page};
use crate::console::gate::Visitor;
use crate::console::view::FailedLine;
use crate::message_center::signed_in::PageError;
use crate::page::{ErrorKind, Page, html};

#[derive(Template)]
#[template(path = "console/failed_one.html")]
struct FailedOnePage {
    page: Page,
    frame: Frame,
    done: String,
    may_retry: bool,
    event: FailedLine,
}

/// `GET /console/failed/{id}`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let not_found = PageError::Shown(ErrorKind::NotFound);
    let Ok(id) = id.parse::<EventId>() else {
        return Err(not_found);
    };
    let event = app.store().failed_event(id).await?.ok_or(not_found)?;
    let shown = FailedOnePage {
        page: page(&app),
        frame: Frame::of(&visitor, Spot::Failed),
        done: asked.done,
        may_retry: visitor.may(Permission::RetryFailedEvents),
        event: line_of(&event, &UtcClock::new(app.now())),
    };
    Ok(html(StatusCode::OK, &shown))
}
