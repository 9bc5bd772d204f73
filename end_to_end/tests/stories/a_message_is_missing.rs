//! "I did not get it": by order or by day, the page and the API say of each message whether it
//! was held, sent, taken, returned or stopped, to which address, and what to do now; and
//! nothing of anybody else's.

use serde_json::{Value, json};

use crate::world::{Browser, World, customer, event, parcel};

/// What the API says of an order: the outcome of each way.
async fn told(world: &World, who: &str, order: &str) -> Value {
    let path = format!("/v1/customers/{who}/missing?order={order}");
    let answer = world.http.get(&path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.json();
    let messages = answer["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 1, "{answer}");
    let ways = messages[0]["ways"].as_array().unwrap();
    let outcome = |way: &Value| {
        for words in ["sentence", "advice"] {
            assert!(!way[words].as_str().unwrap().is_empty(), "{way}");
        }
        let whole = format!("{who}@customers.example");
        assert!(!way.to_string().contains(&whole), "{way}");
        (
            way["channel"].as_str().unwrap().to_owned(),
            way["outcome"].clone(),
        )
    };
    ways.iter().map(outcome).collect()
}

/// Hours of quiet around now.
#[expect(
    clippy::disallowed_methods,
    reason = "hours of quiet are of a real clock"
)]
fn quiet_now() -> Value {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let at = |hours: i64| {
        let moment = now.saturating_add(jiff::Span::new().hours(hours));
        moment.strftime("%H:%M").to_string()
    };
    json!({"from": at(-1), "to": at(2)})
}

#[tokio::test]
async fn each_outcome_is_told_in_words() {
    let world = World::start().await;
    let mut sleeps = customer("sleeps", 262);
    sleeps["time_zone"] = "Africa/Abidjan".into();
    sleeps["quiet_hours"] = quiet_now();
    let mut no_texts = customer("quiet", 263);
    no_texts["consents"] = json!([]);
    let people = [
        customer("ines", 261),
        sleeps,
        no_texts,
        customer("gone", 264),
    ];
    world.put(&people).await;
    let faults = json!({"mails": {"unknown_recipients": ["gone@customers.example"]}});
    world.faults(&faults).await;

    let post = async |order: &str, who: &str| {
        let fact = event(order, "shipment.delivered", who, parcel(order));
        world.post(&fact).await;
    };
    post("MG-2611", "ines").await;
    world.delivery("ines", "sms", "delivered").await;
    world.delivery("ines", "email", "accepted").await;
    assert_eq!(
        told(&world, "ines", "MG-2611").await,
        json!({"sms": "delivered", "email": "accepted"})
    );
    post("MG-2612", "sleeps").await;
    world.delivery("sleeps", "email", "accepted").await;
    assert_eq!(
        told(&world, "sleeps", "MG-2612").await,
        json!({"sms": "held", "email": "accepted"})
    );
    post("MG-2613", "quiet").await;
    world.delivery("quiet", "email", "accepted").await;
    assert_eq!(
        told(&world, "quiet", "MG-2613").await,
        json!({"sms": "not_sent", "email": "accepted"})
    );
    post("MG-2614", "gone").await;
    world.delivery("gone", "email", "rejected").await;
    world.delivery("gone", "sms", "delivered").await;
    assert_eq!(
        told(&world, "gone", "MG-2614").await,
        json!({"sms": "delivered", "email": "bounced"})
    );
    world.faults(&json!({"texts": {"throttle_every": 1}})).await;
    post("MG-2615", "ines").await;
    world.delivery("ines", "email", "accepted").await;
    assert_eq!(told(&world, "ines", "MG-2615").await["sms"], "waits");
    let off = json!({"channels": [{"channel": "sms", "allowed": false}]});
    let path = "/v1/customers/ines/preferences";
    assert_eq!(world.http.put(path, &off).await.status, 200);
    world.faults(&json!({})).await;
    world.delivery("ines", "sms", "cancelled").await;
    assert_eq!(told(&world, "ines", "MG-2615").await["sms"], "cancelled");
    world.end().await;
}

#[tokio::test]
async fn the_page_says_the_same_and_nothing_of_others() {
    let world = World::start().await;
    world
        .put(&[customer("ines", 265), customer("bo", 266)])
        .await;
    let fact = event("e-1", "shipment.delivered", "ines", parcel("MG-2651"));
    world.post(&fact).await;
    world.delivery("ines", "sms", "delivered").await;

    let path = "/v1/customers/bo/missing?order=MG-2651";
    let none = world.http.get(path).await.json();
    assert_eq!(none["messages"], json!([]), "{none}");
    assert!(none["nothing"].as_str().unwrap().contains("no message"));
    for bad in ["", "?date=never", "?order="] {
        let path = format!("/v1/customers/bo/missing{bad}");
        assert_eq!(world.http.get(&path).await.status, 400, "{bad}");
    }

    let open = async |who: &str, query: &str| {
        let path = format!("/v1/customers/{who}/tokens");
        let made = world.http.post(&path, &json!({})).await.json();
        let token = made["token"].as_str().unwrap().to_owned();
        let mut browser = Browser::new(world.http.address());
        let signed_in = browser.send("/sign-in", &[("token", &token)]).await;
        assert_eq!(signed_in.status, 303, "{signed_in:?}");
        browser
            .open(&format!("/messages/missing{query}"))
            .await
            .body
    };
    let found = open("ines", "?order=%23MG-2651").await;
    assert!(found.contains("It arrived at"), "{found}");
    assert!(!found.contains("ines@customers.example"), "{found}");
    let day = world.newest("ines").await["message"]["at"].clone();
    // The customer lives in New York: the day there, or the one before.
    let day: jiff::Timestamp = day.as_str().unwrap().parse().unwrap();
    let day = day.in_tz("America/New_York").unwrap().date();
    let found = open("ines", &format!("?day={day}")).await;
    assert!(found.contains("It arrived at"), "{found}");
    for (who, query) in [
        ("bo", "?order=MG-2651".to_owned()),
        ("bo", format!("?day={day}")),
        ("ines", "?day=2020-01-01".to_owned()),
    ] {
        let none = open(who, &query).await;
        assert!(none.contains("Nothing found"), "{none}");
    }
    world.end().await;
}
