//! Signing in: the token's way to a cookie, and the cookie's way back.

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use model::Span;
use serde_json::json;

use super::world::{Call, World};
use crate::session::{end_session, find_viewer, start_session};
use crate::{WebConfig, redeem_sign_in};

fn cookie(set_cookie: &str) -> HeaderMap {
    let pair = set_cookie.split(';').next().unwrap();
    let pair = format!("theme=dark; {pair}; other=1");
    [(COOKIE, pair.parse().unwrap())].into_iter().collect()
}

#[tokio::test]
async fn a_sign_in_token_works_once_within_a_minute() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let request = || Call::post("/v1/customers/c-42/tokens").json(&json!({}));
    let made = world.live(request()).await.json();
    let token = made["token"].as_str().unwrap();
    let url = made["sign_in_url"].as_str().unwrap();
    assert_eq!(url, format!("http://127.0.0.1:8080/sign-in?token={token}"));

    let direct = world
        .call(Call::get("/v1/customers/c-42").bearer(token))
        .await;
    assert_eq!(direct.problem(), "unauthorized");
    assert_eq!(
        redeem_sign_in(&world.app, token).await.unwrap(),
        facts.recipient
    );
    let again = redeem_sign_in(&world.app, token).await.unwrap_err();
    assert!(again.detail().contains("used before"));

    let made = world.live(request()).await.json();
    world.clock.advance(Span::secs(60));
    let late = redeem_sign_in(&world.app, made["token"].as_str().unwrap()).await;
    assert!(late.unwrap_err().detail().contains("too old"));
    let unknown = world
        .live(Call::post("/v1/customers/c-44/tokens").json(&json!({})))
        .await;
    assert_eq!(unknown.problem(), "not-found");
}

#[tokio::test]
async fn a_session_is_a_cookie_that_can_be_ended() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let set = start_session(&world.app, facts.recipient).await.unwrap();
    let set = set.to_str().unwrap();
    assert!(set.starts_with("__Host-tidings="), "{set}");
    assert!(set.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure"));
    let headers = cookie(set);
    let viewer = find_viewer(&world.app, &headers).await.unwrap().unwrap();
    assert_eq!(viewer.customer().id, "c-42");
    assert_eq!(viewer.recipient(), facts.recipient);

    let gone = end_session(&world.app, &headers).await.unwrap();
    assert!(
        gone.to_str()
            .unwrap()
            .starts_with("__Host-tidings=; Path=/; Max-Age=0;")
    );
    assert!(find_viewer(&world.app, &headers).await.unwrap().is_none());
    assert!(
        find_viewer(&world.app, &HeaderMap::new())
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_session_ends_after_thirty_days() {
    let config = WebConfig {
        secure_cookies: false,
        ..WebConfig::default()
    };
    let world = World::with(config, Router::new()).await;
    let facts = world.customer("c-42").await;
    let set = start_session(&world.app, facts.recipient).await.unwrap();
    let set = set.to_str().unwrap();
    assert!(
        set.starts_with("tidings=") && !set.contains("Secure"),
        "{set}"
    );
    world.clock.advance(Span::hours(30 * 24 - 1));
    assert!(
        find_viewer(&world.app, &cookie(set))
            .await
            .unwrap()
            .is_some()
    );
    world.clock.advance(Span::hours(1));
    assert!(
        find_viewer(&world.app, &cookie(set))
            .await
            .unwrap()
            .is_none()
    );
}
