//! A customer ends what they do not want, by the link of a mail and on the page: from then on
//! it does not leave, what they did not mean goes on, and each word stands in their ledger.

use serde_json::{Value, json};

use crate::mail_comes_back::way_out;
use crate::world::{World, customer, delivery_of, event, order};

/// Somebody who allowed offers by mail.
pub(crate) fn who_allows_offers(name: &str, number: u32) -> Value {
    let mut person = customer(name, number);
    person["consents"].as_array_mut().unwrap().push(json!({
        "channel": "email", "purpose": "marketing", "given_at": "2024-01-31T09:30:00Z", "source": "checkout",
    }));
    person
}

pub(crate) fn offer(who: &str, id: &str) -> Value {
    let deal = json!({"offer": {"title": "Cast-iron pan", "price": "34.90", "old_price": "44.90",
        "currency": "EUR", "url": "https://marigold.example/offers/pan"}});
    event(id, "promotion.deal", who, deal)
}

/// Whether the newest message goes by mail.
async fn is_mailed(world: &World, who: &str) -> bool {
    delivery_of(&world.newest(who).await, "email").is_some()
}

/// How the customer's offers by mail stand.
async fn said(world: &World, who: &str) -> Value {
    let path = format!("/v1/customers/{who}/consent");
    let proof = world.http.get(&path).await.json();
    let standing = proof["standing"].as_array().unwrap().clone();
    let of = |word: &&Value| word["channel"] == "email" && word["purpose"] == "marketing";
    standing.iter().find(of).unwrap().clone()
}

#[tokio::test]
async fn one_click_ends_the_offers_and_nothing_else() {
    let world = World::reached_at("https://messages.marigold.example").await;
    world.put(&[who_allows_offers("ines", 231)]).await;
    world.post(&offer("ines", "e-1")).await;
    world.delivery("ines", "email", "accepted").await;

    let link = way_out(&world, "ines", "https://").await;
    let (_, path) = link.split_once('/').unwrap();
    let path = format!("/{path}");
    // A scanner opens every link of a mail; that ends nothing.
    let visitor = world.http.as_holder_of("");
    let page = visitor.get(&path).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(said(&world, "ines").await["allowed"], true);
    let form = "application/x-www-form-urlencoded";
    let click = "List-Unsubscribe=One-Click".to_owned();
    let done = visitor.call("POST", &path, form, click).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(said(&world, "ines").await["allowed"], false);

    world.post(&offer("ines", "e-2")).await;
    assert!(!is_mailed(&world, "ines").await);
    world
        .post(&event("e-3", "order.confirmed", "ines", order("MG-2301")))
        .await;
    world.delivery("ines", "email", "accepted").await;
    // Nobody else's link, and none that was touched.
    let touched = path[..path.len() - 2].to_owned() + "xx";
    let wrong = visitor.get(&touched).await;
    assert_eq!(wrong.status, 404, "{wrong:?}");
    world.end().await;
}

#[tokio::test]
async fn a_topic_that_is_switched_off_stays_off_whatever_the_profile_says() {
    let world = World::start().await;
    let ines = who_allows_offers("ines", 232);
    world.put(std::slice::from_ref(&ines)).await;
    let path = "/v1/customers/ines/preferences";
    let choices = json!({"topics": [
        {"category": "orders", "topic": "updates", "channel": "email", "on": false},
    ]});
    let chosen = world.http.put(path, &choices).await;
    assert_eq!(chosen.status, 200, "{chosen:?}");
    world.put(std::slice::from_ref(&ines)).await;
    world
        .post(&event("e-1", "order.confirmed", "ines", order("MG-2302")))
        .await;
    assert!(!is_mailed(&world, "ines").await);
    let message = world.newest("ines").await;
    let off = |spoke: &Value| spoke["rule"] == "preference" && spoke["why"] == "switched_off";
    assert!(
        message["trace"].as_array().unwrap().iter().any(off),
        "{message}"
    );
    world.end().await;
}
