//! What a team would build instead, measured on the same machine in the same run: a job
//! queue on the same PostgreSQL, an SMS gateway and a mail server before the same sinks.
//! Nothing is downloaded; what is not installed is said, and is no error.

mod graphile_worker;
mod kannel;
mod postfix;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::cli::BenchPipeline;
use super::database::Database;
use super::figures::round;
use super::ground::Folder;
use super::part::Part;
use crate::clock;

/// Without anything new at the sinks for so long, what is missing does not come.
const PATIENCE: Duration = Duration::from_secs(30);
/// A server of a peer answers within this time after its start.
const START_WITHIN: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(50);

/// Our own run, to which the others are set in proportion.
pub struct Ours {
    pub messages: u64,
    pub per_s: f64,
    /// Texts and mails as our sinks got them.
    pub samples: Value,
}

/// Measures all of them.
pub async fn measure(
    arguments: &BenchPipeline,
    database: Option<&Database>,
    ours: &Ours,
) -> Result<Value> {
    let own = Folder::given_or_temporary(None, "peers")?;
    let folder = own.path();
    let modules = arguments.node_modules.as_deref();
    let queue = match (database, modules) {
        (None, _) => Ok(json!("not measured: it needs --store postgres")),
        (_, None) => Ok(json!(
            "not measured: --node-modules does not say where it is installed"
        )),
        (Some(database), Some(modules)) => {
            graphile_worker::measure(folder, database, modules, ours, arguments.peer_messages).await
        }
    };
    let kannel = kannel::measure(folder, ours, arguments.peer_messages).await;
    let postfix = postfix::measure(folder, ours, arguments.peer_messages).await;
    Ok(json!({
        "graphile_worker": said(queue),
        "kannel": said(kannel),
        "postfix": said(postfix),
    }))
}

/// Our own figures stand whatever became of a peer.
fn said(measured: Result<Value>) -> Value {
    measured.unwrap_or_else(|error| json!({ "failed": format!("{error:#}") }))
}

/// How many times as fast we were.
fn ratio(ours: &Ours, per_s: f64) -> f64 {
    round(ours.per_s / per_s.max(0.001))
}

/// Sinks of one measurement, so that nothing else is counted.
struct Target {
    sinks: Part,
    smsc: u16,
    smtp: u16,
}

impl Target {
    async fn start() -> Result<Self> {
        let mut sinks = Part::start(&["bench", "sinks"], &[])?;
        let ports = sinks.json().await?;
        let port = |name: &str| {
            let port = ports[name]
                .as_u64()
                .and_then(|port| u16::try_from(port).ok());
            port.context("the sinks did not say where they listen")
        };
        Ok(Self {
            smsc: port("smsc")?,
            smtp: port("smtp")?,
            sinks,
        })
    }

    /// Waits until so many `texts` or `mails` came, or no more do. Gives their number and
    /// the seconds from `begun` (microseconds) to the last.
    async fn wait_for(&mut self, kind: &str, count: u64, begun: i64) -> Result<(u64, f64)> {
        let (mut most, mut patience) = (0, Instant::now() + PATIENCE);
        loop {
            let counted = self.sinks.ask("count").await?;
            let came = counted[kind].as_u64().unwrap_or(0);
            if came > most {
                most = came;
                patience = Instant::now() + PATIENCE;
            }
            if came >= count || Instant::now() > patience {
                let last = counted["last"].as_i64().unwrap_or(begun);
                return Ok((came, ((last - begun) as f64 / 1e6).max(0.001)));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Waits until something listens.
async fn listens(port: u16, what: &str) -> Result<()> {
    let patience = Instant::now() + START_WITHIN;
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        anyhow::ensure!(Instant::now() < patience, "{what} does not listen");
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Ports that were free a moment ago, for servers that cannot pick one and say which.
async fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut ports = [0; N];
    let mut held = Vec::new();
    for port in &mut ports {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

/// Where Debian puts a server's program.
fn program(name: &str) -> Option<std::path::PathBuf> {
    let places = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    let places = places.map(|place| Path::new(place).join(name));
    places.into_iter().find(|path| path.exists())
}

/// Seconds of the clock since a moment in microseconds.
fn seconds_since(begun: i64) -> f64 {
    ((clock::micros() - begun) as f64 / 1e6).max(0.001)
}

/// Processor seconds for a thousand.
fn per_1000(seconds: f64, count: u64) -> f64 {
    round(seconds / count.max(1) as f64 * 1_000_000.0) / 1_000.0
}
