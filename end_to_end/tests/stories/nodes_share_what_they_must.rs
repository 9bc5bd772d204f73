//! What nodes share: news of a mailbox reach a browser at any node, a carrier's contract
//! holds for all of them together, and so does a stop.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::nats_server::{self, NatsFolder};
use crate::test_traffic_stays_in_the_sandbox::{carriers, password};
use crate::world::nodes::{Cluster, postgres_runs_here};
use crate::world::trouble::{
    assert_ended_well, confirmed, delivered, post, put_customers, settles,
};
use crate::world::{Trouble, customer, say, until, until_within};

/// Segments a second by contract.
const CONTRACT: usize = 20;
const TEXTS: u32 = 160;
/// Nodes look every five seconds how many they are.
const THEY_KNOW: Duration = Duration::from_secs(7);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_reach_a_browser_at_another_node_without_nats() {
    if postgres_runs_here() {
        news_reach_another_node(None).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_reach_a_browser_at_another_node_with_nats() {
    if !postgres_runs_here() || !nats_server::runs_here().await {
        return;
    }
    let nats = NatsFolder::new().await;
    let _server = nats.start().await;
    news_reach_another_node(Some(nats.url())).await;
}

async fn news_reach_another_node(nats: Option<String>) {
    let how = if nats.is_some() { "with" } else { "without" };
    let cluster = Cluster::new("", nats).await;
    let ((a, at_a), (b, at_b)) = tokio::join!(cluster.serve(), cluster.serve());
    put_customers(&at_a, 1).await;
    let mut news = at_b.news("c-0", 0).await;
    let mut took = Vec::new();
    for number in 0..6 {
        let began = Instant::now();
        post(&at_a, &confirmed(number, 0)).await;
        assert_eq!(news.revision().await, i64::from(number) + 1);
        took.push(began.elapsed().as_millis());
    }
    say(&format!(
        "news at another node, {how} NATS: after {took:?} ms"
    ));
    drop(news);
    for program in [a, b] {
        assert_ended_well(&program.interrupt().await);
    }
}

/// Nodes whose carrier of texts takes so many segments a second.
async fn contracted(trouble: &Trouble, segments_per_second: usize) -> Cluster {
    let (smsc, smtp) = trouble.addresses();
    let ways = carriers(smsc, smtp, &password(trouble.folder.path()));
    let ways = ways.replace(
        "[email]",
        &format!("segments_per_second = {segments_per_second}\n[email]"),
    );
    Cluster::new(&ways, None).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_at_one_node_reaches_the_texts_that_another_has_in_hand() {
    if !postgres_runs_here() {
        return;
    }
    let trouble = Trouble::new("").await;
    let cluster = contracted(&trouble, 1).await;
    let ((a, at_a), (b, at_b)) = tokio::join!(cluster.serve(), cluster.serve());
    put_customers(&at_a, 6).await;
    // B's link takes them all at once, and lets one a second through.
    for number in 0..6 {
        post(&at_b, &delivered(number, number)).await;
    }
    let stop = json!({"phone": customer("c-5", 5)["phone"], "reason": "asked_by_phone"});
    let stopped = at_a.post("/v1/suppressions", &stop).await;
    assert_eq!(stopped.status, 204, "{stopped:?}");
    for number in 0..5 {
        trouble.comes("sms", number).await;
    }
    let text = settles(&at_a, (5, 5), "sms", &["cancelled"]).await;
    let last = text["attempts"].as_array().unwrap().last().unwrap();
    assert_eq!(last["reason"], "suppression.suppressed", "{text}");
    assert_eq!(trouble.times("sms", 5), 0, "it never left");
    settles(&at_a, (5, 5), "email", &["accepted"]).await;
    for program in [a, b] {
        assert_ended_well(&program.interrupt().await);
    }
    trouble.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contracted_rate_holds_for_all_nodes_together() {
    if !postgres_runs_here() {
        return;
    }
    let trouble = Trouble::new("").await;
    let cluster = contracted(&trouble, CONTRACT).await;
    let ((a, at_a), (b, at_b)) = tokio::join!(cluster.serve(), cluster.serve());
    put_customers(&at_a, 40).await;
    let began = Instant::now();
    until("both know of each other", async || {
        (began.elapsed() >= THEY_KNOW).then_some(())
    })
    .await;
    for number in 0..TEXTS {
        let http = if number % 2 == 0 { &at_a } else { &at_b };
        post(http, &delivered(number, number % 40)).await;
    }
    let patience = Duration::from_secs(60);
    until_within(patience, "all texts came", async || {
        let arrived = trouble.arrived();
        let texts = arrived.iter().filter(|a| a.way == "sms").count();
        (texts >= TEXTS as usize).then_some(())
    })
    .await;
    let arrived = trouble.arrived();
    let mut at: Vec<Instant> = arrived
        .iter()
        .filter(|a| a.way == "sms")
        .map(|a| a.at)
        .collect();
    at.sort_unstable();
    assert_eq!(at.len(), TEXTS as usize, "each came once");
    // Each node saves up a tenth of a second's worth; the rest allows for a busy machine.
    let in_window = |from: usize, length: Duration| {
        let window = at[from..].iter().take_while(|t| **t - at[from] < length);
        window.count()
    };
    let most = |length: Duration| (0..at.len()).map(|from| in_window(from, length)).max();
    let (one, five) = (
        most(Duration::from_secs(1)).unwrap(),
        most(Duration::from_secs(5)).unwrap(),
    );
    let took = (at[at.len() - 1] - at[0]).as_secs_f64();
    say(&format!(
        "two nodes, {CONTRACT} a second by contract: {TEXTS} texts in {took:.1} s, at most {one} in a second, {five} in five"
    ));
    assert!(one <= CONTRACT * 3 / 2, "{one} in a second");
    assert!(five <= CONTRACT * 11 / 2, "{five} in five seconds");
    for program in [a, b] {
        assert_ended_well(&program.interrupt().await);
    }
    trouble.end().await;
}
