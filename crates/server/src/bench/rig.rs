//! The server between its sinks: starting them, watching them, waiting for what is due.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, anyhow};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::ground::{self, Folder, Signing};
use super::part::Part;
use super::{figures, process};
use crate::http_client::Client;

/// Without a new message at the sinks for so long, what is missing is lost.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the sinks are asked and the server is looked at.
const LOOK: Duration = Duration::from_millis(300);

/// The server, which may be several nodes, and the sinks, running.
pub struct Rig {
    pub sinks: Part,
    nodes: Vec<Node>,
    /// From the start of the process until it listens; of the first node.
    pub start_seconds: f64,
    config: PathBuf,
    database: Option<String>,
}

struct Node {
    part: Part,
    address: String,
    start_seconds: f64,
}

/// The sinks and the configuration that leads to them.
pub struct Sinks {
    pub part: Part,
    pub config: PathBuf,
    database: Option<String>,
}

impl Sinks {
    /// Messages with a number below `timed_from` are not timed.
    pub async fn start(
        folder: &Folder,
        signing: &Signing,
        backlog: u64,
        timed_from: u64,
    ) -> Result<Self> {
        let from = timed_from.to_string();
        let mut part = Part::start(&["bench", "sinks", "--timed-from", &from], &[])?;
        let ports = part.json().await?;
        let config = ground::write_config(folder, &ports, signing, backlog)?;
        let database = folder.database().map(str::to_owned);
        Ok(Self {
            part,
            config,
            database,
        })
    }
}

impl Rig {
    pub async fn start(sinks: Sinks) -> Result<Self> {
        Self::start_nodes(sinks, 1).await
    }

    pub async fn start_nodes(sinks: Sinks, nodes: u64) -> Result<Self> {
        let mut rig = Self {
            sinks: sinks.part,
            nodes: Vec::new(),
            start_seconds: 0.0,
            config: sinks.config,
            database: sinks.database,
        };
        for _ in 0..nodes {
            rig.add_node().await?;
        }
        rig.start_seconds = rig.nodes[0].start_seconds;
        Ok(rig)
    }

    async fn add_node(&mut self) -> Result<()> {
        let node = serve(&self.config, self.database.as_deref()).await?;
        self.nodes.push(node);
        Ok(())
    }

    /// The address of the first node.
    pub fn address(&self) -> &str {
        &self.nodes[0].address
    }

    /// The process of each node.
    pub fn pids(&self) -> Vec<u32> {
        self.nodes.iter().map(|node| node.part.pid()).collect()
    }

    /// Ends the server in order, node by node. Gives the seconds the slowest took.
    pub async fn stop_server(&mut self) -> Result<f64> {
        let mut slowest: f64 = 0.0;
        for node in &mut self.nodes {
            let stopping = Instant::now();
            node.part.terminate().await?;
            slowest = slowest.max(stopping.elapsed().as_secs_f64());
        }
        Ok(slowest)
    }

    /// Starts the one node anew.
    pub async fn restart_server(&mut self) -> Result<()> {
        self.nodes.clear();
        self.add_node().await
    }

    /// Starts the load on the server; the nodes take turns by request.
    pub fn load(&self, key: &str, load: &Load) -> Result<Part> {
        let addresses: Vec<&str> = self.nodes.iter().map(|n| n.address.as_str()).collect();
        let mut arguments: Vec<String> = ["bench", "load", "--to", &addresses.join(",")]
            .map(str::to_owned)
            .to_vec();
        let mut add = |name: &str, value: Option<u64>| {
            if let Some(value) = value {
                arguments.extend([name.to_owned(), value.to_string()]);
            }
        };
        add("--first", Some(load.first));
        add("--events", load.events);
        add("--seconds", load.seconds);
        add("--customers", Some(load.customers));
        add("--rate", Some(load.rate));
        Part::start(&arguments, &[("TIDINGS_API_KEY", key)])
    }

    /// Waits until the load has ended. Watches meanwhile.
    pub async fn wait_for_load(&mut self, load: &mut Part, watch: &mut Watch) -> Result<Value> {
        loop {
            if let Ok(line) = tokio::time::timeout(LOOK, load.json()).await {
                return line;
            }
            watch.look(&self.sinks.ask("count").await?);
        }
    }

    /// Waits until `messages` are at the sinks, or nothing new comes any more. Gives their
    /// last count.
    pub async fn wait_for(&mut self, messages: u64, watch: &mut Watch) -> Result<Value> {
        let (mut most, mut patience) = (0, Instant::now() + PATIENCE);
        loop {
            let count = self.sinks.ask("count").await?;
            watch.look(&count);
            let distinct = count["distinct"].as_u64().unwrap_or(0);
            if distinct > most {
                most = distinct;
                patience = Instant::now() + PATIENCE;
            }
            if distinct >= messages || Instant::now() > patience {
                return Ok(count);
            }
            tokio::time::sleep(LOOK / 3).await;
        }
    }

    /// Events that were accepted and are not at the sinks: all below the load's end, but those
    /// that it got no answer to.
    pub async fn lost(&mut self, loaded: &Value) -> Result<u64> {
        let end = loaded["end"].as_u64().unwrap_or(0);
        let missing = self.sinks.ask(&format!("missing {end}")).await?;
        let missing: Vec<_> = serde_json::from_value(missing)?;
        let excused: Vec<_> = serde_json::from_value(loaded["unanswered"].clone())?;
        Ok(count_outside(&missing, &excused))
    }

