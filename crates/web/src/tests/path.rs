//! The console: who gets in, and what the path of a message shows.

use axum::Router;
use axum::http::StatusCode;
use model::{Category, EventId, FailureReason, Lane, Mode, Partition, Sealed};
use store::{AcceptedEvent, AcceptedResult};

use super::world::{Call, World};
use crate::WebConfig;

fn demo() -> WebConfig {
    WebConfig {
        demo: true,
        secure_cookies: false,
        ..WebConfig::default()
    }
}

/// Base64 with its padding, for the header.
fn basic(key: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes = format!("operator:{key}").into_bytes();
    let mut text = String::from("Basic ");
    for chunk in bytes.chunks(3) {
        let three = [
            chunk[0],
            *chunk.get(1).unwrap_or(&0),
            *chunk.get(2).unwrap_or(&0),
        ];
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at > chunk.len() {
                '='
            } else {
                letter as char
            });
        }
    }
    text
}

async fn failed(world: &World, mode: Mode) -> EventId {
    let now = world.clock.now();
    let store = world.app.store();
    let id: EventId = store.ids().next(Partition::of("c-42"), now);
    let event = model::Event {
        key: model::EventKey {
            source: "/shop".into(),
            id: format!("odd-{mode}"),
        },
        event_type: "order.exploded".into(),
        subject: "c-42".into(),
        time: now,
        data: serde_json::Map::new(),
        mode,
        as_of: None,
    };
    let envelope = serde_json::json!({
        "specversion": "1.0", "id": event.key.id, "source": "/shop", "type": "order.exploded",
        "subject": "c-42", "time": now.to_string(), "data": {},
    });
    let accepted = AcceptedEvent {
        id,
        accepted_at: now,
        event,
        result: AcceptedResult::Failed {
            reason: FailureReason::UnknownType,
            detail: "the catalogue has no message type `order.exploded`".into(),
            envelope: Sealed::new(envelope.to_string()),
        },
    };
    store
        .commit_accepted(Lane::Normal, vec![accepted])
        .await
        .unwrap();
    id
}

#[tokio::test]
async fn the_path_shows_every_hop_and_no_address() {
    let world = World::with(demo(), Router::new()).await;
    let facts = world.customer("c-42").await;
    world
        .message(&facts, "Order confirmed", Category::Orders)
        .await;
    let page = world.call(Call::get("/path")).await;
    assert_eq!(page.status, StatusCode::OK);
    for shown in [
        "Order confirmed",
        "order.confirmed",
        "/shop",
        "c-42",
        "contact has_phone",
        "···29",
        "scheduled",
    ] {
        assert!(page.body.contains(shown), "{shown}");
    }
    assert!(!page.body.contains("+12535550129") && !page.body.contains("c-42@customers"));
    let part = world.call(Call::get("/path?fragment=hops")).await;
    assert!(part.body.contains("id=\"hops\"") && !part.body.contains("<script"));
}

#[tokio::test]
async fn outside_the_demo_it_takes_a_key() {
    let world = World::new().await;
    let closed = world
        .call(Call::get("/path").header("accept", "text/html"))
        .await;
    assert_eq!(closed.status, StatusCode::UNAUTHORIZED);
    assert!(closed.header("www-authenticate").starts_with("Basic "));
    assert!(closed.body.contains("Only with a key"));
    let wrong = format!("{}x", &world.live[..world.live.len() - 1]);
    let wrong = world
        .call(Call::get("/path").header("authorization", &basic(&wrong)))
        .await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    let open = world
        .call(Call::get("/path").header("authorization", &basic(&world.test)))
        .await;
    assert_eq!(open.status, StatusCode::OK);
}

#[tokio::test]
async fn a_failed_event_is_named_and_can_be_tried_again() {
    let world = World::new().await;
    let id = failed(&world, Mode::Live).await;
    let key = basic(&world.live);
    let page = world
        .call(Call::get("/path").header("authorization", &key))
        .await;
    assert!(page.body.contains("The catalogue has no such message type"));
    let again = |key: &str| {
        Call::post(&format!("/path/failed/{id}/again"))
            .header("sec-fetch-site", "same-origin")
            .header("authorization", key)
    };
    let refused = world.call(again(&basic(&world.test))).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let tried = world.call(again(&key)).await;
    assert_eq!(tried.status, StatusCode::SEE_OTHER);
    assert_eq!(tried.header("location"), "/path?retried=failing");
    let page = Call::get("/path?retried=failing").header("authorization", &key);
    assert!(world.call(page).await.body.contains("it still fails"));
    let missing = Call::post("/path/failed/evt_0000000000000/again")
        .header("sec-fetch-site", "same-origin")
        .header("authorization", &key);
    assert_eq!(world.call(missing).await.status, StatusCode::NOT_FOUND);
}
