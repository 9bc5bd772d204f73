//! Clients that hold connections open: half-sent heads, silence, more connections than
//! there are places, heads without end, no handles left. None of it stops the others, and
//! who is in the middle of a request or listens to a live stream is left alone.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::timeout;

use crate::world::trouble::{assert_ended_well, code, post, put_customers};
use crate::world::{Http, PATIENCE, Program, Trouble, missing, until};

const ASK: &str = "GET /healthz HTTP/1.1\r\nhost: tidings\r\n\r\n";
const HALF: &str = "GET /healthz HTTP/1.1\r\nhost: ti";
/// What a second in the configuration may take on a busy machine.
const BOUND: Duration = Duration::from_secs(10);

#[tokio::test]
async fn half_a_head_is_given_up_and_others_are_served() {
    let trouble = Trouble::new("").await;
    set(&trouble, "header_seconds = 1\n");
    let (server, http) = trouble.serve().await;
    let mut kept = Wire::open(&http).await;
    assert_eq!(kept.ask(ASK).await, 200);

    let began = Instant::now();
    let mut halves = Vec::new();
    for number in 0..20 {
        let mut wire = Wire::open(&http).await;
        // Every other one was a good client once.
        if number % 2 == 0 {
            assert_eq!(wire.ask(ASK).await, 200);
        }
        wire.send(HALF).await;
        halves.push(wire);
    }
    assert_eq!(http.get("/readyz").await.status, 200, "meanwhile");
    let mut dripping = Wire::open(&http).await;
    dripping.send("GET /healthz HTTP/1.1\r\nx: ").await;
    until("one that drips is closed too", async || {
        dripping.send("y").await;
        dripping.is_closed().await.then_some(())
    })
    .await;
    for mut half in halves {
        half.closes().await;
    }
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(1), "{took:?}");
    assert!(took < BOUND, "{took:?}");
    assert_eq!(kept.ask(ASK).await, 200, "silence between requests is fine");
    assert_no_fault(&http).await;
    assert_ended_well(&server.interrupt().await);
    trouble.end().await;
}

#[tokio::test]
async fn more_silent_connections_than_places_stop_nobody_for_ever() {
    let trouble = Trouble::new("").await;
    set(&trouble, "connections = 4\nheader_seconds = 1\n");
    let (server, http) = trouble.serve().await;
    let mut silent = Vec::new();
    for _ in 0..12 {
        silent.push(Wire::open(&http).await);
    }
    assert_eq!(http.get("/readyz").await.status, 200, "its turn comes");
    for mut wire in silent {
        wire.closes().await;
    }
    assert_eq!(http.get("/readyz").await.status, 200);
    let ended = server.interrupt().await;
    assert_ended_well(&ended);
    let said = ended.stderr.matches("all connections are in use").count();
    assert_eq!(said, 1, "it says so, and not each time: {}", ended.stderr);
    trouble.end().await;
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let trouble = Trouble::new("").await;
    let (server, http) = trouble.serve().await;
    for (octets, fits) in [(40_000, true), (80_000, false), (390_000, false)] {
        let mut wire = Wire::open(&http).await;
        let long = "y".repeat(octets);
        let ask = format!("GET /healthz HTTP/1.1\r\nhost: tidings\r\nx-long: {long}\r\n\r\n");
        let status = wire.try_ask(&ask).await;
        if fits {
            assert_eq!(status, Some(200), "{octets}");
        } else {
            // The answer may be lost: nobody reads the head to its end.
            assert!(matches!(status, None | Some(431)), "{octets}: {status:?}");
        }
    }
    assert_no_fault(&http).await;
    assert_ended_well(&server.interrupt().await);
    trouble.end().await;
}

#[tokio::test]
async fn a_quiet_live_stream_outlives_every_bound() {
    let trouble = Trouble::new("").await;
    set(&trouble, "header_seconds = 1\nidle_seconds = 1\n");
    let (server, http) = trouble.serve().await;
    put_customers(&http, 1).await;
    post(&http, &code(0, 0)).await;
    let mut news = http.news("c-0", 0).await;
    let first = news.revision().await;
    let mut idle = Wire::open(&http).await;
    assert_eq!(idle.ask(ASK).await, 200);
    idle.closes().await;
    let mut silent = Wire::open(&http).await;
    silent.closes().await;
    post(&http, &code(1, 0)).await;
    assert!(news.revision().await > first, "it still listens");
    assert_ended_well(&server.interrupt().await);
    trouble.end().await;
}

