//! Words that break a promise made to customers do not leave: a short form or a value stops
//! the event, a mail's body or a page takes its message back. What is said of it names the
//! rule and the place, and not the words.

use serde_json::json;

use crate::world::{World, customer, delivery_of, event, order, until};

const LURE: &str = "call 08712402050";

#[tokio::test]
async fn a_foreign_link_stops_the_event_and_pressure_takes_the_message_back() {
    let world = World::start().await;
    let mut ines = customer("ines", 31);
    // A name that may not leave is left out; it stops nothing.
    ines["name"] = format!("Ines, {LURE}").into();
    world.put(std::slice::from_ref(&ines)).await;

    let mut data = order("MG-1");
    data["order"]["items"][0]["title"] = "Lamp, cheaper at evil.com/lamp".into();
    let bad = event("e-1", "order.confirmed", "ines", data);
    let answer = world.http.post("/v1/events", &bad).await;
    assert_eq!(answer.status, 202, "it is on disk; {answer:?}");
    let failed = answer.json()["failed"][0].clone();
    assert_eq!(failed["reason"], "guard", "{failed}");
    let detail = failed["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("`foreign_link` in the summary, from byte"),
        "{detail}"
    );
    assert!(!detail.contains("evil"), "{detail}");
    assert!(world.messages("ines").await.is_empty());

    let data = |reason: &str| json!({"order": {"number": "MG-2"}, "reason": reason});
    let reason = format!("Nobody was at home, {LURE}.");
    let attempt = event("e-3", "shipment.attempt_failed", "ines", data(&reason));
    let answer = world.http.post("/v1/events", &attempt).await;
    let failed = answer.json()["failed"][0].clone();
    let detail = failed["detail"].as_str().unwrap();
    assert!(
        detail.starts_with("`foreign_number` in the /data/reason, from byte"),
        "{detail}"
    );
    assert_eq!(world.counts().await["texts"], 0, "nothing of it left");

    // Short enough for the values; a mail says it twice, in its body and in its facts.
    let data = data("Nobody was at home. Urgent, act now.");
    let attempt = event("e-2", "shipment.attempt_failed", "ines", data);
    let answer = world.http.post("/v1/events", &attempt).await;
    assert_eq!(answer.json()["failed_total"], 0, "{answer:?}");
    let failed = until("the event failed after all", async || {
        let listed = world.http.get("/v1/failed-events").await.json();
        let mut all = listed["failed_events"].as_array()?.iter();
        all.find(|failed| failed["event_id"] == "e-2").cloned()
    })
    .await;
    assert_eq!(failed["reason"], "guard", "{failed}");
    let texts = world.texts(ines["phone"].as_str().unwrap()).await;
    assert!(!texts[0]["text"].as_str().unwrap().contains(LURE));
    // It stands in the Message Center no more; the marketplace sees what became of it.
    assert!(world.messages("ines").await.is_empty());
    let changes = world.http.get("/v1/customers/ines/changes").await.json();
    let change = &changes["messages"][0];
    assert_eq!(
        (&change["title"], &change["summary"]),
        (&json!(""), &json!(""))
    );
    let path = format!("/v1/messages/{}", change["id"].as_str().unwrap());
    let message = until("the mail is cancelled", async || {
        let message = world.http.get(&path).await.json();
        (delivery_of(&message, "email")?["state"] == "cancelled").then_some(message)
    })
    .await;
    let mail = delivery_of(&message, "email").unwrap();
    assert_eq!(mail["attempts"][0]["outcome"], "stopped", "{mail}");
    assert_eq!(mail["attempts"][0]["reason"], "guard.hurry", "{mail}");
    let left = world.end().await;
    assert!(
        !left.log.contains(LURE) && !left.log.contains("evil.com"),
        "{}",
        left.log
    );
}
