//! NATS that is late, is killed and comes back, and a Tidings that is killed: everything
//! published arrives, nothing twice, and meanwhile all else goes on.

use serde_json::Value;

use crate::nats_server::{NatsFolder, runs_here};
use crate::world::{
    Http, World, customer, event, make_key, order, run, serve, until, write_config,
};

const CUSTOMERS: usize = 20;

fn name(number: usize) -> String {
    format!("customer-{}", number % CUSTOMERS)
}

fn customers() -> Vec<Value> {
    let number = |n| u32::try_from(n).unwrap();
    (0..CUSTOMERS)
        .map(|n| customer(&name(n), number(n)))
        .collect()
}

/// Events for all customers in turn, by number.
fn orders(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers
        .map(|n| {
            event(
                &format!("e-{n}"),
                "order.confirmed",
                &name(n),
                order(&format!("MG-{n}")),
            )
        })
        .map(|event| event.to_string())
        .collect()
}

/// Puts the customers over HTTP.
async fn put_all(http: &Http) {
    for mut profile in customers() {
        let id = profile.as_object_mut().unwrap().remove("id").unwrap();
        let path = format!("/v1/customers/{}", id.as_str().unwrap());
        assert!(http.put(&path, &profile).await.status < 300);
    }
}

/// Messages of all customers.
async fn messages(http: &Http) -> usize {
    let mut count = 0;
    for n in 0..CUSTOMERS {
        let path = format!("/v1/customers/{}/messages?limit=200", name(n));
        let page = http.get(&path).await.json();
        assert_eq!(page["next_cursor"], Value::Null, "a page holds them all");
        count += page["messages"].as_array().unwrap().len();
    }
    count
}

#[tokio::test]
async fn nats_is_killed_and_all_that_was_published_arrives_once() {
    if !runs_here().await {
        return;
    }
    let nats = NatsFolder::new().await;
    let server = nats.start().await;
    let world = World::with(&nats.section()).await;
    world.put(&customers()).await;
    nats.stream("tidings-events").await;
    nats.publish("tidings.events.orders", &orders(0..1_000))
        .await;
    until("some have arrived", async || {
        (messages(&world.http).await > 0).then_some(())
    })
    .await;
    server.kill().await;

    assert_eq!(world.http.get("/readyz").await.status, 200);
    let known = event("e-0", "order.confirmed", &name(0), order("MG-0"));
    world.post(&known).await;
    let server = nats.start().await;
    nats.publish("tidings.events.orders", &orders(1_000..1_300))
        .await;
    nats.taken().await;
    assert_eq!(messages(&world.http).await, 1_300);
    server.kill().await;
    // Stopping does not wait for a NATS that is away.
    let log = world.end().await.log;
    assert_eq!(log.matches("NATS is back").count(), 1, "{log}");
    assert!(
        (1..=2).contains(&log.matches("NATS is away").count()),
        "{log}"
    );
}

#[tokio::test]
async fn a_server_starts_without_nats_and_finds_it_later() {
    if !runs_here().await {
        return;
    }
    let nats = NatsFolder::new().await;
    let world = World::with(&nats.section()).await;
    assert_eq!(world.http.get("/readyz").await.status, 200);
    world.put(&customers()).await;
    world
        .post(&event("h-1", "order.confirmed", &name(0), order("MG-1")))
        .await;
    let _server = nats.start().await;
    nats.stream("tidings-events").await;
    nats.publish("tidings.events.orders", &orders(0..10)).await;
    nats.taken().await;
    assert_eq!(messages(&world.http).await, 11);
    let log = world.end().await.log;
    let said = |what: &str| log.matches(what).count();
    assert_eq!(
        (said("NATS is away"), said("NATS is back")),
        (1, 1),
        "{log}"
    );
}

