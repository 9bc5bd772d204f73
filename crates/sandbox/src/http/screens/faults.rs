//! The faults as a form in plain words.

use askama::Template;
use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Frame, page};
use crate::faults::{FaultProblem, Faults};
use crate::sandbox::Sandbox;

#[derive(Template)]
#[template(path = "faults.html")]
struct FaultsPage {
    frame: Frame,
    faults: Faults,
    any: bool,
    saved: bool,
    problem: Option<FaultProblem>,
}

#[derive(Deserialize)]
pub(super) struct After {
    saved: Option<String>,
}

pub(super) async fn show(State(sandbox): State<Sandbox>, Query(after): Query<After>) -> Response {
    let faults = sandbox.faults();
    let any = faults != Faults::default();
    page(
        StatusCode::OK,
        &FaultsPage {
            frame: Frame::of(sandbox.shared(), "faults"),
            faults,
            any,
            saved: after.saved.is_some(),
            problem: None,
        },
    )
}

pub(super) async fn save(
    State(sandbox): State<Sandbox>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    match document(&fields).and_then(|document| Faults::from_value(&document)) {
        Ok(faults) => {
            sandbox.set_faults(faults);
            Redirect::to("/sandbox/faults?saved=1").into_response()
        }
        Err(problem) => {
            let faults = sandbox.faults();
            let any = faults != Faults::default();
            let page_shown = FaultsPage {
                frame: Frame::of(sandbox.shared(), "faults"),
                faults,
                any,
                saved: false,
                problem: Some(problem),
            };
            page(StatusCode::UNPROCESSABLE_ENTITY, &page_shown)
        }
    }
}

pub(super) async fn clear(State(sandbox): State<Sandbox>) -> Response {
    sandbox.set_faults(Faults::default());
    Redirect::to("/sandbox/faults?saved=1").into_response()
}

/// The form as the document that the control API takes: `texts.drop_after=3` and the like.
fn document(fields: &[(String, String)]) -> Result<Value, FaultProblem> {
    let known = serde_json::to_value(Faults::default())
        .expect("faults are plain numbers, switches and lists");
    let mut document = Map::new();
    for (name, text) in fields {
        let (group, field) = name.split_once('.').unwrap_or((name, ""));
        let value = match known.get(group).and_then(|group| group.get(field)) {
            Some(Value::Bool(_)) => Value::Bool(true),
            Some(Value::Array(_)) => {
                let entries = text.split(|letter: char| letter.is_whitespace() || letter == ',');
                entries.filter(|entry| !entry.is_empty()).collect()
            }
            // An empty box is as good as a zero; the checks of the document say no to the rest.
            _ if text.trim().is_empty() => Value::from(0),
            _ => text
                .trim()
                .parse::<u64>()
                .map_or_else(|_| Value::from(text.as_str()), Value::from),
        };
        let group = document
            .entry(group)
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(group) = group {
            group.insert(field.to_owned(), value);
        }
    }
    Ok(Value::Object(document))
}
