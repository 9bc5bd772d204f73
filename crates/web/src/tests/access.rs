//! Who may call what.

use model::Span;
use serde_json::json;

use super::world::{Call, World};

#[tokio::test]
async fn without_a_key_nothing_is_answered() {
    let world = World::new().await;
    for (header, why) in [
        ("", "Send `Authorization"),
        ("Basic abc", "Send `Authorization"),
        ("Bearer hello", "not an API key"),
        ("Bearer tct_AAAA.AAAA", "not made here"),
    ] {
        let answer = world
            .call(Call::get("/v1/keys").header("authorization", header))
            .await;
        assert_eq!(answer.problem(), "unauthorized");
        assert_eq!(answer.status, 401);
        assert_eq!(
            answer.header("www-authenticate"),
            "Bearer realm=\"tidings\""
        );
        assert!(answer.body.contains(why), "{}", answer.body);
    }
    let mut wrong = world.live.clone();
    wrong.pop();
    wrong.push(if world.live.ends_with('A') { 'E' } else { 'A' });
    let answer = world.call(Call::get("/v1/keys").bearer(&wrong)).await;
    insta::assert_snapshot!(answer.shown());
    let other_mode = world.test.replace("tid_test_", "tid_live_");
    let answer = world.call(Call::get("/v1/keys").bearer(&other_mode)).await;
    assert_eq!(answer.problem(), "unauthorized");
}

#[tokio::test]
async fn keys_are_made_listed_and_taken_back_with_a_live_key() {
    let world = World::new().await;
    let body = json!({"name": "order service", "mode": "test"});
    let refused = world.test(Call::post("/v1/keys").json(&body)).await;
    insta::assert_snapshot!("keys_refused", refused.shown());
    let made = world.live(Call::post("/v1/keys").json(&body)).await;
    assert_eq!(made.status, 201);
    let made = made.json();
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    assert!(key.starts_with(&id.replace("key_", "tid_test_")));
    assert_eq!(key.len(), "tid_test_".len() + 13 + 1 + 43);

    let listed = world.live(Call::get("/v1/keys")).await;
    assert!(!listed.body.contains(key));
    insta::assert_snapshot!("keys_listed", listed.shown());

    world.customer("c-42").await;
    let look = || Call::get("/v1/customers/c-42").bearer(key);
    assert_eq!(world.call(look()).await.status, 200);
    let revoke = || Call::delete(&format!("/v1/keys/{id}"));
    assert_eq!(world.live(revoke()).await.status, 204);
    assert_eq!(world.call(look()).await.problem(), "unauthorized");
    let unknown = world.live(Call::delete("/v1/keys/key_0123456789abc")).await;
    assert_eq!(unknown.problem(), "not-found");

    for (body, problem) in [
        (json!({"name": "", "mode": "live"}), "invalid"),
        (json!({"name": "x", "mode": "free"}), "bad-json"),
        (json!({"name": "x", "mode": "live", "scope": 1}), "bad-json"),
    ] {
        let answer = world.live(Call::post("/v1/keys").json(&body)).await;
        assert_eq!(answer.problem(), problem, "{body}");
    }
}

#[tokio::test]
async fn a_key_taken_back_elsewhere_stops_within_ten_seconds() {
    let world = World::new().await;
    world.customer("c-42").await;
    let look = || Call::get("/v1/customers/c-42");
    assert_eq!(world.test(look()).await.status, 200);
    let keys = world.app.store().api_keys().await.unwrap();
    let key = keys.iter().find(|key| key.name == "test").unwrap();
    let now = world.clock.now();
    world.app.store().revoke_api_key(key.id, now).await.unwrap();
    world.clock.advance(Span::secs(10));
    assert_eq!(world.test(look()).await.status, 401);
}

#[tokio::test]
async fn a_customers_token_reaches_that_customer_only() {
    let world = World::new().await;
    let own = world.customer("c-42").await;
    let other = world.customer("c-43").await;
    let mine = world.message(&own, "Mine", model::Category::Orders).await;
    let theirs = world
        .message(&other, "Theirs", model::Category::Orders)
        .await;
    let request = Call::post("/v1/customers/c-42/tokens").json(&json!({"scope": "api"}));
    let made = world.test(request).await;
    assert_eq!(made.status, 201);
    let made = made.json();
    assert_eq!(made["expires_at"], "2026-02-01T12:15:02Z");
    assert!(made.get("sign_in_url").is_none());
    let token = made["token"].as_str().unwrap();

    for (path, status) in [
        ("/v1/customers/c-42".to_owned(), 200),
        ("/v1/customers/c-42/messages".to_owned(), 200),
        ("/v1/customers/c-42/unread".to_owned(), 200),
        ("/v1/customers/c-42/changes".to_owned(), 200),
        (format!("/v1/messages/{mine}"), 200),
        (format!("/v1/messages/{theirs}"), 404),
        ("/v1/customers/c-43".to_owned(), 403),
        ("/v1/customers/c-43/messages".to_owned(), 403),
        ("/v1/customers/c-43/live".to_owned(), 403),
        ("/v1/customers/nobody/messages".to_owned(), 403),
        ("/v1/failed-events".to_owned(), 403),
        ("/v1/keys".to_owned(), 403),
    ] {
        let answer = world.call(Call::get(&path).bearer(token)).await;
        assert_eq!(answer.status, status, "{path}");
    }
    for call in [
        Call::post(&format!("/v1/messages/{theirs}/read")),
        Call::delete(&format!("/v1/messages/{theirs}")),
        Call::post(&format!("/v1/messages/{theirs}/restore")),
    ] {
        assert_eq!(world.call(call.bearer(token)).await.problem(), "not-found");
    }
    let put = Call::put("/v1/customers/c-42").json(&json!({"name": "X"}));
    assert_eq!(world.call(put.bearer(token)).await.problem(), "forbidden");
    let events = Call::post("/v1/events").json(&json!({}));
    assert_eq!(
        world.call(events.bearer(token)).await.problem(),
        "forbidden"
    );

    world.clock.advance(Span::minutes(15));
    let late = world
        .call(Call::get("/v1/customers/c-42").bearer(token))
        .await;
    assert_eq!(late.problem(), "unauthorized");
    assert!(late.body.contains("too old"));
}

#[tokio::test]
async fn suppressions_take_a_live_key_and_one_address() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let body = json!({"phone": "+1 253 555 0129", "reason": "asked by letter"});
    let post = |body: &serde_json::Value| Call::post("/v1/suppressions").json(body);
    assert_eq!(world.test(post(&body)).await.problem(), "forbidden");
    assert_eq!(world.live(post(&body)).await.status, 204);
    let store = world.app.store();
    let facts = store
        .facts_of(vec![facts.recipient])
        .await
        .unwrap()
        .remove(0);
    let reason = facts
        .unwrap()
        .suppression(model::Channel::Sms)
        .map(str::to_owned);
    assert_eq!(reason.as_deref(), Some("asked by letter"));
    let both = json!({"phone": "+12535550129", "email": "a@b.example", "reason": "x"});
    insta::assert_snapshot!(world.live(post(&both)).await.shown());
    for body in [
        json!({"phone": "555", "reason": "x"}),
        json!({"email": "nobody", "reason": "x"}),
        json!({"email": "a@b.example", "reason": " "}),
        json!({"reason": "x"}),
    ] {
        assert_eq!(world.live(post(&body)).await.problem(), "invalid", "{body}");
    }
}