#[tokio::test]
async fn without_a_handle_left_it_waits_for_one() {
    let trouble = Trouble::new("").await;
    let (server, http) = trouble.serve().await;
    let mut kept = Wire::open(&http).await;
    assert_eq!(kept.ask(ASK).await, 200);
    if !limit_handles(&server, lowest_free_handle(&server)).await {
        missing("prlimit");
        return;
    }
    let mut late = Wire::open(&http).await;
    late.send(ASK).await;
    until("it could not accept", async || {
        let metrics = kept.page("/metrics").await;
        metrics
            .contains("\ntidings_http_accept_failures_total ")
            .then_some(())
    })
    .await;
    assert!(limit_handles(&server, 1_000).await);
    assert_eq!(late.answer().await, Some(200));
    let ended = server.interrupt().await;
    assert_ended_well(&ended);
    assert!(
        ended.stderr.contains("no connection can be accepted"),
        "{}",
        ended.stderr
    );
    trouble.end().await;
}

/// Puts keys into `[server]`.
fn set(trouble: &Trouble, keys: &str) {
    let config = std::fs::read_to_string(&trouble.config).unwrap();
    let config = config.replacen("[server]\n", &format!("[server]\n{keys}"), 1);
    std::fs::write(&trouble.config, config).unwrap();
}

async fn assert_no_fault(http: &Http) {
    let metrics = http.get("/metrics").await.body;
    let fault = metrics.lines().find(|line| line.contains("status=\"5"));
    assert_eq!(fault, None);
}

/// The handle that a server would get next.
fn lowest_free_handle(server: &Program) -> usize {
    let folder = format!("/proc/{}/fd", server.id());
    let is_used = |handle: &usize| std::fs::read_link(format!("{folder}/{handle}")).is_ok();
    (0..).find(|handle| !is_used(handle)).unwrap()
}

/// Sets how many handles a running server may have; `false` without the tool for it.
async fn limit_handles(server: &Program, most: usize) -> bool {
    let mut command = Command::new("prlimit");
    command.args([
        format!("--pid={}", server.id()),
        format!("--nofile={most}:"),
    ]);
    command.status().await.is_ok_and(|status| status.success())
}

/// A connection that is driven octet by octet.
struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Wire {
    async fn open(http: &Http) -> Self {
        let stream = TcpStream::connect(http.address()).await.unwrap();
        let read = Vec::new();
        Self { stream, read }
    }

    /// Sends what the other side still takes.
    async fn send(&mut self, text: &str) {
        let sending = self.stream.write_all(text.as_bytes());
        let _ = timeout(PATIENCE, sending).await.expect("it is taken");
    }

    /// Sends a request; the status of its answer.
    async fn ask(&mut self, text: &str) -> u16 {
        self.try_ask(text).await.expect("an answer")
    }

    async fn try_ask(&mut self, text: &str) -> Option<u16> {
        self.send(text).await;
        self.answer().await
    }

    /// The status of the next answer; `None` when the connection ends first.
    async fn answer(&mut self) -> Option<u16> {
        let (head, _) = self.whole().await?;
        head.get(9..12)?.parse().ok()
    }

    /// The body of a page.
    async fn page(&mut self, path: &str) -> String {
        let ask = format!("GET {path} HTTP/1.1\r\nhost: tidings\r\n\r\n");
        self.send(&ask).await;
        self.whole().await.expect("an answer").1
    }

    async fn whole(&mut self) -> Option<(String, String)> {
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8_lossy(&self.read[..end]).to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        while self.read.len() < end + length {
            self.more().await?;
        }
        let body = String::from_utf8_lossy(&self.read[end..end + length]).into_owned();
        self.read.drain(..end + length);
        Some((head, body))
    }

    async fn more(&mut self) -> Option<()> {
        let reading = self.stream.read_buf(&mut self.read);
        match timeout(PATIENCE, reading)
            .await
            .expect("an answer or the end")
        {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(()),
        }
    }

    /// Waits until the other side closes it, without a word.
    async fn closes(&mut self) {
        while self.more().await.is_some() {}
        assert!(
            self.read.is_empty(),
            "{}",
            String::from_utf8_lossy(&self.read)
        );
    }

    /// Whether the other side has closed it by now.
    async fn is_closed(&mut self) -> bool {
        let now = Duration::from_millis(1);
        matches!(
            timeout(now, self.stream.read_buf(&mut self.read)).await,
            Ok(Ok(0) | Err(_))
        )
    }
}
