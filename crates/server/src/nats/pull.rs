//! Fetches messages of a consumer: asks for more before the last are used up, gives
//! whatever waits, and at the end gives back what it holds. The client's own reader drops
//! that, and nobody sees it again before its time is over.

use std::time::Duration;

use anyhow::{Context as _, Error, Result, anyhow};
use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::Consumer;
use async_nats::jetstream::consumer::pull::{BatchConfig, Config};
use async_nats::jetstream::context::Context;
use async_nats::{StatusCode, Subject, Subscriber};
use futures_util::{FutureExt as _, StreamExt as _};

/// The server keeps a request so long, and says so often that it is there.
const KEPT: Duration = Duration::from_secs(30);
const HEARTBEAT: Duration = Duration::from_secs(5);
/// At the end: nothing more comes when nothing came for so long.
const QUIET: Duration = Duration::from_millis(250);
/// And the server does not answer when it did not for so long.
const AWAY: Duration = Duration::from_secs(2);
/// Bytes asked for at a time; a message of the largest size that a server takes fits.
const BYTES: usize = 16 * 1024 * 1024;

/// Messages of one consumer, as they come.
pub struct Pull {
    context: Context,
    consumer: Consumer<Config>,
    inbox: Subject,
    subscriber: Subscriber,
    request: BatchConfig,
    /// Messages asked for and not here yet.
    open: usize,
    broken: Option<Error>,
}

impl Pull {
    /// Begins to listen; asks for nothing yet.
    ///
    /// # Errors
    /// When the client is gone.
    pub async fn start(
        context: &Context,
        consumer: Consumer<Config>,
        batch: usize,
    ) -> Result<Self> {
        let client = context.client();
        let inbox = Subject::from(client.new_inbox());
        Ok(Self {
            subscriber: client.subscribe(inbox.clone()).await?,
            inbox,
            consumer,
            request: BatchConfig {
                batch,
                expires: Some(KEPT),
                max_bytes: BYTES.max(2 * client.max_payload()),
                idle_heartbeat: HEARTBEAT,
                ..BatchConfig::default()
            },
            context: context.clone(),
            open: 0,
            broken: None,
        })
    }

    /// The messages that wait, at least one; dropping the call loses none.
    ///
    /// # Errors
    /// When the server is silent or the consumer is gone; then this is of no more use.
    pub async fn next(&mut self) -> Result<Vec<Message>> {
        let batch = self.request.batch;
        loop {
            if let Some(error) = self.broken.take() {
                return Err(error);
            }
            if self.open <= batch / 2 {
                let asking = self
                    .consumer
                    .request_batch(self.request.clone(), self.inbox.clone());
                asking.await.context("the server cannot be asked")?;
                self.open += batch;
            }
            let first = tokio::time::timeout(3 * HEARTBEAT, self.subscriber.next()).await;
            let first = first.context("the server is silent")?;
            let mut taken = Vec::new();
            self.sort(first.context("the client is gone")?, &mut taken);
            while taken.len() < batch && self.broken.is_none() {
                match self.subscriber.next().now_or_never() {
                    Some(Some(message)) => self.sort(message, &mut taken),
                    _ => break,
                }
            }
            if !taken.is_empty() {
                return Ok(taken);
            }
        }
    }

    /// Asks no more, and gives what was asked for and has not been taken. It must not be
    /// answered before: the server would send it here again.
    pub async fn end(mut self) -> Vec<Message> {
        let mut left = Vec::new();
        // What the server has set off for an inbox that is gone is lost to it for long, so
        // it may finish: under load that takes a moment, and otherwise nothing comes.
        while self.open > 0 && self.broken.is_none() {
            match tokio::time::timeout(QUIET, self.subscriber.next()).await {
                Ok(Some(message)) => self.sort(message, &mut left),
                _ => break,
            }
        }
        if self.subscriber.drain().await.is_ok() {
            let rest = async {
                while let Some(message) = self.subscriber.next().await {
                    self.sort(message, &mut left);
                }
            };
            // It ends when the server has heard that we stop; not if the server is away.
            let _ = tokio::time::timeout(AWAY, rest).await;
        }
        left
    }

    fn sort(&mut self, message: async_nats::Message, taken: &mut Vec<Message>) {
        if is_message(&message) {
            self.open = self.open.saturating_sub(1);
            taken.push(Message {
                message,
                context: self.context.clone(),
            });
            return;
        }
        let status = message.status.unwrap_or(StatusCode::OK);
        if status == StatusCode::IDLE_HEARTBEAT {
            return;
        }
        let missing = message
            .headers
            .as_ref()
            .and_then(|headers| headers.get("Nats-Pending-Messages"))
            .and_then(|count| count.as_str().parse().ok())
            .unwrap_or(self.request.batch);
        let is_over = status == StatusCode::TIMEOUT
            || status == StatusCode::NOT_FOUND
            // The request was cut off, but something came of it.
            || (status == StatusCode::REQUEST_TERMINATED && missing < self.request.batch);
        if is_over {
            self.open = self.open.saturating_sub(missing);
        } else {
            let said = message.description.unwrap_or_default();
            self.broken = Some(anyhow!("the server answers {status}: {said}"));
        }
    }
}

/// Whether it comes from the stream; the server's own words have a status.
fn is_message(message: &async_nats::Message) -> bool {
    message.status.is_none_or(|status| status == StatusCode::OK)
}
