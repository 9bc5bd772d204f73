//! The ways in: the redirect to the sign-in and back, the link, the demo's choice.

use axum::Router;
use axum::http::StatusCode;

use super::world::{Call, World};
use crate::WebConfig;

#[tokio::test]
async fn without_a_session_the_way_leads_over_the_sign_in_and_back() {
    let world = World::new().await;
    let answer = world
        .call(Call::get("/messages/msg_0123456789abc?category=orders"))
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(
        answer.header("location"),
        "/sign-in?next=%2Fmessages%2Fmsg_0123456789abc%3Fcategory%3Dorders"
    );
    let page = world.call(Call::get("/sign-in")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("sign in at Marigold"));
    assert!(!page.body.contains("name=\"customer\""));
    let home = world.call(Call::get("/")).await;
    assert_eq!(home.header("location"), "/messages");
    let chosen = Call::post("/sign-in").header("sec-fetch-site", "same-origin");
    let chosen = chosen.body("application/x-www-form-urlencoded", "customer=c-42");
    assert_eq!(world.call(chosen).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_sign_in_link_asks_first_and_works_once() {
    let world = World::new().await;
    world.customer("c-42").await;
    let made = world
        .live(Call::post("/v1/customers/c-42/tokens").json(&serde_json::json!({})))
        .await;
    let token = made.json()["token"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        let page = world
            .call(Call::get(&format!("/sign-in?token={token}")))
            .await;
        assert!(
            page.body.contains("Continue as Inês Machado"),
            "{}",
            page.status
        );
    }
    let send = || {
        Call::post("/sign-in")
            .header("sec-fetch-site", "same-origin")
            .body(
                "application/x-www-form-urlencoded",
                format!("token={token}&next=%2Faccount"),
            )
    };
    let signed_in = world.call(send()).await;
    assert_eq!(signed_in.header("location"), "/account");
    let cookie = signed_in
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let account = world
        .call(Call::get("/account").header("cookie", &cookie))
        .await;
    assert!(account.body.contains("Inês Machado") && account.body.contains("···29"));
    let again = world.call(send()).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert!(again.body.contains("This link no longer works"));
    let out = Call::post("/sign-out").header("sec-fetch-site", "same-origin");
    let out = world.call(out.header("cookie", &cookie)).await;
    assert_eq!(out.status, StatusCode::SEE_OTHER);
    let after = world
        .call(Call::get("/account").header("cookie", &cookie))
        .await;
    assert_eq!(after.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_demo_lets_people_choose_who_they_are() {
    let config = WebConfig {
        demo: true,
        secure_cookies: false,
        ..WebConfig::default()
    };
    let world = World::with(config, Router::new()).await;
    world.customer("c-42").await;
    let home = world.call(Call::get("/")).await;
    assert!(home.body.contains("/sandbox/phone") && home.body.contains("/openapi.json"));
    let choice = world.call(Call::get("/sign-in")).await;
    assert!(choice.body.contains("value=\"c-42\"") && choice.body.contains("Brazil"));
    let send = |id: &str| {
        Call::post("/sign-in")
            .header("sec-fetch-site", "same-origin")
            .header("accept", "text/html")
            .body(
                "application/x-www-form-urlencoded",
                format!("customer={id}"),
            )
    };
    let signed_in = world.call(send("c-42")).await;
    assert_eq!(signed_in.header("location"), "/messages");
    assert!(signed_in.header("set-cookie").starts_with("tidings="));
    let nobody = world.call(send("nobody")).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
}
