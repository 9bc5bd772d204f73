//! Twenty offers come for one customer at once: as many leave as the customer has attention
//! for, the next ones wait for their turn, and the rest say why they stand in the Message
//! Center only. What is owed comes all the same.

use serde_json::{Value, json};

use crate::world::{World, customer, delivery_of, event, order, until};

const OFFERS: usize = 20;

/// What the rule about attention said of mails.
fn said(message: &Value) -> Vec<(String, String)> {
    let spoke = message["trace"].as_array().unwrap().iter();
    let of = spoke.filter(|s| s["rule"] == "frequency_cap" && s["channel"] == "email");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    of.map(|s| (text(&s["verdict"]), text(&s["why"]))).collect()
}

async fn offers_left(world: &World) -> Value {
    let path = "/v1/customers/ines/preferences";
    let left = world.http.get(path).await.json()["offers_left"].clone();
    let mut left = left.as_array().unwrap().iter().cloned();
    left.find(|of| of["channel"] == "email").unwrap()
}

#[tokio::test]
async fn of_twenty_offers_as_many_leave_as_there_may() {
    let world = World::with("[attention]\noffer_mails_a_day = 2\noffer_mails_a_week = 5\n").await;
    let mut ines = customer("ines", 91);
    ines["consents"].as_array_mut().unwrap().push(json!({
        "channel": "email", "purpose": "marketing", "given_at": "2024-01-31T09:30:00Z", "source": "checkout",
    }));
    world.put(&[ines]).await;
    let deal = json!({"offer": {"title": "Cast-iron pan", "price": "34.90", "old_price": "44.90",
        "currency": "EUR", "url": "https://marigold.example/offers/pan"}});
    // From two teams: one by one, and all at once.
    let offers = (0..OFFERS)
        .map(|n| event(&format!("e-{n}"), "promotion.deal", "ines", deal.clone()))
        .collect::<Vec<Value>>();
    world.post(&offers[0]).await;
    let kind = "application/cloudevents-batch+json";
    let batch = json!(offers[1..]).to_string();
    let answer = world.http.call("POST", "/v1/events", kind, batch).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    world
        .post(&event("e-99", "order.confirmed", "ines", order("MG-9101")))
        .await;

    let mails = until("three mails are there", async || {
        let mails = world.mails("ines@customers.example").await;
        (mails.len() >= 3).then_some(mails)
    })
    .await;
    assert_eq!(mails.len(), 3, "two offers, and the order");

    let messages = world.messages("ines").await;
    assert_eq!(
        messages.len(),
        OFFERS + 1,
        "all stand in the Message Center"
    );
    let (mut left, mut held, mut kept) = (0, 0, 0);
    for message in &messages {
        if message["category"] != "promotions" {
            continue;
        }
        let path = format!("/v1/messages/{}", message["id"].as_str().unwrap());
        let record = world.http.get(&path).await.json();
        let said = said(&record);
        match delivery_of(&record, "email") {
            Some(mail) if mail["state"] == "scheduled" => {
                held += 1;
                let word = said.first().map(|(verdict, _)| verdict.as_str());
                assert_eq!(word, Some("hold"), "{record}");
            }
            Some(mail) => {
                left += 1;
                assert_eq!(
                    (&mail["state"], said.len()),
                    (&json!("accepted"), 0),
                    "{record}"
                );
            }
            None => {
                kept += 1;
                let last = said.last().cloned();
                assert_eq!(last, Some(("stop".into(), "too_late".into())), "{record}");
            }
        }
    }
    assert_eq!((left, held, kept), (2, 3, OFFERS - 5));
    // Those that wait leave on the days to come; the week is spent of with them.
    let left = offers_left(&world).await;
    assert_eq!(
        (&left["today"], &left["this_week"]),
        (&json!(0), &json!(0)),
        "{left}"
    );
    world.end().await;
}
