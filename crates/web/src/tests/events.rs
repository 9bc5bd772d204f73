//! Events in: the three forms, and what is wrong with each.

use axum::Router;
use axum::body::{Body, Bytes};
use futures_util::stream;
use model::Span;
use serde_json::{Value, json};

use super::world::{Answer, Call, World};
use crate::WebConfig;

fn confirmed(id: &str, customer: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/shop", "type": "order.confirmed",
        "subject": customer, "time": "2016-10-04T14:46:48-03:00",
        "data": {"order": {"number": "A-1001", "total": "49.90", "currency": "BRL",
            "items": [{"title": "Desk lamp"}]}}
    })
}

fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

fn stream_of(body: impl Into<Body>) -> Call {
    Call::post("/v1/events").body("application/x-ndjson", body)
}

async fn messages(world: &World, customer: &str) -> Value {
    let path = format!("/v1/customers/{customer}/messages");
    world.live(Call::get(&path)).await.json()["messages"].take()
}

#[tokio::test]
async fn one_event_makes_one_message_however_often_it_comes() {
    let world = World::new().await;
    world.customer("c-42").await;
    let event = confirmed("e-1", "c-42");
    let structured =
        Call::post("/v1/events").body("application/cloudevents+json", event.to_string());
    let first = world.live(structured).await;
    assert_eq!(first.status, 202);
    insta::assert_snapshot!("one_event", first.shown());
    let binary = Call::post("/v1/events")
        .json(&event["data"])
        .header("ce-specversion", "1.0")
        .header("ce-id", "e-1")
        .header("ce-source", "/shop")
        .header("ce-type", "order.confirmed")
        .header("ce-subject", "c%2D42");
    let again = world.live(binary).await;
    insta::assert_snapshot!("one_event_again", again.shown());
    let messages = messages(&world, "c-42").await;
    assert_eq!(messages.as_array().unwrap().len(), 1);
    assert_eq!(messages[0]["mode"], "live");
    let id = messages[0]["id"].as_str().unwrap();
    let detail = world.live(Call::get(&format!("/v1/messages/{id}"))).await;
    insta::assert_snapshot!("one_event_explained", detail.without_words().shown());
}

#[tokio::test]
async fn a_batch_takes_the_good_and_names_the_others() {
    let world = World::new().await;
    world.customer("c-42").await;
    let mut unknown_type = confirmed("e-2", "c-42");
    unknown_type["type"] = json!("order.exploded");
    let mut bad_data = confirmed("e-3", "c-42");
    bad_data["data"]["order"]["total"] = json!("a lot");
    let mut broken = confirmed("e-4", "c-42");
    broken.as_object_mut().unwrap().remove("subject");
    let batch = json!([
        confirmed("e-1", "c-42"),
        unknown_type,
        bad_data,
        broken,
        "hello",
        confirmed("e-5", "nobody"),
        confirmed("e-1", "c-42"),
    ]);
    let call = || {
        let call = Call::post("/v1/events");
        call.body("application/cloudevents-batch+json", batch.to_string())
    };
    let first = world.test(call()).await;
    assert_eq!(first.status, 202);
    insta::assert_snapshot!(first.shown());
    let again = world.test(call()).await.json();
    assert_eq!(
        (&again["accepted"], &again["duplicates"]),
        (&json!(0), &json!(5))
    );
    let none = Call::post("/v1/events").body("application/cloudevents-batch+json", "[]");
    assert_eq!(world.test(none).await.json()["accepted"], 0);
}

#[tokio::test]
async fn a_single_event_with_a_broken_envelope_is_no_202() {
    let world = World::new().await;
    let post = |event: &Value| Call::post("/v1/events").json(event);
    let answer = world
        .live(post(
            &json!({"specversion": "0.3", "id": "1", "source": "/s", "type": "t"}),
        ))
        .await;
    insta::assert_snapshot!(answer.shown());
    assert_eq!(
        world.live(post(&json!("hello"))).await.problem(),
        "event-rejected"
    );
    assert_eq!(world.live(post(&json!([]))).await.problem(), "bad-json");
    let xml = Call::post("/v1/events").body("application/cloudevents+xml", "<event/>");
    insta::assert_snapshot!("unknown_form", world.live(xml).await.shown());
}

