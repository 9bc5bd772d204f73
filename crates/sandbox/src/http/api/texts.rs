//! Texts: list, clear, and send one from a phone.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::Value;

use super::filter::Filter;
use super::json_body;
use crate::civil_time::Civil;
use crate::faults::near_miss;
use crate::http::problem::Problem;
use crate::kept::{Direction, ReceiptState, Text};
use crate::sandbox::Sandbox;
use crate::smsc::{InboundText, send_from_phone};

/// How long a text from a phone is given to be taken before the call answers.
const TAKEN_SOON: Duration = Duration::from_secs(2);

#[derive(Serialize)]
pub(super) struct TextDocument {
    id: u64,
    at: String,
    direction: &'static str,
    from: String,
    to: String,
    text: String,
    parts: usize,
    parts_here: usize,
    message_ids: Vec<String>,
    receipt: Option<&'static str>,
}

impl TextDocument {
    fn of(text: &Text) -> Self {
        Self {
            id: text.id,
            at: Civil::of(text.at).rfc3339(),
            direction: match text.direction {
                Direction::ToPhone => "to_phone",
                Direction::FromPhone => "from_phone",
            },
            from: text.from.clone(),
            to: text.to.clone(),
            text: text.text(),
            parts: text.parts.len(),
            parts_here: text.parts_here(),
            message_ids: text.message_ids.clone(),
            receipt: match text.receipt {
                ReceiptState::None => None,
                ReceiptState::Waiting => Some("waiting"),
                ReceiptState::Delivered => Some("delivered"),
                ReceiptState::Undelivered => Some("undelivered"),
            },
        }
    }
}

#[derive(Serialize)]
pub(super) struct List {
    texts: Vec<TextDocument>,
}

pub(super) async fn list(
    State(sandbox): State<Sandbox>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Json<List>, Problem> {
    let filter = Filter::read(query)?;
    let shared = sandbox.shared();
    let wanted = |text: &&Text| {
        filter.to.as_ref().is_none_or(|to| *to == text.to)
            && filter.from.as_ref().is_none_or(|from| *from == text.from)
    };
    let look = || {
        let texts = shared.texts();
        let found = texts.after(filter.after).filter(wanted).take(filter.limit);
        found.map(TextDocument::of).collect()
    };
    Ok(Json(List {
        texts: filter.wait_for(shared, look).await,
    }))
}

#[derive(Serialize)]
pub(super) struct Cleared {
    cleared: usize,
}

/// Forgets the kept texts and what waits for a client. Counters go on.
pub(super) async fn clear(State(sandbox): State<Sandbox>) -> Json<Cleared> {
    let shared = sandbox.shared();
    shared.outbox.clear();
    let cleared = shared.texts().clear();
    shared.tell_news();
    Json(Cleared { cleared })
}

#[derive(Serialize)]
pub(super) struct Sent {
    /// `taken` by the client, or `waiting` for one that binds.
    state: &'static str,
}

pub(super) async fn inbound(
    State(sandbox): State<Sandbox>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Sent>), Problem> {
    let text = read_inbound(&json_body(&headers, &body)?)?;
    let taken = send_from_phone(&text, sandbox.shared())?;
    let state = match tokio::time::timeout(TAKEN_SOON, taken).await {
        Ok(Ok(())) => "taken",
        _ => "waiting",
    };
    Ok((StatusCode::ACCEPTED, Json(Sent { state })))
}

fn read_inbound(body: &Value) -> Result<InboundText, Problem> {
    const KNOWN: [&str; 3] = ["from", "to", "text"];
    let fields = body
        .as_object()
        .ok_or_else(|| Problem::unprocessable("", "must be an object"))?;
    if let Some(name) = fields.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(Problem::unknown_field(
            name,
            near_miss(name, KNOWN.into_iter()),
        ));
    }
    let field = |name: &str| match fields.get(name) {
        Some(Value::String(value)) => Ok(value.clone()),
        Some(_) => Err(Problem::unprocessable(name, "must be a string")),
        None => Err(Problem::unprocessable(name, "is missing")),
    };
    Ok(InboundText {
        from: field("from")?,
        to: field("to")?,
        text: field("text")?,
    })
}
