//! Enrolling and signing in.

use axum::http::StatusCode;
use model::{Role, Span};

use super::{
    PASSWORD, World, actions, audit, between, code_of, cookie, form, give_code, give_password,
    invite, key_on, page, person,
};
use crate::staff::{Actor, disable_staff, reset_staff};

#[tokio::test]
async fn a_link_makes_an_account_its_persons_once() {
    let world = World::new().await;
    let (id, link) = invite(&world, "Noor@Marigold.example", &[Role::Support]).await;
    let first = world.call(page(&link, "")).await;
    assert_eq!(first.status, StatusCode::OK);
    assert!(first.body.contains("noor@marigold.example"));
    assert!(first.body.contains("<svg class=\"qr\""));
    let again = world.call(page(&link, "")).await;
    assert_eq!(
        key_on(&again.body),
        key_on(&first.body),
        "looking uses nothing up"
    );
    let key = key_on(&first.body);
    let uri = between(&first.body, "href=\"otpauth", "\"");
    assert!(uri.contains(&format!("secret={key}")), "{uri}");

    let token = link.split_once("token=").unwrap().1.to_owned();
    let code = code_of(&key, world.clock.now());
    let send = |password: &str, again: &str, code: &str| {
        let fields = [
            ("token", token.as_str()),
            ("password", password),
            ("again", again),
            ("code", code),
        ];
        form("/console/enrol", "", &fields)
    };
    for (call, said) in [
        (
            send("too short", "too short", &code),
            "at least 12 characters",
        ),
        (
            send("password1234", "password1234", &code),
            "Many people have",
        ),
        (
            send("my noor@marigold.example", "x", &code),
            "your own address",
        ),
        (
            send(PASSWORD, "seven green lantern", &code),
            "two passwords differ",
        ),
        (send(PASSWORD, PASSWORD, "000000"), "not the code"),
    ] {
        let answer = world.call(call).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
        assert!(answer.body.contains(said), "{said}");
        assert!(
            !answer.body.contains(PASSWORD),
            "a password is never sent back"
        );
    }
    let done = world.call(send(PASSWORD, PASSWORD, &code)).await;
    assert_eq!(done.status, StatusCode::OK);
    let inside = world.call(page("/console", &cookie(&done))).await;
    assert_eq!(inside.status, StatusCode::OK);
    for call in [page(&link, ""), send(PASSWORD, PASSWORD, &code)] {
        let gone = world.call(call).await;
        assert_eq!(gone.status, StatusCode::UNAUTHORIZED);
        assert!(gone.body.contains("no longer works"));
    }
    let lines = audit(&world).await;
    assert_eq!(lines[0].action, "staff.enrolled");
    assert_eq!(lines[0].who, Some(id));
}

#[tokio::test]
async fn a_link_ends_after_a_day_and_with_a_new_one() {
    let world = World::new().await;
    let (id, link) = invite(&world, "a@marigold.example", &[Role::Support]).await;
    let random = ring::rand::SystemRandom::new();
    let now = world.clock.now();
    let reset = reset_staff(world.app.store(), &random, Actor::COMMAND, id, now).await;
    let second = crate::staff::enrol_url("", &reset.unwrap());
    let status = async |link: &str| world.call(page(link, "")).await.status;
    assert_eq!(status(&link).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&second).await, StatusCode::OK);
    world.clock.advance(Span::hours(24));
    assert_eq!(status(&second).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status("/console/enrol").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn signing_in_takes_a_password_and_then_a_code() {
    let world = World::new().await;
    let noor = person(&world, "noor@marigold.example", &[Role::Operator]).await;
    let first = give_password(&world, " NOOR@marigold.example ", PASSWORD).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.body);
    assert_eq!(
        first.header("location"),
        "/console/sign-in/code?next=%2Fconsole%2Ffailed"
    );
    let half = cookie(&first);
    assert!(half.starts_with("__Host-tidings-staff="), "{half}");
    let set = first.header("set-cookie");
    assert!(
        set.ends_with("; Path=/; Max-Age=300; HttpOnly; SameSite=Strict; Secure"),
        "{set}"
    );
    let inside = world.call(page("/console", &half)).await;
    assert_eq!(inside.status, StatusCode::SEE_OTHER, "half is not in");
    let asked = world.call(page("/console/sign-in/code", &half)).await;
    assert!(asked.body.contains("six digits"));

    let code = code_of(&noor.key, world.clock.now());
    let second = give_code(&world, &half, &code).await;
    assert_eq!(second.status, StatusCode::SEE_OTHER);
    assert_eq!(second.header("location"), "/console/failed");
    let whole = cookie(&second);
    assert_ne!(whole, half, "another cookie at each step");
    assert!(second.header("set-cookie").contains("Max-Age=43200"));
    assert_eq!(
        world.call(page("/console", &whole)).await.status,
        StatusCode::OK
    );
    let used = give_code(&world, &half, &code).await;
    assert_eq!(
        used.header("location"),
        "/console/sign-in",
        "the half one is gone"
    );

    // The same code once more, in another browser.
    let other = cookie(&give_password(&world, &noor.email, PASSWORD).await);
    let spent = give_code(&world, &other, &code).await;
    assert_eq!(spent.status, StatusCode::UNAUTHORIZED);
    assert!(spent.body.contains("A code works once"));

    let out = world.call(form("/console/sign-out", &whole, &[])).await;
    assert_eq!(out.header("location"), "/console/sign-in?out=1");
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    let gone = world.call(page("/console", &whole)).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER);
    let done = actions(&world).await;
    let newest = [
        "sign_out",
        "sign_in.failed",
        "sign_in.done",
        "staff.enrolled",
    ];
    assert_eq!(done[..4], newest);
}

