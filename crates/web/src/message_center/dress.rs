//! Puts the error pages on: what a browser asked for and cannot have is answered in the
//! look of all pages, for the person who is signed in.

use axum::extract::{Request, State};
use axum::http::response::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::signed_in::{SignedIn, frame};
use crate::App;
use crate::page::{self, ErrorKind, ErrorPage, Place};
use crate::problem::Problem;
use crate::session::find_viewer;

/// Middleware of all pages.
pub(crate) async fn dress(State(app): State<App>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let response = next.run(request).await;
    let kind = response.extensions().get::<ErrorKind>().copied();
    match kind.or_else(|| kind_of_bare(&response, &headers)) {
        Some(kind) => {
            let (bare, _) = response.into_parts();
            error_page(&app, &headers, kind, bare).await
        }
        None => response,
    }
}

/// The answer to what no route takes: a page for browsers, a problem for programs.
pub(crate) async fn nothing_here(State(app): State<App>, headers: HeaderMap) -> Response {
    if page::wants_html(&headers) {
        let (bare, _) = StatusCode::NOT_FOUND.into_response().into_parts();
        let page = error_page(&app, &headers, ErrorKind::NotFound, bare).await;
        return crate::page_security::add_headers(State(app), page).await;
    }
    Problem::not_found("page or call").into_response()
}

/// The framework's own bare errors (an unreadable path, query or form).
fn kind_of_bare(response: &Response, headers: &HeaderMap) -> Option<ErrorKind> {
    let bare = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !bare || !page::wants_html(headers) {
        return None;
    }
    match response.status() {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Some(ErrorKind::NotFound),
        StatusCode::PAYLOAD_TOO_LARGE => Some(ErrorKind::TooLarge),
        status if status.is_client_error() => Some(ErrorKind::Unreadable),
        status if status.is_server_error() => Some(ErrorKind::Broken),
        _ => None,
    }
}

async fn error_page(app: &App, headers: &HeaderMap, kind: ErrorKind, bare: Parts) -> Response {
    // Without a store there is no viewer either; the page says what it can.
    let viewer = find_viewer(app, headers).await.ok().flatten();
    let page = match viewer {
        Some(viewer) => SignedIn(viewer).page(app, Place::Elsewhere, 0),
        None => frame(app, Place::Elsewhere),
    };
    let mut response = page::html(bare.status, &ErrorPage { page, kind });
    for name in [header::WWW_AUTHENTICATE, header::ALLOW] {
        if let Some(value) = bare.headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}
