//! Live updates: server-sent events that only say "there is news".
//!
//! Each carries the mailbox revision as its id; what changed is asked for with it, under
//! the usual authorisation. No text of any message passes here. A reconnect that names
//! the revision it knows (`Last-Event-ID`) is told at once when the mailbox has moved.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use model::{RecipientId, Span};
use store::MailboxWatch;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

use crate::App;
use crate::problem::{Code, Problem};

const KEEP_ALIVE: Duration = Duration::from_secs(15);
const RECONNECT_AFTER: Duration = Duration::from_secs(3);
/// A stream ends after this long, so that connections spread over servers again.
const LONGEST: Duration = Duration::from_secs(60 * 60);

struct Listener {
    news: MailboxWatch,
    closing: watch::Receiver<bool>,
    /// The revision the other side knows.
    known: i64,
    /// Said at once.
    greeting: Option<i64>,
    until: Instant,
    _place: OwnedSemaphorePermit,
}

/// The revision a reconnecting browser knows.
pub fn last_event_id(headers: &HeaderMap) -> Option<i64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

/// News of a mailbox as an event stream: events named `news` with `{"revision":…}`.
/// With `known`, the first one comes when the mailbox is past that revision; without, at
/// once. The stream ends by itself after an hour or `lifetime`; browsers reconnect.
///
/// # Errors
/// [`Code::Busy`] when too many listen already, or the store's problem.
pub async fn news(
    app: &App,
    recipient: RecipientId,
    known: Option<i64>,
    lifetime: Option<Span>,
) -> Result<Response, Problem> {
    let place = app.live_streams().clone().try_acquire_owned();
    let place = place.map_err(|_| {
        Problem::new(
            Code::Busy,
            "Too many listen for news. Ask for changes instead.",
        )
        .retry_after(Span::secs(30))
    })?;
    // Listening starts before looking, so that nothing falls in between.
    let news = app.store().watch_mailbox(recipient);
    let revision = app.store().unread_counts(recipient).await?.revision;
    let lifetime = lifetime.map_or(LONGEST, Span::to_duration).min(LONGEST);
    let listener = Listener {
        news,
        closing: app.closing(),
        known: revision,
        greeting: (known != Some(revision)).then_some(revision),
        until: Instant::now() + lifetime,
        _place: place,
    };
    let events = stream::unfold(listener, |mut listener| async move {
        let revision = listener.next().await?;
        Some((Ok::<_, Infallible>(event(revision)), listener))
    });
    let alive = KeepAlive::new().interval(KEEP_ALIVE);
    Ok(Sse::new(events).keep_alive(alive).into_response())
}

fn event(revision: i64) -> Event {
    Event::default()
        .event("news")
        .id(revision.to_string())
        .retry(RECONNECT_AFTER)
        .data(format!("{{\"revision\":{revision}}}"))
}

impl Listener {
    /// The next revision to tell of; `None` when the stream ends.
    async fn next(&mut self) -> Option<i64> {
        if let Some(revision) = self.greeting.take() {
            return Some(revision);
        }
        loop {
            let revision = tokio::select! {
                heard = self.news.next() => heard?,
                _ = self.closing.wait_for(|closing| *closing) => return None,
                () = tokio::time::sleep_until(self.until) => return None,
            };
            if revision > self.known {
                self.known = revision;
                return Some(revision);
            }
        }
    }
}
