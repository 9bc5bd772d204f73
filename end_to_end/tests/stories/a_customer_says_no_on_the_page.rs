//! A customer ends what they do not want in a real browser, by each way the pages have: from
//! then on there is silence, also of what was queued.

use std::time::Duration;

use serde_json::{Value, json};

use crate::a_customer_chooses::{offer, who_allows_offers};
use crate::world::{
    World, chromium_runs_here, customer, delivery_of, drive, event, order, outcomes, parcel, until,
    until_within,
};

/// A slow browser lets a try or two go by, and the third comes after a minute.
const NEXT_TRY: Duration = Duration::from_secs(120);
const SAVE: &str = "main .save button";

/// Signs in, does the steps, and gives what the page says was changed.
async fn on_the_page(world: &World, who: &str, steps: Vec<Value>) -> Vec<Value> {
    let mut all = vec![json!({"look": {"scripts": false, "width": 390}})];
    all.extend(world.sign_in(who).await);
    all.extend(steps);
    all.push(json!({ "read": "main .outcome li" }));
    drive(&world.url(), json!(all)).await
}

/// Something that is queued because the carriers are too busy.
async fn queue(world: &World, who: &str, channel: &str, event: &Value) {
    let faults = json!({"texts": {"throttle_every": 1}, "mails": {"refuse_for_now_every": 1}});
    world.faults(&faults).await;
    world.post(event).await;
    until("it waits for its second try", async || {
        let waiting = delivery_of(&world.newest(who).await, channel)?;
        (outcomes(&waiting).first() == Some(&"retry_later")).then_some(())
    })
    .await;
}

/// What was queued is stopped with a reason, and what comes next makes no delivery.
async fn is_silent(world: &World, who: &str, channel: &str, next: &Value) {
    world.faults(&json!({})).await;
    let stopped = until_within(NEXT_TRY, "it is cancelled", async || {
        let found = delivery_of(&world.newest(who).await, channel)?;
        (found["state"] == "cancelled").then_some(found)
    })
    .await;
    let last = stopped["attempts"].as_array().unwrap().last().unwrap();
    assert_eq!(last["outcome"], "stopped", "{stopped}");
    world.post(next).await;
    let message = world.newest(who).await;
    assert!(delivery_of(&message, channel).is_none(), "{message}");
    let said = |spoke: &Value| spoke["verdict"] == "stop" && spoke["channel"] == channel;
    let trace = message["trace"].as_array().unwrap();
    let spoke = trace.iter().find(|spoke| said(spoke)).unwrap();
    let choice = spoke["choice"].as_str().unwrap();
    assert!(choice.starts_with("/preferences?tab="), "{spoke}");
}

fn delivered(id: &str, who: &str) -> Value {
    event(id, "shipment.delivered", who, parcel(id))
}

#[tokio::test]
async fn all_texts_end_where_the_channel_is_switched_off() {
    if !chromium_runs_here() {
        return;
    }
    let world = World::start().await;
    world.put(&[customer("ines", 241)]).await;
    queue(&world, "ines", "sms", &delivered("MG-2411", "ines")).await;
    let off = vec![
        json!({"open": "/notification-preferences"}),
        json!({ "uncheck": "#allowed" }),
        json!({ "click": SAVE }),
    ];
    let said = on_the_page(&world, "ines", off).await;
    assert_eq!(said, [json!(["Texts: off"])]);
    is_silent(&world, "ines", "sms", &delivered("MG-2412", "ines")).await;
    // Mail was not meant, and goes on.
    world.delivery("ines", "email", "accepted").await;
    assert_eq!(world.counts().await["texts"], 0);
    world.end().await;
}

#[tokio::test]
async fn texts_of_a_topic_end_by_communication_preferences() {
    if !chromium_runs_here() {
        return;
    }
    let world = World::start().await;
    world.put(&[customer("ines", 242)]).await;
    queue(&world, "ines", "sms", &delivered("MG-2421", "ines")).await;
    let off = vec![
        json!({"open": "/communication-preferences"}),
        json!({"click": "nav.tabs a[href$=\"tab=texts\"]"}),
        json!({"choose": ["[name=\"topic.orders.delivery\"]", "off"]}),
        json!({ "click": SAVE }),
    ];
    let said = on_the_page(&world, "ines", off).await;
    assert_eq!(said, [json!(["Delivery, by text: off"])]);
    is_silent(&world, "ines", "sms", &delivered("MG-2422", "ines")).await;
    assert_eq!(world.counts().await["texts"], 0);
    world.end().await;
}

