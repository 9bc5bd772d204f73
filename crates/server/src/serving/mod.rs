//! The accept loop: so many connections at once, each with bounds on its time and its
//! memory. It knows nothing of routes; what a request may cost is `web`'s to say.

mod patience;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use web::staff::Peer;

use crate::config::Server;
use patience::{Answer, Patience, Patient, Turns};

/// The most that the head of a request may have; more is answered 431.
const HEAD_BYTES: usize = 64 * 1024;
/// How long unanswered requests are waited for at the end.
const LAST_WAIT: Duration = Duration::from_secs(10);
/// A pause when the system lends no more handles: some are given back meanwhile.
const PAUSE: Duration = Duration::from_millis(50);
/// What lasts is said so often.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// What connections may cost.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    connections: usize,
    patience: Patience,
}

impl Bounds {
    /// As configured, and no more than the limit on open files leaves room for.
    pub fn of(server: &Server) -> Self {
        let connections = fitting(server.connections, open_files_limit());
        if connections < server.connections {
            tracing::info!(
                connections,
                "the limit on open files allows no more connections at once"
            );
        }
        Self {
            connections,
            patience: Patience {
                head: Duration::from_secs(server.header_seconds.into()),
                idle: Duration::from_secs(server.idle_seconds.into()),
            },
        }
    }

    /// How many of so many live streams there may be: they last, so they leave a quarter
    /// of the connections to requests.
    pub fn live_streams(&self, wanted: usize) -> usize {
        wanted.min((self.connections * 3 / 4).max(1))
    }
}

/// The store, carriers and logs need handles too: 256, or half of a small limit.
fn fitting(wanted: usize, open_files: Option<usize>) -> usize {
    let most = open_files.map_or(usize::MAX, |limit| limit - (limit / 2).min(256));
    wanted.min(most).max(1)
}

/// The soft limit on open files, where the system tells it in a file.
fn open_files_limit() -> Option<usize> {
    limit_in(&std::fs::read_to_string("/proc/self/limits").ok()?)
}

fn limit_in(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Serves until `end`; then finishes what was asked, within 10 seconds.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    bounds: Bounds,
    end: impl Future<Output = ()> + Send,
) {
    let stop = CancellationToken::new();
    let mut conversations = JoinSet::new();
    {
        let mut door = Door {
            listener,
            room: Arc::new(Semaphore::new(bounds.connections)),
            said: None,
        };
        let mut end = std::pin::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => break,
                (stream, peer, place) = door.next() => {
                    let routes = routes.clone();
                    let talking = converse(stream, peer, routes, bounds.patience, stop.clone());
                    conversations.spawn(async move {
                        talking.await;
                        drop(place);
                    });
                }
                Some(_) = conversations.join_next() => {}
            }
        }
    }
    stop.cancel();
    let finishing = async { while conversations.join_next().await.is_some() {} };
    // A client that keeps its connection busy does not keep us: nothing unanswered was
    // promised.
    if tokio::time::timeout(LAST_WAIT, finishing).await.is_err() {
        tracing::warn!("some connections did not end in time; they were dropped");
    }
}

/// Where connections come in.
struct Door {
    listener: TcpListener,
    room: Arc<Semaphore>,
    said: Option<Instant>,
}

impl Door {
    /// The next connection, once there is a place for it: until then it waits with the
    /// system. Giving up waiting loses nothing.
    async fn next(&mut self) -> (TcpStream, Peer, OwnedSemaphorePermit) {
        if self.room.available_permits() == 0 {
            self.say("all connections are in use; new ones wait");
        }
        let place = Arc::clone(&self.room).acquire_owned().await;
        let place = place.expect("nobody closes it");
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => return (stream, Peer(peer.ip()), place),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    metrics::counter!("tidings_http_accept_failures_total").increment(1);
                    self.say(&format!("no connection can be accepted just now: {error}"));
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn say(&mut self, what: &str) {
        if self.said.is_none_or(|said| said.elapsed() >= SAY_AGAIN) {
            self.said = Some(Instant::now());
            tracing::warn!("{what}");
        }
    }
}

/// It was gone before it was accepted; the next may be well.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}

/// One connection, from its first request to its last.
async fn converse(
    stream: TcpStream,
    peer: Peer,
    routes: Router,
    patience: Patience,
    stop: CancellationToken,
) {
    // Answers are written whole; waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let turns = Turns::default();
    let stream = TokioIo::new(Patient::new(stream, turns.clone(), patience));
    let routes = TowerToHyperService::new(routes);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let turn = turns.begin();
        let answering = routes.call(request);
        async move {
            let answer = answering.await?;
            Ok::<_, Infallible>(answer.map(|body| Answer::new(body, turn)))
        }
    });
    let talking = http1::Builder::new()
        .max_header_size(HEAD_BYTES)
        .max_buf_size(HEAD_BYTES)
        // Its clock for heads runs between requests too; `Patient` tells the two apart.
        .header_read_timeout(None)
        .serve_connection(stream, service);
    let mut talking = std::pin::pin!(talking);
    let ended = tokio::select! {
        ended = talking.as_mut() => ended,
        () = stop.cancelled() => {
            talking.as_mut().graceful_shutdown();
            talking.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_on_open_files_bounds_connections() {
        assert_eq!(fitting(4_096, Some(1_024)), 768);
        assert_eq!(fitting(4_096, Some(65_536)), 4_096);
        assert_eq!(fitting(4_096, Some(64)), 32);
        assert_eq!(fitting(4_096, Some(0)), 1);
        assert_eq!(fitting(4_096, None), 4_096);
    }

    #[test]
    fn the_limit_is_read_from_what_the_system_says() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max processes             63432                63432                processes\n\
                      Max open files            1024                 524288               files\n";
        assert_eq!(limit_in(limits), Some(1_024));
        assert_eq!(
            limit_in("Max open files   unlimited  unlimited  files\n"),
            None
        );
        assert_eq!(limit_in(""), None);
    }
}
