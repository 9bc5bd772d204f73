//! Faults: show, set, clear.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;

use super::json_body;
use crate::faults::Faults;
use crate::http::problem::Problem;
use crate::sandbox::Sandbox;

pub(super) async fn show(State(sandbox): State<Sandbox>) -> Json<Faults> {
    Json(sandbox.faults())
}

/// Sets all of them: what the document does not name is off.
pub(super) async fn set(
    State(sandbox): State<Sandbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Faults>, Problem> {
    let faults = Faults::from_value(&json_body(&headers, &body)?)?;
    sandbox.set_faults(faults);
    Ok(Json(sandbox.faults()))
}

pub(super) async fn clear(State(sandbox): State<Sandbox>) -> Json<Faults> {
    sandbox.set_faults(Faults::default());
    Json(sandbox.faults())
}
