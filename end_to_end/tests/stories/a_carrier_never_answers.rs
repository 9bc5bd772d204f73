//! Carriers that take what they are given and never say a word. The other channel and the
//! codes go on, the places that silence holds come free, what silence means follows from
//! what a message is for, and the server still ends when it is asked to.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::world::trouble::{
    asked, assert_ended_well, code, confirmed, delivered, post, put_customers, settles,
};
use crate::world::{Trouble, outcomes, until};

/// Nobody who runs this should wait a minute for a silence to end.
const SHORT: &str = "answer_seconds = 3\n[limits]\ndoubt_seconds = 2\nin_flight = 64\n";

/// `[sms]` with an answer awaited as long as by `[email]`.
fn with_short_answers(trouble: &Trouble) {
    let config = std::fs::read_to_string(&trouble.config).unwrap();
    let config = config.replace("[email]\n", "answer_seconds = 3\n[email]\n");
    std::fs::write(&trouble.config, config).unwrap();
}

/// How long a code may take while a carrier misbehaves, on a busy machine.
const SOON: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn texts_without_answers_hold_up_nothing_else() {
    let trouble = Trouble::new(SHORT).await;
    with_short_answers(&trouble);
    let (server, http) = trouble.serve().await;
    put_customers(&http, 10).await;
    trouble.faults(&json!({"texts": {"lose_answer_every": 1, "receipts_off": true}}));
    // More than the window and more than the room.
    for number in 100..180 {
        post(&http, &delivered(number, number % 10)).await;
    }
    until("bulk has all the window it can get", async || {
        let texts = trouble.arrived().iter().filter(|a| a.way == "sms").count();
        (texts >= 45).then_some(())
    })
    .await;
    let began = Instant::now();
    post(&http, &code(1, 1)).await;
    trouble.comes("sms", 1).await;
    let took = began.elapsed();
    assert!(took < SOON, "a code took {took:?}");
    for number in 100..180 {
        settles(&http, (number % 10, number), "email", &["accepted"]).await;
    }
    // Silence is a doubt, and its place comes free for the next.
    let first = settles(&http, (0, 100), "sms", &["in_doubt"]).await;
    assert_eq!(outcomes(&first)[0], "unknown", "{first}");
    for number in 100..180 {
        trouble.comes("sms", number).await;
    }
    trouble.faults(&json!({}));
    for number in (100..180).step_by(7) {
        let text = settles(&http, (number % 10, number), "sms", &["delivered"]).await;
        let doubts = explained(&trouble, &text, "sms", number);
        assert!(doubts >= 1, "{text}");
    }
    let text = settles(&http, (1, 1), "sms", &["delivered"]).await;
    explained(&trouble, &text, "sms", 1);
    assert_ended_well(&server.interrupt().await);
    trouble.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_without_answers_are_sent_again_or_given_up_by_what_they_are_for() {
    let trouble = Trouble::new(SHORT).await;
    let (server, http) = trouble.serve().await;
    put_customers(&http, 10).await;
    trouble.faults(&json!({"mails": {"answer_delay_ms": 600_000}}));
    // More than there are connections.
    for number in 100..110 {
        post(&http, &asked(number, number % 10)).await;
        post(&http, &confirmed(number + 10, number % 10)).await;
        post(&http, &delivered(number + 20, number % 10)).await;
    }
    let began = Instant::now();
    post(&http, &code(1, 1)).await;
    trouble.comes("sms", 1).await;
    let took = began.elapsed();
    assert!(took < SOON, "a code took {took:?}");
    for number in 120..130 {
        settles(&http, (number % 10, number), "sms", &["delivered"]).await;
    }
    until("a mail is in doubt", async || {
        let counted = http.get("/metrics").await.body;
        let doubts = r#"tidings_attempts_total{channel="email",outcome="unknown"}"#;
        counted.contains(doubts).then_some(())
    })
    .await;
    trouble.faults(&json!({}));
    for number in 110..120 {
        let mail = settles(&http, (number % 10, number), "email", &["accepted"]).await;
        explained(&trouble, &mail, "email", number);
    }
    for number in 100..110 {
        let states = ["accepted", "given_up"];
        let mail = settles(&http, (number % 10, number), "email", &states).await;
        let doubts = explained(&trouble, &mail, "email", number);
        assert_eq!(mail["state"] == "given_up", doubts > 0, "{mail}");
        assert!(
            trouble.times("email", number) <= 1,
            "not worth a double: {mail}"
        );
    }
    assert_ended_well(&server.interrupt().await);
    trouble.end().await;
}

/// What came more than once is explained by as many doubts; gives how many there were.
fn explained(trouble: &Trouble, delivery: &Value, way: &str, number: u32) -> usize {
    let outcomes = outcomes(delivery);
    let doubts = outcomes
        .iter()
        .filter(|word| ["unknown", "in_doubt"].contains(word))
        .count();
    let came = trouble.times(way, number);
    assert!(came >= 1 && came <= 1 + doubts, "{came} times: {delivery}");
    doubts
}

/// With the usual minute for answers: the end does not wait for it. The doubt is settled
/// at the next start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_does_not_wait_for_answers_that_do_not_come() {
    let trouble = Trouble::new("[limits]\ndoubt_seconds = 1\n").await;
    let (server, http) = trouble.serve().await;
    put_customers(&http, 10).await;
    let silent = json!({
        "texts": {"lose_answer_every": 1, "receipts_off": true},
        "mails": {"answer_delay_ms": 600_000},
    });
    trouble.faults(&silent);
    for (number, event) in [(1, delivered(1, 1)), (2, confirmed(2, 2)), (3, asked(3, 3))] {
        post(&http, &event).await;
        trouble
            .comes(if number == 1 { "sms" } else { "email" }, number)
            .await;
    }
    trouble.comes("email", 1).await;
    let began = Instant::now();
    let ended = server.interrupt().await;
    let took = began.elapsed();
    assert_ended_well(&ended);
    assert!(ended.stdout.contains("in doubt"), "{ended:?}");
    assert!(took < Duration::from_secs(29), "the end took {took:?}");

    trouble.faults(&json!({}));
    let (server, again) = trouble
        .serve_by(trouble.command_under(&[]), http.key())
        .await;
    for (way, number) in [("sms", 1), ("email", 1), ("email", 2)] {
        let states = ["accepted", "delivered"];
        let delivery = settles(&again, (number, number), way, &states).await;
        assert_eq!(explained(&trouble, &delivery, way, number), 1, "{delivery}");
        assert_eq!(trouble.times(way, number), 2, "{delivery}");
    }
    let mail = settles(&again, (3, 3), "email", &["given_up"]).await;
    assert_eq!(trouble.times("email", 3), 1, "{mail}");
    assert_ended_well(&server.interrupt().await);
    trouble.end().await;
}

