//! More events than can be sent. Once too many wait, new ones are refused whole, before
//! anything of them is done; codes have room of their own; when the queue has drained, what
//! was refused is taken.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::world::trouble::{
    assert_comes_back_later, assert_ended_well, code, confirmed, post, put_customers,
};
use crate::world::{Answer, Http, Trouble, lines, until};

/// So many deliveries may wait.
const BACKLOG: u32 = 200;
const LIMITS: &str = "[limits]\nbacklog = 200\nin_flight = 16\n";
const IN_A_BATCH: u32 = 40;
const CUSTOMERS: u32 = 20;
/// How long a code may take, on a busy machine.
const SOON: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_is_refused_whole_and_codes_are_taken() {
    let trouble = Trouble::new(LIMITS).await;
    let (server, http) = trouble.serve().await;
    put_customers(&http, CUSTOMERS).await;
    // Slow enough that next to nothing leaves meanwhile.
    trouble.faults(&json!({"mails": {"answer_delay_ms": 3_000}}));

    let mut taken = 0;
    let refused = loop {
        let answer = post_batch(&http, taken).await;
        if answer.status != 202 {
            break answer;
        }
        assert_eq!(answer.json()["accepted"], IN_A_BATCH, "{answer:?}");
        taken += 1;
        assert!(taken < 20, "it never said stop");
    };
    assert_comes_back_later(&refused, 429);
    assert!(taken * IN_A_BATCH >= BACKLOG, "{taken} batches and full");
    let stream = http
        .call(
            "POST",
            "/v1/events",
            "application/x-ndjson",
            lines(&batch(taken)),
        )
        .await;
    assert_comes_back_later(&stream, 429);
    let single = http.post("/v1/events", &batch(taken)[0]).await;
    assert_comes_back_later(&single, 429);
    assert_eq!(
        stored(&http).await,
        (taken * IN_A_BATCH) as usize,
        "nothing is half done"
    );

    let mut slowest = Duration::ZERO;
    for number in 900_000..900_010 {
        let asked = Instant::now();
        post(&http, &code(number, number % CUSTOMERS)).await;
        trouble.comes("sms", number).await;
        slowest = slowest.max(asked.elapsed());
    }
    assert!(slowest < SOON, "a code took {slowest:?}");
    codes_alone_are_taken(&trouble, &http).await;
    assert_eq!(http.get("/readyz").await.status, 200, "full is not broken");

    trouble.faults(&json!({}));
    until("it takes what it refused", async || {
        let answer = post_batch(&http, taken).await;
        if answer.status != 202 {
            assert_comes_back_later(&answer, 429);
            return None;
        }
        assert_eq!(
            answer.json()["accepted"],
            IN_A_BATCH,
            "none of it was known"
        );
        Some(())
    })
    .await;
    let all = (taken + 1) * IN_A_BATCH;
    until("all is sent", async || {
        let metrics = http.get("/metrics").await.body;
        let mails = trouble
            .arrived()
            .iter()
            .filter(|a| a.way == "email")
            .count();
        (mails >= all as usize && metrics.contains("\ntidings_deliveries_waiting 0\n"))
            .then_some(())
    })
    .await;
    for number in 0..all {
        assert_eq!(trouble.times("email", number), 1, "{number}");
    }
    assert_ended_well(&server.interrupt().await);
    trouble.end().await;
}

/// Many at once too, in both forms.
async fn codes_alone_are_taken(trouble: &Trouble, http: &Http) {
    for (kind, first) in [
        ("application/cloudevents-batch+json", 900_010),
        ("application/x-ndjson", 900_020),
    ] {
        let codes: Vec<Value> = (first..first + 5).map(|n| code(n, n % CUSTOMERS)).collect();
        let body = match kind {
            "application/x-ndjson" => lines(&codes),
            _ => Value::from(codes).to_string(),
        };
        let answer = http.call("POST", "/v1/events", kind, body).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        for number in first..first + 5 {
            trouble.comes("sms", number).await;
        }
    }
}

fn batch(number: u32) -> Vec<Value> {
    let first = number * IN_A_BATCH;
    let numbers = first..first + IN_A_BATCH;
    numbers.map(|n| confirmed(n, n % CUSTOMERS)).collect()
}

async fn post_batch(http: &Http, number: u32) -> Answer {
    let kind = "application/cloudevents-batch+json";
    let body = Value::from(batch(number)).to_string();
    http.call("POST", "/v1/events", kind, body).await
}

/// Messages of all customers.
async fn stored(http: &Http) -> usize {
    let mut count = 0;
    for who in 0..CUSTOMERS {
        let path = format!("/v1/customers/c-{who}/messages?limit=200");
        let page = http.get(&path).await.json();
        count += page["messages"].as_array().unwrap().len();
    }
    count
}
