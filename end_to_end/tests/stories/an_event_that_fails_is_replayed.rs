//! An event that can make no message is kept, listed with its reason, and tried again
//! when the cause is mended.

use serde_json::{Value, json};

use crate::world::{World, customer, event, order};

#[tokio::test]
async fn each_failure_is_listed_and_the_mended_one_is_replayed() {
    let world = World::start().await;
    world.put(&[customer("ines", 21)]).await;
    for (id, kind, subject, data, reason) in [
        (
            "e-1",
            "order.confirmed",
            "nobody",
            order("MG-1"),
            "unknown_recipient",
        ),
        (
            "e-2",
            "order.teleported",
            "ines",
            order("MG-2"),
            "unknown_type",
        ),
        (
            "e-3",
            "order.confirmed",
            "ines",
            json!({"order": {"number": "MG-3"}}),
            "bad_data",
        ),
    ] {
        let answer = world
            .http
            .post("/v1/events", &event(id, kind, subject, data))
            .await;
        assert_eq!(answer.status, 202, "accepted: it is on disk; {answer:?}");
        let answer = answer.json();
        assert_eq!(
            (answer["accepted"].as_u64(), answer["failed_total"].as_u64()),
            (Some(1), Some(1))
        );
        assert_eq!(answer["failed"][0]["reason"], reason, "{answer}");
    }
    assert!(world.messages("ines").await.is_empty());
    let listed = listed(&world).await;
    let ids: Vec<&str> = listed
        .iter()
        .map(|failed| failed["event_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["e-3", "e-2", "e-1"], "newest first");
    let replay = |place: usize| {
        format!(
            "/v1/failed-events/{}/replay",
            listed[place]["id"].as_str().unwrap()
        )
    };

    let still = world.http.post(&replay(2), &json!({})).await.json();
    assert_eq!(
        (&still["replayed"], &still["reason"]),
        (&json!(false), &json!("unknown_recipient"))
    );
    world.put(&[customer("nobody", 22)]).await;
    let mended = world.http.post(&replay(2), &json!({})).await;
    assert_eq!(mended.json()["replayed"], true, "{mended:?}");
    world.delivery("nobody", "email", "accepted").await;
    let again = world.http.post(&replay(2), &json!({})).await;
    assert_eq!(again.status, 409, "{again:?}");
    assert_eq!(world.messages("nobody").await.len(), 1);
    assert_eq!(self::listed(&world).await.len(), 2);
    world.end().await;
}

async fn listed(world: &World) -> Vec<Value> {
    let answer = world.http.get("/v1/failed-events").await;
    answer.json()["failed_events"].as_array().unwrap().clone()
}
