//! The Message Center over the API: lists, one message, flags, changes.

use model::Category;
use serde_json::{Value, json};

use super::world::{Call, World};

fn titles(answer: &Value) -> Vec<&str> {
    let messages = answer["messages"].as_array().unwrap().iter();
    messages
        .map(|message| message["title"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_mailbox_is_listed_page_by_page_and_filtered() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    for (title, category) in [
        ("Lamp confirmed", Category::Orders),
        ("Chair confirmed", Category::Orders),
        ("Sign-in code", Category::Account),
    ] {
        world.message(&facts, title, category).await;
    }
    let list = async |query: &str| {
        let path = format!("/v1/customers/c-42/messages{query}");
        world.live(Call::get(&path)).await
    };
    let first = list("?limit=2").await;
    insta::assert_snapshot!(first.shown());
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let second = list(&format!("?limit=2&cursor={cursor}")).await.json();
    assert_eq!(titles(&second), ["Lamp confirmed"]);
    assert_eq!(second["next_cursor"], Value::Null);
    for (query, expected) in [
        ("?category=account", vec!["Sign-in code"]),
        ("?unread=true&q=cha", vec!["Chair confirmed"]),
        ("?from=nobody", vec![]),
        ("?order=o-2", vec![]),
        ("?since=2026-02-01T12:00:03%2B00:00", vec!["Sign-in code"]),
        ("?until=2026-02-01T12:00:02Z", vec!["Lamp confirmed"]),
        ("?deleted=true", vec![]),
    ] {
        assert_eq!(titles(&list(query).await.json()), expected, "{query}");
    }
    let misspelt = list("?categry=orders").await;
    insta::assert_snapshot!("misspelt_filter", misspelt.shown());
    for query in [
        "?category=spam",
        "?limit=0",
        "?limit=201",
        "?limit=x",
        "?cursor=evt_1",
        "?since=yesterday",
        &format!("?q={}", "x".repeat(300)),
    ] {
        assert_eq!(list(query).await.problem(), "bad-request", "{query}");
    }
}

#[tokio::test]
async fn a_message_shows_the_whole_of_its_path() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let id = world
        .message(&facts, "Lamp confirmed", Category::Orders)
        .await;
    let got = world.live(Call::get(&format!("/v1/messages/{id}"))).await;
    assert!(!got.body.contains("5550129"), "contacts are masked");
    insta::assert_snapshot!(got.without_words().shown());
    let unknown = world
        .live(Call::get("/v1/messages/msg_0123456789abc"))
        .await;
    assert_eq!(unknown.problem(), "not-found");
    let wrong = world
        .live(Call::get("/v1/messages/evt_0123456789abc"))
        .await;
    insta::assert_snapshot!("not_a_message_id", wrong.shown());
}

#[tokio::test]
async fn flags_change_and_devices_are_told() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let lamp = world.message(&facts, "Lamp", Category::Orders).await;
    world.message(&facts, "Chair", Category::Orders).await;
    let changes = async |since: i64| {
        let path = format!("/v1/customers/c-42/changes?since={since}");
        world.live(Call::get(&path)).await.json()
    };
    let all = changes(0).await;
    assert_eq!(titles(&all), ["Lamp", "Chair"]);
    let known = all["revision"].as_i64().unwrap();
    assert_eq!(titles(&changes(known).await), [""; 0]);

    let read = || Call::post(&format!("/v1/messages/{lamp}/read"));
    assert_eq!(world.live(read()).await.status, 204);
    let unread = world.live(Call::get("/v1/customers/c-42/unread")).await;
    insta::assert_snapshot!(unread.shown());
    let told = changes(known).await;
    assert_eq!(titles(&told), ["Lamp"]);
    assert_eq!(told["messages"][0]["read_at"], "2026-02-01T12:00:02Z");
    assert_eq!(
        world
            .live(read().json(&json!({"read": false})))
            .await
            .status,
        204
    );
    let unread = world.live(Call::get("/v1/customers/c-42/unread")).await;
    assert_eq!(unread.json()["total"], 2);
    let misspelt = world.live(read().json(&json!({"raed": false}))).await;
    assert_eq!(misspelt.problem(), "bad-json");
    assert!(misspelt.body.contains("raed"), "{}", misspelt.body);

    let delete = Call::delete(&format!("/v1/messages/{lamp}"));
    assert_eq!(world.live(delete).await.status, 204);
    let list = world.live(Call::get("/v1/customers/c-42/messages")).await;
    assert_eq!(titles(&list.json()), ["Chair"]);
    let restore = Call::post(&format!("/v1/messages/{lamp}/restore"));
    assert_eq!(world.live(restore).await.status, 204);
    let list = world.live(Call::get("/v1/customers/c-42/messages")).await;
    assert_eq!(titles(&list.json()), ["Chair", "Lamp"]);
}

#[tokio::test]
async fn what_is_destroyed_cannot_be_restored() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let id = world.message(&facts, "Lamp", Category::Orders).await;
    world
        .live(Call::delete(&format!("/v1/messages/{id}")))
        .await;
    world.clock.advance(model::Span::days(31));
    let now = world.clock.now();
    let purged = world.app.store().purge_deleted(now, 10).await.unwrap();
    assert_eq!(purged, 1);
    let restore = Call::post(&format!("/v1/messages/{id}/restore"));
    insta::assert_snapshot!(world.live(restore).await.shown());
}
