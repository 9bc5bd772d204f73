//! A customer answers a text with STOP: nothing more goes to that number, not even what
//! is queued; mail goes on, and the message says why the text did not leave.

use serde_json::{Value, json};

use crate::world::{World, customer, delivery_of, event, outcomes, parcel, until};

#[tokio::test]
async fn neither_queued_nor_later_texts_leave_and_mail_goes_on() {
    let world = World::start().await;
    let ines = customer("ines", 11);
    let phone = ines["phone"].as_str().unwrap();
    world.put(std::slice::from_ref(&ines)).await;

    // The carrier is too busy, so the first text waits for its second try.
    world.faults(&json!({"texts": {"throttle_every": 1}})).await;
    world
        .post(&event(
            "e-1",
            "shipment.delivered",
            "ines",
            parcel("MG-1101"),
        ))
        .await;
    until("the text was throttled", async || {
        let text = delivery_of(&world.newest("ines").await, "sms")?;
        (outcomes(&text).first() == Some(&"retry_later")).then_some(())
    })
    .await;

    let stop = json!({"from": phone, "to": "Marigold", "text": " Stop. "});
    let sent = world.http.post("/sandbox/api/texts/inbound", &stop).await;
    assert_eq!(sent.json()["state"], "taken", "{sent:?}");
    world.faults(&json!({})).await;

    let text = world.delivery("ines", "sms", "cancelled").await;
    let last = text["attempts"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["outcome"], "stopped", "{text}");
    assert_eq!(last["reason"], "suppression.suppressed", "{text}");
    world.delivery("ines", "email", "accepted").await;

    world
        .post(&event(
            "e-2",
            "shipment.delivered",
            "ines",
            parcel("MG-1102"),
        ))
        .await;
    world.delivery("ines", "email", "accepted").await;
    let message = world.newest("ines").await;
    assert!(delivery_of(&message, "sms").is_none(), "{message}");
    let said = |spoke: &Value| {
        spoke["rule"] == "suppression"
            && spoke["verdict"] == "stop"
            && spoke["with"] == "keyword_stop"
    };
    assert!(
        message["trace"].as_array().unwrap().iter().any(said),
        "{message}"
    );

    let counts = world.counts().await;
    assert_eq!(
        (counts["texts"].as_u64(), counts["mails"].as_u64()),
        (Some(0), Some(2))
    );
    world.end().await;
}

#[tokio::test]
async fn a_text_that_only_contains_the_word_stops_nothing() {
    let world = World::start().await;
    let ines = customer("ines", 12);
    let phone = ines["phone"].as_str().unwrap();
    world.put(std::slice::from_ref(&ines)).await;
    let asked = json!({"from": phone, "to": "Marigold", "text": "When does the van stop here?"});
    let sent = world.http.post("/sandbox/api/texts/inbound", &asked).await;
    assert_eq!(sent.json()["state"], "taken", "{sent:?}");
    world
        .post(&event(
            "e-1",
            "shipment.delivered",
            "ines",
            parcel("MG-1103"),
        ))
        .await;
    world.delivery("ines", "sms", "delivered").await;
    world.end().await;
}
