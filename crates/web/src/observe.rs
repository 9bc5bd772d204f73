//! One log line and one set of measurements a request, by route template.
//!
//! Never a path as it came, never a query string, never a header's value: those hold ids,
//! tokens and what people search for.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;

use crate::App;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Measures and logs a request, and gives its answer a request id.
pub(crate) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let method = known_method(request.method());
    let id = given_id(&request).or_else(|| fresh_id(&app));
    let mut response = next.run(request).await;
    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    metrics::counter!("tidings_http_requests_total",
        "route" => route.clone(), "method" => method, "status" => status.to_string())
    .increment(1);
    metrics::histogram!("tidings_http_request_seconds", "route" => route.clone(), "method" => method)
        .record(elapsed.as_secs_f64());
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    let shown = id.as_ref().and_then(|id| id.to_str().ok()).unwrap_or("");
    if status >= 500 {
        tracing::warn!(
            request.id = shown,
            method,
            route,
            status,
            millis,
            "request failed"
        );
    } else {
        tracing::debug!(
            request.id = shown,
            method,
            route,
            status,
            millis,
            "request answered"
        );
    }
    if let Some(id) = id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// A method nobody knows must not make a new series.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The id a proxy gave, if it is harmless in a log.
fn given_id(request: &Request) -> Option<HeaderValue> {
    let given = request.headers().get(&REQUEST_ID)?;
    let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    let fits = (1..=64).contains(&given.len()) && given.as_bytes().iter().all(harmless);
    fits.then(|| given.clone())
}

fn fresh_id(app: &App) -> Option<HeaderValue> {
    let bytes = app.random_bytes::<12>().ok()?;
    HeaderValue::from_str(&crate::base64url::encode(&bytes)).ok()
}
