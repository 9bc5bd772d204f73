//! The console: what the people who run the marketplace see. For now the path of the
//! latest messages and the events that made none.
//!
//! Open in the demo, else behind an API key. Shows addresses by their ends only, and
//! changes nothing but trying a failed event again.

mod guard;
mod path;

pub(crate) mod view;

use axum::Router;
use axum::routing::{get, post};

use crate::App;
pub(crate) use view::{Retried, StepKind};

/// The routes of the console.
pub fn router() -> Router<App> {
    Router::new()
        .route("/path", get(path::show))
        .route("/path/failed/{id}/again", post(path::again))
}
