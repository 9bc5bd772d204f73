//! The API's own description (OpenAPI 3.1), made from the handlers.
//!
//! What the macros cannot say once for all is added here: keys and tokens, and that every
//! error is a problem document.

use std::sync::Arc;

use axum::Extension;
use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Value, json};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};

use crate::problem::Code;

/// The document as it is served: written once, when the router is made.
#[derive(Clone)]
pub(crate) struct Served(Arc<str>);

impl Served {
    pub(crate) fn new(document: OpenApi) -> Self {
        Self(write(complete(document)).into())
    }
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "running",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object)))]
pub(crate) async fn openapi(Extension(document): Extension<Served>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        document.0.to_string(),
    )
}

/// The description of the API, as text; `docs/reference/openapi.json` is this.
pub fn document() -> String {
    write(complete(crate::router::described().into_openapi()))
}

/// What stands around the calls.
pub(crate) fn frame() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Tidings")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Events go in, messages go out, and everything stands in the Message Center. \
             Errors are problem documents (RFC 9457); lists are paged by cursor.",
        ))
        .build();
    OpenApiBuilder::new().info(info).build()
}

fn write(document: Value) -> String {
    let mut text = serde_json::to_string_pretty(&document)
        .expect("a JSON value with text keys can always be written");
    text.push('\n');
    text
}

/// Adds the security schemes, and to each call the problems it may answer.
fn complete(document: OpenApi) -> Value {
    let mut document =
        serde_json::to_value(document).expect("the document is made of maps, lists and texts");
    let codes: Vec<_> = Code::ALL
        .iter()
        .map(|code| format!("/problems/{}", code.as_str()))
        .collect();
    document["components"]["schemas"]["Problem"] = json!({
        "type": "object",
        "description": "What went wrong (RFC 9457).",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "enum": codes, "description": "Stable; for programs."},
            "title": {"type": "string", "description": "The kind of problem in plain words."},
            "status": {"type": "integer", "description": "The status of the answer."},
            "detail": {"type": "string", "description": "What exactly, and how to mend it."},
        },
    });
    document["components"]["securitySchemes"] = json!({
        "api_key": {"type": "http", "scheme": "bearer", "description": "`tid_live_…`, `tid_test_…` or `tid_team_…`, for the marketplace's servers."},
        "customer_token": {"type": "http", "scheme": "bearer", "description": "`tct_…` of scope `api`, for one customer's browser or app."},
    });
    let problem =
        json!({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}});
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let operations = paths.flat_map(|(_, item)| item.as_object_mut().into_iter().flatten());
    for (_, operation) in operations {
        let secured = operation.get("security").is_some();
        let Some(responses) = operation["responses"].as_object_mut() else {
            continue;
        };
        if secured {
            for (status, why) in [
                ("401", "No valid key or token."),
                ("403", "Not with this key or token."),
            ] {
                responses
                    .entry(status)
                    .or_insert_with(|| json!({"description": why}));
            }
        }
        responses.insert(
            "default".to_owned(),
            json!({"description": "Any other problem."}),
        );
        for (status, response) in responses.iter_mut() {
            let fault = status.starts_with(['4', '5']) || status == "default";
            if fault && response.get("content").is_none() {
                response["content"] = problem.clone();
            }
        }
    }
    document
}
