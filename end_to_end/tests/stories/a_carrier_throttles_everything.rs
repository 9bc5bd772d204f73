//! Carriers that refuse everything for now. They are not hammered; when they open, codes go
//! first, and everything arrives once.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::world::trouble::{
    assert_ended_well, code, confirmed, delivered, post, put_customers, settles,
};
use crate::world::{Trouble, say, until};

/// How long the carriers stay closed.
const CLOSED: Duration = Duration::from_secs(8);
/// Some may be under way when the first refusal comes.
const FIRST_BURST: u64 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_wait_without_hammering_and_codes_go_first() {
    let trouble = Trouble::new("").await;
    let (server, http) = trouble.serve().await;
    put_customers(&http, 20).await;
    trouble.faults(&json!({"texts": {"throttle_every": 1}}));
    let began = Instant::now();
    for number in 100..116 {
        post(&http, &delivered(number, number % 20)).await;
    }
    for number in 0..4 {
        post(&http, &code(number, number)).await;
    }
    // Mail is another carrier and goes on.
    for number in 100..116 {
        settles(&http, (number % 20, number), "email", &["accepted"]).await;
    }
    until("it was closed for a while", async || {
        (began.elapsed() >= CLOSED).then_some(())
    })
    .await;
    let (refused, _) = trouble.refused();
    // A second of doubt, a first burst, and then a text a second at most.
    let most = FIRST_BURST + 2 * CLOSED.as_secs();
    assert!(refused <= most, "{refused} refusals, {most} expected");
    assert!(refused >= 5, "it still tries: {refused}");

    trouble.faults(&json!({}));
    let opened = Instant::now();
    for number in 0..4 {
        trouble.comes("sms", number).await;
    }
    let codes_took = opened.elapsed();
    for number in 100..116 {
        trouble.comes("sms", number).await;
    }
    let arrived = trouble.arrived();
    let texts: Vec<u32> = arrived
        .iter()
        .filter(|a| a.way == "sms")
        .map(|a| a.number)
        .collect();
    assert_eq!(texts.len(), 20, "each came once: {texts:?}");
    let last_code = texts.iter().rposition(|number| *number < 100).unwrap();
    say(&format!(
        "throttled: {refused} refusals in {CLOSED:?}; the last code came {} of 20, {codes_took:?} after it opened",
        last_code + 1
    ));
    assert!(last_code < 10, "codes first: {texts:?}");
    assert_ended_well(&server.interrupt().await);
    trouble.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_wait_without_hammering() {
    let trouble = Trouble::new("").await;
    let (server, http) = trouble.serve().await;
    put_customers(&http, 20).await;
    trouble.faults(&json!({"mails": {"refuse_for_now_every": 1}}));
    let began = Instant::now();
    for number in 100..140 {
        post(&http, &confirmed(number, number % 20)).await;
    }
    post(&http, &code(1, 1)).await;
    trouble.comes("sms", 1).await;
    // Each is tried at once, and again after five seconds.
    until("it was closed for a while", async || {
        (began.elapsed() >= CLOSED / 2).then_some(())
    })
    .await;
    let (_, refused) = trouble.refused();
    assert!(
        (40..=80).contains(&refused),
        "{refused} refusals of 40 mails"
    );
    trouble.faults(&json!({}));
    for number in 100..140 {
        trouble.comes("email", number).await;
    }
    for number in 100..140 {
        settles(&http, (number % 20, number), "email", &["accepted"]).await;
        assert_eq!(trouble.times("email", number), 1, "{number}");
    }
    assert_ended_well(&server.interrupt().await);
    trouble.end().await;
}