    /// Waits until as many receipts are recorded as texts came, or none comes any more.
    /// Gives their number.
    pub async fn wait_for_receipts(&self, key: &str, texts: u64) -> Result<u64> {
        let (mut most, mut patience) = (0, Instant::now() + PATIENCE);
        while most < texts && Instant::now() < patience {
            tokio::time::sleep(LOOK).await;
            let mut recorded = 0;
            for node in &self.nodes {
                recorded += metric(&node.address, key, "tidings_receipts_total{").await?;
            }
            if recorded > most {
                most = recorded;
                patience = Instant::now() + PATIENCE;
            }
        }
        Ok(most)
    }

    /// Deliveries that wait to be handed over, as the server counts them.
    pub async fn backlog(&self, key: &str) -> Result<u64> {
        metric(self.address(), key, "tidings_deliveries_waiting").await
    }
}

/// What is posted: numbers from `first` on, until one of the bounds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    pub first: u64,
    pub events: Option<u64>,
    pub seconds: Option<u64>,
    pub customers: u64,
    pub rate: u64,
}

async fn serve(config: &Path, database: Option<&str>) -> Result<Node> {
    let starting = Instant::now();
    let arguments = ["serve", "--config", &config.display().to_string()];
    // Empty, so that a store named around us is never measured.
    let store = [("TIDINGS_STORE", database.unwrap_or_default())];
    let mut part = Part::start(&arguments, &store)?;
    part.line().await?;
    let listening = part.line().await?;
    let start_seconds = starting.elapsed().as_secs_f64();
    let address = listening
        .rsplit(' ')
        .next()
        .ok_or_else(|| anyhow!("the server did not say where it listens"))?
        .to_owned();
    Ok(Node {
        part,
        address,
        start_seconds,
    })
}

async fn metric(address: &str, key: &str, name: &str) -> Result<u64> {
    let mut client = Client::new(&format!("http://{address}"), key)?;
    let metrics = client
        .call("GET", "/metrics", "text/plain", hyper::body::Bytes::new())
        .await?
        .text;
    let values = metrics.lines().filter(|line| line.starts_with(name));
    let sum: f64 = values
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum();
    Ok(sum as u64)
}

/// How many numbers of some ranges stand in none of the others.
fn count_outside(ranges: &[(u64, u64)], excused: &[(u64, u64)]) -> u64 {
    let mut excused = excused.to_vec();
    excused.sort_unstable();
    let outside = |&(from, to): &(u64, u64)| {
        let (mut at, mut count) = (from, 0);
        for &(start, end) in &excused {
            count += start.min(to).saturating_sub(at);
            at = at.max(end);
        }
        count + to.saturating_sub(at)
    };
    ranges.iter().map(outside).sum()
}

/// What the server used while it ran.
pub struct Watch {
    begun: Instant,
    store: PathBuf,
    nodes: Vec<u32>,
    /// Seconds, messages at the sinks, resident MB of all nodes.
    samples: Vec<(f64, u64, f64)>,
    wal_bytes: u64,
}

impl Watch {
    pub fn new(folder: &Folder, nodes: Vec<u32>) -> Self {
        Self {
            begun: Instant::now(),
            store: folder.store(),
            nodes,
            samples: Vec::new(),
            wal_bytes: 0,
        }
    }

    fn look(&mut self, count: &Value) {
        let messages = count["distinct"].as_u64().unwrap_or(0);
        let each = self.nodes.iter().filter_map(|pid| process::rss_mb(*pid));
        let rss = each.sum();
        self.samples
            .push((self.begun.elapsed().as_secs_f64(), messages, rss));
        let wal = process::folder_bytes(&self.store, "-wal");
        self.wal_bytes = self.wal_bytes.max(wal);
    }

    pub fn wal_max_mb(&self) -> f64 {
        figures::round(self.wal_bytes as f64 / 1_048_576.0)
    }

    /// Memory at ten points of the run: seconds and MB.
    pub fn rss_mb(&self) -> Value {
        let points = spread(&self.samples, 10);
        json!(
            points
                .map(|(at, _, rss)| (figures::round(*at), figures::round(*rss)))
                .collect::<Vec<_>>()
        )
    }

    /// Messages a second in each tenth of the run.
    pub fn rates(&self) -> Value {
        let points: Vec<_> = spread(&self.samples, 11).collect();
        let rates = points.windows(2).map(|pair| {
            let seconds = (pair[1].0 - pair[0].0).max(0.001);
            ((pair[1].1.saturating_sub(pair[0].1)) as f64 / seconds).round()
        });
        json!(rates.collect::<Vec<_>>())
    }
}

/// So many of some values at most, the first and the last among them.
fn spread<T>(values: &[T], count: usize) -> impl Iterator<Item = &T> {
    let count = count.min(values.len());
    let last = values.len().saturating_sub(1);
    (0..count).map(move |n| &values[n * last / (count - 1).max(1)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_answered_is_not_lost() {
        let missing = [(5, 9), (20, 30), (40, 41)];
        assert_eq!(count_outside(&missing, &[]), 15);
        assert_eq!(count_outside(&missing, &[(22, 25), (0, 6)]), 11);
        assert_eq!(count_outside(&missing, &[(0, 100)]), 0);
        assert_eq!(count_outside(&missing, &[(10, 20), (30, 40)]), 15);
    }

    #[test]
    fn points_are_spread_over_all() {
        let values: Vec<u32> = (0..100).collect();
        let points: Vec<_> = spread(&values, 10).copied().collect();
        assert_eq!(points, [0, 11, 22, 33, 44, 55, 66, 77, 88, 99]);
        assert_eq!(spread(&values[..1], 10).count(), 1);
        assert_eq!(spread(&values[..0], 10).count(), 0);
        assert_eq!(spread(&values[..3], 10).count(), 3);
    }
}
