//! The one style sheet and the one script, built into the binary.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::sandbox::Sandbox;

const CSS: &str = include_str!("../../assets/sandbox.css");
const SCRIPT: &str = include_str!("../../assets/live.js");
/// Short, because the addresses do not change when the contents do.
const CACHING: &str = "max-age=300";

pub(super) fn routes() -> Router<Sandbox> {
    Router::new()
        .route(
            "/sandbox/sandbox.css",
            get(async || asset("text/css; charset=utf-8", CSS)),
        )
        .route(
            "/sandbox/live.js",
            get(async || asset("text/javascript; charset=utf-8", SCRIPT)),
        )
}

fn asset(kind: &'static str, content: &'static str) -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, CACHING),
        ],
        content,
    )
}
