//! The list of suppressions over the API, and the import of consents.

use model::{Channel, ContactPoint, How, Said, Span, Wish};
use serde_json::{Value, json};
use store::{AuditFilter, Wished};

use super::world::{Call, World};

const PHONE: &str = "+12535550129";

async fn add(world: &World, body: &Value) -> String {
    let added = world.live(Call::post("/v1/suppressions").json(body)).await;
    assert_eq!(added.status, 204, "{}", added.body);
    added.header("location").to_owned()
}

async fn entries(world: &World, path: &str) -> Vec<Value> {
    let answer = world.live(Call::get(path)).await;
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    answer["suppressions"].as_array().unwrap().clone()
}

async fn search(world: &World, body: &Value) -> Vec<Value> {
    let call = Call::post("/v1/suppressions/search").json(body);
    let answer: Value = serde_json::from_str(&world.live(call).await.body).unwrap();
    answer["suppressions"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_entry_is_listed_found_ended_and_undone() {
    let world = World::new().await;
    world.customer("c-42").await;
    let until = (world.clock.now() + Span::hours(2)).to_string();
    let soon =
        json!({"phone": PHONE, "reason": "travels", "until": until, "note": "asked in chat"});
    let at = add(&world, &soon).await;
    world.clock.advance(Span::millis(5));
    add(
        &world,
        &json!({"email": "gone@shop.example", "reason": "hard_bounce"}),
    )
    .await;
    let all = entries(&world, "/v1/suppressions").await;
    assert_eq!(all.len(), 2);
    assert_eq!(all[1]["reason"], "travels");
    assert_eq!(all[1]["state"], "active");
    assert_eq!(all[1]["note"], "asked in chat");
    let shown = serde_json::to_string(&all).unwrap();
    assert!(!shown.contains(PHONE) && !shown.contains("gone@shop.example"));
    assert_eq!(
        entries(&world, "/v1/suppressions?channel=sms").await.len(),
        1
    );
    assert_eq!(
        entries(&world, "/v1/suppressions?reason=hard_bounce")
            .await
            .len(),
        1
    );
    assert_eq!(entries(&world, "/v1/suppressions?limit=1").await.len(), 1);
    assert_eq!(
        search(&world, &json!({"phone": "+1 253 555 0129"}))
            .await
            .len(),
        1
    );
    assert!(
        search(&world, &json!({"phone": "+12535550100"}))
            .await
            .is_empty()
    );
    world.clock.advance(Span::hours(2));
    let one: Value = serde_json::from_str(&world.live(Call::get(&at)).await.body).unwrap();
    assert_eq!(one["state"], "expired");
    let undo = |body: Value| Call::post(&format!("{at}/undo")).json(&body);
    assert_eq!(
        world.live(undo(json!({"note": " "}))).await.problem(),
        "invalid"
    );
    assert_eq!(
        world.test(undo(json!({"note": "x"}))).await.problem(),
        "forbidden"
    );
    let done = world.live(undo(json!({"note": "is back"}))).await;
    assert_eq!(done.status, 204, "{}", done.body);
    assert_eq!(
        world.live(undo(json!({"note": "again"}))).await.problem(),
        "not-found"
    );
    let lines = world
        .app
        .store()
        .audit(AuditFilter::default(), None, 9)
        .await;
    let lines = lines.unwrap();
    assert_eq!(lines[0].action, "suppression.undone");
    assert_eq!(lines[0].details["note"], "is back");
    assert_eq!(lines[0].origin, model::Origin::Api);
    assert_eq!(lines.len(), 3);
    assert!(at.ends_with(&lines[0].subject));
    let past = json!({"phone": PHONE, "reason": "x", "until": "2020-01-01T00:00:00Z"});
    let past = world.live(Call::post("/v1/suppressions").json(&past)).await;
    assert_eq!(past.problem(), "invalid");
}

#[tokio::test]
async fn what_the_customer_said_is_not_undone() {
    let world = World::new().await;
    world.customer("c-42").await;
    let stop = Wished {
        wish: Wish::StopAll,
        said: Said {
            at: world.clock.now(),
            how: How::Keyword,
            source: "text".into(),
            wording: String::new(),
            locale: String::new(),
            by: String::new(),
        },
    };
    let phone = ContactPoint::phone(PHONE).unwrap();
    world.app.pipeline().wish(phone, stop).await.unwrap();
    let own = search(&world, &json!({"phone": PHONE})).await.remove(0);
    assert_eq!(
        (&own["own"], &own["reason"]),
        (&json!(true), &json!("keyword_stop"))
    );
    let undo = format!("/v1/suppressions/{}/undo", own["id"].as_str().unwrap());
    let refused = world
        .live(Call::post(&undo).json(&json!({"note": "asked"})))
        .await;
    assert_eq!(refused.problem(), "conflict");
    assert!(
        refused.body.contains("Only they start again"),
        "{}",
        refused.body
    );
    let facts = world.app.store().facts(vec!["c-42".into()]).await.unwrap();
    let facts = facts.into_iter().next().flatten().unwrap();
    assert!(
        facts
            .suppression_at(Channel::Sms, world.clock.now())
            .is_some()
    );
}

#[tokio::test]
async fn consents_are_imported_with_a_report() {
    let world = World::new().await;
    world.customer("c-42").await;
    let file = "customer,channel,purpose,act,at\r\nc-42,email,marketing,gave,2026-01-02T10:00:00Z\r\nc-9,sms,transactional,gave,2026-01-02T10:00:00Z\r\n";
    let post = |accept: &str| {
        Call::post("/v1/consents/import")
            .header("accept", accept)
            .body("text/csv", file)
    };
    let done = world.live(post("application/json")).await;
    let report: Value = serde_json::from_str(&done.body).unwrap();
    assert_eq!(report["taken"], 1, "{report}");
    assert_eq!(report["refused"][0]["line"], 3);
    assert_eq!(report["refused"][0]["column"], "customer");
    let again = world.live(post("text/csv")).await;
    assert_eq!(
        again.body,
        "line,column,reason\r\n3,customer,\"there is no such customer\"\r\n"
    );
    let odd = Call::post("/v1/consents/import").body("text/csv", "name\nx\n");
    let odd = world.live(odd).await;
    assert_eq!(odd.problem(), "invalid");
    let json = Call::post("/v1/consents/import").json(&json!({}));
    assert_eq!(world.live(json).await.problem(), "unsupported-media-type");
}
