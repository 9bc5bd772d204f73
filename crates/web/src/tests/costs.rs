//! Costs, budgets, carriers' prices, and what texts mean for a customer.

use std::sync::Arc;

use axum::Router;
use model::{Channel, PurposeClass};
use pipeline::costs::{Budget, Costs, Per, RateCards, TextRoute, Way, Ways};
use serde_json::{Value, json};

use super::world::{Call, World};
use crate::WebConfig;

const CARD: &str = "carrier = 'sandbox-sms'\nchannel = 'sms'\ncurrency = 'USD'\nvalid_from = '2026-01-01'\n[[rates]]\ncountry = 'US'\nprefixes = ['+1']\nprice = '0.01'\n";

pub(super) async fn priced() -> World {
    let way = Way {
        channel: Channel::Sms,
        carrier: "sandbox-sms".into(),
        texts: TextRoute::default(),
    };
    let ways = Ways {
        live: vec![],
        test: vec![way],
    };
    let budget = Budget {
        name: "promotions".into(),
        per: Per::Day,
        micros: 20_000,
        currency: "USD".parse().unwrap(),
        purposes: vec![PurposeClass::Marketing],
        channel: Channel::Sms,
        country: None,
    };
    let cards = RateCards::read([("card.toml", CARD)]).unwrap();
    let limits = pipeline::Limits {
        costs: Arc::new(Costs::new(cards, ways, vec![budget]).unwrap()),
        ..pipeline::Limits::default()
    };
    World::limited(WebConfig::default(), Router::new(), limits).await
}

pub(super) async fn put_customer(world: &World) {
    let consent = |purpose: &str| json!({"channel": "sms", "purpose": purpose, "given_at": "2026-01-01T00:00:00Z"});
    let profile = json!({"name": "Ines", "locale": "en", "phone": "+12535550129",
        "consents": [consent("transactional"), consent("marketing")]});
    let put = world
        .test(Call::put("/v1/customers/c-42").json(&profile))
        .await;
    assert!(put.status.is_success(), "{}", put.body);
}

pub(super) fn coupon(id: &str) -> Value {
    let catalogue = pipeline::catalogue::Catalogue::load(None).unwrap();
    let mut data = catalogue.sample("promotion.coupon").unwrap().clone();
    data.insert("seller".into(), json!({"id": "s-1"}));
    json!({"specversion": "1.0", "id": id, "source": "/shop", "type": "promotion.coupon",
        "subject": "c-42", "time": "2026-02-01T12:00:00Z", "campaign": "autumn", "data": data})
}

pub(super) async fn post(world: &World, event: &Value) -> Value {
    let taken = world.test(Call::post("/v1/events").json(event)).await;
    assert_eq!(taken.status, 202, "{}", taken.body);
    taken.json()
}

