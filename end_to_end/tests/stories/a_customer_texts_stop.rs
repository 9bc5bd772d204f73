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

    let text = of_order(&world, "MG-1101", "sms", "cancelled").await;
    let last = text["attempts"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["outcome"], "stopped", "{text}");
    assert_eq!(last["reason"], "suppression.suppressed", "{text}");
    of_order(&world, "MG-1101", "email", "accepted").await;
    texts_to(&world, phone, 1).await;

    world
        .post(&event(
            "e-2",
            "shipment.delivered",
            "ines",
            parcel("MG-1102"),
        ))
        .await;
    of_order(&world, "MG-1102", "email", "accepted").await;
    let message = message_of(&world, "MG-1102").await.unwrap();
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
        (Some(1), Some(2)),
        "only the answer to STOP left"
    );
    world.end().await;
}

/// The message about an order, with the whole of its path.
async fn message_of(world: &World, order: &str) -> Option<Value> {
    let messages = world.messages("ines").await;
    let message = messages.iter().find(|message| message["order"] == order)?;
    let path = format!("/v1/messages/{}", message["id"].as_str().unwrap());
    Some(world.http.get(&path).await.json())
}

/// Waits until the delivery of the message about an order is in a state.
async fn of_order(world: &World, order: &str, channel: &str, state: &str) -> Value {
    until(&format!("{channel} of {order} is {state}"), async || {
        let found = delivery_of(&message_of(world, order).await?, channel)?;
        (found["state"] == state).then_some(found)
    })
    .await
}

/// The texts that a phone got, oldest first, once there are so many.
async fn texts_to(world: &World, phone: &str, count: usize) -> Vec<String> {
    until("the texts are there", async || {
        let texts: Vec<String> = world
            .texts(phone)
            .await
            .iter()
            .map(|text| text["text"].as_str().unwrap().to_owned())
            .collect();
        (texts.len() >= count).then_some(texts)
    })
    .await
}

async fn say(world: &World, phone: &str, words: &str) {
    let text = json!({"from": phone, "to": "Marigold", "text": words});
    let sent = world.http.post("/sandbox/api/texts/inbound", &text).await;
    assert_eq!(sent.json()["state"], "taken", "{sent:?}");
}

#[tokio::test]
async fn stop_start_and_help_are_each_answered_once() {
    let world = World::start().await;
    let ines = customer("ines", 13);
    let phone = ines["phone"].as_str().unwrap();
    world.put(std::slice::from_ref(&ines)).await;

    say(&world, phone, "por favor, no más mensajes de texto").await;
    let texts = texts_to(&world, phone, 1).await;
    assert!(texts[0].contains("START"), "{texts:?}");
    // Said again, it is not answered again; nothing else leaves either.
    say(&world, phone, "STOP").await;
    world
        .post(&event(
            "e-1",
            "shipment.delivered",
            "ines",
            parcel("MG-1104"),
        ))
        .await;
    of_order(&world, "MG-1104", "email", "accepted").await;
    say(&world, phone, "START").await;
    let texts = texts_to(&world, phone, 2).await;
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(
        texts[1].contains("STOP") && texts[1].contains("HELP"),
        "{texts:?}"
    );
    world
        .post(&event(
            "e-2",
            "shipment.delivered",
            "ines",
            parcel("MG-1105"),
        ))
        .await;
    of_order(&world, "MG-1105", "sms", "delivered").await;
    say(&world, phone, "help").await;
    let texts = texts_to(&world, phone, 4).await;
    assert!(texts[3].contains("marigold.example/help"), "{texts:?}");

    // Somebody who is no customer is answered too, and has a mailbox for it.
    let stranger = "+12535550177";
    say(&world, stranger, "stop").await;
    let texts = texts_to(&world, stranger, 1).await;
    assert!(texts[0].contains("START"), "{texts:?}");

    // What anybody can prove afterwards.
    let proof = world.http.get("/v1/customers/ines/consent").await.json();
    let standing = proof["standing"].as_array().unwrap();
    assert!(
        standing
            .iter()
            .any(|word| word["purpose"] == "transactional"
                && word["channel"] == "sms"
                && word["allowed"] == true),
        "{proof}"
    );
    world.end().await;
}

#[tokio::test]
async fn no_event_from_outside_answers_for_us() {
    let world = World::start().await;
    let ines = customer("ines", 14);
    world.put(std::slice::from_ref(&ines)).await;
    let answer = event("e-1", "consent.texts_help", "ines", json!({}));
    let taken = world.http.post("/v1/events", &answer).await.json();
    assert_eq!(taken["failed_total"], 1, "{taken}");
    let mut own = event("e-2", "order.confirmed", "ines", parcel("MG-1106"));
    own["source"] = json!("tidings:texts");
    let refused = world.http.post("/v1/events", &own).await;
    assert!(refused.body.contains("our own events"), "{refused:?}");
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
