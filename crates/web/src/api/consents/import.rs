//! `POST /v1/consents/import`: many consents at once, from CSV.

use axum::Json;
use axum::body::BodyDataStream;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use pipeline::consent_import::{ConsentImport, ImportError, Report};
use serde_json::Value;
use utoipa::ToSchema;

use crate::App;
use crate::auth::LiveKey;
use crate::problem::{Code, Problem};
use crate::read;

/// What became of an import.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes pipeline::consent_import::Report, which knows no OpenAPI"
)]
pub(crate) struct ConsentReport {
    /// Lines that were taken.
    taken: u64,
    /// Lines that were known already, or from which nothing follows.
    unchanged: u64,
    /// Lines that were refused.
    refused_total: u64,
    /// The first 10,000 of them.
    refused: Vec<RefusedLine>,
}

/// A line that was refused.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes pipeline::consent_import::Refused")]
struct RefusedLine {
    /// Counted from 1; where a record has several, its first.
    line: u64,
    /// The column; empty where it is about the whole line.
    column: String,
    /// Why, in a sentence.
    reason: String,
}

/// Imports consents that were given and withdrawn before.
///
/// `text/csv`, UTF-8, the names of the columns in the first line: `customer`, `channel`,
/// `purpose`, `act` (`gave` or `withdrew`) and `at`; if wanted `address`, `wording`,
/// `wording_version`, `language`, `how`, `source`. At most 200,000 lines. Each line is taken
/// whole or refused; the same file twice changes nothing; an older "yes" undoes no newer "no".
/// With `Accept: text/csv` the answer is the list of what was refused, as CSV.
#[utoipa::path(post, path = "/v1/consents/import", tag = "customers",
    security(("api_key" = [])),
    request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, description = "What became of the lines.", body = ConsentReport),
        (status = 400, description = "The body broke off; `report` says what was done."),
        (status = 413, description = "Too many lines; `report` says what was done."),
        (status = 415, description = "Not text/csv."),
        (status = 422, description = "The first line does not name the columns, or a line has no end; `report` says what was done.")))]
pub(crate) async fn import_consents(
    State(app): State<App>,
    _: LiveKey,
    request: Request,
) -> Result<Response, Problem> {
    let given = read::media_type(request.headers());
    if given != "text/csv" {
        return Err(read::unsupported(&given, "text/csv"));
    }
    let wants_csv = request
        .headers()
        .get(header::ACCEPT)
        .is_some_and(|accept| accept.as_bytes().starts_with(b"text/csv"));
    let place = app.event_streams().clone().try_acquire_owned();
    let _place = place.map_err(|_| {
        Problem::new(Code::Busy, "Too many streams are being read already.")
            .retry_after(model::Span::secs(2))
    })?;
    let mut import = ConsentImport::beside(app.pipeline().clone());
    let body = request.into_body().into_data_stream();
    if let Err(problem) = take(&app, &mut import, body).await {
        let report = serde_json::to_value(import.report()).unwrap_or(Value::Null);
        return Err(problem.with("report", report));
    }
    let report: &Report = import.report();
    if wants_csv {
        let kind = [(header::CONTENT_TYPE, "text/csv; charset=utf-8")];
        return Ok((kind, report.to_csv()).into_response());
    }
    Ok(Json(report).into_response())
}

async fn take(
    app: &App,
    import: &mut ConsentImport,
    mut body: BodyDataStream,
) -> Result<(), Problem> {
    let silence = app.config().request_timeout;
    let broken = || {
        Problem::new(
            Code::StreamBroken,
            "The body broke off. `report` says what was done; sending all of it again is safe.",
        )
    };
    loop {
        let next = tokio::time::timeout(silence, body.next()).await;
        match next.map_err(|_| broken())? {
            Some(Ok(piece)) => {
                let done = import.push(app.store(), &piece, app.now()).await;
                done.map_err(problem)?;
            }
            Some(Err(_)) => return Err(broken()),
            None => return import.end(app.store(), app.now()).await.map_err(problem),
        }
    }
}

fn problem(error: ImportError) -> Problem {
    let text = read::sentence(&error.to_string());
    match error {
        ImportError::Header(_) | ImportError::TooLong(_) => Problem::new(Code::Invalid, text),
        ImportError::TooMany(_) => Problem::new(Code::TooLarge, text),
        ImportError::Store(error) => error.into(),
    }
}
