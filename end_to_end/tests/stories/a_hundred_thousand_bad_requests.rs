//! A hundred thousand requests that nobody should send, over many connections at once. Each
//! is refused in plain words or hung up on, none is the server's fault, its memory stays
//! small, and codes go out meanwhile.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::world::hostile::{Ask, Chance, Expect, Hostile};
use crate::world::trouble::{assert_ended_well, code, post, put_customers};
use crate::world::{PATIENCE, Trouble, make_key, say};

const REQUESTS: usize = 100_000;
const CONNECTIONS: usize = 10;
const SEED: u64 = 0x0bad_5eed;
/// How long a code may take meanwhile, unoptimised and on a busy machine.
const SOON: Duration = Duration::from_secs(3);
/// The most memory the server ever had.
const MOST_MEMORY_KB: u64 = 300_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_is_refused_and_none_does_harm() {
    let trouble = Trouble::new("").await;
    let key = make_key(&trouble.config, "live").await;
    let mut command = trouble.command_under(&[]);
    command.env("TIDINGS_LOG", "warn");
    let (server, http) = trouble.serve_by(command, &key).await;
    put_customers(&http, 10).await;

    let began = Instant::now();
    let mut connections = JoinSet::new();
    for number in 0..CONNECTIONS {
        let (host, key) = (http.address().to_owned(), key.clone());
        connections.spawn(async move {
            let chance = Chance(SEED + number as u64);
            send_all(&host, &key, chance, REQUESTS / CONNECTIONS).await
        });
    }
    let mut slowest = Duration::ZERO;
    let mut seen: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let mut codes = 0;
    while !connections.is_empty() {
        let asked = Instant::now();
        post(&http, &code(codes, codes % 10)).await;
        trouble.comes("sms", codes).await;
        slowest = slowest.max(asked.elapsed());
        codes += 1;
        // A code now and then, until all is sent.
        let done = timeout(Duration::from_millis(500), connections.join_next()).await;
        if let Ok(Some(done)) = done {
            for (what, times) in done.unwrap() {
                *seen.entry(what).or_default() += times;
            }
        }
    }
    let took = began.elapsed();
    assert_eq!(seen.values().sum::<usize>(), REQUESTS);
    let memory = most_memory(server.id());
    say(&format!(
        "{REQUESTS} bad requests in {:.1} s; {codes} codes meanwhile, the slowest {slowest:?}; memory at most {} MB",
        took.as_secs_f64(),
        memory / 1_000
    ));
    assert!(slowest < SOON, "a code took {slowest:?}");
    assert!(memory < MOST_MEMORY_KB, "{memory} KB");
    let metrics = http.get("/metrics").await.body;
    let broken = metrics.lines().find(|line| {
        line.contains("status=\"5")
            || line.starts_with("tidings_http_panics_total") && !line.ends_with(" 0")
    });
    assert_eq!(broken, None, "nothing was our fault");
    assert_eq!(http.get("/readyz").await.status, 200);
    assert!(
        http.get("/v1/customers/c-1").await.body.contains("Machado"),
        "it is as it was"
    );
    let ended = server.interrupt().await;
    assert_ended_well(&ended);
    assert_eq!(
        trouble.arrived().len(),
        codes as usize,
        "only the codes left"
    );
    trouble.end().await;
}

/// What was asked, and how it was answered.
type Tally = BTreeMap<(&'static str, String), usize>;

async fn send_all(host: &str, key: &str, chance: Chance, count: usize) -> Tally {
    let mut hostile = Hostile { chance, host, key };
    let mut wire = Wire {
        host: host.to_owned(),
        stream: None,
        read: Vec::new(),
    };
    let mut tally = Tally::new();
    for _ in 0..count {
        let ask = hostile.next();
        let kept = wire.stream.is_some();
        let mut answer = timeout(PATIENCE, wire.ask(&ask)).await;
        if kept && matches!(answer, Ok(None)) {
            // The server had closed it after the last answer, whose request it had not
            // read to the end.
            answer = timeout(PATIENCE, wire.ask(&ask)).await;
        }
        let answer = answer.unwrap_or_else(|_| panic!("no answer to {}", shown(&ask)));
        let word = judge(&ask, answer.as_ref());
        *tally.entry((ask.what, word)).or_default() += 1;
    }
    tally
}

fn shown(ask: &Ask) -> String {
    let start = &ask.bytes[..ask.bytes.len().min(400)];
    format!("{}: {}", ask.what, String::from_utf8_lossy(start))
}

/// Fails where an answer is not what it should be; else gives it in a word.
fn judge(ask: &Ask, answer: Option<&Seen>) -> String {
    let Some(seen) = answer else {
        assert_eq!(ask.expect, Expect::End, "hung up on {}", shown(ask));
        return "hung up".to_owned();
    };
    let refused = (400..500).contains(&seen.status);
    let good = match ask.expect {
        Expect::Problem => refused && seen.head.contains("application/problem+json"),
        Expect::Page => refused || seen.status == 303,
        Expect::End => refused,
        Expect::Lines => {
            seen.status == 202
                && seen.body.contains("\"accepted\":0")
                && !seen.body.contains("\"rejected_total\":0")
        }
    };
    assert!(good, "{}\nwas answered {seen:?}", shown(ask));
    seen.status.to_string()
}

/// An answer as it came.
#[derive(Debug)]
struct Seen {
    status: u16,
    head: String,
    body: String,
}

/// One connection at a time, kept while both sides want it.
struct Wire {
    host: String,
    stream: Option<TcpStream>,
    read: Vec<u8>,
}

impl Wire {
    /// Sends a request; `None` when the server hung up without an answer.
    async fn ask(&mut self, ask: &Ask) -> Option<Seen> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                self.read.clear();
                TcpStream::connect(&self.host).await.unwrap()
            }
        };
        // Whoever refuses early does not read to the end; its answer may be there.
        let _ = stream.write_all(&ask.bytes).await;
        if ask.cut {
            let _ = stream.shutdown().await;
        }
        let seen = self.answer(&mut stream).await?;
        let closes = seen.head.contains("connection: close");
        if !(ask.cut || closes || ask.expect == Expect::End) {
            self.stream = Some(stream);
        }
        Some(seen)
    }

    async fn answer(&mut self, stream: &mut TcpStream) -> Option<Seen> {
        let end = loop {
            if let Some(at) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            self.more(stream).await?;
        };
        let head = String::from_utf8_lossy(&self.read[..end]).to_ascii_lowercase();
        let status = head.get(9..12)?.parse().ok()?;
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        while self.read.len() < end + length {
            self.more(stream).await?;
        }
        let body = String::from_utf8_lossy(&self.read[end..end + length]).into_owned();
        self.read.drain(..end + length);
        Some(Seen { status, head, body })
    }

    async fn more(&mut self, stream: &mut TcpStream) -> Option<()> {
        match stream.read_buf(&mut self.read).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(()),
        }
    }
}

/// The peak of a process's memory, in kilobytes.
fn most_memory(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.unwrap().trim().trim_end_matches(" kB");
    peak.parse().unwrap()
}
