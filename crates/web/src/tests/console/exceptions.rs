//! Exceptions from the guard: who asks for one, who agrees, and what it lets out.

use axum::http::StatusCode;
use model::Role;

use super::catalogue::committed;
use super::desk::{EDIT, send, to};
use super::{World, actions, between, form, page, person};

pub(super) const EXCEPTIONS: &str = "/console/catalogue/exceptions";

/// What the desk says of words that serve under an exception, and of any others.
async fn says_that_it_serves(world: &World, cookie: &str) {
    let serves = world.call(page(EDIT, cookie)).await.body;
    let verdict = between(&serves, "id=\"d-verdict\">", "</div>");
    for part in ["This is what serves", "bait, number 1", "checked anew"] {
        assert!(verdict.contains(part), "{part}: {verdict}");
    }
    assert!(!serves.contains("It cannot be published yet"));
    // Any other words are for the next version.
    let other_words = [
        ("text.title", "You’ve won! {{ order.number }}"),
        ("last", "1"),
    ];
    let tried = send(world, cookie, "preview", &other_words).await;
    assert!(tried.body.contains("It cannot be published yet"));
}

#[tokio::test]
async fn an_exception_takes_two_people() {
    let world = World::new().await;
    let marketer = person(&world, "m@marigold.example", &[Role::Marketer]).await;
    let one = person(&world, "t1@marigold.example", &[Role::Trust]).await;
    let other = person(&world, "t2@marigold.example", &[Role::Trust]).await;
    let bait = [
        ("text.title", "You’ve won: {{ order.number }}"),
        ("text.summary", "You’ve won a lamp."),
        ("last", "0"),
    ];
    let refused = send(&world, &marketer.cookie, "publish", &bait).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("somebody of trust can ask"));
    let ask = |fields: &[(&str, &str)]| world.call(form(EXCEPTIONS, &one.cookie, fields));
    for wrong in [
        [("type", "no.such"), ("rule", "bait"), ("reason", "r")],
        [
            ("type", "order.confirmed"),
            ("rule", "nothing"),
            ("reason", "r"),
        ],
        [
            ("type", "order.confirmed"),
            ("rule", "bait"),
            ("reason", " "),
        ],
    ] {
        assert_eq!(
            ask(&wrong).await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wrong:?}"
        );
    }
    let right = [
        ("type", "order.confirmed"),
        ("rule", "bait"),
        ("reason", "a raffle that is one"),
    ];
    to(&ask(&right).await);
    assert_eq!(ask(&right).await.status, StatusCode::CONFLICT);
    let settle = |cookie: &str, act: &'static str| {
        let path = "/console/catalogue/exceptions/1";
        world.call(form(path, cookie, &[("act", act)]))
    };
    let own = settle(&one.cookie, "agree").await;
    assert!(own.body.contains("takes two people"), "{}", own.status);
    assert!(!own.body.contains("In the demo"), "this is not the demo");
    assert_eq!(
        send(&world, &marketer.cookie, "publish", &bait)
            .await
            .status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        settle(&other.cookie, "odd").await.status,
        StatusCode::BAD_REQUEST
    );
    to(&settle(&other.cookie, "agree").await);
    to(&send(&world, &marketer.cookie, "publish", &bait).await);
    let (content, _) = committed(&world, "order.confirmed", "en").await;
    assert!(content.title.starts_with("You’ve won"), "{}", content.title);
    says_that_it_serves(&world, &marketer.cookie).await;
    to(&settle(&one.cookie, "end").await);
    let gone = settle(&other.cookie, "agree").await;
    assert_eq!(gone.status, StatusCode::CONFLICT);
    let shown = world
        .call(page("/console/catalogue/order.confirmed", &marketer.cookie))
        .await
        .body;
    let faults = shown.matches("the guard stops the").count();
    assert!(faults > 1, "there is more than one fault: {shown}");
    let said = shown.matches("The words of the desk do not serve").count();
    assert_eq!(said, 1, "once, before all faults: {shown}");
    let done = actions(&world).await;
    for action in ["asked", "agreed", "ended"] {
        assert!(
            done.contains(&format!("guard_exception.{action}")),
            "{done:?}"
        );
    }
}

#[tokio::test]
async fn nobody_agrees_to_an_exception_of_the_past() {
    let world = World::new().await;
    let marketer = person(&world, "m@marigold.example", &[Role::Marketer]).await;
    let one = person(&world, "t1@marigold.example", &[Role::Trust]).await;
    let other = person(&world, "t2@marigold.example", &[Role::Trust]).await;
    let asked = [
        ("type", "order.confirmed"),
        ("rule", "bait"),
        ("reason", "a raffle that is one"),
    ];
    let ask = || world.call(form(EXCEPTIONS, &one.cookie, &asked));
    to(&ask().await);
    assert_eq!(ask().await.status, StatusCode::CONFLICT, "it is open");
    let list = || world.call(page(EXCEPTIONS, &other.cookie));
    let agree = "value=\"agree\"";
    assert!(list().await.body.contains(agree));
    for (last, title) in [
        ("0", "One {{ order.number }}"),
        ("1", "Two {{ order.number }}"),
    ] {
        let words = [("text.title", title), ("last", last)];
        to(&send(&world, &marketer.cookie, "publish", &words).await);
    }
    assert!(!list().await.body.contains(agree));
    let path = "/console/catalogue/exceptions/1";
    let settle = |act| world.call(form(path, &other.cookie, &[("act", act)]));
    let refused = settle("agree").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("is of the past"), "{}", refused.body);
    assert!(
        !actions(&world)
            .await
            .contains(&"guard_exception.agreed".to_owned())
    );
    to(&settle("end").await);
}