#[tokio::test]
async fn a_stream_of_any_length_is_taken() {
    let world = World::new().await;
    for customer in 0..20 {
        world.customer(&format!("c-{customer}")).await;
    }
    let events: Vec<Value> = (0..2_000)
        .map(|n| confirmed(&format!("e-{n}"), &format!("c-{}", n % 20)))
        .collect();
    let body = lines(&events);
    // Cut at places that have nothing to do with lines.
    let pieces: Vec<Result<Bytes, std::io::Error>> = body
        .as_bytes()
        .chunks(7_001)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    let answer = world
        .test(stream_of(Body::from_stream(stream::iter(pieces))))
        .await;
    assert_eq!(answer.status, 202);
    insta::assert_snapshot!(answer.shown());
    let again = world.test(stream_of(body)).await.json();
    assert_eq!(
        (&again["accepted"], &again["duplicates"]),
        (&json!(0), &json!(2_000))
    );
}

#[tokio::test]
async fn bad_lines_of_a_stream_are_named_by_their_number() {
    let world = World::new().await;
    world.customer("c-42").await;
    let body = [
        confirmed("e-1", "c-42").to_string(),
        String::new(),
        "{\"specversion\":".to_owned(),
        format!("{{\"a\":{}}}", "[".repeat(100) + &"]".repeat(100)),
        "x".repeat(300_000),
        confirmed("e-2", "c-42").to_string(),
    ];
    let answer = world.test(stream_of(body.join("\n"))).await;
    insta::assert_snapshot!(answer.shown());
    let many = world.test(stream_of("?\n".repeat(1_500))).await.json();
    assert_eq!(many["rejected_total"], 1_500);
    let listed = many["rejected"].as_array().unwrap();
    assert_eq!(listed.len(), 1_000);
    assert_eq!(
        (&listed[0]["index"], &listed[999]["index"]),
        (&json!(0), &json!(999))
    );
}