#[tokio::test]
async fn a_spent_budget_stops_offers_and_says_so() {
    let world = priced().await;
    put_customer(&world).await;
    let budgets = async || world.test(Call::get("/v1/budgets")).await.json()["budgets"][0].clone();
    assert_eq!(budgets().await["state"], "open");
    for n in 0..4 {
        post(&world, &coupon(&format!("e-{n}"))).await;
        // The same once more takes no more money.
        post(&world, &coupon(&format!("e-{n}"))).await;
    }
    let spent = budgets().await;
    assert_eq!(
        (&spent["state"], &spent["spent"]),
        (&json!("spent"), &json!("0.02"))
    );
    world.app.pipeline().refresh_budgets().await.unwrap();
    assert_eq!(
        budgets().await["spent"],
        "0.02",
        "the store counts the same"
    );

    // All four stand in the Message Center; two have a text, and the others say why not.
    let listed = world
        .test(Call::get("/v1/customers/c-42/messages"))
        .await
        .json();
    let messages = listed["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 4);
    let newest = messages[0]["id"].as_str().unwrap();
    let shown = world
        .test(Call::get(&format!("/v1/messages/{newest}")))
        .await;
    assert!(shown.body.contains("\"budget\""), "{}", shown.body);
    assert!(
        !shown.body.contains("There was no money left for {"),
        "{}",
        shown.body
    );

    let costs = async |query: &str| {
        let answer = world.test(Call::get(&format!("/v1/costs?{query}"))).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    };
    let by_day = costs("by=day").await;
    assert_eq!(by_day["rows"][0]["key"], "2026-02-01");
    assert_eq!(
        by_day["rows"][0]["reserved"],
        json!({"amount": "0.02", "deliveries": 2})
    );
    assert_eq!(
        by_day["rows"][0]["quoted"],
        json!({"amount": "0.02", "deliveries": 2})
    );
    for (by, key) in [
        ("category", "promotions"),
        ("campaign", "autumn"),
        ("seller", "s-1"),
        ("channel", "sms"),
        ("country", "US"),
        ("carrier", "sandbox-sms"),
        ("purpose", "marketing"),
    ] {
        let answer = costs(&format!("by={by}")).await;
        assert_eq!(answer["rows"][0]["key"], key, "{answer}");
    }
    let live = world.live(Call::get("/v1/costs")).await.json();
    assert_eq!(live["rows"], json!([]), "test money is no money");
    for bad in [
        "by=weather",
        "from=yesterday",
        "from=2026-03-01&to=2026-02-01",
        "from=2020-01-01",
    ] {
        let answer = world.test(Call::get(&format!("/v1/costs?{bad}"))).await;
        assert_eq!(answer.problem(), "bad-request", "{bad}");
    }
}

#[tokio::test]
async fn prices_are_read_with_care() {
    let world = priced().await;
    let price = |carrier: &str, price: &str, currency: &str| json!({"prices": [{"carrier": carrier, "carrier_id": "1", "price": price, "currency": currency}]});
    for (body, place) in [
        (price("sms", "0.01", "USD"), "/prices/0/carrier"),
        (price("", "0.01", "USD"), "/prices/0/carrier"),
        (price("sandbox-sms", "1e3", "USD"), "/prices/0/price"),
        (price("sandbox-sms", "-1", "USD"), "/prices/0/price"),
        (price("sandbox-sms", "1001", "USD"), "/prices/0/price"),
        (price("sandbox-sms", "1", "usd"), "/prices/0/currency"),
    ] {
        let answer = world.test(Call::post("/v1/prices").json(&body)).await;
        assert_eq!(answer.status, 422, "{body}");
        assert!(answer.body.contains(place), "{}", answer.body);
    }
    let unknown = price("sandbox-sms", "0.01", "USD");
    let answer = world.test(Call::post("/v1/prices").json(&unknown)).await;
    assert_eq!(
        answer.json(),
        json!({"booked": 0, "known": 0, "unknown": [0]})
    );
    let many = json!({"prices": vec![unknown["prices"][0].clone(); 1_001]});
    let answer = world.test(Call::post("/v1/prices").json(&many)).await;
    assert_eq!(answer.problem(), "too-large");
}

#[tokio::test]
async fn customers_see_how_many_texts_their_choices_mean() {
    let world = priced().await;
    put_customer(&world).await;
    let estimate = async || {
        world
            .test(Call::get("/v1/customers/c-42/texts-estimate"))
            .await
            .json()
    };
    let none = estimate().await;
    assert_eq!(none["texts"], 0);
    assert_eq!(
        none["words"]["free"],
        "We charge nothing for texts; your carrier may."
    );
    assert_eq!(
        none["words"]["a_month"],
        "With these choices you get no texts."
    );
    for n in 0..3 {
        post(&world, &coupon(&format!("e-{n}"))).await;
    }
    let some = estimate().await;
    assert_eq!(
        (&some["texts"], &some["messages"], &some["days"]),
        (&json!(3), &json!(3), &json!(30))
    );
    assert_eq!(some["by_category"]["promotions"]["texts"], 3);
    let words = some["words"]["a_month"].as_str().unwrap();
    assert!(words.ends_with("about 3."), "{words}");
    // The choice is taken back: the same history means no texts.
    let profile = json!({"name": "Ines", "locale": "pt-BR", "phone": "+12535550129"});
    world
        .test(Call::put("/v1/customers/c-42").json(&profile))
        .await;
    let after = estimate().await;
    assert_eq!(
        (&after["texts"], &after["messages"]),
        (&json!(0), &json!(3))
    );
    assert_eq!(
        after["words"]["a_month"],
        "Com estas opções você não recebe SMS."
    );
    let unknown = world
        .test(Call::get("/v1/customers/c-43/texts-estimate"))
        .await;
    assert_eq!(unknown.status, 404);
}
