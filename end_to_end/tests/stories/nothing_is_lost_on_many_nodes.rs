//! Three nodes on one PostgreSQL, with NATS. Nodes, NATS and PostgreSQL are killed with
//! SIGKILL at random while events come in over HTTP and JetStream and messages go out. At
//! the end every acknowledged event has its message, every delivery a final state, and what
//! arrived twice is explained and counted.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sandbox::{Faults, MailFaults, Sandbox, SandboxConfig, TextFaults};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::nats_server::{self, NatsFolder, NatsServer};
use crate::nothing_is_lost_when_killed::{
    Arrived, Chance, IN_FLIGHT, judge, made, put_customers, settle,
};
use crate::test_traffic_stays_in_the_sandbox::{carriers, password};
use crate::world::nodes::{Cluster, postgres_runs_here};
use crate::world::{Http, Program, lines, say, seed};

const NODES: usize = 3;
/// Events over HTTP, and those after them over JetStream.
const OVER_HTTP: u32 = 2_000;
const OVER_NATS: u32 = 800;
const IN_A_REQUEST: u32 = 20;
const IN_A_PUBLISH: u32 = 40;
const KILLING: Duration = Duration::from_secs(30);
/// A node's number lapses after 20 s; its claims are found within ten more, and wait.
const SETTLED: Duration = Duration::from_secs(100);
/// Unless `TIDINGS_TEST_SEED` says otherwise. What the choices hit depends on the clock.
const SEED: u64 = 103_883_524_597_194;

type Slots = Arc<Mutex<[Option<(Program, Http)>; NODES]>>;

/// What was acknowledged to whoever sent, and how often a sender had to try again.
#[derive(Default)]
struct Sent {
    tried_again: AtomicU32,
    known: AtomicU32,
}

fn living(slots: &Slots, chance: &mut Chance) -> Option<Http> {
    let slots = slots.lock().unwrap();
    let living: Vec<&Http> = slots.iter().flatten().map(|(_, http)| http).collect();
    let number = u64::try_from(living.len()).unwrap();
    (number > 0).then(|| living[usize::try_from(chance.below(number)).unwrap()].clone())
}

