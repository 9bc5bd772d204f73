//! The list of failed events, by reason and type.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::{EventId, FailureReason, Permission};

use super::{Asked, line_of, list_href};
use crate::App;
use crate::console::clock::UtcClock;
use crate::console::frame::{Frame, Spot, page};
use crate::console::gate::Visitor;
use crate::console::home::COUNTED;
use crate::console::view::FailedLine;
use crate::message_center::signed_in::PageError;
use crate::page::{Page, html};

/// Lines of a page.
const LINES: usize = 50;

/// A choice of the filter.
struct Choice<T> {
    value: T,
    count: u64,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "console/failed.html")]
struct FailedPage {
    page: Page,
    frame: Frame,
    done: String,
    made: u32,
    failing: u32,
    /// Going on with the next ones of the same filter.
    go_on: Option<String>,
    reasons: Vec<Choice<FailureReason>>,
    types: Vec<Choice<String>>,
    reason: String,
    event_type: String,
    filtered: bool,
    may_retry: bool,
    lines: Vec<FailedLine>,
    older: Option<String>,
}

/// `GET /console/failed`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let filter = asked.filter();
    let before: Option<EventId> = asked.before.parse().ok();
    let after_batch = asked.done == "batch";
    // After a batch the list begins with the newest again; where to go on stands beside it.
    let from = before.filter(|_| !after_batch);
    let (found, counts) = tokio::try_join!(
        app.store()
            .failed_events_like(filter.clone(), from, LINES + 1),
        app.store().failed_counts(COUNTED),
    )?;
    let (mut reasons, mut types) = (Vec::new(), Vec::new());
    for count in counts {
        add(&mut reasons, count.reason, count.count, filter.reason);
        let chosen = filter.event_type.clone();
        add(&mut types, count.event_type, count.count, chosen);
    }
    let clock = UtcClock::new(app.now());
    let shown = &found[..found.len().min(LINES)];
    let older = shown.last().filter(|_| found.len() > LINES);
    let shown = FailedPage {
        page: page(&app),
        frame: Frame::of(&visitor, Spot::Failed),
        go_on: before.filter(|_| after_batch).map(|id| id.to_string()),
        done: asked.done,
        made: asked.made,
        failing: asked.failing,
        reasons,
        types,
        filtered: filter.reason.is_some() || filter.event_type.is_some(),
        reason: filter.reason.map_or("", FailureReason::as_str).to_owned(),
        event_type: asked.event_type,
        may_retry: visitor.may(Permission::RetryFailedEvents),
        older: older.map(|last| list_href(&filter, Some(&last.id.to_string()), "")),
        lines: shown.iter().map(|event| line_of(event, &clock)).collect(),
    };
    Ok(html(StatusCode::OK, &shown))
}

fn add<T: PartialEq>(choices: &mut Vec<Choice<T>>, value: T, count: u64, chosen: Option<T>) {
    match choices.iter_mut().find(|choice| choice.value == value) {
        Some(choice) => choice.count += count,
        None => choices.push(Choice {
            chosen: chosen.is_some_and(|chosen| chosen == value),
            value,
            count,
        }),
    }
}
