//! Mails and a mail server on its bad days.

use serde_json::{Value, json};

use crate::world::{World, customer, event, order, outcomes, until};

async fn scene(faults: Value) -> World {
    let world = World::with("[limits]\ndoubt_seconds = 2\n").await;
    world.put(&[customer("ines", 61)]).await;
    world.faults(&faults).await;
    world
}

#[tokio::test]
async fn refused_for_now_is_tried_again() {
    let world = scene(json!({"mails": {"refuse_for_now_every": 1}})).await;
    world
        .post(&event("e-1", "order.confirmed", "ines", order("MG-1601")))
        .await;
    until("the first try", async || {
        let mail = crate::world::delivery_of(&world.newest("ines").await, "email")?;
        (!outcomes(&mail).is_empty()).then_some(())
    })
    .await;
    world.faults(&json!({})).await;
    let mail = world.delivery("ines", "email", "accepted").await;
    assert_eq!(outcomes(&mail), ["retry_later", "accepted"]);
    assert!(
        mail["attempts"][0]["code"]
            .as_str()
            .unwrap()
            .starts_with("451"),
        "{mail}"
    );
    assert_eq!(world.counts().await["mails"], 1);
    world.end().await;
}

#[tokio::test]
async fn refused_for_good_is_final_and_said_in_plain_words() {
    let world = scene(json!({"mails": {"unknown_recipients": ["ines@customers.example"]}})).await;
    world
        .post(&event("e-1", "order.confirmed", "ines", order("MG-1602")))
        .await;
    let mail = world.delivery("ines", "email", "rejected").await;
    assert_eq!(outcomes(&mail), ["rejected"]);
    assert_eq!(mail["attempts"][0]["code"], "550 5.1.1");
    assert_eq!(mail["attempts"][0]["reason"], "this mailbox does not exist");

    world
        .faults(&json!({"mails": {"refuse_for_good_every": 1}}))
        .await;
    world
        .post(&event("e-2", "order.confirmed", "ines", order("MG-1603")))
        .await;
    let mail = world.delivery("ines", "email", "rejected").await;
    assert!(
        mail["attempts"][0]["code"]
            .as_str()
            .unwrap()
            .starts_with("554"),
        "{mail}"
    );
    world.end().await;
}

/// What the customer needs is worth a double, a question how it went is not.
#[tokio::test]
async fn a_lost_answer_is_sent_again_or_given_up_by_what_it_is_for() {
    let dropped = json!({"mails": {"drop_after": 1, "drop_before_answer": true}});
    let world = scene(dropped.clone()).await;
    world
        .post(&event("e-1", "order.confirmed", "ines", order("MG-1604")))
        .await;
    let mail = world.delivery("ines", "email", "accepted").await;
    assert_eq!(outcomes(&mail), ["unknown", "accepted"]);

    world.faults(&dropped).await;
    world
        .post(&event(
            "e-2",
            "feedback.requested",
            "ines",
            order("MG-1604"),
        ))
        .await;
    let mail = world.delivery("ines", "email", "given_up").await;
    assert_eq!(outcomes(&mail), ["unknown", "stopped"]);
    assert_eq!(mail["attempts"][1]["reason"], "in_doubt");
    assert_eq!(world.counts().await["mails"], 3);
    world.end().await;
}