/// Posts each request until it is acknowledged, to whichever node lives.
async fn post_all(slots: Slots, sent: Arc<Sent>, mut chance: Chance) {
    let pause = KILLING / (OVER_HTTP / IN_A_REQUEST);
    for first in (0..OVER_HTTP).step_by(IN_A_REQUEST as usize) {
        let events: Vec<Value> = (first..first + IN_A_REQUEST).map(|n| made(n).0).collect();
        let body = lines(&events);
        while !post_one(&slots, &mut chance, &sent, &body).await {
            sent.tried_again.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(pause).await;
    }
}

async fn post_one(slots: &Slots, chance: &mut Chance, sent: &Sent, body: &str) -> bool {
    let Some(http) = living(slots, chance) else {
        return false;
    };
    let kind = "application/x-ndjson";
    let answer = http.try_call("POST", "/v1/events", kind, body.into());
    let Some(answer) = answer.await else {
        return false;
    };
    if answer.status != 202 {
        assert!([429, 503].contains(&answer.status), "{answer:?}");
        return false;
    }
    let answer = answer.json();
    let number = |word: &str| u32::try_from(answer[word].as_u64().unwrap()).unwrap();
    assert_eq!(
        number("accepted") + number("duplicates"),
        IN_A_REQUEST,
        "{answer}"
    );
    assert_eq!(number("failed_total"), 0, "{answer}");
    sent.known
        .fetch_add(number("duplicates"), Ordering::Relaxed);
    true
}

/// Publishes each lot until the stream acknowledged it.
async fn publish_all(nats: Arc<NatsFolder>, sent: Arc<Sent>) {
    let all = OVER_HTTP..OVER_HTTP + OVER_NATS;
    let pause = KILLING / (OVER_NATS / IN_A_PUBLISH) / 2;
    for first in all.step_by(IN_A_PUBLISH as usize) {
        let bodies = (first..first + IN_A_PUBLISH).map(|n| made(n).0.to_string());
        let bodies: Vec<String> = bodies.collect();
        while !nats.try_publish("tidings.events.orders", &bodies).await {
            sent.tried_again.fetch_add(1, Ordering::Relaxed);
        }
        tokio::time::sleep(pause).await;
    }
}

#[derive(Debug, Default)]
struct Kills {
    nodes: u32,
    nats: u32,
    postgres: u32,
}

/// Kills one after the other until it has been going on for long enough.
async fn kill_at_random(
    cluster: &Arc<Cluster>,
    slots: &Slots,
    nats: &NatsFolder,
    server: &mut NatsServer,
    mut chance: Chance,
) -> Kills {
    let mut kills = Kills::default();
    let mut coming_back = JoinSet::new();
    let began = Instant::now();
    while began.elapsed() < KILLING {
        tokio::time::sleep(Duration::from_millis(500 + chance.below(1_500))).await;
        match chance.below(10) {
            0..=1 => {
                cluster.crash_postgres().await;
                tokio::time::sleep(Duration::from_millis(chance.below(1_500))).await;
                cluster.start_postgres().await;
                kills.postgres += 1;
            }
            2..=3 => {
                server.kill_here().await;
                tokio::time::sleep(Duration::from_millis(chance.below(1_500))).await;
                *server = nats.start().await;
                kills.nats += 1;
            }
            _ => {
                let which = usize::try_from(chance.below(NODES as u64)).unwrap();
                let Some((program, _)) = slots.lock().unwrap()[which].take() else {
                    continue;
                };
                program.kill().await;
                kills.nodes += 1;
                let (cluster, slots) = (Arc::clone(cluster), Arc::clone(slots));
                coming_back.spawn(async move {
                    let node = cluster.serve_some_day().await;
                    slots.lock().unwrap()[which] = Some(node);
                });
            }
        }
    }
    coming_back.join_all().await;
    kills
}

/// Carriers in this process that note what comes.
async fn counting_carriers(arrived: &Arc<Arrived>) -> Sandbox {
    let noting = Arc::clone(arrived);
    let mut config = SandboxConfig::new(|| 0);
    config.keep = 0;
    config.observer = Some(Arc::new(move |received| noting.note(received)));
    let carrier = Sandbox::start(config).await.unwrap();
    // A little slow, so that there is something in flight when a node dies.
    let texts = TextFaults {
        answer_delay_ms: 200,
        ..TextFaults::default()
    };
    let mails = MailFaults {
        answer_delay_ms: 200,
        ..MailFaults::default()
    };
    carrier.set_faults(Faults { texts, mails });
    carrier
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_event_ends_well() {
    if !postgres_runs_here() || !nats_server::runs_here().await {
        return;
    }
    let began = Instant::now();
    let seed = seed(SEED);
    say(&format!("three nodes, TIDINGS_TEST_SEED={seed}"));
    let arrived = Arc::new(Arrived::default());
    let carrier = counting_carriers(&arrived).await;
    let nats = Arc::new(NatsFolder::new().await);
    let mut server = nats.start().await;
    let folder = tempfile::tempdir().unwrap();
    let sections = format!(
        "{}connections = 16\n[limits]\ndoubt_seconds = 2\nin_flight = {IN_FLIGHT}\n\
         [nats]\nack_wait_seconds = 2\n",
        carriers(
            carrier.smsc_addr(),
            carrier.smtp_addr(),
            &password(folder.path())
        )
    );
    let cluster = Arc::new(Cluster::new(&sections, Some(nats.url())).await);
    let (a, b, c) = tokio::join!(cluster.serve(), cluster.serve(), cluster.serve());
    let http = a.1.clone();
    put_customers(&http).await;
    nats.stream("tidings-events").await;
    let slots: Slots = Arc::new(Mutex::new([Some(a), Some(b), Some(c)]));

    let sent = Arc::new(Sent::default());
    let posting = tokio::spawn(post_all(
        Arc::clone(&slots),
        Arc::clone(&sent),
        Chance(seed ^ 1),
    ));
    let publishing = tokio::spawn(publish_all(Arc::clone(&nats), Arc::clone(&sent)));
    let kills = kill_at_random(&cluster, &slots, &nats, &mut server, Chance(seed)).await;
    let killed = began.elapsed();
    posting.await.unwrap();
    publishing.await.unwrap();
    let nodes = slots.lock().unwrap().each_mut().map(Option::take);
    let nodes = nodes.map(|node| node.expect("all came back"));
    let http = nodes[0].1.clone();
    let all = OVER_HTTP + OVER_NATS;
    nats.taken().await;
    let found = settle(&http, SETTLED).await;
    let died = kills.nodes + kills.postgres + kills.nats;
    let figures = judge(&found, &arrived.all(), all, died);
    for (program, http) in nodes {
        assert_eq!(http.get("/readyz").await.status, 200);
        let ended = program.interrupt().await;
        assert!(ended.status.success(), "{ended:?}");
        assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    }
    carrier.stop().await;
    say(&format!(
        "three nodes: {kills:?} in {:.1} s over {all} events, {} sends tried again, {} events known already: \
         {figures}; {:.1} s in all",
        killed.as_secs_f64(),
        sent.tried_again.load(Ordering::Relaxed),
        sent.known.load(Ordering::Relaxed),
        began.elapsed().as_secs_f64()
    ));
}
