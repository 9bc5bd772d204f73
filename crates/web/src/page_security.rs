//! The headers that keep a page a page: what it may load, who may frame it, what it tells
//! others. A route that needs less (a mail preview in a frame) sets its own and keeps it.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;

use crate::App;

/// Scripts and styles from this server only, no inline ones, no framing by others, and
/// markup made by script only through the policy named `app`.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; \
    frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types app";

const PERMISSIONS_POLICY: &str = "accelerometer=(), autoplay=(), camera=(), \
    display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), \
    midi=(), payment=(), usb=()";

/// Adds what the answer does not say itself.
pub(crate) async fn add_headers(State(app): State<App>, mut response: Response) -> Response {
    let headers = response.headers_mut();
    let mut add = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    add(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    add(header::REFERRER_POLICY, "same-origin");
    add(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    add(header::CACHE_CONTROL, "private, no-store");
    add(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    add(
        HeaderName::from_static("permissions-policy"),
        PERMISSIONS_POLICY,
    );
    if app.config().secure_cookies {
        add(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}
