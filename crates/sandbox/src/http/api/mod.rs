//! The control API: what was received, what to do wrong, and texts from phones.
//!
//! For tests of senders. Every answer is JSON, every mistake a problem document.

mod faults;
mod filter;
mod mails;
mod texts;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;

use super::problem::Problem;
use crate::counts::Counts;
use crate::sandbox::Sandbox;

pub(super) fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/sandbox/api/texts", get(texts::list).delete(texts::clear))
        .route("/sandbox/api/texts/inbound", post(texts::inbound))
        .route("/sandbox/api/mails", get(mails::list).delete(mails::clear))
        .route("/sandbox/api/mails/{id}", get(mails::one))
        .route("/sandbox/api/mails/{id}/raw", get(mails::raw))
        .route(
            "/sandbox/api/faults",
            get(faults::show).put(faults::set).delete(faults::clear),
        )
        .route("/sandbox/api/counts", get(counts))
}

async fn counts(State(sandbox): State<Sandbox>) -> Json<Counts> {
    Json(sandbox.counts())
}

/// Reads a JSON body. Insisting on its type keeps plain cross-site forms out.
fn json_body(headers: &HeaderMap, body: &[u8]) -> Result<Value, Problem> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Problem::not_json());
    }
    serde_json::from_slice(body)
        .map_err(|error| Problem::unprocessable("", format!("this is not JSON: {error}")))
}