#[tokio::test]
async fn tidings_is_killed_and_what_it_held_comes_again() {
    if !runs_here().await {
        return;
    }
    let nats = NatsFolder::new().await;
    let _server = nats.start().await;
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path(), &nats.section());
    let key = make_key(&config, "test").await;
    let (program, address) = serve(&config).await;
    let http = Http::new(&address, &key);
    put_all(&http).await;
    nats.stream("tidings-events").await;
    nats.publish("tidings.events.orders", &orders(0..900)).await;
    until("some have arrived", async || {
        (messages(&http).await > 0).then_some(())
    })
    .await;
    program.kill().await;

    let (program, address) = serve(&config).await;
    let http = Http::new(&address, &key);
    nats.taken().await;
    assert_eq!(messages(&http).await, 900);
    let ended = program.interrupt().await;
    assert!(ended.status.success(), "{ended:?}");
}

#[tokio::test]
async fn a_server_that_stops_gives_back_what_it_did_not_take() {
    if !runs_here().await {
        return;
    }
    let nats = NatsFolder::new().await;
    let _server = nats.start().await;
    let folder = tempfile::tempdir().unwrap();
    // What it kept to itself would not come again while this story runs.
    let section = nats
        .section()
        .replace("ack_wait_seconds = 2", "ack_wait_seconds = 3600");
    let config = write_config(folder.path(), &section);
    let key = make_key(&config, "test").await;
    let (program, address) = serve(&config).await;
    let http = Http::new(&address, &key);
    put_all(&http).await;
    nats.stream("tidings-events").await;
    nats.publish("tidings.events.orders", &orders(0..1_500))
        .await;
    until("some have arrived", async || {
        (messages(&http).await > 0).then_some(())
    })
    .await;
    let ended = program.interrupt().await;
    assert!(ended.status.success(), "{ended:?}");
    assert!(ended.stdout.contains("all is recorded"), "{ended:?}");
    let (program, address) = serve(&config).await;
    nats.taken().await;
    assert_eq!(messages(&Http::new(&address, &key)).await, 1_500);
    assert!(program.interrupt().await.status.success());
}

#[tokio::test]
async fn a_code_passes_while_nothing_else_is_taken() {
    if !runs_here().await {
        return;
    }
    let nats = NatsFolder::new().await;
    let _server = nats.start().await;
    let world = World::with(&format!("[limits]\nbacklog = 0\n{}", nats.section())).await;
    world.put(&customers()).await;
    nats.stream("tidings-events").await;
    nats.publish("tidings.events.orders", &orders(0..50)).await;
    let code = event(
        "c-1",
        "security.code",
        &name(0),
        serde_json::json!({"code": "482913"}),
    );
    nats.publish("tidings.security", &[code.to_string()]).await;
    until("the code has passed", async || {
        (messages(&world.http).await == 1).then_some(())
    })
    .await;
    until("the others were given back", async || {
        let measured = world.http.get("/metrics").await.body;
        measured
            .contains("tidings_nats_messages_total{answer=\"again\"}")
            .then_some(())
    })
    .await;
    let asked = serde_json::json!({"do": "state", "stream": "tidings-events"});
    assert_eq!(
        nats.ask(&asked).await["messages"],
        50,
        "and stay in the queue"
    );
    world.end().await;
}

#[tokio::test]
async fn check_says_whether_nats_answers() {
    if !runs_here().await {
        return;
    }
    let nats = NatsFolder::new().await;
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path(), &nats.section());
    let config = config.to_str().unwrap();
    let away = run(&["check", "--config", config]).await;
    assert!(away.stdout.contains("FAULT nats: "), "{away:?}");
    assert!(!away.stdout.contains("cret"), "{away:?}");
    let _server = nats.start().await;
    let fresh = run(&["check", "--config", config]).await;
    assert!(fresh.status.success(), "{fresh:?}");
    assert!(
        fresh
            .stdout
            .contains("the stream is made when a server starts"),
        "{fresh:?}"
    );
}
