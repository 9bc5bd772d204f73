//! What a person does to messages: read, unread, delete, restore. Each is a POST that
//! ends in a redirect to the list it came from, with what takes it back.

use axum::Form;
use axum::extract::{Path, Query as UrlQuery, State};
use axum::response::Redirect;
use model::{Instant, MessageId};
use serde::Deserialize;
use store::FlagChange;

use super::filter::{Filter, Query};
use super::open::own_message;
use super::signed_in::{PageError, SignedIn};
use crate::App;

/// Undoing "mark all read" looks through this many pages of the mailbox.
const UNDO_PAGES: usize = 100;
const UNDO_PAGE: usize = 200;

/// `POST /messages/{id}/unread`
pub(crate) async fn unread(
    State(app): State<App>,
    viewer: SignedIn,
    Path(id): Path<String>,
    UrlQuery(query): UrlQuery<Query>,
) -> Result<Redirect, PageError> {
    flag(&app, &viewer, &id, FlagChange::Read(false)).await?;
    let filter = Filter::read(&query, &viewer.local_time(&app));
    Ok(Redirect::to(&filter.href_with("done=unread")))
}

/// `POST /messages/{id}/delete`
pub(crate) async fn delete(
    State(app): State<App>,
    viewer: SignedIn,
    Path(id): Path<String>,
    UrlQuery(query): UrlQuery<Query>,
) -> Result<Redirect, PageError> {
    let id = flag(&app, &viewer, &id, FlagChange::Deleted(true)).await?;
    let filter = Filter {
        deleted: false,
        ..Filter::read(&query, &viewer.local_time(&app))
    };
    Ok(Redirect::to(
        &filter.href_with(&format!("done=deleted&id={id}")),
    ))
}

/// `POST /messages/{id}/restore`
pub(crate) async fn restore(
    State(app): State<App>,
    viewer: SignedIn,
    Path(id): Path<String>,
    UrlQuery(query): UrlQuery<Query>,
) -> Result<Redirect, PageError> {
    flag(&app, &viewer, &id, FlagChange::Deleted(false)).await?;
    let filter = Filter::read(&query, &viewer.local_time(&app));
    Ok(Redirect::to(&filter.href_with("done=restored")))
}

async fn flag(
    app: &App,
    viewer: &SignedIn,
    id: &str,
    change: FlagChange,
) -> Result<MessageId, PageError> {
    let id = own_message(app, viewer, id).await?.message.id;
    app.store()
        .set_flags(viewer.recipient(), vec![id], change, app.now())
        .await?;
    Ok(id)
}

/// `POST /messages/read-all`: everything the list's filters show.
pub(crate) async fn read_all(
    State(app): State<App>,
    viewer: SignedIn,
    UrlQuery(query): UrlQuery<Query>,
) -> Result<Redirect, PageError> {
    let filter = Filter {
        deleted: false,
        ..Filter::read(&query, &viewer.local_time(&app))
    };
    let now = app.now();
    let changed = app
        .store()
        .mark_all_read(viewer.recipient(), filter.to_store(), now)
        .await?;
    let done = format!("done=read&at={}&count={}", now.as_micros(), changed.len());
    Ok(Redirect::to(&filter.href_with(&done)))
}

/// Which "mark all read" to take back: all it changed carry its moment.
#[derive(Debug, Deserialize)]
pub(crate) struct Moment {
    at: i64,
}

/// `POST /messages/unread-again`: takes "mark all read" back.
pub(crate) async fn unread_again(
    State(app): State<App>,
    viewer: SignedIn,
    UrlQuery(query): UrlQuery<Query>,
    Form(moment): Form<Moment>,
) -> Result<Redirect, PageError> {
    let filter = Filter::read(&query, &viewer.local_time(&app));
    let at = Instant::from_micros(moment.at);
    // What was marked is read now, so "only unread" would hide it.
    let all = Filter {
        unread: false,
        ..filter.clone()
    };
    let mut cursor = None;
    for _ in 0..UNDO_PAGES {
        let page = app
            .store()
            .mailbox_page(viewer.recipient(), all.to_store(), cursor, UNDO_PAGE)
            .await?;
        let marked: Vec<MessageId> = page
            .messages
            .iter()
            .filter(|message| message.flags.read_at == Some(at))
            .map(|message| message.id)
            .collect();
        if !marked.is_empty() {
            app.store()
                .set_flags(
                    viewer.recipient(),
                    marked,
                    FlagChange::Read(false),
                    app.now(),
                )
                .await?;
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    Ok(Redirect::to(&filter.href()))
}
