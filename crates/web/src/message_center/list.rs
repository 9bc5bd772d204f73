//! The list: a page of the mailbox under its filters, with counts, days and what was
//! just done; whole, or the parts a live page asks for again.

use axum::extract::{Query as UrlQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use model::{Category, MessageId};
use serde::Deserialize;
use store::UnreadCounts;

use super::filter::{Filter, Query};
use super::signed_in::{PageError, SignedIn};
use super::view::{
    ListView, MailFragment, MailPage, Notice, Row, group_by_day, tabs_of, why_empty,
};
use super::when::LocalTime;
use crate::page::{Place, html};
use crate::{App, live};

/// A page of the list.
const PAGE: usize = 50;

/// `GET /messages`
pub(crate) async fn list(
    State(app): State<App>,
    viewer: SignedIn,
    UrlQuery(query): UrlQuery<Query>,
) -> Result<Response, PageError> {
    let local = viewer.local_time(&app);
    let filter = Filter {
        deleted: false,
        ..Filter::read(&query, &local)
    };
    show(&app, &viewer, filter, &query, &local).await
}

/// `GET /messages/deleted`
pub(crate) async fn deleted(
    State(app): State<App>,
    viewer: SignedIn,
    UrlQuery(query): UrlQuery<Query>,
) -> Result<Response, PageError> {
    let local = viewer.local_time(&app);
    show(&app, &viewer, Filter::deleted(), &query, &local).await
}

/// What a listening page knows already.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Known {
    known: Option<i64>,
}

/// `GET /live`: says that there is news, and nothing else.
pub(crate) async fn live(
    State(app): State<App>,
    viewer: SignedIn,
    UrlQuery(query): UrlQuery<Known>,
    headers: HeaderMap,
) -> Response {
    let known = live::last_event_id(&headers).or(query.known);
    match live::news(&app, viewer.recipient(), known, None).await {
        Ok(stream) => stream,
        Err(problem) => problem.into_response(),
    }
}

async fn show(
    app: &App,
    viewer: &SignedIn,
    filter: Filter,
    query: &Query,
    local: &LocalTime,
) -> Result<Response, PageError> {
    let place = if filter.deleted {
        Place::Deleted
    } else {
        Place::Messages
    };
    let status = match filter.fault {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    let notice = notice_of(app, viewer, query).await?;
    let reading = query.reading.parse().ok();
    let after = query.after.parse().ok();
    let (list, counts) = load(app, viewer, filter, local, Spot { after, reading }).await?;
    let page = viewer.page(app, place, counts.total);
    Ok(if query.fragment == "list" {
        let fragment = MailFragment { page, list, notice };
        html(StatusCode::OK, &fragment)
    } else {
        let reading = None;
        let whole = MailPage {
            page,
            list,
            notice,
            reading,
        };
        html(status, &whole)
    })
}

/// Which part of a list is looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spot {
    /// The page after this message.
    pub after: Option<MessageId>,
    /// The message that stands beside the list.
    pub reading: Option<MessageId>,
}

/// Loads the list's side of a page.
pub(crate) async fn load(
    app: &App,
    viewer: &SignedIn,
    filter: Filter,
    local: &LocalTime,
    spot: Spot,
) -> Result<(ListView, UnreadCounts), PageError> {
    let (store, recipient) = (app.store(), viewer.recipient());
    let (page, counts, senders) = tokio::try_join!(
        store.mailbox_page(recipient, filter.to_store(), spot.after, PAGE),
        store.unread_counts(recipient),
        store.senders(recipient),
    )?;
    let (all, tabs) = tabs_of(&filter, &counts);
    let catalogue = app.pipeline().catalogue();
    let groups = group_by_day(&page.messages, local, |message| {
        let open = spot.reading == Some(message.id);
        Row::of(message, &catalogue, (&filter, local), open)
    });
    let unread_here = match filter.category {
        Some(category) => unread_in(&counts, category),
        None => counts.total,
    };
    let view = ListView {
        all,
        tabs,
        chips: filter.chips(),
        senders: senders.into_iter().filter(|s| !s.is_empty()).collect(),
        empty: page.messages.is_empty().then(|| why_empty(&filter)),
        here: filter.href(),
        query: filter.query(),
        older: page.next.map(|id| filter.href_with(&format!("after={id}"))),
        newest: spot.after.map(|_| filter.href()),
        can_mark_read: !filter.deleted && unread_here > 0,
        beside: spot.reading.is_some(),
        revision: page.revision,
        groups,
        filter,
    };
    Ok((view, counts))
}

fn unread_in(counts: &UnreadCounts, category: Category) -> u32 {
    counts.by_category.get(&category).copied().unwrap_or(0)
}

/// What the redirect says was done; believed only where it can be seen to be so.
async fn notice_of(
    app: &App,
    viewer: &SignedIn,
    query: &Query,
) -> Result<Option<Notice>, PageError> {
    Ok(match query.done.as_str() {
        "deleted" => {
            let Ok(id) = query.id.parse::<MessageId>() else {
                return Ok(None);
            };
            let found = app.store().message(id).await?.filter(|record| {
                record.message.recipient == viewer.recipient()
                    && record.message.flags.deleted_at.is_some()
                    && record.message.flags.withdrawn_at.is_none()
            });
            found.map(|_| Notice::Deleted { id: id.to_string() })
        }
        "read" => match (query.at.parse(), query.count.parse()) {
            (Ok(at), Ok(count)) if count > 0 => Some(Notice::ReadAll { at, count }),
            _ => None,
        },
        "restored" => Some(Notice::Restored),
        "unread" => Some(Notice::Unread),
        _ => None,
    })
}