#[tokio::test]
async fn offers_end_where_the_box_is_unchecked() {
    if !chromium_runs_here() {
        return;
    }
    let world = World::start().await;
    world.put(&[who_allows_offers("ines", 243)]).await;
    queue(&world, "ines", "email", &offer("ines", "e-1")).await;
    let off = vec![
        json!({"open": "/preferences?tab=email"}),
        json!({ "uncheck": "#offers" }),
        json!({ "click": SAVE }),
    ];
    let said = on_the_page(&world, "ines", off).await;
    assert_eq!(said, [json!(["Offers by e-mail: off"])]);
    is_silent(&world, "ines", "email", &offer("ines", "e-2")).await;
    assert_eq!(world.counts().await["mails"], 0);
    world.end().await;
}

#[tokio::test]
async fn mail_ends_by_its_preferences_but_for_what_protects() {
    if !chromium_runs_here() {
        return;
    }
    let world = World::start().await;
    world.put(&[customer("ines", 244)]).await;
    let confirmed = |id: &str| event(id, "order.confirmed", "ines", order(id));
    queue(&world, "ines", "email", &confirmed("MG-2441")).await;
    let off = vec![
        json!({"open": "/email-preferences"}),
        json!({ "uncheck": "#allowed" }),
        json!({ "click": SAVE }),
    ];
    let said = on_the_page(&world, "ines", off).await;
    assert_eq!(said, [json!(["E-mail: off"])]);
    is_silent(&world, "ines", "email", &confirmed("MG-2442")).await;
    assert_eq!(world.counts().await["mails"], 0);
    world.end().await;
}

/// The links at the foot of the newest mail's plain text: to end it, and to choose.
pub(crate) async fn foot_links(world: &World, who: &str) -> (String, String) {
    let mails = world.mails(&format!("{who}@customers.example")).await;
    let raw = format!("/sandbox/api/mails/{}/raw", mails[0]["id"]);
    // Quoted-printable: lines that go on, and nothing in these links is written otherwise.
    let raw = world.http.get(&raw).await.body.replace("=\r\n", "");
    let after = |mark: &str| {
        let line = raw.lines().find_map(|line| line.strip_prefix(mark));
        let url = line.unwrap_or_else(|| panic!("no {mark}: {raw}")).trim();
        let path = url.splitn(4, '/').nth(3).unwrap();
        // The other part has the same links.
        assert_eq!(raw.matches(path).count(), 2, "{url}: {raw}");
        format!("/{path}")
    };
    (after("Unsubscribe: "), after("Choose what you get: "))
}

#[tokio::test]
async fn the_link_at_the_foot_of_a_mail_ends_them() {
    if !chromium_runs_here() {
        return;
    }
    let world = World::with("[attention]\noffer_mails_a_day = 5\n").await;
    world.put(&[who_allows_offers("ines", 245)]).await;
    world.post(&offer("ines", "e-1")).await;
    world.delivery("ines", "email", "accepted").await;
    let (unsubscribe, preferences) = foot_links(&world, "ines").await;
    queue(&world, "ines", "email", &offer("ines", "e-2")).await;
    // Opening it is not enough; the button is.
    let steps = json!([
        {"look": {"scripts": false, "width": 390}},
        {"open": unsubscribe},
        {"read": "h1"},
        {"open": format!("{preferences}?tab=email")},
        {"read": "#offers:checked ~ span"},
        {"open": unsubscribe},
        {"click": "main button"},
        {"read": "h1"},
        {"open": format!("{preferences}?tab=email")},
        {"read": "#offers:checked ~ span"},
    ]);
    let seen = drive(&world.url(), steps).await;
    assert_eq!(
        seen,
        [
            json!(["Stop these mails?"]),
            json!(["Send me offers by e-mail too"]),
            json!(["Done"]),
            json!([]),
        ]
    );
    is_silent(&world, "ines", "email", &offer("ines", "e-3")).await;
    assert_eq!(world.counts().await["mails"], 1);
    world.end().await;
}
