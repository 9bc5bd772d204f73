//! The description is current, and describes every call there is.

use serde_json::Value;

use super::world::{Call, World};

const KEPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/reference/openapi.json"
);

/// `UPDATE=1 cargo test -p web` writes the file anew.
#[test]
fn the_description_in_the_docs_is_current() {
    let current = crate::openapi_document();
    if option_env_update() {
        std::fs::create_dir_all(std::path::Path::new(KEPT).parent().unwrap()).unwrap();
        std::fs::write(KEPT, &current).unwrap();
    }
    let kept = std::fs::read_to_string(KEPT).unwrap_or_default();
    assert!(
        kept == current,
        "docs/reference/openapi.json is not current: UPDATE=1 cargo test -p web openapi"
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the test, not of the product"
)]
fn option_env_update() -> bool {
    std::env::var("UPDATE").is_ok_and(|value| value == "1")
}

#[tokio::test]
async fn the_served_description_is_this_one_and_every_call_in_it_exists() {
    let world = World::new().await;
    let served = world.call(Call::get("/openapi.json")).await;
    assert_eq!(served.body, crate::openapi_document());
    let document = served.json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut calls = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let call = Call::method(&method.to_uppercase(), path);
            let answer = world.call(call).await;
            assert_ne!(answer.status, 404, "{method} {path}");
            assert_ne!(answer.status, 405, "{method} {path}");
            let open = operation.get("security").is_none();
            assert_eq!(answer.status == 401, !open, "{method} {path}");
            assert!(operation["responses"]["default"]["content"].is_object());
            calls.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    calls.sort();
    insta::assert_snapshot!(calls.join("\n"));
}

/// The router takes calls only from the described one; this asks it for what might have
/// been added beside it.
#[tokio::test]
async fn nothing_under_v1_is_undescribed() {
    let world = World::new().await;
    let document: Value = serde_json::from_str(&crate::openapi_document()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["GET", "PUT", "POST", "DELETE", "PATCH"] {
            let described = item.get(method.to_lowercase()).is_some();
            let answer = world.call(Call::method(method, path)).await;
            assert_eq!(answer.status == 405, !described, "{method} {path}");
        }
    }
}
