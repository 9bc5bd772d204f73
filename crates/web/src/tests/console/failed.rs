//! Failed events: listed, explained, tried again, and written down.

use axum::Router;
use axum::http::StatusCode;
use model::{Mode, Origin, Role, Span};

use super::{World, audit, demo, failed, form, page, person};

#[tokio::test]
async fn a_failed_event_is_explained_and_tried_again() {
    let world = World::new().await;
    let id = failed(&world, 1, Mode::Live).await;
    let noor = person(&world, "noor@marigold.example", &[Role::Operator]).await;
    let list = world.call(page("/console/failed", &noor.cookie)).await;
    assert!(list.body.contains("The catalogue has no such message type"));
    assert!(list.body.contains(&format!("/console/failed/{id}")));
    let path = format!("/console/failed/{id}");
    let one = world.call(page(&path, &noor.cookie)).await;
    for shown in [
        "order.exploded",
        "odd-1",
        "c-42",
        "What to do",
        "add it to the catalogue",
    ] {
        assert!(one.body.contains(shown), "{shown}");
    }
    let tried = world
        .call(form(&format!("{path}/again"), &noor.cookie, &[]))
        .await;
    assert_eq!(tried.header("location"), format!("{path}?done=failing"));
    let after = world
        .call(page(&format!("{path}?done=failing"), &noor.cookie))
        .await;
    assert!(after.body.contains("it still fails"));
    let line = audit(&world).await.remove(0);
    assert_eq!(line.action, "failed_event.retried");
    assert_eq!((line.who, line.origin), (Some(noor.id), Origin::Console));
    assert_eq!(line.subject, id.to_string());
    assert_eq!(line.details["still"], "unknown_type");
}

#[tokio::test]
async fn support_sees_them_and_cannot_try_them() {
    let world = World::new().await;
    let id = failed(&world, 1, Mode::Live).await;
    let support = person(&world, "s@marigold.example", &[Role::Support]).await;
    let list = world.call(page("/console/failed", &support.cookie)).await;
    assert!(list.body.contains(&id.to_string()) && !list.body.contains("/again"));
    let again = format!("/console/failed/{id}/again");
    let refused = world.call(form(&again, &support.cookie, &[])).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(
        audit(&world)
            .await
            .iter()
            .all(|line| line.action != "failed_event.retried")
    );
}

#[tokio::test]
async fn all_of_a_filter_are_tried_a_hundred_at_a_time() {
    let world = World::with(demo(), Router::new()).await;
    for n in 0..130 {
        world.clock.advance(Span::millis(5));
        failed(&world, n, Mode::Test).await;
    }
    let first = world
        .call(page("/console/failed?reason=unknown_type", ""))
        .await;
    assert_eq!(
        first.body.matches("class=\"btn small\"").count(),
        50,
        "a page of fifty"
    );
    let older = super::between(&first.body, "acts\"><a class=\"btn\" href=\"", "\"");
    let older = older.replace("&#38;", "&");
    let second = world.call(page(&older, "")).await;
    assert!(second.body.contains("odd-79") && !second.body.contains("odd-80"));

    let fields = [("reason", "unknown_type"), ("type", "order.exploded")];
    let done = world.call(form("/console/failed/again", "", &fields)).await;
    let to = done.header("location").to_owned();
    assert!(to.contains("done=batch&made=0&failing=100"), "{to}");
    let shown = world.call(page(&to, "")).await;
    assert!(shown.body.contains("0 made their message, 100 still fail"));
    let place = super::between(&shown.body, "name=\"before\" value=\"", "\"");
    let fields = [("reason", "unknown_type"), ("before", place)];
    let rest = world.call(form("/console/failed/again", "", &fields)).await;
    assert!(
        rest.header("location")
            .ends_with("done=batch&made=0&failing=30")
    );
    let lines = audit(&world).await;
    assert_eq!(lines.len(), 130);
    assert!(lines.iter().all(|line| line.origin == Origin::Demo));
    let none = world
        .call(page("/console/failed?reason=bad_data", ""))
        .await;
    assert!(none.body.contains("None is like that"));
}

#[tokio::test]
async fn the_overview_counts_what_needs_somebody() {
    let world = World::new().await;
    failed(&world, 1, Mode::Live).await;
    let noor = person(&world, "noor@marigold.example", &[Role::Operator]).await;
    for _ in 0..5 {
        super::give_password(&world, "noor@marigold.example", "seven red lanterns").await;
    }
    let home = world.call(page("/console", &noor.cookie)).await;
    assert!(
        home.body
            .contains("<b class=\"num\">1</b>event made no message")
    );
    assert!(home.body.contains("/console/failed?reason=unknown_type"));
    assert!(
        home.body
            .contains("<b class=\"num\">1</b>account is held back")
    );
    let seller = person(&world, "m@marigold.example", &[Role::Marketer]).await;
    let home = world.call(page("/console", &seller.cookie)).await;
    assert!(home.body.contains("No budget is near its end."));
    assert!(!home.body.contains("/console/staff") && !home.body.contains("/console/audit"));
}
