//! `PUT /v1/customers`: many profiles, one a line.

use axum::Json;
use axum::extract::{Request, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use model::Mode;

use super::profile;
use crate::App;
use crate::auth::Key;
use crate::ndjson::{Line, Lines};
use crate::problem::{Code, Problem};
use crate::read::{self, Params};

/// Bytes of one line.
const LINE_LIMIT: usize = 64 * 1024;
/// Lines of one request.
const LINES_AT_MOST: u64 = 10_000;
/// Profiles written at once.
const CHUNK: usize = 500;
/// Faulty lines an answer lists.
const LISTED_AT_MOST: usize = 1_000;

/// What became of an import.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct ImportAnswer {
    /// Profiles created or replaced.
    stored: u64,
    /// Lines that were not taken.
    rejected_total: u64,
    /// The first 1,000 of them: `{index, faults: [{pointer, reason}]}`.
    #[schema(value_type = Vec<Object>)]
    rejected: Vec<Value>,
}

/// Whom changes of addresses tell.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Telling {
    /// Whether addresses that are replaced or removed are told so. When left out, they are
    /// not: who moves a million profiles here does not mean to write to a million people.
    tell_old: Option<bool>,
}

/// Creates or replaces many customers.
///
/// One profile a line (`application/x-ndjson`), each with its `id`; at most 10,000 lines.
/// A faulty line costs only itself. Lines are written as they arrive; sending the same
/// import again is safe.
#[utoipa::path(put, path = "/v1/customers", tag = "customers", security(("api_key" = [])),
    params(Telling), request_body(content = String, content_type = "application/x-ndjson"),
    responses(
        (status = 200, description = "What became of the lines.", body = ImportAnswer),
        (status = 400, description = "The stream broke off; `answer` says what was stored."),
        (status = 413, description = "Too many lines; `answer` says what was stored."),
        (status = 415, description = "Not application/x-ndjson.")))]
pub(crate) async fn import_customers(
    State(app): State<App>,
    key: Key,
    Params(telling): Params<Telling>,
    request: Request,
) -> Result<Json<ImportAnswer>, Problem> {
    if !read::is_line_stream(request.headers()) {
        let given = read::media_type(request.headers());
        return Err(read::unsupported(&given, "application/x-ndjson"));
    }
    let place = app.event_streams().clone().try_acquire_owned();
    let _place = place.map_err(|_| {
        Problem::new(Code::Busy, "Too many streams are being read already.")
            .retry_after(model::Span::secs(2))
    })?;
    let silence = app.config().request_timeout;
    let mut lines = Lines::new(request.into_body(), LINE_LIMIT, silence);
    let mut answer = ImportAnswer::default();
    let tell = telling.tell_old.unwrap_or(false).then_some(key.mode);
    match import(&app, &mut lines, (&mut answer, tell)).await {
        Ok(()) => Ok(Json(answer)),
        Err(problem) => {
            let said = serde_json::to_value(&answer).unwrap_or(Value::Null);
            Err(problem.with("answer", said))
        }
    }
}

async fn import(
    app: &App,
    lines: &mut Lines,
    (answer, tell): (&mut ImportAnswer, Option<Mode>),
) -> Result<(), Problem> {
    loop {
        let chunk = lines.next_chunk(CHUNK).await.map_err(|_| {
            Problem::new(
                Code::StreamBroken,
                "The stream broke off. `answer` says what was stored; sending all of it again is safe.",
            )
        })?;
        if chunk.is_empty() {
            return Ok(());
        }
        let mut customers = Vec::with_capacity(chunk.len());
        for (index, line) in chunk {
            if index >= LINES_AT_MOST {
                return Err(Problem::new(
                    Code::TooLarge,
                    format!(
                        "An import holds at most {LINES_AT_MOST} lines; send the rest in another one. The lines of this last part were not stored."
                    ),
                ));
            }
            match read_line(line) {
                Ok(customer) => customers.push(customer),
                Err(faults) => answer.reject(index, faults),
            }
        }
        let count = customers.len();
        if count > 0 {
            match tell {
                Some(mode) => {
                    app.pipeline()
                        .put_customers_telling(customers, mode)
                        .await?
                }
                None => app.pipeline().put_customers(customers).await?,
            };
        }
        answer.stored += count as u64;
    }
}

fn read_line(line: Line) -> Result<model::Customer, Value> {
    let whole = |reason: String| json!([{"pointer": "", "reason": reason}]);
    let text = match line {
        Line::Text(text) => text,
        Line::TooLong => {
            return Err(whole(format!("the line has more than {LINE_LIMIT} bytes")));
        }
    };
    let body = read::parse(&text).map_err(|problem| whole(problem.detail().to_owned()))?;
    profile::read(None, body).map_err(|faults| profile::list_faults(&faults))
}

impl ImportAnswer {
    fn reject(&mut self, index: u64, faults: Value) {
        self.rejected_total += 1;
        if self.rejected.len() < LISTED_AT_MOST {
            self.rejected
                .push(json!({"index": index, "faults": faults}));
        }
    }
}
