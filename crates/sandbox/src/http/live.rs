//! Live updates: "there is news", and nothing else. The page then asks for itself anew.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use futures_util::Stream;
use futures_util::stream::unfold;

use crate::sandbox::Sandbox;

/// A thousand mails a second are one piece of news, every so often.
const AT_MOST_EVERY: Duration = Duration::from_millis(250);

pub(super) fn routes() -> Router<Sandbox> {
    Router::new().route("/sandbox/live", get(live))
}

async fn live(
    State(sandbox): State<Sandbox>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut news = sandbox.shared().news();
    // Something may have come between the page and this call.
    news.mark_changed();
    let events = unfold((news, false), async |(mut news, paced)| {
        if paced {
            tokio::time::sleep(AT_MOST_EVERY).await;
        }
        news.changed().await.ok()?;
        let now = *news.borrow_and_update();
        // Ending the stream lets the server that carries it stop too.
        let event = Event::default()
            .event("news")
            .data(now.revision.to_string());
        (!now.stopped).then_some((Ok(event), (news, true)))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
