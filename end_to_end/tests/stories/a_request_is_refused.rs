//! What cannot be taken is refused with a problem document, before anything is half done.

use serde_json::{Value, json};

use crate::world::{Answer, World, customer, event, order, until};

fn good(id: &str) -> Value {
    event(id, "order.confirmed", "ines", order(id))
}

/// The answer is a problem document of this status; gives its type.
fn problem(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{answer:?}"
    );
    let document = answer.json();
    assert_eq!(document["status"], status);
    assert!(
        document["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains(' ')),
        "{document}"
    );
    document["type"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_refusal_has_its_status_and_says_why() {
    let world = World::start().await;
    world.put(&[customer("ines", 91)]).await;
    let post =
        async |kind: &str, body: String| world.http.call("POST", "/v1/events", kind, body).await;
    let one = "application/cloudevents+json";

    let nobody = world.http.as_holder_of("");
    assert_eq!(
        problem(&nobody.post("/v1/events", &good("e")).await, 401),
        "/problems/unauthorized"
    );
    let guessed = world
        .http
        .as_holder_of("tid_test_0000000000000_0000000000000000000000000000000000000000000");
    assert_eq!(
        problem(&guessed.get("/v1/customers/ines").await, 401),
        "/problems/unauthorized"
    );
    assert_eq!(
        problem(&post("text/csv", "a,b".into()).await, 415),
        "/problems/unsupported-media-type"
    );
    assert_eq!(
        problem(&post(one, "{\"id\":".into()).await, 400),
        "/problems/bad-json"
    );
    assert_eq!(
        problem(&post(one, "{}".into()).await, 422),
        "/problems/event-rejected"
    );
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    assert_eq!(problem(&post(one, deep).await, 422), "/problems/too-deep");
    let large = " ".repeat(9 * 1024 * 1024);
    assert_eq!(problem(&post(one, large).await, 413), "/problems/too-large");
    let batch = "application/cloudevents-batch+json";
    let many = json!(vec![json!({}); 1_001]).to_string();
    assert_eq!(
        problem(&post(batch, many).await, 413),
        "/problems/too-large"
    );
    let test_key = json!({"name": "mine", "mode": "live"});
    assert_eq!(
        problem(&world.http.post("/v1/keys", &test_key).await, 403),
        "/problems/forbidden"
    );
    assert_eq!(
        problem(&world.http.get("/v1/nothing").await, 404),
        "/problems/not-found"
    );
    assert_eq!(
        problem(&world.http.delete("/v1/events").await, 405),
        "/problems/method-not-allowed"
    );
    let profile = json!({"name": "Inês", "locale": "en", "time_zone": "UTC", "telefone": "x"});
    let refused = world.http.put("/v1/customers/tom", &profile).await;
    problem(&refused, 422);
    assert!(world.messages("ines").await.is_empty());
    world.end().await;
}

#[tokio::test]
async fn full_queues_answer_429_and_take_nothing() {
    // Live traffic without carriers stays queued.
    let world = World::with("[limits]\nbacklog = 1\n").await;
    world.put(&[customer("ines", 92)]).await;
    assert_eq!(
        world.live.post("/v1/events", &good("e-1")).await.status,
        202
    );
    let refused = until("the queue is full", async || {
        let answer = world.live.post("/v1/events", &good("e-2")).await;
        (answer.status == 429).then_some(answer)
    })
    .await;
    assert_eq!(problem(&refused, 429), "/problems/busy");
    let wait = refused.header("retry-after").unwrap();
    assert!(wait.parse::<u64>().unwrap() > 0, "{wait}");
    world.end().await;
}

#[tokio::test]
async fn the_description_that_is_served_is_the_one_in_the_docs() {
    let world = World::start().await;
    let nobody = world.http.as_holder_of("");
    let served = nobody.get("/openapi.json").await;
    assert_eq!(served.status, 200);
    let kept = include_str!("../../../docs/reference/openapi.json");
    assert_eq!(served.json(), serde_json::from_str::<Value>(kept).unwrap());
    assert_eq!(served.json()["openapi"], "3.1.0");
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(nobody.get(path).await.status, 200, "{path}");
    }
    world.end().await;
}
