//! PostgreSQL goes away under a running node: killed, frozen, behind a network that swallows
//! everything, or cut off just after a commit. The node stays up, says so, and goes on by
//! itself; what it has acknowledged arrives once.

use std::time::{Duration, Instant};

use local_postgres::LocalPostgres;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

use crate::test_traffic_stays_in_the_sandbox::{carriers, password};
use crate::world::nodes::{Cluster, postgres_runs_here};
use crate::world::trouble::{
    assert_comes_back_later, assert_ended_well, code, confirmed, post, put_customers, settles,
};
use crate::world::{Http, Program, Trouble, outcomes, say, until, until_within};

/// How long it is away.
const AWAY: Duration = Duration::from_secs(60);
/// What is lost with a connection comes back within this.
const BACK: Duration = Duration::from_secs(60);
const CUSTOMERS: u32 = 10;

/// What the network between node and database does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Network {
    Works,
    /// Takes everything and passes on nothing.
    Swallows,
    /// Passes a COMMIT on and goes down before its answer.
    CutsAtCommit,
}

/// A way to the database that can be broken.
struct Way {
    url: String,
    network: watch::Sender<Network>,
}

impl Way {
    async fn to(postgres: &LocalPostgres) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let socket = postgres.folder().join(".s.PGSQL.5432");
        let (network, state) = watch::channel(Network::Works);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (socket, state) = (socket.clone(), state.clone());
                tokio::spawn(async move {
                    if let Ok(server) = UnixStream::connect(socket).await {
                        let _ = carry(client, server, state).await;
                    }
                });
            }
        });
        Self {
            url: format!("postgres://tidings@127.0.0.1:{port}/tidings"),
            network,
        }
    }

    fn set(&self, network: Network) {
        self.network.send_replace(network);
    }
}

/// Carries octets both ways until one side ends or the network goes down.
async fn carry(
    mut client: TcpStream,
    mut server: UnixStream,
    network: watch::Receiver<Network>,
) -> std::io::Result<()> {
    let (mut up, mut down) = (vec![0; 65_536], vec![0; 65_536]);
    // What went into the hole is missing for good, so the rest of it goes there too.
    let mut swallowing = false;
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let sent = &up[..read?];
                if sent.is_empty() {
                    return Ok(());
                }
                let now = *network.borrow();
                swallowing |= now == Network::Swallows;
                if swallowing {
                    continue;
                }
                server.write_all(sent).await?;
                if now == Network::CutsAtCommit && sent.windows(7).any(|w| w == b"COMMIT\0") {
                    // Its answer is here, so it has happened.
                    let _ = server.read(&mut down).await?;
                    return Ok(());
                }
            }
            read = server.read(&mut down) => {
                let sent = &down[..read?];
                if sent.is_empty() {
                    return Ok(());
                }
                swallowing |= *network.borrow() == Network::Swallows;
                if !swallowing {
                    client.write_all(sent).await?;
                }
            }
        }
    }
}

/// A node with live carriers that count, and a database it reaches over a way of ours.
struct Here {
    trouble: Trouble,
    cluster: Cluster,
    way: Way,
    program: Program,
    http: Http,
}

impl Here {
    async fn new() -> Self {
        let trouble = Trouble::new("").await;
        let (smsc, smtp) = trouble.addresses();
        let ways = carriers(smsc, smtp, &password(trouble.folder.path()));
        let sections = format!("{ways}[limits]\ndoubt_seconds = 2\n");
        let cluster = Cluster::new(&sections, None).await;
        let way = Way::to(&cluster.postgres).await;
        let cluster = cluster.by(way.url.clone());
        let (program, http) = cluster.serve().await;
        put_customers(&http, CUSTOMERS).await;
        Self {
            trouble,
            cluster,
            way,
            program,
            http,
        }
    }