/// The mail server opens the door and says nothing; the usual waits are in force. Nothing
/// was handed over, so nothing is in doubt, and the end is bounded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_server_that_does_not_greet_keeps_nobody() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let holding = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            held.push(stream);
        }
    });
    let trouble = Trouble::new("").await;
    let config = std::fs::read_to_string(&trouble.config).unwrap();
    let (before, email) = config.split_once("[email]").unwrap();
    let was = email.lines().find(|line| line.starts_with("port")).unwrap();
    let email = email.replace(was, &format!("port = {port}"));
    std::fs::write(&trouble.config, format!("{before}[email]{email}")).unwrap();

    let (server, http) = trouble.serve().await;
    put_customers(&http, 10).await;
    for number in 100..140 {
        post(&http, &delivered(number, number % 10)).await;
    }
    let began = Instant::now();
    post(&http, &code(1, 1)).await;
    trouble.comes("sms", 1).await;
    let took = began.elapsed();
    assert!(took < SOON, "a code took {took:?}");
    for number in 100..140 {
        settles(&http, (number % 10, number), "sms", &["delivered"]).await;
    }
    let mail = settles(&http, (0, 100), "email", &["scheduled"]).await;
    until("it is tried again later", async || {
        let mail = settles(&http, (0, 100), "email", &["scheduled", "claimed"]).await;
        (outcomes(&mail).first() == Some(&"retry_later")).then_some(())
    })
    .await;
    assert!(outcomes(&mail).iter().all(|word| *word == "retry_later"));
    let began = Instant::now();
    let ended = server.interrupt().await;
    let took = began.elapsed();
    assert_ended_well(&ended);
    assert!(took < Duration::from_secs(25), "the end took {took:?}");
    holding.abort();
    trouble.end().await;
}
