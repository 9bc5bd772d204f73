//! Everybody can choose: axe-core finds nothing on the pages, in light and in dark; they work
//! by the keyboard alone and without scripts, and fit 320 pixels and 200 % of size.

use serde_json::{Value, json};

use crate::a_customer_chooses::{offer, who_allows_offers};
use crate::a_customer_says_no_on_the_page::foot_links;
use crate::world::{World, chromium_runs_here, drive, event, parcel};

async fn with_messages() -> World {
    let world = World::start().await;
    let mut ines = who_allows_offers("ines", 251);
    // Words that run the other way stand on the page as examples.
    ines["locale"] = "ar-EG".into();
    world.put(&[ines, who_allows_offers("bo", 252)]).await;
    for who in ["ines", "bo"] {
        world.post(&offer(who, &format!("o-{who}"))).await;
        world.delivery(who, "email", "accepted").await;
        let parcel = parcel("MG-2511");
        let arrived = event(&format!("e-{who}"), "shipment.delivered", who, parcel);
        world.post(&arrived).await;
    }
    world
}

/// The pages that are looked at, and what is seen of each: nothing, and no pixel too many.
fn look_at(paths: &[String], steps: &mut Vec<Value>) {
    for path in paths {
        steps.extend([
            json!({ "open": path }),
            json!({"overflow": true}),
            json!({"axe": true}),
        ]);
    }
}

fn found_nothing(seen: &[Value]) {
    for pair in seen.chunks(2) {
        assert!(pair[0].as_i64().unwrap() <= 0, "{seen:?}");
        assert_eq!(pair[1], json!([]), "{seen:?}");
    }
}

#[tokio::test]
async fn nobody_is_shut_out_of_any_page() {
    if !chromium_runs_here() {
        return;
    }
    let world = with_messages().await;
    let (unsubscribe, link) = foot_links(&world, "bo").await;
    let message = world.newest("ines").await["message"]["id"].clone();
    let mut paths: Vec<String> = [
        "/preferences?tab=texts",
        "/preferences?tab=email",
        "/messages/missing",
        "/messages/missing?order=MG-2511",
        "/messages/missing?order=MG-9999",
        "/messages/missing?day=never",
    ]
    .map(String::from)
    .to_vec();
    paths.push(format!("/messages/{}#why", message.as_str().unwrap()));
    paths.extend(["texts", "email"].map(|tab| format!("{link}?tab={tab}")));
    paths.extend([unsubscribe, format!("{link}x")]);
    let mut steps = world.sign_in("ines").await;
    // 640 pixels are what 1280 are at 200 %.
    for (width, scheme) in [(1280, "light"), (640, "dark"), (320, "light")] {
        steps.push(json!({"look": {"width": width, "scheme": scheme}}));
        look_at(&paths, &mut steps);
        // After saving, and where nothing could be saved.
        for (fields, save) in [
            (json!(["[name=locale]", "en"]), true),
            (json!(["[name=locale]", "ar"]), false),
        ] {
            steps.extend([
                json!({"open": "/preferences?tab=texts"}),
                json!({ "choose": fields }),
                json!({"check": "[name=quiet]"}),
                json!({"fill": ["[name=quiet_to]", if save { "07:00" } else { "22:00" }]}),
                json!({"click": "main .save button"}),
                json!({"overflow": true}),
                json!({"axe": true}),
            ]);
        }
    }
    let seen = drive(&world.url(), json!(steps)).await;
    assert_eq!(seen.len(), 3 * 2 * (paths.len() + 2));
    found_nothing(&seen);
    world.end().await;
}

#[tokio::test]
async fn the_keyboard_alone_is_enough_with_scripts_and_without() {
    if !chromium_runs_here() {
        return;
    }
    let world = with_messages().await;
    let mut steps = world.sign_in("bo").await;
    for (scripts, key) in [(true, "ArrowDown"), (false, "ArrowUp")] {
        steps.extend([
            json!({"look": {"scripts": scripts, "width": 390}}),
            json!({"open": "/preferences?tab=texts"}),
            json!({"tab": "nav.tabs a"}),
            json!({"tab": "[value=stop_offers]"}),
            json!({"tab": "#allowed"}),
            json!({"tab": "[name=quiet]"}),
            json!({"press": "Space"}),
            json!({"tab": "[name=quiet_from]"}),
            json!({"tab": "[name=\"topic.orders.feedback\"], [name=\"topic.orders.returns\"], [name=\"topic.orders.delivery\"]"}),
            json!({ "press": key }),
            json!({"tab": "[name=time_zone]"}),
            json!({"tab": "main .save button"}),
            json!({"enter": true}),
            json!({"read": "main .outcome h2"}),
            json!({"read": "main .outcome li"}),
        ]);
    }
    let seen = drive(&world.url(), json!(steps)).await;
    let words: Vec<&Value> = seen.iter().filter(|seen| seen.is_array()).collect();
    assert_eq!(words[0], &json!(["Saved"]), "{seen:?}");
    assert_eq!(words[2], &json!(["Saved"]), "{seen:?}");
    let quiet = |words: &Value| {
        let words = words.as_array().unwrap().last().unwrap();
        words.as_str().unwrap().to_owned()
    };
    assert_eq!(quiet(words[1]), "Quiet hours: 22:00 to 07:00");
    assert_eq!(quiet(words[3]), "Quiet hours: none");
    // What the first one chose, the second took back.
    assert_eq!(words[1].as_array().unwrap().len(), 2, "{seen:?}");
    assert_eq!(words[3].as_array().unwrap().len(), 2, "{seen:?}");
    world.end().await;
}
