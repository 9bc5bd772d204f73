//! A stream of events: chunks of lines, several on their way to the disk at once.
//!
//! Memory is bounded by the chunks in flight: while they are full, nothing is read, and
//! TCP tells the sender to wait. 202 only when the whole stream was taken; a stream that
//! broke off is answered with what was accepted of it, and can be sent again.

use std::time::Duration;

use axum::body::Body;
use pipeline::{AcceptError, EventAnswer, RawEvent, Submission};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::answer::EventsAnswer;
use super::post::refused;
use crate::App;
use crate::ndjson::{Broken, Line, Lines};
use crate::problem::{Code, Problem};
use crate::read;

/// Bytes of one line.
const LINE_LIMIT: usize = 256 * 1024;
/// Lines of one chunk.
const CHUNK: usize = 256;
/// Chunks on their way at once.
const IN_FLIGHT: usize = 4;
/// How long full queues are waited for before the stream is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The places and the answers of one chunk.
type Taken = Result<Vec<(u64, EventAnswer)>, AcceptError>;

/// Takes a stream in.
pub(super) async fn take(
    app: &App,
    body: Body,
    submission: Submission,
) -> Result<EventsAnswer, Problem> {
    let place = app.event_streams().clone().try_acquire_owned();
    let _place = place.map_err(|_| {
        Problem::new(Code::Busy, "Too many streams are being read already.")
            .retry_after(model::Span::secs(2))
    })?;
    let mut lines = Lines::new(body, LINE_LIMIT, app.config().request_timeout);
    let mut answer = EventsAnswer::default();
    let mut chunks = JoinSet::new();
    let ended = read_on(app, &mut lines, submission, &mut chunks, &mut answer).await;
    // Also after a fault: what is on its way is taken or not, and the answer says which.
    let mut finished = Ok(());
    while let Some(taken) = chunks.join_next().await {
        finished = finished.and(collect(taken, &mut answer));
    }
    answer.trim();
    let problem = match ended.and(finished) {
        Ok(()) => return Ok(answer),
        Err(problem) => problem,
    };
    let said = serde_json::to_value(&answer).unwrap_or(Value::Null);
    Err(problem.with("answer", said).with("lines", lines.count()))
}

async fn read_on(
    app: &App,
    lines: &mut Lines,
    submission: Submission,
    chunks: &mut JoinSet<Taken>,
    answer: &mut EventsAnswer,
) -> Result<(), Problem> {
    // Queues that are full from the start are said to be so at once, unless all that comes
    // first are codes; later ones are waited for.
    let mut patience = match app.pipeline().admit() {
        Ok(()) => PATIENCE,
        Err(_) => Duration::ZERO,
    };
    loop {
        while chunks.len() >= IN_FLIGHT {
            let Some(taken) = chunks.join_next().await else {
                break;
            };
            collect(taken, answer)?;
        }
        let chunk = lines.next_chunk(CHUNK).await.map_err(broken_off)?;
        if chunk.is_empty() {
            return Ok(());
        }
        let mut places = Vec::with_capacity(chunk.len());
        let mut events = Vec::with_capacity(chunk.len());
        for (index, line) in chunk {
            match line {
                Line::TooLong => {
                    refuse(
                        answer,
                        index,
                        format!("the line has more than {LINE_LIMIT} bytes"),
                    );
                }
                Line::Text(text) if read::nested_too_deeply(&text) => {
                    let most = read::DEPTH_LIMIT;
                    refuse(
                        answer,
                        index,
                        format!("the JSON is nested more than {most} levels deep"),
                    );
                }
                Line::Text(text) => {
                    places.push(index);
                    events.push(RawEvent::Line(text));
                }
            }
        }
        answer.trim();
        if !places.is_empty() {
            let give_up = Instant::now() + patience;
            chunks.spawn(take_chunk(app.clone(), places, events, submission, give_up));
            if patience.is_zero() {
                if let Some(taken) = chunks.join_next().await {
                    collect(taken, answer)?;
                }
                patience = PATIENCE;
            }
        }
    }
}

/// Refuses a line that the path of a message never sees, and counts it as it would.
fn refuse(answer: &mut EventsAnswer, index: u64, reason: String) {
    metrics::counter!("tidings_events_total", "answer" => "rejected").increment(1);
    answer.reject(index, reason);
}

/// Hands one chunk on, waiting for room in the queues.
async fn take_chunk(
    app: App,
    places: Vec<u64>,
    events: Vec<RawEvent>,
    submission: Submission,
    give_up: Instant,
) -> Taken {
    // Codes are always taken, so it is offered once before anything is waited for.
    let mut is_offered = false;
    loop {
        let taken = match app.pipeline().admit() {
            Err(error) if is_offered => Err(error),
            _ => app.pipeline().offer(&events, submission).await,
        };
        is_offered = true;
        match taken {
            Ok(answers) => return Ok(places.into_iter().zip(answers).collect()),
            Err(AcceptError::Busy { retry_after }) if Instant::now() < give_up => {
                // Short naps: the queues drain thousands a second.
                let nap = retry_after.to_duration().min(Duration::from_millis(50));
                tokio::time::sleep(nap.max(Duration::from_millis(1))).await;
            }
            Err(error) => return Err(error),
        }
    }
}

fn collect(
    taken: Result<Taken, tokio::task::JoinError>,
    answer: &mut EventsAnswer,
) -> Result<(), Problem> {
    let taken = taken.map_err(|_| {
        Problem::new(
            Code::Internal,
            "A part of the stream was not taken. Send it again: what was taken is not taken twice.",
        )
    })?;
    for (index, result) in taken.map_err(refused)? {
        answer.add(index, result);
    }
    Ok(())
}

fn broken_off(broken: Broken) -> Problem {
    match broken {
        Broken::Cut => Problem::new(
            Code::StreamBroken,
            "The stream broke off. `answer` says what was accepted; sending all of it again is safe.",
        ),
        Broken::Silent => Problem::new(
            Code::Timeout,
            "The stream was silent for too long. `answer` says what was accepted; sending all of it again is safe.",
        ),
    }
}
