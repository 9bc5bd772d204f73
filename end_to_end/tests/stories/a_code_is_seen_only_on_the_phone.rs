//! A sign-in code stands on the customer's phone and nowhere else: not in the Message
//! Center, not in the API, not in the log, and not in the store once it has left.

use serde_json::json;

use crate::world::{World, customer, delivery_of, event};

const CODE: &str = "70315926";

#[tokio::test]
async fn the_code_is_in_the_text_and_nowhere_else() {
    let world = World::start().await;
    let ines = customer("ines", 31);
    world.put(std::slice::from_ref(&ines)).await;
    let asked = event("e-1", "security.code", "ines", json!({"code": CODE}));
    let answer = world.http.post("/v1/events", &asked).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert!(!answer.body.contains(CODE));

    let texts = world.texts(ines["phone"].as_str().unwrap()).await;
    let text = texts[0]["text"].as_str().unwrap();
    assert!(text.contains(CODE), "{text}");
    let last = format!("@marigold.example #{CODE}");
    assert_eq!(
        text.lines().last(),
        Some(last.as_str()),
        "bound to the shop's own pages"
    );
    world.delivery("ines", "sms", "delivered").await;

    let message = world.newest("ines").await;
    assert!(
        delivery_of(&message, "email").is_none(),
        "codes go by text only"
    );
    let id = message["message"]["id"].as_str().unwrap();
    for path in [
        "/v1/customers/ines/messages".to_owned(),
        "/v1/customers/ines/changes?since=0".to_owned(),
        format!("/v1/customers/ines/messages?q={CODE}"),
        format!("/v1/messages/{id}"),
        "/v1/failed-events".to_owned(),
        "/metrics".to_owned(),
    ] {
        let answer = world.http.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.body.contains(CODE), "{path}: {}", answer.body);
    }
    let left = world.end().await;
    assert!(!left.log.contains(CODE));
    assert!(left.holds("sign-in code was sent"), "the store can be read");
    assert!(!left.holds(CODE), "the store still holds the code");
}
