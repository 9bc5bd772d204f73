//! The list, and the entries of one address.

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::{Channel, ContactPoint, Permission, SuppressionId};
use serde::Deserialize;
use store::SuppressionFilter;

use super::{Line, Makers};
use crate::App;
use crate::console::clock::UtcClock;
use crate::console::frame::{Frame, Spot, page};
use crate::console::gate::Visitor;
use crate::message_center::filter::escape_into;
use crate::message_center::signed_in::PageError;
use crate::page::{Page, html};

/// Lines of a page.
const LINES: usize = 50;

/// What the list is asked with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    reason: String,
    channel: String,
    before: String,
    done: String,
}

/// An address that is looked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    address: String,
}

/// What somebody filled in to add an entry.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Draft {
    pub address: String,
    pub reason: String,
    pub until: String,
    pub note: String,
}

/// Why an entry was not added, or an address not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    Address,
    Sought,
    Reason,
    Until,
    Note,
}

#[derive(Template)]
#[template(path = "console/suppressions.html")]
struct SuppressionsPage {
    page: Page,
    frame: Frame,
    done: String,
    lines: Vec<Line>,
    older: Option<String>,
    reasons: Vec<(String, bool)>,
    channels: Vec<(Channel, bool)>,
    filtered: bool,
    /// The address that was looked for, as it was typed.
    sought: Option<String>,
    may_change: bool,
    draft: Draft,
    mistake: Option<Mistake>,
}

/// `GET /console/suppressions`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    with(&app, &visitor, asked, Draft::default(), None).await
}

/// `POST /console/suppressions/find`: an address stands in no link.
pub(crate) async fn find(
    State(app): State<App>,
    visitor: Visitor,
    Form(wanted): Form<Wanted>,
) -> Result<Response, PageError> {
    let Some(contact) = read_address(&wanted.address) else {
        let draft = Draft::default();
        let mistake = Some(Mistake::Sought);
        return with(&app, &visitor, Asked::default(), draft, mistake).await;
    };
    let filter = SuppressionFilter {
        contact: Some(contact),
        ..SuppressionFilter::default()
    };
    let sought = Some(wanted.address.trim().to_owned());
    let found = app.store().suppressions(filter, None, LINES).await?;
    let page = whole(&app, &visitor, &Asked::default()).await?;
    let page = SuppressionsPage {
        lines: lines(&app, found).await?,
        sought,
        ..page
    };
    Ok(html(StatusCode::OK, &page))
}

/// A phone number or a mail address, as somebody types it.
pub(crate) fn read_address(text: &str) -> Option<ContactPoint> {
    let text = text.trim();
    match text.contains('@') {
        true => ContactPoint::email(text).ok(),
        false => ContactPoint::phone(text).ok(),
    }
}

pub(super) async fn with(
    app: &App,
    visitor: &Visitor,
    asked: Asked,
    draft: Draft,
    mistake: Option<Mistake>,
) -> Result<Response, PageError> {
    let filter = SuppressionFilter {
        reason: Some(asked.reason.clone()).filter(|reason| !reason.is_empty()),
        channel: asked.channel.parse().ok(),
        contact: None,
    };
    let before: Option<SuppressionId> = asked.before.parse().ok();
    let mut found = app.store().suppressions(filter, before, LINES + 1).await?;
    let more = found.len() > LINES;
    found.truncate(LINES);
    let last = found.last().map(|entry| entry.id).filter(|_| more);
    let page = SuppressionsPage {
        older: last.map(|last| href(&asked, last)),
        lines: lines(app, found).await?,
        draft,
        mistake,
        ..whole(app, visitor, &asked).await?
    };
    let status = match mistake {
        None => StatusCode::OK,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Ok(html(status, &page))
}

async fn whole(app: &App, visitor: &Visitor, asked: &Asked) -> Result<SuppressionsPage, PageError> {
    let reasons = app.store().suppression_reasons().await?;
    let reasons = reasons.into_iter().map(|reason| {
        let chosen = reason == asked.reason;
        (reason, chosen)
    });
    let channels = Channel::ALL.iter();
    Ok(SuppressionsPage {
        page: page(app),
        frame: Frame::of(visitor, Spot::Suppressions),
        done: asked.done.clone(),
        lines: Vec::new(),
        older: None,
        reasons: reasons.collect(),
        channels: channels
            .map(|channel| (*channel, channel.as_str() == asked.channel))
            .collect(),
        filtered: !asked.reason.is_empty() || !asked.channel.is_empty(),
        sought: None,
        may_change: visitor.may(Permission::StopForCustomers),
        draft: Draft::default(),
        mistake: None,
    })
}

async fn lines(app: &App, found: Vec<store::Suppression>) -> Result<Vec<Line>, PageError> {
    let (makers, clock) = (Makers::load(app).await?, UtcClock::new(app.now()));
    let lines = found.into_iter();
    Ok(lines.map(|entry| makers.line(entry, &clock, app)).collect())
}

/// The list from an entry on.
fn href(asked: &Asked, before: SuppressionId) -> String {
    let mut href = format!("/console/suppressions?before={before}");
    for (name, value) in [("reason", &asked.reason), ("channel", &asked.channel)] {
        if !value.is_empty() {
            href.push_str(&format!("&{name}="));
            escape_into(value, &mut href);
        }
    }
    href
}
