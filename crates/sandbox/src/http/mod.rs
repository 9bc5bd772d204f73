//! The sandbox over HTTP: screens for people, a control API for tests.
//!
//! It changes nothing but the sandbox itself. Sign-in, cross-site checks and
//! everything else that guards a site are the business of whoever mounts it.

mod api;
mod assets;
mod live;
mod problem;
mod screens;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;

use crate::sandbox::Sandbox;

/// Forms, faults and texts are small.
const LONGEST_BODY: usize = 256 * 1024;

const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
     connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(crate) fn router(sandbox: Sandbox) -> Router {
    Router::new()
        .merge(screens::routes())
        .merge(api::routes())
        .merge(live::routes())
        .merge(assets::routes())
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(map_response(guard))
        .with_state(sandbox)
}

/// What is said here comes from strangers' mails: the browser must not guess at it.
async fn guard(mut response: Response) -> Response {
    let defaults: [(HeaderName, &'static str); 4] = [
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in defaults {
        let entry = response.headers_mut().entry(name);
        entry.or_insert(HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
