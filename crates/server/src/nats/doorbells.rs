//! Doorbells between nodes: each tells the others what its commits changed. Only a hint:
//! whoever misses one finds out by looking, so nothing here waits, retries or remembers.

use std::sync::Arc;

use anyhow::Result;
use async_nats::Subscriber;
use axum::body::Bytes;
use futures_util::StreamExt as _;
use store::Store;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::bell::{Bell, NoBell};
use super::link::Link;

/// The bells of one node.
pub struct Doorbells {
    store: Store,
    link: Link,
    bell: Bell,
    subject: String,
    stop: CancellationToken,
}

impl Doorbells {
    /// For one store; nodes of another do not hear them.
    pub fn new(store: Store, link: Link, stop: CancellationToken) -> Self {
        Self {
            subject: subject(&store.key("nats")),
            bell: Bell::new(&store.key("nats bell")),
            store,
            link,
            stop,
        }
    }

    /// Tells others of this node's commits until told to stop.
    pub async fn ring(self: Arc<Self>) {
        let mut news = self.store.news();
        loop {
            let told = tokio::select! {
                () = self.stop.cancelled() => return,
                told = news.recv() => told,
            };
            let told = match told {
                Ok(told) => told,
                Err(RecvError::Lagged(missed)) => {
                    count("missed", missed);
                    continue;
                }
                Err(RecvError::Closed) => return,
            };
            // What waited for a connection would be old news.
            if !self.link.state.borrow().connected {
                count("missed", 1);
                continue;
            }
            for bytes in self.bell.write(&told) {
                let client = &self.link.client;
                let ringing = client.publish(self.subject.clone(), Bytes::from(bytes));
                let rung = tokio::select! {
                    () = self.stop.cancelled() => return,
                    rung = ringing => rung,
                };
                count(if rung.is_ok() { "rung" } else { "missed" }, 1);
            }
        }
    }

    /// Ears for the others, from this call on.
    ///
    /// # Errors
    /// When the client is gone.
    pub async fn ears(&self) -> Result<Subscriber> {
        let subject = self.subject.clone();
        Ok(self.link.client.subscribe(subject).await?)
    }

    /// Hears others until told to stop.
    pub async fn hear(self: Arc<Self>, mut ears: Subscriber) {
        loop {
            let bell = tokio::select! {
                () = self.stop.cancelled() => return,
                bell = ears.next() => bell,
            };
            let Some(bell) = bell else { return };
            match self.bell.read(&bell.payload) {
                Ok(news) => {
                    self.store.hear(&news);
                    count("heard", 1);
                }
                Err(NoBell::Stranger) => count("strange", 1),
                Err(NoBell::Version | NoBell::Shape) => count("unreadable", 1),
            }
        }
    }
}

/// Eight bytes name the store: enough that two on one NATS do not meet by chance.
fn subject(key: &[u8; 32]) -> String {
    let name = key[..8].iter().map(|octet| format!("{octet:02x}"));
    format!("tidings.bells.{}", name.collect::<String>())
}

fn count(what: &'static str, times: u64) {
    metrics::counter!("tidings_nats_bells_total", "what" => what).increment(times);
}
