//! Accept: events in, one answer each, in order.
//!
//! Validates envelopes, loads the facts of the customers they name, lets `decide` and
//! `render` make of each event what can be made, and commits the batch with everything
//! that follows from it. A broken envelope is rejected; whatever else fails becomes a
//! failed event: durable, named in the answer, replayable. Next: `send` claims what became
//! due.

mod answer;
mod attention;
mod digests;
mod direct;
mod envelope;
mod facts;
mod make;
mod replay;
mod stories;
mod withdraw;

use std::collections::HashMap;

use model::{Event, EventId, FailureReason, Instant, Lane, MessageId, Mode, Span};
use store::{AcceptedEvent, AcceptedResult, Committed};

use crate::Pipeline;
use crate::costs::Holds;
use answer::{answer, count};
pub use digests::Digests;
pub use envelope::MAX_EVENT_BYTES;
pub(crate) use envelope::OWN_SOURCES;
use facts::facts_about;
pub use replay::ReplayAnswer;

/// An event as it came in.
#[derive(Clone, Debug)]
pub enum RawEvent {
    /// The bytes of one JSON object.
    Line(Vec<u8>),
    /// Parsed already.
    Value(serde_json::Value),
}

impl RawEvent {
    /// Reads and validates the envelope; `now` stands in for a missing time.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub fn read(&self, submission: Submission, now: Instant) -> Result<Event, String> {
        envelope::read(self, submission, now)
    }
}

/// As of when events are decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// The present.
    Now,
    /// Each event's own time (replays; only with test keys).
    EventTime,
    /// A given moment (only with test keys).
    At(Instant),
}

/// How a batch is to be taken.
#[derive(Clone, Copy, Debug)]
pub struct Submission {
    /// Live, test or team: from the key that brought it.
    pub mode: Mode,
    /// As of when.
    pub as_of: AsOf,
    /// Whether Tidings itself made the events, or kept them: nobody else may use the sources
    /// of its own.
    pub own: bool,
}

/// What became of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventAnswer {
    /// On disk, with its message and deliveries.
    Accepted {
        /// The event's id here.
        event: EventId,
        /// The message it caused.
        message: MessageId,
    },
    /// On disk, but no message could be made of it.
    Failed {
        /// The event's id here.
        event: EventId,
        /// Why.
        reason: FailureReason,
        /// What exactly.
        detail: String,
    },
    /// It was here before.
    Duplicate {
        /// The id it was given then.
        event: EventId,
        /// It failed then and still waits for a replay: why, and what exactly.
        failure: Option<(FailureReason, String)>,
    },
    /// Not an event; nothing was kept.
    Rejected {
        /// What is wrong with it.
        reason: String,
    },
}

/// Why a whole batch was not taken. Events of it may have been accepted already: sending
/// it again is safe, for they are then duplicates.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// Too much waits to be sent; nothing was begun.
    #[error("too many messages wait to be sent; try again in {} seconds", retry_after.as_micros() / 1_000_000)]
    Busy {
        /// When to try again.
        retry_after: Span,
    },
    /// The store could not.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// So often is a batch decided again because facts changed under it.
const STALE_ROUNDS: usize = 10;
/// Events of one commit: places in flight for them are waited for together.
const PART: usize = 256;
/// Events made into messages before others get a turn on the thread.
const TURN: usize = 16;

/// Events as they came in. Their data goes into messages; where it is needed once more,
/// they are read again.
#[derive(Clone, Copy)]
struct Intake<'a> {
    raws: &'a [RawEvent],
    submission: Submission,
    now: Instant,
}

impl Intake<'_> {
    fn again(&self, place: usize) -> Event {
        let event = self.raws[place].read(self.submission, self.now);
        event.expect("what could be read once can be read again")
    }
}

impl Pipeline {
    /// Whether there is room for more; asked before anything is half done.
    ///
    /// # Errors
    /// [`AcceptError::Busy`].
    pub fn admit(&self) -> Result<(), AcceptError> {
        if self.store().backlog() >= self.limits().backlog {
            return Err(AcceptError::Busy {
                retry_after: Span::secs(5),
            });
        }
        Ok(())
    }

    /// Takes a batch: one answer each, in order. What is answered with `Accepted` or
    /// `Failed` is durable.
    ///
    /// # Errors
    /// [`AcceptError`] when the batch as a whole was not taken.
    pub async fn accept(
        &self,
        events: Vec<RawEvent>,
        submission: Submission,
    ) -> Result<Vec<EventAnswer>, AcceptError> {
        self.offer(&events, submission).await
    }

    /// [`Self::accept`] of a batch that the caller keeps, to offer it again when there was
    /// no room.
    ///
    /// # Errors
    /// [`AcceptError`] when the batch as a whole was not taken.
    pub async fn offer(
        &self,
        events: &[RawEvent],
        submission: Submission,
    ) -> Result<Vec<EventAnswer>, AcceptError> {
        let now = self.clock().now();
        let mut answers: Vec<Option<EventAnswer>> = Vec::with_capacity(events.len());
        let mut waiting: Vec<(usize, Event)> = Vec::with_capacity(events.len());
        let intake = Intake {
            raws: events,
            submission,
            now,
        };
        for (place, raw) in events.iter().enumerate() {
            match raw.read(submission, now) {
                Ok(event) => {
                    waiting.push((place, event));
                    answers.push(None);
                }
                Err(reason) => answers.push(Some(EventAnswer::Rejected { reason })),
            }
        }
        // Codes have room of their own: a batch of nothing else is always taken.
        if !waiting.iter().all(|(_, event)| self.is_security(event)) {
            self.admit()?;
        }
        for _ in 0..STALE_ROUNDS {
            if waiting.is_empty() {
                break;
            }
            waiting = self.commit_round(waiting, &mut answers, intake).await?;
        }
        self.name_failures(&mut answers).await?;
        let unsettled = || store::Error::Unavailable("a customer's facts keep changing".into());
        let answers: Vec<EventAnswer> = answers
            .into_iter()
            .collect::<Option<_>>()
            .ok_or_else(unsettled)?;
        count(&answers);
        Ok(answers)
    }

