//! The screens: overview, phone, mail, faults. Server-rendered, plain forms.
//!
//! Every word is in the templates; here is only what they show.

mod faults;
mod mail;
mod overview;
mod phone;

use askama::Template;
use axum::Router;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};

use crate::civil_time::Civil;
use crate::sandbox::Sandbox;
use crate::shared::Shared;

pub(super) fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/sandbox", get(overview::show))
        .route("/sandbox/phone", get(phone::newest))
        .route("/sandbox/phone/{number}", get(phone::show))
        .route("/sandbox/phone/{number}/reply", post(phone::reply))
        .route("/sandbox/mail", get(mail::list))
        .route("/sandbox/mail/{id}", get(mail::show))
        .route("/sandbox/mail/{id}/html", get(mail::html))
        .route("/sandbox/mail/{id}/raw", get(mail::raw))
        .route("/sandbox/faults", get(faults::show).post(faults::save))
        .route("/sandbox/faults/clear", post(faults::clear))
}

/// What every page has around it.
#[derive(Debug)]
struct Frame {
    /// Which entry of the navigation this page belongs to.
    here: &'static str,
    /// Where the link back to the host's pages goes.
    home: Option<String>,
}

impl Frame {
    fn of(shared: &Shared, here: &'static str) -> Self {
        Self {
            here,
            home: shared.config.home.clone(),
        }
    }
}

/// A moment as the pages show it; the script turns it into the reader's zone.
#[derive(Debug)]
struct Shown {
    rfc3339: String,
    date: String,
    time: String,
}

impl Shown {
    fn of(micros: i64) -> Self {
        let civil = Civil::of(micros);
        Self {
            rfc3339: civil.rfc3339(),
            date: civil.date(),
            time: civil.time_of_day(),
        }
    }
}

fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(page) => (status, Html(page)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page of the sandbox cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "missing.html")]
struct Missing {
    frame: Frame,
}

fn missing(shared: &Shared, here: &'static str) -> Response {
    let frame = Frame::of(shared, here);
    page(StatusCode::NOT_FOUND, &Missing { frame })
}
