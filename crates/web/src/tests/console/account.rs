//! What somebody changes of their own account.

use axum::http::StatusCode;
use model::{Role, Span};

use super::{
    PASSWORD, World, actions, between, code_of, cookie, form, give_code, give_password, key_on,
    page, person,
};

const NEW: &str = "eight blue lanterns";

#[tokio::test]
async fn a_password_is_changed_with_the_present_one() {
    let world = World::new().await;
    let noor = person(&world, "noor@marigold.example", &[Role::Support]).await;
    let half = cookie(&give_password(&world, &noor.email, PASSWORD).await);
    let code = code_of(&noor.key, world.clock.now());
    let other = cookie(&give_code(&world, &half, &code).await);
    let send = |present: &str, new: &str, again: &str| {
        let fields = [("present", present), ("password", new), ("again", again)];
        form("/console/account/password", &noor.cookie, &fields)
    };
    for (call, said) in [
        (
            send("seven red lanterns", NEW, NEW),
            "present password is not right",
        ),
        (send(PASSWORD, "short", "short"), "at least 12 characters"),
        (
            send(PASSWORD, NEW, "eight blue"),
            "two new passwords differ",
        ),
    ] {
        let refused = world.call(call).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
        assert!(refused.body.contains(said), "{said}");
    }
    let done = world.call(send(PASSWORD, NEW, NEW)).await;
    assert_eq!(done.header("location"), "/console/account?done=password");
    assert_eq!(
        world.call(page("/console", &noor.cookie)).await.status,
        StatusCode::OK
    );
    let elsewhere = world.call(page("/console", &other)).await;
    assert_eq!(
        elsewhere.status,
        StatusCode::SEE_OTHER,
        "signed out elsewhere"
    );
    let old = give_password(&world, &noor.email, PASSWORD).await;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED);
    let new = give_password(&world, &noor.email, NEW).await;
    assert_eq!(new.status, StatusCode::SEE_OTHER);
    assert!(
        actions(&world)
            .await
            .contains(&"account.password".to_owned())
    );
}

#[tokio::test]
async fn another_phone_takes_the_place_of_the_old_one() {
    let world = World::new().await;
    let noor = person(&world, "noor@marigold.example", &[Role::Support]).await;
    let shown = world
        .call(page("/console/account/codes", &noor.cookie))
        .await;
    let (key, nonce) = (
        key_on(&shown.body),
        between(&shown.body, "name=\"nonce\" value=\"", "\"").to_owned(),
    );
    assert_ne!(key, noor.key);
    let send = |present: &str, code: &str| {
        let fields = [
            ("nonce", nonce.as_str()),
            ("present", present),
            ("code", code),
        ];
        form("/console/account/codes", &noor.cookie, &fields)
    };
    let code = code_of(&key, world.clock.now());
    let old = code_of(&noor.key, world.clock.now());
    for (call, said) in [
        (send(PASSWORD, &old), "not the code the new phone"),
        (
            send("seven red lanterns", &code),
            "present password is not right",
        ),
    ] {
        let refused = world.call(call).await;
        assert!(refused.body.contains(said), "{said}");
        assert_eq!(key_on(&refused.body), key, "the same picture again");
    }
    let done = world.call(send(PASSWORD, &code)).await;
    assert_eq!(done.status, StatusCode::OK);
    assert!(done.body.contains("The old ones no longer work"));
    world.clock.advance(Span::secs(60));
    let half = cookie(&give_password(&world, &noor.email, PASSWORD).await);
    for (code, right) in [
        (code_of(&noor.key, world.clock.now()), false),
        (noor.recovery[0].clone(), false),
        (code_of(&key, world.clock.now()), true),
    ] {
        let answer = give_code(&world, &half, &code).await;
        assert_eq!(answer.status == StatusCode::SEE_OTHER, right);
    }
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let world = World::new().await;
    let noor = person(&world, "noor@marigold.example", &[Role::Support]).await;
    let mut others = Vec::new();
    for _ in 0..3 {
        let half = cookie(&give_password(&world, &noor.email, PASSWORD).await);
        let code = code_of(&noor.key, world.clock.now());
        others.push(cookie(&give_code(&world, &half, &code).await));
        world.clock.advance(Span::secs(60));
    }
    let inside =
        async |cookie: &str| world.call(page("/console", cookie)).await.status == StatusCode::OK;
    let shown = world.call(page("/console/account", &noor.cookie)).await;
    assert_eq!(shown.body.matches("Sign out there").count(), 3);
    assert_eq!(shown.body.matches("This one").count(), 1);
    let newest = between(&shown.body, "name=\"session\" value=\"", "\"");
    let end = |fields: &[(&str, &str)]| form("/console/account/sessions", &noor.cookie, fields);
    world.call(end(&[("session", newest)])).await;
    assert!(!inside(&others[2]).await && inside(&others[1]).await);
    world.call(end(&[("session", "odd")])).await;
    assert!(inside(&others[1]).await);
    world.call(end(&[])).await;
    assert!(!inside(&others[0]).await && !inside(&others[1]).await);
    assert!(inside(&noor.cookie).await);
}
