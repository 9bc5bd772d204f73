//! Takes events from JetStream: whatever waits is a batch, and a message is acknowledged
//! only after what it caused is on disk. What comes twice is known by its source and id.
//!
//! Two lanes run side by side with a connection each, so that a code never waits behind
//! the others. Decides nothing about messages: that is `accept`'s.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use async_nats::jetstream::context::Context;
use async_nats::jetstream::{AckKind, Message};
use pipeline::{AcceptError, AsOf, EventAnswer, Pipeline, RawEvent, Submission};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::link::{ANSWER, Link};
use super::pull::Pull;
use super::{body, rejected, streams};
use crate::config;

/// One way in.
pub struct Lane {
    /// What comes on it.
    pub subject: String,
    /// Its consumer on the server.
    pub durable: String,
    /// Messages in a batch at most.
    pub batch: usize,
    /// Batches on their way at a time.
    pub in_hand: usize,
}

/// Takes events on one lane.
pub struct Intake {
    /// Where they go.
    pub pipeline: Pipeline,
    /// How it is set.
    pub settings: config::Nats,
    /// The way in.
    pub lane: Lane,
    /// Over which they come.
    pub link: Link,
    /// Says when to end.
    pub stop: CancellationToken,
}

/// A message delivered so often is taken by itself: if the store cannot take it, it holds
/// up nobody else.
const ALONE_AFTER: i64 = 3;
/// What is given back is sent out again after this time. The server honours a request for
/// two seconds though its inbox is gone, and would send it there.
const GIVEN_BACK: Duration = Duration::from_secs(3);
/// Between tries at what does not go.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Messages whose events go to the store together.
#[derive(Default)]
struct Group {
    messages: Vec<(Message, usize)>,
    events: Vec<RawEvent>,
}

impl Intake {
    /// Takes events until told to stop; then finishes what is in hand.
    pub async fn run(self: Arc<Self>) {
        let context = async_nats::jetstream::context::ContextBuilder::new()
            .timeout(ANSWER)
            .ack_timeout(ANSWER)
            .build(self.link.client.clone());
        let (mut told, mut failures) = (String::new(), 0);
        while !self.stop.is_cancelled() {
            match self.session(&context).await {
                Ok(()) => (told, failures) = (String::new(), 0),
                Err(error) => {
                    let problem = format!("{error:#}");
                    if self.link.state.borrow().connected && problem != told {
                        let consumer = &self.lane.durable;
                        tracing::warn!(consumer, problem, "no events from NATS; it is tried again");
                        told = problem;
                    }
                    self.pause(back_off(failures)).await;
                    failures += 1;
                }
            }
        }
    }

    /// From a connection that stands to its end, or ours.
    async fn session(self: &Arc<Self>, context: &Context) -> Result<()> {
        let mut link = self.link.clone();
        let opening = async {
            let times = link.standing().await;
            let opened = streams::open(context, &self.settings, &self.lane).await;
            opened.map(|messages| (times, messages))
        };
        let (times, messages) = tokio::select! {
            () = self.stop.cancelled() => return Ok(()),
            opened = opening => opened?,
        };
        let remade = async {
            // Servers may forget what they were asked for before the connection broke.
            let _ = link.state.wait_for(|state| state.times > times).await;
        };
        self.consume(context, messages, remade).await
    }

    async fn consume(
        self: &Arc<Self>,
        context: &Context,
        mut messages: Pull,
        remade: impl Future<Output = ()>,
    ) -> Result<()> {
        tokio::pin!(remade);
        let mut in_hand = JoinSet::new();
        let ended = loop {
            if in_hand.len() >= self.lane.in_hand {
                in_hand.join_next().await;
            }
            let batch = tokio::select! {
                biased;
                () = self.stop.cancelled() => break Ok(()),
                batch = messages.next() => batch,
                () = &mut remade => break Ok(()),
            };
            match batch {
                Ok(batch) => in_hand.spawn(self.clone().take(context.clone(), batch)),
                Err(error) => break Err(error),
            };
        };
        // What was fetched and not begun goes back soon, not when its time is over.
        let left = messages.end().await;
        self.answer(&left, AckKind::Nak(Some(GIVEN_BACK))).await;
        while in_hand.join_next().await.is_some() {}
        ended
    }

    /// Takes a batch: what it holds is on disk before anything is acknowledged.
    async fn take(self: Arc<Self>, context: Context, messages: Vec<Message>) {
        let mut group = Group::default();
        for message in messages {
            let events = match body::events(&message.payload) {
                Ok(events) => events,
                Err(reason) => {
                    self.reject(&context, &message, &[(0, reason)]).await;
                    continue;
                }
            };
            let alone = delivered(&message) > ALONE_AFTER;
            if alone || group.events.len() + events.len() > body::MAX_EVENTS {
                self.submit(&context, std::mem::take(&mut group)).await;
            }
            let lines = events.iter().map(|event| RawEvent::Line(event.to_vec()));
            group.events.extend(lines);
            let count = events.len();
            group.messages.push((message, count));
            if alone {
                self.submit(&context, std::mem::take(&mut group)).await;
            }
        }
        self.submit(&context, group).await;
    }