    /// Posts until the database is to come back: each is refused in plain words, sooner than
    /// a client gives up. Gives the numbers that were acknowledged all the same.
    async fn stays_up_until(&self, until_then: Instant) -> Vec<u32> {
        let mut slowest = Duration::ZERO;
        let (mut refused, mut acknowledged) = (0, Vec::new());
        let mut number = 1_000;
        let readiness = self.http.get("/readyz").await;
        assert_comes_back_later(&readiness, 503);
        assert!(readiness.body.contains("store"), "{readiness:?}");
        while Instant::now() < until_then {
            let began = Instant::now();
            let answer = self.http.post("/v1/events", &event(number)).await;
            slowest = slowest.max(began.elapsed());
            if answer.status == 202 {
                acknowledged.push(number);
            } else {
                assert_comes_back_later(&answer, 503);
                refused += 1;
            }
            number += 1;
            assert_eq!(self.http.get("/healthz").await.status, 200);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert!(refused > 0, "the database was there");
        say(&format!(
            "the database was away: {refused} refused, the slowest after {slowest:.1?}; {} acknowledged",
            acknowledged.len()
        ));
        acknowledged
    }

    /// It is ready by itself, takes events, and each of these came once.
    async fn recovers(self, mut acknowledged: Vec<u32>) {
        let began = Instant::now();
        until_within(BACK, "it is ready by itself", async || {
            (self.http.get("/readyz").await.status == 200).then_some(())
        })
        .await;
        let ready = began.elapsed();
        for number in 5_000..5_010 {
            post(&self.http, &event(number)).await;
            acknowledged.push(number);
        }
        for number in acknowledged {
            self.came_once(number).await;
        }
        say(&format!(
            "ready {ready:.1?} after the database was back, all there after {:.1?}",
            began.elapsed()
        ));
        self.end().await;
    }

    async fn came_once(&self, number: u32) {
        let way = way_of(number);
        let settled = async || {
            let states = ["accepted", "delivered"];
            let delivery = settles(&self.http, (number % CUSTOMERS, number), way, &states).await;
            assert_eq!(outcomes(&delivery), ["accepted"], "{number}: {delivery}");
            Some(())
        };
        until_within(BACK, "it is settled", settled).await;
        assert_eq!(self.trouble.times(way, number), 1, "{number} by {way}");
    }

    async fn end(self) {
        assert_ended_well(&self.program.interrupt().await);
        self.trouble.end().await;
    }
}

/// A code for every even number, a mail for the others.
fn event(number: u32) -> serde_json::Value {
    match number % 2 {
        0 => code(number, number % CUSTOMERS),
        _ => confirmed(number, number % CUSTOMERS),
    }
}

fn way_of(number: u32) -> &'static str {
    ["sms", "email"][(number % 2) as usize]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_killed_and_gone_for_a_minute() {
    if !postgres_runs_here() {
        return;
    }
    let here = Here::new().await;
    let mut acknowledged: Vec<u32> = (0..20).collect();
    for number in &acknowledged {
        post(&here.http, &event(*number)).await;
    }
    here.cluster.crash_postgres().await;
    let away = here.stays_up_until(Instant::now() + AWAY).await;
    acknowledged.extend(away);
    here.cluster.start_postgres().await;
    here.recovers(acknowledged).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_frozen_and_thaws() {
    if !postgres_runs_here() {
        return;
    }
    let here = Here::new().await;
    let mut acknowledged: Vec<u32> = (0..20).collect();
    for number in &acknowledged {
        post(&here.http, &event(*number)).await;
        here.came_once(*number).await;
    }
    here.cluster.signal_postgres("STOP").await;
    let away = here.stays_up_until(Instant::now() + AWAY / 2).await;
    acknowledged.extend(away);
    here.cluster.signal_postgres("CONT").await;
    here.recovers(acknowledged).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_network_swallows_everything_for_a_while() {
    if !postgres_runs_here() {
        return;
    }
    let here = Here::new().await;
    let mut acknowledged: Vec<u32> = (0..20).collect();
    for number in &acknowledged {
        post(&here.http, &event(*number)).await;
        here.came_once(*number).await;
    }
    here.way.set(Network::Swallows);
    let away = here.stays_up_until(Instant::now() + AWAY / 2).await;
    acknowledged.extend(away);
    here.way.set(Network::Works);
    here.recovers(acknowledged).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_to_a_commit_is_lost() {
    if !postgres_runs_here() {
        return;
    }
    let here = Here::new().await;
    // Outcomes of these are committed while answers are lost.
    here.trouble
        .faults(&json!({"texts": {"answer_delay_ms": 1500}, "mails": {"answer_delay_ms": 1500}}));
    for number in 0..10 {
        post(&here.http, &event(number)).await;
    }
    for number in 0..10 {
        here.trouble.comes(way_of(number), number).await;
    }
    here.way.set(Network::CutsAtCommit);
    let lost: Vec<u32> = (10..20).collect();
    for number in &lost {
        let answer = here.http.post("/v1/events", &event(*number)).await;
        assert_comes_back_later(&answer, 503);
    }
    let began = Instant::now();
    until("outcomes were committed unheard", async || {
        (began.elapsed() > Duration::from_secs(2)).then_some(())
    })
    .await;
    here.way.set(Network::Works);
    here.trouble.faults(&json!({}));
    for number in &lost {
        // It was on disk, though nobody heard so.
        let answer = here.http.post("/v1/events", &event(*number)).await;
        assert_eq!(answer.json()["duplicates"], 1, "{number}: {answer:?}");
    }
    here.recovers((0..20).collect()).await;
}
