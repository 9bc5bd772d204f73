//! The HTML of a mail by itself, for the frames that show it.
//!
//! Exactly what a mail program gets, so it brings its own styles; the policy lets it load
//! and run nothing else.

use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use pipeline::render::{self, Short};

use super::Asked;
use crate::App;
use crate::message_center::signed_in::PageError;
use crate::page::ErrorKind;

/// For what others have written: no scripts, no forms, nothing fetched, framed by us only.
const POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
    form-action 'none'; base-uri 'none'; frame-ancestors 'self'";

/// `GET /console/catalogue/{type}/mail`
pub(crate) async fn show(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let html = body(&app, &name, &asked).ok_or(PageError::Shown(ErrorKind::NotFound))?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::VARY, "Cookie"),
    ];
    Ok((headers, html).into_response())
}

/// None where there is no such type, where it takes no mail, and where none can be made.
fn body(app: &App, name: &str, asked: &Asked) -> Option<String> {
    let (catalogue, brand) = (app.pipeline().catalogue(), app.pipeline().brand());
    let entry = catalogue.get(name)?;
    let sample = asked.sample(&catalogue, entry)?;
    let locale = asked.locale(&catalogue);
    let made = Short::of_sample(&catalogue, brand, (entry, sample), locale).ok()?;
    let mail = render::mail(&catalogue, brand, &made.content).ok()?;
    Some(mail.html)
}
