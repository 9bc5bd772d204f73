//! `POST /v1/events`: events in, in three forms.

use axum::Json;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use model::{Instant, Mode};
use pipeline::{AcceptError, AsOf, EventAnswer, RawEvent, Submission};
use serde::Deserialize;
use utoipa::IntoParams;

use super::answer::EventsAnswer;
use super::forms::{self, Form};
use super::stream;
use crate::App;
use crate::auth::Key;
use crate::problem::{Code, Problem};
use crate::read::{self, Params, sentence};

/// A batch up to this size is read also when the queues are full.
const SMALL_BATCH: u64 = 512 * 1024;

/// How to take the events.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Test keys only: decide as of another moment than now. `event_time` takes each
    /// event's own `time`; else a date and time with an offset.
    #[param(example = "event_time")]
    as_of: Option<String>,
}

/// Takes events in.
///
/// One CloudEvent (`application/cloudevents+json`, or `application/json` with the
/// envelope in the body or in `ce-` headers), a batch of up to 1,000
/// (`application/cloudevents-batch+json`), or a stream of any length with one event a
/// line (`application/x-ndjson`). What is answered with 202 is on disk with all that
/// follows from it. Sending the same (source, id) again does nothing.
#[utoipa::path(post, path = "/v1/events", tag = "events",
    params(EventsQuery), security(("api_key" = [])),
    request_body(content(
        (Object = "application/cloudevents+json"),
        (Vec<Object> = "application/cloudevents-batch+json"),
        (String = "application/x-ndjson"),
        (Object = "application/json"))),
    responses(
        (status = 202, description = "What became of each.", body = EventsAnswer),
        (status = 400, description = "No JSON, or the stream broke off; then `answer` says what was accepted."),
        (status = 413, description = "Too many bytes, or too many events in a batch."),
        (status = 415, description = "None of the forms."),
        (status = 422, description = "Nested too deeply, or a single event with a broken envelope."),
        (status = 429, description = "The queues are full; nothing was kept. Sign-in codes and alerts alone are always taken; a batch of them, up to 512 KB with its length given.")))]
pub(crate) async fn post_events(
    State(app): State<App>,
    key: Key,
    Params(query): Params<EventsQuery>,
    request: Request,
) -> Result<(StatusCode, Json<EventsAnswer>), Problem> {
    let submission = Submission {
        mode: key.mode,
        as_of: read_as_of(query.as_of.as_deref(), key.mode)?,
        own: false,
    };
    let form = Form::of(request.headers())?;
    // All of a small batch may be codes, for which there is always room: `accept` looks at
    // it. A larger one is not read for nothing.
    if matches!(form, Form::Batch) && !is_small(request.body()) {
        app.pipeline().admit().map_err(refused)?;
    }
    let answer = match form {
        Form::Stream => stream::take(&app, request.into_body(), submission).await?,
        Form::Structured | Form::Binary => take_one(&app, form, request, submission).await?,
        Form::Batch => {
            let bytes = read::read_bytes(request.into_body(), app.config().body_limit).await?;
            let events = forms::batch(&bytes)?;
            take_all(&app, events, submission).await?
        }
    };
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// Whether a body says that it is small: a thousand codes are.
fn is_small(body: &Body) -> bool {
    let most = body.size_hint().upper();
    most.is_some_and(|most| most <= SMALL_BATCH)
}

async fn take_one(
    app: &App,
    form: Form,
    request: Request,
    submission: Submission,
) -> Result<EventsAnswer, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = read::read_bytes(body, app.config().body_limit).await?;
    let event = match form {
        Form::Binary => forms::binary(&parts.headers, &bytes)?,
        Form::Structured | Form::Batch | Form::Stream => forms::structured(&bytes)?,
    };
    let mut answer = take_all(app, vec![event], submission).await?;
    match answer.rejected.pop() {
        // 202 would say that something was taken.
        Some(rejected) => Err(Problem::new(
            Code::EventRejected,
            sentence(&rejected.reason),
        )),
        None => Ok(answer),
    }
}

async fn take_all(
    app: &App,
    events: Vec<serde_json::Value>,
    submission: Submission,
) -> Result<EventsAnswer, Problem> {
    let mut answer = EventsAnswer::naming_each(events.len());
    let events = events.into_iter().map(RawEvent::Value).collect();
    let results: Vec<EventAnswer> = app
        .pipeline()
        .accept(events, submission)
        .await
        .map_err(refused)?;
    for (index, result) in (0..).zip(results) {
        answer.add(index, result);
    }
    answer.trim();
    Ok(answer)
}

/// What the path of a message would not take.
pub(crate) fn refused(error: AcceptError) -> Problem {
    match error {
        AcceptError::Busy { retry_after } => Problem::new(
            Code::Busy,
            "The queues are full. Nothing was taken; send it again a little later.",
        )
        .retry_after(retry_after),
        AcceptError::Store(error) => Problem::from(error).about(
            "A part may be on disk already. Sending all of it again is safe: what was taken is not taken twice.",
        ),
    }
}

fn read_as_of(text: Option<&str>, mode: Mode) -> Result<AsOf, Problem> {
    let Some(text) = text else {
        return Ok(AsOf::Now);
    };
    if mode != Mode::Test {
        return Err(Problem::new(
            Code::Forbidden,
            format!("`as_of` is for test keys; the key sent is a {mode} key."),
        ));
    }
    if text == "event_time" {
        return Ok(AsOf::EventTime);
    }
    // A `+` that was not escaped arrives as a space.
    Instant::parse(&text.replace(' ', "+"))
        .map(AsOf::At)
        .map_err(|_| {
            Problem::new(
                Code::BadRequest,
                "`as_of` is `event_time` or a date and time like 2026-01-31T09:30:00Z.",
            )
        })
}