    async fn submit(&self, context: &Context, group: Group) {
        if group.messages.is_empty() {
            return;
        }
        let submission = Submission {
            mode: self.settings.mode.into(),
            as_of: AsOf::Now,
            own: false,
        };
        let answers = match self.pipeline.accept(group.events, submission).await {
            Ok(answers) => answers,
            Err(error) => return self.put_off(group.messages, &error).await,
        };
        let mut answers = answers.into_iter();
        let (mut settled, mut refused) = (Vec::new(), Vec::new());
        for (message, count) in group.messages {
            let faults: Vec<(usize, String)> = answers
                .by_ref()
                .take(count)
                .enumerate()
                .filter_map(|(line, answer)| match answer {
                    EventAnswer::Rejected { reason } => Some((line, reason)),
                    _ => None,
                })
                .collect();
            match faults.is_empty() {
                true => settled.push(message),
                false => refused.push((message, faults)),
            }
        }
        self.answer(&settled, AckKind::Ack).await;
        for (message, faults) in refused {
            self.reject(context, &message, &faults).await;
        }
    }

    /// Keeps what is no event elsewhere, and only then takes the message from the queue.
    async fn reject(&self, context: &Context, message: &Message, faults: &[(usize, String)]) {
        let parts = body::events(&message.payload).unwrap_or_else(|_| vec![&message.payload]);
        let subject = &self.settings.rejected_subject;
        let sequence = message.info().map_or(0, |info| info.stream_sequence);
        for (line, reason) in faults {
            let part = parts.get(*line).copied().unwrap_or_default();
            let kept = rejected::keep(context, subject, message, (*line, part), reason).await;
            if let Err(error) = kept {
                tracing::warn!(sequence, %error, "what is no event could not be put aside; it stays in the queue");
                let wait = back_off(tries(message));
                self.answer(std::slice::from_ref(message), AckKind::Nak(Some(wait)))
                    .await;
                return;
            }
        }
        tracing::warn!(
            stream = self.settings.stream,
            sequence,
            events = faults.len(),
            "a message holds what is no event; it is kept on nats.rejected_subject, with the reason"
        );
        // Nothing was taken of it, or the rest is on disk: either way it is done.
        let kind = match faults.len() == parts.len() {
            true => AckKind::Term,
            false => AckKind::Ack,
        };
        self.answer(std::slice::from_ref(message), kind).await;
    }

    /// The store cannot now: the messages come again, and the lane slows down.
    async fn put_off(&self, messages: Vec<(Message, usize)>, error: &AcceptError) {
        let least = match error {
            AcceptError::Busy { retry_after } => {
                Duration::from_micros(retry_after.as_micros().unsigned_abs())
            }
            AcceptError::Store(_) => Duration::ZERO,
        };
        let messages: Vec<Message> = messages.into_iter().map(|(message, _)| message).collect();
        tracing::warn!(messages = messages.len(), %error, "events from NATS were not taken; they come again");
        let mut longest = least;
        for message in &messages {
            let wait = least.max(back_off(tries(message)));
            longest = longest.max(wait);
            let again = AckKind::Nak(Some(wait));
            if !self.answer(std::slice::from_ref(message), again).await {
                break;
            }
        }
        self.pause(longest.min(ANSWER)).await;
    }

    /// Answers messages; `false` when NATS is away. Then they come again, and those whose
    /// events are on disk are known.
    async fn answer(&self, messages: &[Message], kind: AckKind) -> bool {
        let word = match kind {
            AckKind::Ack => "taken",
            AckKind::Term => "rejected",
            _ => "again",
        };
        let answering = async {
            for message in messages {
                if message.ack_with(kind).await.is_err() {
                    return false;
                }
            }
            true
        };
        let answered = tokio::time::timeout(ANSWER, answering).await;
        let count = u64::try_from(messages.len()).unwrap_or(u64::MAX);
        metrics::counter!("tidings_nats_messages_total", "answer" => word).increment(count);
        answered.unwrap_or(false)
    }

    async fn pause(&self, time: Duration) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(time) => {}
        }
    }
}

/// How often a message has been delivered, this time included.
fn delivered(message: &Message) -> i64 {
    message.info().map_or(1, |info| info.delivered)
}

fn tries(message: &Message) -> u32 {
    u32::try_from(delivered(message) - 1).unwrap_or(0)
}

/// A quarter of a second, then twice as long each time, up to half a minute.
fn back_off(failures: u32) -> Duration {
    let doubled = Duration::from_millis(250).saturating_mul(2_u32.saturating_pow(failures));
    doubled.min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        let pauses: Vec<u128> = (0..9).map(|n| back_off(n).as_millis()).collect();
        assert_eq!(
            pauses,
            [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
        );
        assert_eq!(back_off(u32::MAX), LONGEST_PAUSE);
    }
}
