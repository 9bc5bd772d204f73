//! "There is news", over a stream that is read while things happen.

use axum::body::BodyDataStream;
use futures_util::{FutureExt, StreamExt};
use model::Category;

use super::world::{Call, World};

async fn next(stream: &mut BodyDataStream) -> String {
    let bytes = stream.next().await.unwrap().unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn listen(world: &World, call: Call) -> BodyDataStream {
    let response = world.open(call.bearer(&world.live)).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response.into_body().into_data_stream()
}

#[tokio::test]
async fn news_says_the_revision_and_nothing_else() {
    let world = World::new().await;
    let facts = world.customer("c-42").await;
    let other = world.customer("c-43").await;
    world.message(&facts, "Lamp", Category::Orders).await;
    let revision = world
        .app
        .store()
        .unread_counts(facts.recipient)
        .await
        .unwrap()
        .revision;

    let mut fresh = listen(&world, Call::get("/v1/customers/c-42/live")).await;
    let greeting = next(&mut fresh).await;
    insta::assert_snapshot!(greeting.trim_end());

    let path = format!("/v1/customers/c-42/live?since={revision}");
    let mut knowing = listen(&world, Call::get(&path)).await;
    assert!(knowing.next().now_or_never().is_none(), "nothing is new");
    world
        .message(&other, "Not for c-42", Category::Orders)
        .await;
    world.message(&facts, "Chair", Category::Orders).await;
    let news = next(&mut knowing).await;
    assert!(news.contains("event: news"), "{news}");
    assert!(!news.contains("Chair"));
    let told = next(&mut fresh).await;
    assert_eq!(told, news);

    let behind = Call::get(&path).header("last-event-id", &revision.to_string());
    let mut behind = listen(&world, behind).await;
    assert_eq!(
        next(&mut behind).await,
        news,
        "missed while away, told at once"
    );
}

#[tokio::test]
async fn a_server_that_drains_ends_the_streams() {
    let world = World::new().await;
    world.customer("c-42").await;
    let mut stream = listen(&world, Call::get("/v1/customers/c-42/live?since=0")).await;
    assert!(stream.next().now_or_never().is_none());
    world.app.close_live_streams();
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn listeners_are_bounded() {
    let config = crate::WebConfig {
        live_streams: 1,
        ..crate::WebConfig::default()
    };
    let world = World::with(config, axum::Router::new()).await;
    world.customer("c-42").await;
    let call = || Call::get("/v1/customers/c-42/live");
    let first = listen(&world, call()).await;
    let second = world.live(call()).await;
    assert_eq!(second.problem(), "busy");
    assert_eq!(second.header("retry-after"), "30");
    drop(first);
    drop(listen(&world, call()).await);
}
