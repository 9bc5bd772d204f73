//! News that a later state has overtaken is not sent any more, and the same is not said
//! twice. All of it stands in the Message Center.

use serde_json::{Value, json};

use crate::world::{World, customer, delivery_of, event, outcomes, parcel, until};

fn at(mut event: Value, time: &str) -> Value {
    event["time"] = json!(time);
    event
}

#[expect(
    clippy::disallowed_methods,
    reason = "events of a moment ago, for a server with a real clock"
)]
fn minutes_ago(minutes: i64) -> String {
    (jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes)).to_string()
}

/// What the rule about the sequence said of a channel.
fn said(message: &Value, channel: &str) -> Option<String> {
    let spoke = message["trace"].as_array()?.iter();
    let mut of = spoke.filter(|spoke| spoke["rule"] == "sequence" && spoke["channel"] == channel);
    of.next()?["why"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn what_comes_too_late_or_twice_stands_in_the_message_center_only() {
    let world = World::start().await;
    world.put(&[customer("ines", 81)]).await;
    let delivered = event("e-1", "shipment.delivered", "ines", parcel("MG-8101"));
    world.post(&at(delivered.clone(), &minutes_ago(5))).await;
    world.delivery("ines", "sms", "delivered").await;

    let out = event(
        "e-2",
        "shipment.out_for_delivery",
        "ines",
        parcel("MG-8101"),
    );
    world.post(&at(out, &minutes_ago(50))).await;
    let message = world.newest("ines").await;
    assert_eq!(message["event"]["event_id"], "e-2");
    assert_eq!(message["deliveries"], json!([]), "{message}");
    for channel in ["sms", "email"] {
        assert_eq!(
            said(&message, channel).as_deref(),
            Some("late"),
            "{message}"
        );
    }

    let mut again = at(delivered, &minutes_ago(4));
    again["id"] = json!("e-3");
    world.post(&again).await;
    let message = world.newest("ines").await;
    assert_eq!(message["event"]["event_id"], "e-3");
    assert_eq!(said(&message, "sms").as_deref(), Some("same"), "{message}");

    // Another order is another story.
    let other = event(
        "e-4",
        "shipment.out_for_delivery",
        "ines",
        parcel("MG-8102"),
    );
    world.post(&at(other, &minutes_ago(50))).await;
    world.delivery("ines", "sms", "delivered").await;
    assert_eq!(world.counts().await["texts"], 2);
    assert_eq!(world.messages("ines").await.len(), 4);
    world.end().await;
}

#[tokio::test]
async fn the_last_of_one_batch_wins() {
    let world = World::start().await;
    world.put(&[customer("ines", 82)]).await;
    let delivered = event("e-1", "shipment.delivered", "ines", parcel("MG-8201"));
    let out = event(
        "e-2",
        "shipment.out_for_delivery",
        "ines",
        parcel("MG-8201"),
    );
    let batch = json!([at(delivered, &minutes_ago(5)), at(out, &minutes_ago(50))]);
    let kind = "application/cloudevents-batch+json";
    let answer = world
        .http
        .call("POST", "/v1/events", kind, batch.to_string())
        .await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let message = world.newest("ines").await;
    assert_eq!(said(&message, "sms").as_deref(), Some("late"), "{message}");
    world.end().await;
}

#[tokio::test]
async fn what_waits_is_overtaken_by_what_comes() {
    let world = World::start().await;
    world.put(&[customer("ines", 83)]).await;
    world
        .faults(&json!({"mails": {"refuse_for_now_every": 1}}))
        .await;
    let out = event(
        "e-1",
        "shipment.out_for_delivery",
        "ines",
        parcel("MG-8301"),
    );
    world.post(&out).await;
    until("the first mail is refused for now", async || {
        let mail = world.delivery("ines", "email", "scheduled").await;
        (outcomes(&mail) == ["retry_later"]).then_some(())
    })
    .await;
    let overtaken = world.newest("ines").await["message"]["id"].clone();
    let path = format!("/v1/messages/{}", overtaken.as_str().unwrap());
    world.faults(&json!({})).await;
    let delivered = event("e-2", "shipment.delivered", "ines", parcel("MG-8301"));
    world.post(&delivered).await;
    world.delivery("ines", "email", "accepted").await;
    let mail = until("the waiting mail is given up", async || {
        let message = world.http.get(&path).await.json();
        delivery_of(&message, "email").filter(|mail| mail["state"] == "cancelled")
    })
    .await;
    let last = mail["attempts"].as_array().unwrap().last().unwrap();
    assert_eq!(last["reason"], "sequence.newer", "{mail}");
    assert_eq!(world.counts().await["mails"], 1);
    world.end().await;
}

#[tokio::test]
async fn a_text_inside_its_carrier_is_overtaken_too() {
    let world = World::start().await;
    world.put(&[customer("ines", 84)]).await;
    world
        .faults(&json!({"texts": {"throttle_next": 100_000}}))
        .await;
    let out = event(
        "e-1",
        "shipment.out_for_delivery",
        "ines",
        parcel("MG-8401"),
    );
    world.post(&out).await;
    let overtaken = world.newest("ines").await["message"]["id"].clone();
    let path = format!("/v1/messages/{}", overtaken.as_str().unwrap());
    until("the text is with its carrier", async || {
        let message = world.http.get(&path).await.json();
        (delivery_of(&message, "sms")?["state"] == "claimed").then_some(())
    })
    .await;
    let delivered = event("e-2", "shipment.delivered", "ines", parcel("MG-8401"));
    world.post(&delivered).await;
    world.faults(&json!({})).await;
    world.delivery("ines", "sms", "delivered").await;
    let text = until("the older text is given up", async || {
        let message = world.http.get(&path).await.json();
        delivery_of(&message, "sms").filter(|text| text["state"] == "cancelled")
    })
    .await;
    let last = text["attempts"].as_array().unwrap().last().unwrap();
    assert_eq!(last["reason"], "sequence.newer", "{text}");
    assert_eq!(world.counts().await["texts"], 1);
    world.end().await;
}
