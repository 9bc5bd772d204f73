//! The path of the latest messages.

use axum::Router;
use axum::http::StatusCode;
use model::{Category, Mode, Role};

use super::{Call, World, demo, failed, page, person};

#[tokio::test]
async fn the_path_shows_every_hop_and_no_address() {
    let world = World::with(demo(), Router::new()).await;
    let facts = world.customer("c-42").await;
    world
        .message(&facts, "Order confirmed", Category::Orders)
        .await;
    let page = world.call(Call::get("/console/path")).await;
    assert_eq!(page.status, StatusCode::OK);
    for shown in [
        "Order confirmed",
        "order.confirmed",
        "/shop",
        "c-42",
        "contact has_phone",
        "···29",
        "scheduled",
        "This is the demo: nobody has to sign in.",
    ] {
        assert!(page.body.contains(shown), "{shown}");
    }
    assert!(!page.body.contains("+12535550129") && !page.body.contains("c-42@customers"));
    let part = world.call(Call::get("/console/path?fragment=hops")).await;
    assert!(part.body.contains("id=\"hops\"") && !part.body.contains("<script"));
    let old = world.call(Call::get("/path")).await;
    assert_eq!(old.status, StatusCode::PERMANENT_REDIRECT);
    assert_eq!(old.header("location"), "/console/path");
}

#[tokio::test]
async fn failed_events_stand_there_only_for_those_who_may_see_them() {
    let world = World::new().await;
    let id = failed(&world, 1, Mode::Live).await;
    let support = person(&world, "s@marigold.example", &[Role::Support]).await;
    let shown = world.call(page("/console/path", &support.cookie)).await;
    assert!(shown.body.contains(&format!("/console/failed/{id}")));
    let shown = world.call(page("/path", &support.cookie)).await;
    assert_eq!(shown.header("location"), "/console/path");
}