#[tokio::test]
async fn a_stream_that_breaks_off_says_what_was_accepted() {
    let world = World::new().await;
    world.customer("c-42").await;
    let whole = lines(&[confirmed("e-1", "c-42"), confirmed("e-2", "c-42")]);
    let cut = whole.len() - 10;
    let pieces = [
        Ok(Bytes::copy_from_slice(&whole.as_bytes()[..cut])),
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    ];
    let answer = world
        .test(stream_of(Body::from_stream(stream::iter(pieces))))
        .await;
    insta::assert_snapshot!(answer.shown());
    assert_eq!(messages(&world, "c-42").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn as_of_is_for_test_keys() {
    let world = World::new().await;
    world.customer("c-42").await;
    let post = |id: &str, as_of: &str| {
        let path = format!("/v1/events?as_of={as_of}");
        Call::post(&path).json(&confirmed(id, "c-42"))
    };
    insta::assert_snapshot!(world.live(post("e-1", "event_time")).await.shown());
    assert_eq!(world.test(post("e-1", "event_time")).await.status, 202);
    assert_eq!(
        messages(&world, "c-42").await[0]["at"],
        "2016-10-04T17:46:48Z"
    );
    for as_of in ["2017-01-01T00:00:00Z", "2017-01-01T00:00:00+00:00"] {
        assert_eq!(world.test(post(as_of, as_of)).await.status, 202);
    }
    assert_eq!(
        world.test(post("e-3", "yesterday")).await.problem(),
        "bad-request"
    );
}

#[tokio::test]
async fn bodies_are_bounded() {
    let config = WebConfig {
        body_limit: 10_000,
        ..WebConfig::default()
    };
    let world = World::with(config, Router::new()).await;
    let long = format!("[\"{}\"]", "x".repeat(10_000));
    let batch = |body: String| {
        let call = Call::post("/v1/events");
        call.body("application/cloudevents-batch+json", body)
    };
    assert_eq!(world.live(batch(long)).await.problem(), "too-large");
    let many = format!("[{}]", vec!["1"; 1_001].join(","));
    let answer = world.live(batch(many)).await;
    assert_eq!(answer.problem(), "too-large");
    assert!(answer.body.contains("1000 events"), "{}", answer.body);
    let deep = "[".repeat(100) + &"]".repeat(100);
    assert_eq!(world.live(batch(deep)).await.problem(), "too-deep");
}

fn busy(answer: &Answer) {
    assert_eq!(answer.status, 429);
    assert_eq!(answer.problem(), "busy");
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!(seconds >= 1);
}

#[tokio::test]
async fn full_queues_take_codes_and_nothing_else() {
    let limits = pipeline::Limits {
        backlog: 0,
        ..pipeline::Limits::default()
    };
    let world = World::limited(WebConfig::default(), Router::new(), limits).await;
    let unread = stream::poll_fn(
        |_| -> std::task::Poll<Option<Result<Bytes, std::io::Error>>> {
            panic!("the body was read")
        },
    );
    // A batch that does not say how long it is could be anything: it is not read.
    let call = Call::post("/v1/events").body(
        "application/cloudevents-batch+json",
        Body::from_stream(unread),
    );
    busy(&world.live(call).await);
    let order = confirmed("e-1", "c-42");
    busy(&world.live(Call::post("/v1/events").json(&order)).await);
    // A sign-in code never waits behind the rest, nor is it turned away for it.
    let mut code = confirmed("e-2", "c-42");
    code["type"] = json!("security.code");
    code["data"] = json!({"code": "482913"});
    let taken = world.live(Call::post("/v1/events").json(&code)).await;
    assert_eq!(taken.status, 202);
}

#[tokio::test]
async fn streams_are_bounded_in_number() {
    let config = WebConfig {
        event_streams: 0,
        ..WebConfig::default()
    };
    let world = World::with(config, Router::new()).await;
    busy(&world.live(stream_of("")).await);
    let import = Call::put("/v1/customers").body("application/x-ndjson", "");
    busy(&world.live(import).await);
}

#[tokio::test]
async fn failed_events_are_listed_and_tried_again() {
    let world = World::new().await;
    let body = lines(&[confirmed("e-1", "c-42"), confirmed("e-2", "c-43")]);
    let answer = world.test(stream_of(body)).await.json();
    assert_eq!(
        (&answer["accepted"], &answer["failed_total"]),
        (&json!(2), &json!(2))
    );
    // Whoever sends again when in doubt learns that it failed.
    let again = lines(&[confirmed("e-1", "c-42"), confirmed("e-2", "c-43")]);
    let again = world.test(stream_of(again)).await.json();
    assert_eq!(
        (&again["duplicates"], &again["failed_total"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(again["failed"][1]["reason"], "unknown_recipient");
    let list = async |query: &str| {
        let path = format!("/v1/failed-events{query}");
        world.live(Call::get(&path)).await
    };
    let first = list("?limit=1").await;
    insta::assert_snapshot!(first.shown());
    let cursor = first.json()["next_cursor"].as_str().unwrap().to_owned();
    let second = list(&format!("?limit=1&cursor={cursor}")).await.json();
    assert_eq!(second["next_cursor"], Value::Null);
    assert_eq!(second["failed_events"].as_array().unwrap().len(), 1);

    let all = list("").await.json();
    let of = |customer: &str| {
        let events = all["failed_events"].as_array().unwrap().iter();
        let mut found = events.filter(|event| event["subject"] == customer);
        found.next().unwrap()["id"].as_str().unwrap().to_owned()
    };
    let replay = |id: &str| Call::post(&format!("/v1/failed-events/{id}/replay"));
    let still = world.test(replay(&of("c-42"))).await;
    insta::assert_snapshot!("still_failing", still.shown());
    world.customer("c-42").await;
    world.clock.advance(Span::secs(1));
    let mended = world.test(replay(&of("c-42"))).await.json();
    assert_eq!(mended["replayed"], true);
    assert!(mended["message"].as_str().unwrap().starts_with("msg_"));
    assert_eq!(world.test(replay(&of("c-42"))).await.problem(), "conflict");
    assert_eq!(
        list("").await.json()["failed_events"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        world.test(replay("evt_0123456789abc")).await.problem(),
        "not-found"
    );
}

#[tokio::test]
async fn a_test_key_replays_no_live_event() {
    let world = World::new().await;
    let answer = world
        .live(Call::post("/v1/events").json(&confirmed("e-1", "c-42")))
        .await
        .json();
    let id = answer["events"][0].as_str().unwrap();
    let replay = || Call::post(&format!("/v1/failed-events/{id}/replay"));
    insta::assert_snapshot!(world.test(replay()).await.shown());
    assert_eq!(world.live(replay()).await.status, 200);
}
