//! Texts and a carrier on its bad days: each fault ends in a state a person can read.

use serde_json::{Value, json};

use crate::world::{World, customer, event, outcomes, parcel};

/// Whoever runs this should not wait a quarter of an hour for a doubt.
const SHORT_DOUBT: &str = "[limits]\ndoubt_seconds = 2\n";

/// A world with one customer, and their phone.
async fn scene(faults: Value) -> (World, String) {
    let world = World::with(SHORT_DOUBT).await;
    let ines = customer("ines", 51);
    world.put(std::slice::from_ref(&ines)).await;
    world.faults(&faults).await;
    (world, ines["phone"].as_str().unwrap().to_owned())
}

fn code() -> Value {
    event("e-1", "security.code", "ines", json!({"code": "482913"}))
}

#[tokio::test]
async fn a_throttled_text_is_sent_again() {
    let (world, _) = scene(json!({"texts": {"throttle_next": 2}})).await;
    world.post(&code()).await;
    let text = world.delivery("ines", "sms", "delivered").await;
    // A throttle slows the bind; the text keeps its place and is not an attempt the worse.
    assert_eq!(outcomes(&text), ["accepted"]);
    let counts = world.counts().await;
    assert_eq!(
        (&counts["texts_refused"], &counts["texts"]),
        (&json!(2), &json!(1))
    );
    world.end().await;
}

#[tokio::test]
async fn a_lost_answer_is_a_doubt_and_what_is_needed_is_sent_again() {
    let (world, phone) = scene(
        json!({"texts": {"drop_after": 1, "drop_before_answer": true, "receipts_off": true}}),
    )
    .await;
    world
        .post(&event(
            "e-1",
            "shipment.delivered",
            "ines",
            parcel("MG-1501"),
        ))
        .await;
    world.delivery("ines", "sms", "in_doubt").await;
    let text = world.delivery("ines", "sms", "accepted").await;
    assert_eq!(outcomes(&text), ["unknown", "accepted"]);
    assert_ne!(text["attempts"][0]["reason"], "", "the doubt is explained");
    assert_eq!(
        world.texts(&phone).await.len(),
        2,
        "the first one had arrived: explained, and bounded"
    );
    world.end().await;
}

#[tokio::test]
async fn a_dropped_connection_is_bound_again() {
    let (world, _) = scene(json!({"texts": {"drop_every": 1}})).await;
    for (id, number) in [("e-1", "MG-1511"), ("e-2", "MG-1512")] {
        world
            .post(&event(id, "shipment.delivered", "ines", parcel(number)))
            .await;
        let text = world.delivery("ines", "sms", "delivered").await;
        assert_eq!(outcomes(&text).last(), Some(&"accepted"), "{text}");
    }
    let counts = world.counts().await;
    assert!(counts["binds"].as_u64() >= Some(2), "{counts}");
    world.end().await;
}

#[tokio::test]
async fn receipts_match_before_the_answer_and_out_of_order() {
    let (world, _) = scene(json!({"texts": {"receipt_before_answer": true}})).await;
    world
        .post(&event(
            "e-1",
            "shipment.delivered",
            "ines",
            parcel("MG-1521"),
        ))
        .await;
    let text = world.delivery("ines", "sms", "delivered").await;
    assert_eq!(
        (outcomes(&text), text["receipts"].as_array().unwrap().len()),
        (vec!["accepted"], 1)
    );

    world
        .faults(&json!({"texts": {"receipts_out_of_order": true}}))
        .await;
    for id in ["e-2", "e-3", "e-4"] {
        world
            .post(&event(id, "shipment.delivered", "ines", parcel(id)))
            .await;
    }
    for message in world.messages("ines").await {
        let path = format!("/v1/messages/{}", message["id"].as_str().unwrap());
        crate::world::until("its receipt came", async || {
            let whole = world.http.get(&path).await.json();
            let text = crate::world::delivery_of(&whole, "sms")?;
            (text["state"] == "delivered" && text["receipts"].as_array()?.len() == 1).then_some(())
        })
        .await;
    }
    world.end().await;
}

#[tokio::test]
async fn a_refusal_and_a_failed_receipt_are_final_and_said_in_plain_words() {
    let (world, _) = scene(json!({"texts": {"reject_every": 1, "reject_status": 11}})).await;
    world
        .post(&event(
            "e-1",
            "shipment.delivered",
            "ines",
            parcel("MG-1531"),
        ))
        .await;
    let text = world.delivery("ines", "sms", "rejected").await;
    assert_eq!(text["attempts"][0]["code"], "smpp 0x0b");
    let reason = text["attempts"][0]["reason"].as_str().unwrap();
    assert!(reason.contains(' '), "plain words: {reason}");

    world
        .faults(&json!({"texts": {"undelivered_every": 1}}))
        .await;
    world
        .post(&event(
            "e-2",
            "shipment.delivered",
            "ines",
            parcel("MG-1532"),
        ))
        .await;
    let text = world.delivery("ines", "sms", "undelivered").await;
    assert_eq!(text["receipts"][0]["status"], "failed", "{text}");
    world.end().await;
}