    /// Says of duplicates that they failed when they first came, if they did: whoever sends
    /// again when in doubt must learn it.
    async fn name_failures(&self, answers: &mut [Option<EventAnswer>]) -> Result<(), AcceptError> {
        let duplicates: Vec<EventId> = answers
            .iter()
            .filter_map(|answer| match answer {
                Some(EventAnswer::Duplicate { event, .. }) => Some(*event),
                _ => None,
            })
            .collect();
        if duplicates.is_empty() {
            return Ok(());
        }
        let failed = self.store().failed_among(duplicates).await?;
        let mut failed: HashMap<EventId, _> = failed
            .into_iter()
            .map(|f| (f.id, (f.reason, f.detail)))
            .collect();
        for answer in answers.iter_mut().flatten() {
            if let EventAnswer::Duplicate { event, failure } = answer {
                *failure = failed.remove(event);
            }
        }
        Ok(())
    }

    fn is_security(&self, event: &Event) -> bool {
        self.catalogue()
            .get(&event.event_type)
            .is_some_and(|entry| entry.lane == Lane::Security)
    }

    /// Decides, renders and commits; gives back what was decided under outdated facts.
    async fn commit_round(
        &self,
        waiting: Vec<(usize, Event)>,
        answers: &mut [Option<EventAnswer>],
        intake: Intake<'_>,
    ) -> Result<Vec<(usize, Event)>, AcceptError> {
        let now = intake.now;
        let facts = self.load_facts(&waiting).await?;
        let mut stories = self.load_stories(&waiting, &facts, now).await?;
        // Codes are committed apart, before the rest: urgent beats bulk in every stage.
        let (mut codes, mut others) = (Vec::new(), Vec::new());
        let mut holds = Holds::new(&self.limits().costs);
        for (turn, (place, event)) in waiting.into_iter().enumerate() {
            if turn % TURN == TURN - 1 {
                tokio::task::yield_now().await;
            }
            let known = facts_about(&facts, &event);
            let accepted = self.make(event, known, &mut stories, now, || intake.again(place));
            holds.add(place, &accepted);
            let lane = lane_of(&accepted);
            let queue = if lane == Lane::Security {
                &mut codes
            } else {
                &mut others
            };
            queue.push((place, accepted));
        }
        let (first, second) = tokio::join!(
            self.commit_in_parts(Lane::Security, codes, now),
            self.commit_in_parts(Lane::Normal, others, now)
        );
        let mut stale = Vec::new();
        for (place, outcome) in first?.into_iter().chain(second?) {
            if let Some(EventAnswer::Accepted { message, .. }) = outcome {
                holds.keep(place);
                self.overtaken().note(stories.overtaken_by(message));
            }
            match outcome {
                Some(answer) => answers[place] = Some(answer),
                None => stale.push((place, intake.again(place))),
            }
        }
        Ok(stale)
    }

    /// Commits part by part; each waits for places in flight before its commit.
    async fn commit_in_parts(
        &self,
        lane: Lane,
        batch: Vec<(usize, AcceptedEvent)>,
        now: Instant,
    ) -> Result<Vec<(usize, Made)>, AcceptError> {
        let mut made = Vec::with_capacity(batch.len());
        let mut batch = batch.into_iter();
        loop {
            let part = batch.by_ref().take(PART);
            let (places, events): (Vec<usize>, Vec<AcceptedEvent>) = part.unzip();
            if events.is_empty() {
                return Ok(made);
            }
            let turn = match lane {
                Lane::Security => None,
                _ => Some(self.in_flight().turn(events.len()).await),
            };
            // A caller that goes away must not come between a commit and its hand-over.
            let this = self.clone();
            let task = tokio::spawn(async move { this.commit(lane, events, now).await });
            let answers = task
                .await
                .map_err(|error| store::Error::Unavailable(error.to_string()))??;
            if let Some(turn) = turn {
                turn.end();
            }
            made.extend(places.into_iter().zip(answers));
        }
    }

    async fn commit(
        &self,
        lane: Lane,
        mut events: Vec<AcceptedEvent>,
        now: Instant,
    ) -> Result<Vec<Made>, AcceptError> {
        let places = self.take_places(&mut events, now).await;
        let committed = self.store().commit_accepted(lane, events).await?;
        let mut accepted = Vec::with_capacity(committed.len());
        let answers = committed
            .into_iter()
            .map(|(event, committed)| match committed {
                Committed::Accepted => {
                    let answer = answer(&event);
                    accepted.push(event);
                    Some(answer)
                }
                Committed::Duplicate(event) => Some(EventAnswer::Duplicate {
                    event,
                    failure: None,
                }),
                Committed::Stale => None,
            })
            .collect();
        self.hand_on(accepted, places);
        Ok(answers)
    }
}

/// What a commit made of an event: its answer; none where it is to be decided anew.
type Made = Option<EventAnswer>;

fn lane_of(accepted: &AcceptedEvent) -> Lane {
    match &accepted.result {
        AcceptedResult::Message { message, .. } => message.content.lane,
        AcceptedResult::Failed { .. } => Lane::Normal,
    }
}