#[tokio::test]
async fn the_door_says_how_the_first_account_is_made() {
    let world = World::new().await;
    let empty = world.call(page("/console/sign-in", "")).await;
    assert!(empty.body.contains("tidings staff add"));
    invite(&world, "a@marigold.example", &[Role::Operator]).await;
    let later = world.call(page("/console/sign-in", "")).await;
    assert!(!later.body.contains("tidings staff add"));
}

#[tokio::test]
async fn a_recovery_code_signs_in_once() {
    let world = World::new().await;
    let noor = person(&world, "noor@marigold.example", &[Role::Operator]).await;
    let code = noor.recovery[3].to_uppercase().replace('-', " ");
    for right in [true, false] {
        let half = cookie(&give_password(&world, &noor.email, PASSWORD).await);
        let answer = give_code(&world, &half, &code).await;
        assert_eq!(
            answer.status == StatusCode::SEE_OTHER,
            right,
            "{}",
            answer.status
        );
    }
    let done = audit(&world).await;
    let done = done
        .iter()
        .find(|line| line.action == "sign_in.done")
        .unwrap();
    assert_eq!(done.details["with"], "recovery_code");
    assert_eq!(done.details["left"], 9);
}

#[tokio::test]
async fn whether_an_account_exists_cannot_be_told() {
    let world = World::new().await;
    let noor = person(&world, "noor@marigold.example", &[Role::Operator]).await;
    invite(&world, "new@marigold.example", &[Role::Support]).await;
    let sol = person(&world, "sol@marigold.example", &[Role::Support]).await;
    let now = world.clock.now();
    disable_staff(world.app.store(), Actor::COMMAND, sol.id, now)
        .await
        .unwrap();
    let logins = [
        noor.email.as_str(),
        "new@marigold.example",
        "sol@marigold.example",
        "nobody@marigold.example",
        "no address at all",
    ];
    for _ in 0..2 {
        let mut answers = Vec::new();
        for login in logins {
            let answer = give_password(&world, login, "seven red lanterns").await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            answers.push(answer.body.replace(login, ""));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1);
    }
    let right = give_password(&world, "sol@marigold.example", PASSWORD).await;
    assert_eq!(
        right.status,
        StatusCode::UNAUTHORIZED,
        "a disabled account stays shut"
    );
}

#[tokio::test]
async fn too_many_tries_have_to_wait_and_a_right_one_forgets_them() {
    let world = World::new().await;
    let noor = person(&world, "noor@marigold.example", &[Role::Operator]).await;
    for login in [noor.email.as_str(), "nobody@marigold.example"] {
        for _ in 0..5 {
            let wrong = give_password(&world, login, "seven red lanterns").await;
            assert!(wrong.body.contains("That is not right"), "{login}");
        }
        let held = give_password(&world, login, PASSWORD).await;
        assert_eq!(held.status, StatusCode::UNAUTHORIZED);
        assert!(
            held.body.contains("Wait 1 minute,"),
            "{login}: {}",
            held.body
        );
    }
    world.clock.advance(Span::secs(61));
    let wrong = give_password(&world, &noor.email, "seven red lanterns").await;
    assert!(wrong.body.contains("That is not right"));
    let held = give_password(&world, &noor.email, PASSWORD).await;
    assert!(held.body.contains("Wait 2 minutes"), "the wait doubles");
    world.clock.advance(Span::secs(121));

    // The right password gives no new tries for the code.
    for _ in 0..3 {
        let half = give_password(&world, &noor.email, PASSWORD).await;
        if half.status != StatusCode::SEE_OTHER {
            assert!(half.body.contains("Wait "), "{}", half.body);
            world.clock.advance(Span::hours(1));
            continue;
        }
        let wrong = give_code(&world, &cookie(&half), "000000").await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    }
    world.clock.advance(Span::hours(2));
    let half = cookie(&give_password(&world, &noor.email, PASSWORD).await);
    let code = code_of(&noor.key, world.clock.now());
    assert_eq!(
        give_code(&world, &half, &code).await.status,
        StatusCode::SEE_OTHER
    );
    for _ in 0..5 {
        let wrong = give_password(&world, &noor.email, "seven red lanterns").await;
        assert!(
            wrong.body.contains("That is not right"),
            "they count from nothing again"
        );
    }
}

#[tokio::test]
async fn one_address_that_tries_many_accounts_has_to_wait() {
    let world = World::new().await;
    let noor = person(&world, "noor@marigold.example", &[Role::Operator]).await;
    for n in 0..20 {
        let login = format!("guess{n}@marigold.example");
        let wrong = give_password(&world, &login, "seven red lanterns").await;
        assert!(wrong.body.contains("That is not right"), "{n}");
    }
    let held = give_password(&world, &noor.email, PASSWORD).await;
    assert!(held.body.contains("Wait 1 minute,"));
    assert_eq!(
        actions(&world)
            .await
            .iter()
            .filter(|a| *a == "sign_in.failed")
            .count(),
        20
    );
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_after_twelve_hours() {
    let world = World::new().await;
    let noor = person(&world, "noor@marigold.example", &[Role::Operator]).await;
    let status = async || world.call(page("/console", &noor.cookie)).await.status;
    for _ in 0..24 {
        assert_eq!(status().await, StatusCode::OK);
        world.clock.advance(Span::minutes(29));
    }
    assert_eq!(status().await, StatusCode::OK);
    world.clock.advance(Span::minutes(25));
    assert_eq!(
        status().await,
        StatusCode::SEE_OTHER,
        "twelve hours are over"
    );
    let sol = person(&world, "sol@marigold.example", &[Role::Operator]).await;
    world.clock.advance(Span::minutes(30));
    let idle = world.call(page("/console", &sol.cookie)).await;
    assert_eq!(idle.status, StatusCode::SEE_OTHER);
}
