//! A text is quoted before it is committed, charged when the carrier takes it, and
//! reconciled with the carrier's own price. When the money for offers is spent, offers
//! stop, and the sign-in code still leaves.

use serde_json::{Value, json};

use crate::world::{World, customer, delivery_of, event, parcel, run};

const CARD: &str = "carrier = \"sandbox-sms\"\nchannel = \"sms\"\ncurrency = \"USD\"\nvalid_from = \"2020-01-01\"\n\n[[rates]]\ncountry = \"US\"\nprefixes = [\"+1\"]\nprice = \"0.01\"\n";

/// A world with a rate card, and a budget of two texts for offers.
async fn priced(folder: &std::path::Path) -> World {
    std::fs::write(folder.join("card.toml"), CARD).unwrap();
    let sections = format!(
        "[costs]\nrate_cards = \"{}\"\n\n[[budgets]]\nname = \"promotions\"\nper = \"month\"\namount = \"0.02\"\ncurrency = \"USD\"\npurposes = [\"marketing\"]\nchannel = \"sms\"\n",
        folder.display()
    );
    World::with(&sections).await
}

/// A customer who allowed texts about orders, and offers.
fn ines() -> Value {
    let mut ines = customer("ines", 21);
    let consent = |purpose: &str| json!({"channel": "sms", "purpose": purpose, "given_at": "2020-01-01T00:00:00Z", "source": "checkout"});
    ines["consents"] = json!([consent("transactional"), consent("marketing")]);
    ines
}

async fn costs(world: &World, by: &str) -> Value {
    let answer = world.http.get(&format!("/v1/costs?by={by}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["rows"][0].clone()
}

#[tokio::test]
async fn a_text_is_quoted_charged_and_reconciled() {
    let folder = tempfile::tempdir().unwrap();
    let world = priced(folder.path()).await;
    world.put(&[ines()]).await;
    world
        .post(&event(
            "e-1",
            "shipment.delivered",
            "ines",
            parcel("MG-2101"),
        ))
        .await;
    let text = world.delivery("ines", "sms", "delivered").await;
    let attempts = text["attempts"].as_array().unwrap();
    let carrier_id = attempts[0]["carrier_id"].as_str().unwrap().to_owned();
    let row = costs(&world, "category").await;
    assert_eq!(row["key"], "orders", "{row}");
    assert_eq!(row["charged"]["deliveries"], 1, "{row}");
    assert_eq!(row["quoted"]["amount"], row["charged"]["amount"], "{row}");

    let price = json!({"prices": [{"carrier": "sandbox-sms", "carrier_id": carrier_id, "price": "0.033", "currency": "USD"}]});
    for (booked, known) in [(1, 0), (0, 1)] {
        let told = world.http.post("/v1/prices", &price).await.json();
        assert_eq!(
            told,
            json!({"booked": booked, "known": known, "unknown": []})
        );
    }
    let row = costs(&world, "day").await;
    assert_eq!(
        (&row["cost"], &row["reconciled"]["deliveries"]),
        (&json!("0.033"), &json!(1)),
        "{row}"
    );

    let home = world.end().await;
    let config = home.config();
    let check = run(&["check", "--json", "--config", config.to_str().unwrap()]).await;
    let said: Value = serde_json::from_str(&check.stdout).unwrap();
    let passed = said["passed"].as_array().unwrap();
    assert!(
        passed.contains(&json!("ledger")) && passed.contains(&json!("costs")),
        "{said}"
    );
}

#[tokio::test]
async fn offers_stop_when_their_money_is_spent_and_codes_never() {
    let folder = tempfile::tempdir().unwrap();
    let world = priced(folder.path()).await;
    world.put(&[ines()]).await;
    let offer = json!({"offer": {"coupon": "AUTUMN10", "percent": 10}});
    for n in 1..=3 {
        let mut coupon = event(&format!("e-{n}"), "promotion.coupon", "ines", offer.clone());
        coupon["campaign"] = json!("autumn");
        world.post(&coupon).await;
        let newest = world.newest("ines").await;
        let text = delivery_of(&newest, "sms");
        assert_eq!(text.is_some(), n <= 2, "offer {n}: {newest}");
        if n == 3 {
            let said = |spoke: &Value| spoke["rule"] == "budget" && spoke["verdict"] == "stop";
            assert!(
                newest["trace"].as_array().unwrap().iter().any(said),
                "{newest}"
            );
        }
    }
    let budget = world.http.get("/v1/budgets").await.json()["budgets"][0].clone();
    assert_eq!(
        (&budget["state"], &budget["spent"]),
        (&json!("spent"), &json!("0.02")),
        "{budget}"
    );
    assert_eq!(costs(&world, "campaign").await["key"], "autumn");

    world
        .post(&event(
            "e-9",
            "security.code",
            "ines",
            json!({"code": "482913"}),
        ))
        .await;
    world.delivery("ines", "sms", "delivered").await;
    world.end().await;
}
