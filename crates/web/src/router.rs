//! Every route in one place, and what stands around all of them.
//!
//! From the outside in: request id, log line and measurements; a net for panics; errors
//! as problem documents; then the API, or the pages with their own protection.

use std::any::Any;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::problem::{Code, Problem};
use crate::{
    App, api, console, health, message_center, observe, openapi, page_security, preferences, read,
    senders,
};

/// What a form of the pages may send.
const FORM_LIMIT: usize = 64 * 1024;

/// The whole web side: the API, the pages, and `extra` (the sandbox's screens) with the
/// same protection as the pages. `extra` must bring no fallback of its own.
pub fn router(app: App, extra: Router) -> Router {
    let (api, document) = described().split_for_parts();
    let api = api
        .layer(axum::Extension(openapi::Served::new(document)))
        .layer(from_fn(never_cache));
    let pages = message_center::router()
        .merge(console::router(&app))
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .layer(from_fn_with_state(
            app.clone(),
            message_center::dress::dress,
        ))
        .with_state(app.clone())
        .merge(extra)
        .layer(same_site(&app))
        .merge(one_click(&app))
        .layer(map_response_with_state(
            app.clone(),
            page_security::add_headers,
        ));
    api.with_state(app.clone())
        .merge(pages)
        .layer(from_fn_with_state(app.clone(), in_time))
        .fallback_service(any(message_center::dress::nothing_here).with_state(app.clone()))
        .layer(from_fn(problems_only))
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(from_fn_with_state(app, observe::observe))
}

/// The API with its description: a route that is not described cannot be added here.
pub(crate) fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::frame())
        .routes(routes!(
            api::customers::put::put_customer,
            api::customers::get::get_customer
        ))
        .routes(routes!(api::customers::token::create_token))
        .routes(routes!(api::customers::messages::list_messages))
        .routes(routes!(api::customers::unread::unread_counts))
        .routes(routes!(api::customers::changes::changes))
        .routes(routes!(api::customers::live::live))
        .routes(routes!(
            api::messages::get::get_message,
            api::messages::delete::delete_message
        ))
        .routes(routes!(api::messages::read::mark_read))
        .routes(routes!(api::messages::restore::restore_message))
        .routes(routes!(api::failed_events::list::list_failed_events))
        .routes(routes!(api::failed_events::replay::replay_failed_event))
        .routes(routes!(api::customers::texts_estimate::texts_estimate))
        .routes(routes!(api::customers::consent::consent))
        .routes(routes!(api::customers::missing::missing))
        .routes(routes!(api::customers::contacts::list_contacts))
        .routes(routes!(api::customers::contacts::send_code))
        .routes(routes!(api::customers::contacts::check_code))
        .routes(routes!(
            api::customers::preferences::get_preferences,
            api::customers::preferences::put_preferences
        ))
        .routes(routes!(api::costs::list::list_costs))
        .routes(routes!(api::costs::budgets::list_budgets))
        .routes(routes!(api::costs::prices::record_prices))
        .routes(routes!(
            api::suppressions::create::create_suppression,
            api::suppressions::list::list_suppressions
        ))
        .routes(routes!(api::suppressions::search::search_suppressions))
        .routes(routes!(api::suppressions::get::get_suppression))
        .routes(routes!(api::suppressions::undo::undo_suppression))
        .routes(routes!(
            api::keys::list::list_keys,
            api::keys::create::create_key
        ))
        .routes(routes!(api::keys::revoke::revoke_key))
        .routes(routes!(senders::message_senders))
        .routes(routes!(senders::message_senders_jws))
        .routes(routes!(senders::message_senders_jwks))
        .routes(routes!(openapi::openapi))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(api::events::post::post_events))
        .routes(routes!(api::customers::import::import_customers))
        .routes(routes!(api::consents::import::import_consents))
}

/// What mail programs post to, from another origin by its nature.
fn one_click(app: &App) -> Router {
    preferences::one_click()
        .layer(from_fn_with_state(
            app.clone(),
            message_center::dress::dress,
        ))
        .with_state(app.clone())
}

/// Refuses what a browser sends from another site: forms of the pages act on cookies.
fn same_site(app: &App) -> CsrfLayer<fn(ProtectionError) -> Response> {
    let refuse: fn(ProtectionError) -> Response = |_| {
        Problem::new(
            Code::CrossSite,
            "Open the page here and send the form again.",
        )
        .into_response()
    };
    CsrfLayer::new()
        .add_trusted_origin(&app.config().public_url)
        .unwrap_or_else(|error| {
            tracing::warn!(%error, "the public address is no origin; behind a proxy, forms may be refused");
            CsrfLayer::new()
        })
        .with_rejection_response(refuse)
}

/// Ends what takes too long before its answer begins. Streams of lines are left out:
/// they last as long as the sender writes, and bound each silence instead.
async fn in_time(State(app): State<App>, request: Request, next: Next) -> Response {
    if read::is_long_body(request.headers()) {
        return next.run(request).await;
    }
    let limit = app.config().request_timeout;
    let answer = tokio::time::timeout(limit, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        let seconds = limit.as_secs();
        Problem::new(
            Code::Timeout,
            format!("The request was not complete or not answered after {seconds} seconds."),
        )
        .into_response()
    })
}

/// Answers of the API hold personal data; no cache on the way may keep them, but for those
/// that say so themselves.
async fn never_cache(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// Turns the bare errors of the framework (no such method, unreadable path) into problem
/// documents; what a handler wrote itself stays.
async fn problems_only(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let bare = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !bare || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (code, detail) = match status {
        StatusCode::NOT_FOUND => (Code::NotFound, "There is no such page or call."),
        StatusCode::METHOD_NOT_ALLOWED => (
            Code::MethodNotAllowed,
            "The header Allow names the methods this path takes.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => {
            (Code::TooLarge, "The body is larger than this path takes.")
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            Code::UnsupportedMediaType,
            "The header Content-Type names a type this path does not take.",
        ),
        StatusCode::REQUEST_TIMEOUT => (Code::Timeout, "The request was not complete in time."),
        status if status.is_server_error() => (Code::Internal, "The log of the server says more."),
        _ => (
            Code::BadRequest,
            "The path, the query or the body cannot be read.",
        ),
    };
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut answer = Problem::new(code, detail).into_response();
    if let Some(allow) = allow {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    answer
}

/// A panic is a fault of ours: counted, logged by its place (the panic hook does), and
/// answered. Its words may hold anything and go nowhere from here.
fn after_panic(_words: Box<dyn Any + Send>) -> Response {
    metrics::counter!("tidings_http_panics_total").increment(1);
    Problem::new(
        Code::Internal,
        "The server stumbled over this request. It goes on working.",
    )
    .into_response()
}
