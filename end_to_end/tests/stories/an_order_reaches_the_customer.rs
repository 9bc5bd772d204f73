//! An order event becomes a text on the phone, a mail in the inbox, and an entry in the
//! Message Center that says why each was sent.

use serde_json::{Value, json};

use crate::world::{World, customer, delivery_of, event, order, outcomes, parcel};

#[tokio::test]
async fn a_delivered_parcel_is_told_on_every_channel() {
    let world = World::start().await;
    let ines = customer("ines", 1);
    world.put(std::slice::from_ref(&ines)).await;
    world
        .post(&event(
            "e-1",
            "shipment.delivered",
            "ines",
            parcel("MG-1001"),
        ))
        .await;

    let texts = world.texts(ines["phone"].as_str().unwrap()).await;
    let text = texts[0]["text"].as_str().unwrap();
    assert!(
        text.starts_with("Marigold: your order MG-1001 has been delivered"),
        "{text}"
    );
    assert_eq!(texts[0]["from"], "Marigold");

    let mails = world.mails("ines@customers.example").await;
    assert_eq!(
        mails[0]["subject"],
        "Your Marigold order MG-1001 has been delivered"
    );
    let path = format!("/sandbox/api/mails/{}", mails[0]["id"]);
    let mail = world.http.get(&path).await.json();
    for part in ["text", "html"] {
        assert!(mail[part].as_str().unwrap().contains("MG-1001"), "{mail}");
    }

    let text = world.delivery("ines", "sms", "delivered").await;
    assert_eq!(outcomes(&text), ["accepted"]);
    assert_eq!(text["receipts"][0]["status"], "delivered");
    let mail = world.delivery("ines", "email", "accepted").await;
    assert_eq!(outcomes(&mail), ["accepted"]);

    let message = world.newest("ines").await;
    assert_eq!(
        message["message"]["title"],
        "Order MG-1001 has been delivered"
    );
    assert_eq!(message["message"]["category"], "orders");
    assert_eq!(message["event"]["event_id"], "e-1");
    let words = words(&message);
    for word in ["sms consent given", "sms route sms", "email route email"] {
        assert!(words.iter().any(|said| said == word), "{words:?}");
    }
    let unread = world.http.get("/v1/customers/ines/unread").await.json();
    assert!(unread.to_string().contains("orders"), "{unread}");
    world.end().await;
}

#[tokio::test]
async fn without_a_consent_no_text_leaves_and_the_message_says_so() {
    let world = World::start().await;
    let mut ines = customer("ines", 2);
    ines["consents"] = json!([]);
    world.put(std::slice::from_ref(&ines)).await;
    world
        .post(&event(
            "e-1",
            "shipment.delivered",
            "ines",
            parcel("MG-1002"),
        ))
        .await;
    world.delivery("ines", "email", "accepted").await;
    let message = world.newest("ines").await;
    assert!(delivery_of(&message, "sms").is_none());
    assert!(
        words(&message)
            .iter()
            .any(|said| said == "sms consent missing")
    );
    assert_eq!(world.counts().await["texts"], 0);
    world.end().await;
}

#[tokio::test]
async fn the_same_event_three_times_is_one_message() {
    let world = World::start().await;
    world.put(&[customer("ines", 3)]).await;
    let confirmed = event("e-1", "order.confirmed", "ines", order("MG-1003"));
    for expected in [(1, 0), (0, 1), (0, 1)] {
        let answer = world.http.post("/v1/events", &confirmed).await.json();
        assert_eq!(
            (answer["accepted"].as_u64(), answer["duplicates"].as_u64()),
            (Some(expected.0), Some(expected.1))
        );
    }
    world.delivery("ines", "email", "accepted").await;
    assert_eq!(world.messages("ines").await.len(), 1);
    assert_eq!(world.counts().await["mails"], 1);
    world.end().await;
}

/// What the rules said, as `channel rule why`.
fn words(message: &Value) -> Vec<String> {
    let word = |spoke: &Value| {
        let part = |name: &str| spoke[name].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}", part("channel"), part("rule"), part("why"))
    };
    message["trace"]
        .as_array()
        .unwrap()
        .iter()
        .map(word)
        .collect()
}
