//! Errors of every kind are problem documents, and pages carry their protection.

use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use futures_util::stream;
use serde_json::json;

use super::world::{Call, World};
use crate::WebConfig;
use crate::problem::Code;

fn pages() -> Router {
    Router::new()
        .route(
            "/panics",
            get(async || -> &'static str { panic!("a secret") }),
        )
        .route("/form", post(async || "taken"))
        .route("/slow", get(std::future::pending::<&'static str>))
}

#[tokio::test]
async fn what_the_framework_answers_is_a_problem_too() {
    let world = World::new().await;
    let nowhere = world.call(Call::get("/v2/nothing")).await;
    insta::assert_snapshot!("nowhere", nowhere.shown());
    let method = world.call(Call::method("PATCH", "/v1/customers/c-1")).await;
    insta::assert_snapshot!("method", method.shown());
    assert!(
        method.header("allow").contains("GET"),
        "{}",
        method.header("allow")
    );
    let path = world.live(Call::get("/v1/customers/%ff")).await;
    assert_eq!(path.problem(), "bad-request");
    let kind = world
        .live(Call::put("/v1/customers/c-1").body("text/plain", "{}"))
        .await;
    insta::assert_snapshot!("media_type", kind.shown());
    let json = world
        .live(Call::put("/v1/customers/c-1").body("application/json", "{\"name\": }"))
        .await;
    insta::assert_snapshot!("bad_json", json.shown());
    let long = format!("\"{}\"", "x".repeat(70_000));
    let large = world
        .live(Call::put("/v1/customers/c-1").body("application/json", long))
        .await;
    insta::assert_snapshot!("too_large", large.shown());
    let deep = "[".repeat(100) + &"]".repeat(100);
    let deep = world
        .live(Call::put("/v1/customers/c-1").body("application/json", deep))
        .await;
    insta::assert_snapshot!("too_deep", deep.shown());
}

#[tokio::test]
async fn a_panic_is_answered_without_its_words() {
    let world = World::with(WebConfig::default(), pages()).await;
    let answer = world.call(Call::get("/panics")).await;
    insta::assert_snapshot!(answer.shown());
    assert_eq!(world.call(Call::get("/healthz")).await.status, 200);
}

#[tokio::test]
async fn what_takes_too_long_is_ended() {
    let config = WebConfig {
        request_timeout: std::time::Duration::from_millis(5),
        ..WebConfig::default()
    };
    let world = World::with(config, pages()).await;
    assert_eq!(world.call(Call::get("/slow")).await.problem(), "timeout");
    let silent = stream::pending::<Result<Bytes, std::io::Error>>();
    let body = axum::body::Body::from_stream(silent);
    let call = Call::post("/v1/events").body("application/x-ndjson", body);
    let answer = world.live(call).await;
    assert_eq!(answer.problem(), "timeout");
    assert_eq!(answer.json()["answer"]["accepted"], 0);
}

#[tokio::test]
async fn forms_from_other_sites_are_refused() {
    let world = World::with(WebConfig::default(), pages()).await;
    let form = || Call::post("/form").header("host", "127.0.0.1:8080");
    let foreign = form().header("sec-fetch-site", "cross-site");
    insta::assert_snapshot!(world.call(foreign).await.shown());
    let origin = form().header("origin", "https://evil.example");
    assert_eq!(world.call(origin).await.problem(), "cross-site");
    let own = form().header("sec-fetch-site", "same-origin");
    assert_eq!(world.call(own).await.body, "taken");
    assert_eq!(world.call(form()).await.body, "taken", "no browser at all");
}

#[tokio::test]
async fn pages_carry_their_protection() {
    let world = World::with(WebConfig::default(), pages()).await;
    let page = world.call(Call::post("/form")).await;
    for (name, part) in [
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'",
        ),
        (
            "content-security-policy",
            "require-trusted-types-for 'script'; trusted-types app",
        ),
        ("cross-origin-opener-policy", "same-origin"),
        ("referrer-policy", "same-origin"),
        ("permissions-policy", "camera=()"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, no-store"),
        ("strict-transport-security", "max-age"),
    ] {
        assert!(
            page.header(name).contains(part),
            "{name}: {}",
            page.header(name)
        );
    }
    assert!(!page.header("content-security-policy").contains("  "));
}

#[tokio::test]
async fn each_request_has_an_id() {
    let world = World::new().await;
    let fresh = world.call(Call::get("/healthz")).await;
    assert_eq!(fresh.header("x-request-id").len(), 16);
    let given = Call::get("/healthz").header("x-request-id", "abc-1.2_3");
    assert_eq!(world.call(given).await.header("x-request-id"), "abc-1.2_3");
    let odd = Call::get("/healthz").header("x-request-id", "a b");
    assert_ne!(world.call(odd).await.header("x-request-id"), "a b");
}

#[tokio::test]
async fn health_and_measurements_are_open() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let world = World::new().await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(
            world.call(Call::get(path)).await.json(),
            json!({"status": "ok"})
        );
    }
    assert_eq!(world.call(Call::get("/metrics")).await.status, 200);
    world.live(Call::get("/v1/customers/secret-id?x=1")).await;
    world.call(Call::get("/secret-path")).await;
    world.call(Call::method("SECRET", "/healthz")).await;
    let text = handle.render();
    assert!(
        text.contains("route=\"/v1/customers/{id}\",method=\"GET\",status=\"404\""),
        "{text}"
    );
    assert!(text.contains("route=\"unmatched\",method=\"GET\",status=\"404\""));
    assert!(text.contains("method=\"other\""));
    assert!(!text.to_lowercase().contains("secret"));
}

#[test]
fn every_code_is_explained_in_the_guide() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guides/api.md");
    let guide = std::fs::read_to_string(path).unwrap();
    for code in Code::ALL {
        let row = format!("| `{}` | {} |", code.as_str(), code.status().as_u16());
        assert!(
            guide.contains(&row),
            "docs/guides/api.md lacks the row {row}"
        );
    }
}
