//! What customers allow: stated with the profile, withdrawn by them, proved as of a moment.

use model::{ContactPoint, How, Said, Span, Wish};
use serde_json::{Value, json};
use store::Wished;

use super::world::{Call, World};

const PATH: &str = "/v1/customers/c-1";

fn profile() -> Value {
    json!({
        "name": "Inês Machado", "phone": "+12535550129",
        "consents": [
            {"channel": "sms", "purpose": "transactional", "given_at": "2024-01-01T00:00:00Z", "source": "checkout"},
            {"channel": "sms", "purpose": "marketing", "given_at": "2024-01-02T00:00:00Z", "source": "checkout"},
        ],
    })
}

/// The customer puts it, and then texts STOP.
async fn stopped() -> World {
    let world = World::new().await;
    world.live(Call::put(PATH).json(&profile())).await;
    world.clock.advance(Span::minutes(5));
    let said = Said {
        at: world.clock.now(),
        how: How::Keyword,
        source: "text".into(),
        wording: String::new(),
        locale: String::new(),
        by: String::new(),
    };
    let wish = Wish::StopAll;
    let phone = ContactPoint::phone("+12535550129").unwrap();
    let wished = Wished { wish, said };
    world.app.pipeline().wish(phone, wished).await.unwrap();
    world
}

fn allowed(answer: &Value) -> Vec<(String, bool)> {
    let standing = answer["standing"].as_array().unwrap();
    let word = |one: &Value| {
        (
            one["purpose"].as_str().unwrap().into(),
            one["allowed"] == true,
        )
    };
    standing.iter().map(word).collect()
}

#[tokio::test]
async fn consent_is_answered_as_of_any_moment_and_proved() {
    let world = stopped().await;
    let before = format!("{PATH}/consent?at=2024-06-01T00:00:00Z");
    let was = world.live(Call::get(&before)).await;
    let both = [
        ("transactional".to_owned(), true),
        ("marketing".to_owned(), true),
    ];
    assert_eq!(allowed(&was.json()), both);
    let is = world.live(Call::get(&format!("{PATH}/consent"))).await;
    let none = [
        ("transactional".to_owned(), false),
        ("marketing".to_owned(), false),
    ];
    assert_eq!(allowed(&is.json()), none);
    let never = world
        .live(Call::get(&format!(
            "{PATH}/consent?at=2023-01-01T00:00:00Z"
        )))
        .await;
    assert_eq!(allowed(&never.json()), []);
    // Who has the answer and the keys needs nobody else.
    let jwks = world
        .call(Call::get("/.well-known/message-senders-jwks.json"))
        .await
        .body;
    let signature = is.header("consent-signature");
    crate::senders::verify(is.body.as_bytes(), signature, &jwks).unwrap();
    let proven = crate::check_consent(&is.body).unwrap();
    assert_eq!((proven.customer.as_str(), proven.lines), ("c-1", 4));
    assert!(proven.standing[0].starts_with("sms transactional: not allowed since"));
    assert!(crate::senders::verify(was.body.as_bytes(), signature, &jwks).is_err());
}

#[tokio::test]
async fn a_proof_that_was_touched_proves_nothing() {
    let world = stopped().await;
    let proof = world
        .live(Call::get(&format!("{PATH}/consent")))
        .await
        .json();
    let fault = |change: &dyn Fn(&mut Value)| {
        let mut changed = proof.clone();
        change(&mut changed);
        crate::check_consent(&changed.to_string()).unwrap_err()
    };
    let said = fault(&|proof| proof["standing"][0]["allowed"] = json!(true));
    assert_eq!(
        said,
        "what is said to stand does not follow from the ledger"
    );
    let said = fault(&|proof| {
        proof["ledger"].as_array_mut().unwrap().pop();
    });
    assert_eq!(
        said,
        "what is said to stand does not follow from the ledger"
    );
    let said = fault(&|proof| {
        proof["ledger"].as_array_mut().unwrap().remove(1);
    });
    assert!(said.starts_with("line 3: its seal does not fit"), "{said}");
    let said = fault(&|proof| proof["customer"] = json!("c-2"));
    assert_eq!(said, "the ledger is another customer's");
    assert!(crate::check_consent("[]").is_err());
}

#[tokio::test]
async fn a_profile_sent_again_does_not_undo_a_stop() {
    let world = stopped().await;
    let put = world.live(Call::put(PATH).json(&profile())).await.json();
    for consent in put["consents"].as_array().unwrap() {
        assert_eq!(consent["ended"], "keyword", "{consent}");
        assert_eq!(consent["contact"], "+12535550129");
    }
    let got = world.live(Call::get(PATH)).await;
    assert_eq!(got.json(), put);
    // What was answered can be sent as it is.
    let again = world.live(Call::put(PATH).json(&put)).await;
    assert_eq!((again.status.as_u16(), again.json()), (200, put));
}

#[tokio::test]
async fn only_the_customer_and_the_marketplace_see_it() {
    let world = stopped().await;
    let path = format!("{PATH}/consent");
    let nobody = world.call(Call::get(&path)).await;
    assert_eq!(nobody.status, 401);
    let unknown = world.live(Call::get("/v1/customers/c-9/consent")).await;
    assert_eq!(unknown.status, 404);
    let wrong = world.live(Call::get(&format!("{path}?at=soon"))).await;
    assert_eq!(wrong.status, 422);
    let misspelt = world.live(Call::get(&format!("{path}?when=2024"))).await;
    assert_eq!(misspelt.status, 400);
}
