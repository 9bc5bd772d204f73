//! Contact points: the API, the section of the preference page, and whom a change tells.

use axum::http::StatusCode;
use model::{Channel, Lane, Span};
use serde_json::{Value, json};
use store::ClaimRequest;

use super::pages::Browser;
use super::world::{Answer, Call, World};

const FORM: &str = "application/x-www-form-urlencoded";

fn profile(phone: &str, locale: &str) -> Value {
    json!({"name": "Ana", "locale": locale, "country": "US", "time_zone": "America/New_York",
        "phone": phone, "email": "ana@customers.example",
        "consents": [{"channel": "sms", "purpose": "transactional",
            "given_at": "2026-01-31T09:30:00Z", "source": "checkout"}]})
}

async fn put(world: &World, phone: &str, query: &str) {
    let call = Call::put(&format!("/v1/customers/ana{query}"));
    let put = world.live(call.json(&profile(phone, "de-DE"))).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.body);
}

/// The code that is on its way to a channel.
async fn code(world: &World, channel: Channel) -> String {
    let request = ClaimRequest {
        channel,
        lanes: Lane::ALL.to_vec(),
        limit: 9,
        now: world.clock.now(),
        lease: Span::minutes(1),
    };
    let claimed = world.app.store().claim_due(request).await.unwrap();
    let secret = claimed.last().unwrap().secret.clone();
    secret.unwrap().open().to_owned()
}

async fn contacts(world: &World) -> Value {
    let answer = world.live(Call::get("/v1/customers/ana/contacts")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.json()["contacts"].clone()
}

const VERIFICATION: &str = "/v1/customers/ana/contacts/sms/verification";

async fn check(world: &World, code: &str) -> Value {
    let call = Call::post(&format!("{VERIFICATION}/check")).json(&json!({"code": code}));
    world.live(call).await.json()
}

#[tokio::test]
async fn a_phone_is_proved_through_the_api() {
    let world = World::new().await;
    put(&world, "+12535550129", "").await;
    let before = contacts(&world).await;
    assert_eq!(
        (&before[0]["masked"], &before[0]["verified"]),
        (&json!("···29"), &json!(false))
    );
    let sent = world.live(Call::post(VERIFICATION)).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
    let soon = world.live(Call::post(VERIFICATION)).await;
    assert_eq!(
        (soon.status, soon.header("retry-after")),
        (StatusCode::TOO_MANY_REQUESTS, "60")
    );
    let code = code(&world, Channel::Sms).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let answer = check(&world, wrong).await;
    assert_eq!(
        answer,
        json!({"verified": false, "reason": "wrong_code", "tries_left": 4})
    );
    assert_eq!(
        check(&world, &code).await,
        json!({"verified": true, "tries_left": 0})
    );
    assert_eq!(check(&world, &code).await["reason"], "no_code");
    let after = contacts(&world).await;
    assert_eq!(
        (&after[0]["verified"], &after[0]["verified_by"]),
        (&json!(true), &json!("code"))
    );
    assert_eq!(
        (&after[1]["verified"], &after[1]["health"]),
        (&json!(false), &json!("good"))
    );
    // Another number is another address.
    put(&world, "+12535550130", "").await;
    assert_eq!(contacts(&world).await[0]["verified"], false);
    for (path, status) in [
        ("/v1/customers/ana/contacts/fax/verification", 404),
        ("/v1/customers/nobody/contacts/sms/verification", 404),
    ] {
        assert_eq!(world.live(Call::post(path)).await.status.as_u16(), status);
    }
}

#[tokio::test]
async fn a_profile_tells_the_old_address_and_an_import_only_when_asked() {
    let world = World::new().await;
    let due = async || {
        world
            .app
            .store()
            .due_contact_changes(9)
            .await
            .unwrap()
            .len()
    };
    put(&world, "+12535550129", "").await;
    put(&world, "+12535550130", "?tell_old=false").await;
    assert_eq!(due().await, 0);
    put(&world, "+12535550131", "").await;
    assert_eq!(due().await, 1);
    let import = async |phone: &str, query: &str| {
        let mut line = profile(phone, "en");
        line["id"] = json!("ana");
        let call = Call::put(&format!("/v1/customers{query}"));
        let answer = world
            .live(call.body("application/x-ndjson", line.to_string()))
            .await;
        assert_eq!(answer.json()["stored"], 1, "{}", answer.body);
    };
    import("+12535550132", "").await;
    assert_eq!(due().await, 1);
    import("+12535550133", "?tell_old=true").await;
    assert_eq!(due().await, 2);
}

async fn submit(browser: &Browser<'_>, form: String) -> Answer {
    let call = Call::post("/preferences/contacts").header("sec-fetch-site", "same-origin");
    browser.send(call.body(FORM, form)).await
}

#[tokio::test]
async fn the_page_shows_the_state_and_takes_the_code() {
    let world = World::new().await;
    put(&world, "+12535550129", "").await;
    let facts = world.app.store().facts(vec!["ana".into()]).await.unwrap();
    let facts = facts.into_iter().flatten().next().unwrap();
    let browser = Browser::of(&world, &facts).await;
    let page = browser.get("/preferences").await;
    assert!(page.body.contains("Where we reach you") && page.body.contains("Not confirmed yet"));
    assert!(!page.body.contains("+12535550129"), "masked");
    let sent = submit(&browser, "channel=sms&do=send".into()).await;
    assert_eq!(sent.status, StatusCode::OK, "{}", sent.body);
    assert!(sent.body.contains("A code is on its way") && sent.body.contains("one-time-code"));
    let code = code(&world, Channel::Sms).await;
    assert!(!sent.body.contains(&code));
    let wrong = submit(&browser, "channel=sms&do=check&code=1".into()).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("Tries left: 4"), "{}", wrong.body);
    let right = submit(&browser, format!("channel=sms&do=check&code={code}")).await;
    assert!(
        right.body.contains("Confirmed to be yours"),
        "{}",
        right.body
    );
    // An address at which nothing arrives says so, and may be proved again.
    let phone = facts.customer.phone.clone().unwrap();
    world
        .app
        .pipeline()
        .suppress(phone, "hard_bounce".into())
        .await
        .unwrap();
    let page = browser.get("/preferences/contacts").await;
    assert!(page.body.contains("did not arrive there") && page.body.contains("value=\"send\""));
    assert_eq!(contacts(&world).await[0]["health"], "bounced");
    // By a link one only looks.
    let link = crate::preferences_url(&world.app, facts.recipient);
    let path = link
        .strip_prefix(world.app.config().public_url.as_str())
        .unwrap();
    let linked = world.call(Call::get(path)).await;
    assert!(linked.body.contains("Where we reach you") && !linked.body.contains("value=\"send\""));
}
