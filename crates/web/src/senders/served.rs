//! The files under `/.well-known/`: for carriers, spam filters and apps of anybody.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::document::Document;
use crate::App;

/// Where the signature of the very answer stands, so that nobody meets a document with the
/// signature of another hour.
const SIGNATURE: HeaderName = HeaderName::from_static("message-senders-signature");
/// Five minutes: an identity that was taken out is not long believed.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// Who may write for this marketplace: every short code, sender name, number and domain,
/// with countries and times.
#[utoipa::path(get, path = "/.well-known/message-senders.json", tag = "senders",
    responses(
        (status = 200, description = "The list. Its signature (as in `message-senders.jws`) is in the header.", body = Document,
            headers(("Message-Senders-Signature" = String, description = "Detached JWS over exactly this body."))),
        (status = 304, description = "It is the one named in `If-None-Match`.")))]
pub(crate) async fn message_senders(State(app): State<App>, headers: HeaderMap) -> Response {
    let published = app.publisher().published(&app);
    let etag = format!("\"{}\"", published.etag);
    let known = headers.get(header::IF_NONE_MATCH);
    let known = known.and_then(|known| known.to_str().ok()).unwrap_or("");
    let is_known = known
        .split(',')
        .any(|one| one.trim().trim_start_matches("W/") == etag || one.trim() == "*");
    let mut answer = public("application/json", published.document.to_string());
    if is_known {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        *answer.body_mut() = Body::empty();
    }
    let fields = answer.headers_mut();
    let mut add = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            fields.insert(name, value);
        }
    };
    add(header::ETAG, &etag);
    add(SIGNATURE, &published.signature);
    answer
}

/// The detached signature of `message-senders.json`: Ed25519, over exactly its bytes.
#[utoipa::path(get, path = "/.well-known/message-senders.jws", tag = "senders",
    responses((status = 200, description = "JWS (RFC 7515, appendix F): `header..signature`.", body = String, content_type = "application/jose")))]
pub(crate) async fn message_senders_jws(State(app): State<App>) -> Response {
    let published = app.publisher().published(&app);
    public("application/jose", published.signature.to_string())
}

/// The key that signs `message-senders.json`.
#[utoipa::path(get, path = "/.well-known/message-senders-jwks.json", tag = "senders",
    responses((status = 200, description = "JWK set (RFC 7517).", body = Object, content_type = "application/jwk-set+json")))]
pub(crate) async fn message_senders_jwks(State(app): State<App>) -> Response {
    let keys = app.publisher().signer.jwks();
    public("application/jwk-set+json", format!("{keys:#}\n"))
}

/// Anybody's page may read it, and caches may keep it for a while.
fn public(kind: &'static str, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, CACHED),
        (
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::from_static("*"),
        ),
        (
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("ETag, Message-Senders-Signature"),
        ),
    ];
    (headers, body).into_response()
}
