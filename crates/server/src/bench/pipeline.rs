//! `tidings bench pipeline`: the whole path, each side in a process of its own: the load,
//! the server as `tidings serve` runs it, the sinks.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::cli::{BenchPipeline, BenchStore};
use super::database::Database;
use super::figures::{self, round};
use super::ground::{self, Folder, Note, Signing};
use super::part::Part;
use super::peers::{self, Ours};
use super::rig::{Load, Rig, Sinks, Watch};
use super::{after, events, process};
use crate::clock;

/// The shorter runs, which show what signing costs.
const SHORTER_EVENTS: u64 = 60_000;
const SHORTER_SECONDS: u64 = 20;
/// What the configuration allows to wait unless it says otherwise.
const BACKLOG: u64 = 2_000_000;

/// The database that the nodes share.
const DATABASE: &str = "tidings";

pub async fn run(arguments: BenchPipeline) -> Result<ExitCode> {
    check(&arguments)?;
    let keys = Folder::given_or_temporary(None, "keys")?;
    let rsa = match &arguments.rsa_key {
        Some(given) => {
            ground::check_rsa_key(given)?;
            Some(given.clone())
        }
        None => ground::make_rsa_key(&keys).await,
    };
    let word = arguments.dkim.as_deref().unwrap_or("ed25519");
    let signing = Signing::new(word, rsa.as_deref())?;
    let mut report = measure(&arguments, &signing).await?;
    let on_sqlite = arguments.store == BenchStore::Sqlite;
    if arguments.dkim.is_none() && !arguments.stop_at_full_load && on_sqlite {
        let shorter = BenchPipeline {
            events: arguments.events.min(SHORTER_EVENTS),
            seconds: arguments.seconds.map(|s| s.min(SHORTER_SECONDS)),
            data: None,
            peers: false,
            ..arguments.clone()
        };
        report["rsa2048"] = match rsa {
            Some(key) => measure(&shorter, &Signing::Rsa2048(key)).await?,
            None => json!("not measured: no --rsa-key and no openssl to make one"),
        };
        report["signed_at_relay"] = measure(&shorter, &Signing::AtRelay).await?;
    }
    figures::print(&report, arguments.json);
    let clean = report["lost"] == 0 && report["duplicates"] == 0;
    Ok(if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// What goes with which store.
fn check(arguments: &BenchPipeline) -> Result<()> {
    if arguments.store == BenchStore::Sqlite && arguments.nodes > 1 {
        bail!("--nodes needs --store postgres: an embedded store has one node");
    }
    let of_a_folder = arguments.data.is_some() || arguments.stop_at_full_load;
    if arguments.store == BenchStore::Postgres && of_a_folder {
        bail!("--data and --stop-at-full-load are for --store sqlite");
    }
    Ok(())
}

async fn measure(arguments: &BenchPipeline, signing: &Signing) -> Result<Value> {
    let database = match arguments.store {
        BenchStore::Sqlite => None,
        BenchStore::Postgres => Some(Database::start()?),
    };
    let folder = Folder::given_or_temporary(arguments.data.as_deref(), "pipeline")?
        .on_database(database.as_ref().map(Database::url));
    let note = Note::read(folder.path())?;
    let customers = events::pairs(arguments.customers);
    let key = ground::prepare(&folder, customers, note.as_ref()).await?;
    let bytes_before = store_bytes(&folder, database.as_ref())?;
    let sinks = Sinks::start(&folder, signing, BACKLOG, 0).await?;
    let rig = Rig::start_nodes(sinks, arguments.nodes).await?;
    let mut run = Run {
        arguments,
        customers,
        watch: Watch::new(&folder, rig.pids()),
        folder: &folder,
        database: database.as_ref(),
        key: &key,
        rig,
    };
    let figures = if arguments.stop_at_full_load {
        run.stop_at_full_load().await?
    } else {
        run.run_all(bytes_before, note.is_some()).await?
    };
    let settings = json!({
        "store": match &database {
            None => "sqlite".to_owned(),
            Some(database) => format!("PostgreSQL {}, every commit synced", database.version()?),
        },
        "nodes": arguments.nodes,
        "events": arguments.seconds.is_none().then_some(arguments.events),
        "seconds": arguments.seconds,
        "customers": customers,
        "events_per_s_at_most": arguments.rate,
        "dkim": word(signing),
        "stored_messages": note.as_ref().map_or(0, |note| note.messages),
    });
    let samples = run.rig.sinks.ask("samples").await?;
    let mut report = figures::report(settings, figures);
    let bytes_after = store_bytes(&folder, database.as_ref())?;
    report["store_bytes"] = json!({ "before": bytes_before, "after": bytes_after });
    // A store of earlier runs holds more than customers.
    report["customers_bytes"] = json!(note.is_none().then_some(bytes_before));
    let messages = report["messages"].as_u64().unwrap_or(0);
    Note::add(folder.path(), messages)?;
    if arguments.peers {
        // Our sinks and nodes have ended before others are measured.
        drop(run);
        let ours = Ours {
            messages,
            per_s: report["messages_per_s"].as_f64().unwrap_or(0.0),
            samples,
        };
        report["peers"] = peers::measure(arguments, database.as_ref(), &ours).await?;
    }
    Ok(report)
}

fn store_bytes(folder: &Folder, database: Option<&Database>) -> Result<u64> {
    database.map_or_else(|| Ok(folder.store_bytes()), |d| d.bytes(DATABASE))
}

fn word(signing: &Signing) -> &'static str {
    match signing {
        Signing::Ed25519 => "ed25519",
        Signing::Rsa2048(_) => "rsa2048",
        Signing::AtRelay => "none",
    }
}

/// What is known of a run on a database only.
fn add_database(figures: &mut Value, used: &Value, peaks: &[f64]) {
    figures["peak_rss_mb_by_node"] = json!(peaks);
    // Its log is the server's own affair; what was written to it counts.
    figures["wal_max_mb"] = Value::Null;
    figures["wal_bytes_per_message"] = used["wal_bytes"].clone();
    figures["statements_per_message"] = used["statements"].clone();
    figures["transactions_per_message"] = used["transactions"].clone();
    figures["postgres_cpu_s_per_1000"] = used["cpu_s_per_1000"].clone();
    figures["statements_by_time"] = used["most_time"].clone();
}

struct Run<'a> {
    arguments: &'a BenchPipeline,
    customers: u64,
    folder: &'a Folder,
    database: Option<&'a Database>,
    key: &'a str,
    rig: Rig,
    watch: Watch,
}

impl Run<'_> {
    fn start_load(&self, seconds: Option<u64>) -> Result<Part> {
        let load = Load {
            first: 0,
            events: seconds.is_none().then_some(self.arguments.events),
            seconds,
            customers: self.customers,
            rate: self.arguments.rate,
        };
        self.rig.load(self.key, &load)
    }

    /// Posts all, waits for all, and stops.
    async fn run_all(&mut self, bytes_before: u64, kept: bool) -> Result<Value> {
        let (nodes, sinks) = (self.rig.pids(), self.rig.sinks.pid());
        let cpu = |pid| process::cpu_seconds(pid).unwrap_or(0.0);
        let cpu_of_nodes = || nodes.iter().map(|pid| cpu(*pid)).sum::<f64>();
        let before = (cpu_of_nodes(), cpu(sinks));
        let used_before = self.database.map(|d| d.begin(DATABASE)).transpose()?;
        let begun = clock::now();
        let mut load = self.start_load(self.arguments.seconds)?;
        let loaded = self.rig.wait_for_load(&mut load, &mut self.watch).await?;
        let count = |name: &str| loaded[name].as_u64().unwrap_or(0);
        let accepted = count("accepted") + count("duplicates");
        let counted = self.rig.wait_for(accepted, &mut self.watch).await?;
        let (nodes_cpu, sinks_cpu) = (cpu_of_nodes() - before.0, cpu(sinks) - before.1);
        let seconds = (counted["last"].as_i64().unwrap_or(0) - begun.as_micros()) as f64 / 1e6;
        let texts = counted["texts"].as_u64().unwrap_or(0);
        let heard = self.rig.wait_for_receipts(self.key, texts).await?;
        // What comes twice comes late.
        let counted = self.rig.sinks.ask("count").await?;
        let lost = self.rig.lost(&loaded).await?;
        let post_to_sink = self.rig.sinks.ask("times").await?;
        let peaks: Vec<f64> = nodes
            .iter()
            .map(|pid| round(process::peak_rss_mb(*pid).unwrap_or(0.0)))
            .collect();
        let stop_seconds = self.rig.stop_server().await?;
        let messages = counted["distinct"].as_u64().unwrap_or(0);
        let of_database = self.database.zip(used_before.as_ref());
        let used = of_database
            .map(|(database, before)| database.since(before, DATABASE, messages))
            .transpose()?;
        let since = kept.then_some(begun);
        let latency = after::accept_to_carrier(self.folder, since, self.customers).await?;
        let receipts = match kept {
            true => heard,
            false => after::delivered_texts(self.folder).await?,
        };
        let grown = store_bytes(self.folder, self.database)?.saturating_sub(bytes_before);
        let each = |value: f64| value / messages.max(1) as f64;
        let per_1000 = |cpu: f64| round(each(cpu) * 1_000_000.0) / 1_000.0;
        let mut figures = json!({
            "load": loaded,
            "messages": messages,
            "texts": counted["texts"],
            "mails": counted["mails"],
            "seconds": round(seconds),
            "messages_per_s": (messages as f64 / seconds).round(),
            "messages_per_s_by_tenth": self.watch.rates(),
            "cpu_s_per_1000": per_1000(nodes_cpu),
            "load_cpu_s_per_1000": per_1000(loaded["cpu_s"].as_f64().unwrap_or(0.0)),
            "sinks_cpu_s_per_1000": per_1000(sinks_cpu),
            "disk_bytes_per_message": each(grown as f64).round(),
            "wal_max_mb": self.watch.wal_max_mb(),
            "peak_rss_mb": peaks.iter().copied().fold(0.0, f64::max),
            "rss_mb": self.watch.rss_mb(),
            "accept_to_carrier_ms": latency,
            "post_to_sink_ms": post_to_sink,
            "receipts_recorded": receipts,
            "start_seconds": round(self.rig.start_seconds),
            "stop_seconds": round(stop_seconds),
            "lost": lost,
            "duplicates": counted["duplicates"],
            "unmarked": counted["unmarked"],
        });
        if let Some(used) = used {
            add_database(&mut figures, &used, &peaks);
        }
        Ok(figures)
    }

    /// Ends the server under load, looks at what it left, starts it again on the same store
    /// and waits for all that was answered with 202.
    async fn stop_at_full_load(&mut self) -> Result<Value> {
        let seconds = self.arguments.seconds.unwrap_or(1);
        let mut load = self.start_load(Some(seconds + 120))?;
        let until = Instant::now() + Duration::from_secs(seconds);
        tokio::time::sleep_until(until).await;
        let before = self.rig.sinks.ask("count").await?;
        let stop_seconds = self.rig.stop_server().await?;
        let loaded = self.rig.wait_for_load(&mut load, &mut self.watch).await?;
        let left = after::left(self.folder).await?;
        self.rig.restart_server().await?;
        self.watch = Watch::new(self.folder, self.rig.pids());
        // Requests without an answer may be accepted as a whole.
        let end = loaded["end"].as_u64().unwrap_or(0);
        let accepted = loaded["accepted"].as_u64().unwrap_or(0);
        self.rig.wait_for(accepted, &mut self.watch).await?;
        let backlog_is_gone = self.wait_for_quiet().await?;
        let counted = self.rig.sinks.ask("count").await?;
        let lost = self.rig.lost(&loaded).await?;
        self.rig.stop_server().await?;
        Ok(json!({
            "load": loaded,
            "messages": counted["distinct"],
            "messages_before_stop": before["distinct"],
            "events_posted": end,
            "start_seconds": round(self.rig.start_seconds),
            "stop_seconds": round(stop_seconds),
            "left_in_doubt": left.in_doubt,
            "left_waiting": left.waiting,
            "sent_after_restart": backlog_is_gone,
            "lost": lost,
            "duplicates": counted["duplicates"],
        }))
    }

    /// Waits until nothing is due any more; `false` when that takes too long.
    async fn wait_for_quiet(&self) -> Result<bool> {
        let patience = Instant::now() + Duration::from_secs(30);
        while Instant::now() < patience {
            if self.rig.backlog(self.key).await? == 0 {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn signing_is_asked_for_by_its_word() {
        let key = Path::new("key.pem");
        let words = ["ed25519", "rsa2048", "none"].map(|asked| {
            let signing = Signing::new(asked, Some(key)).unwrap();
            (asked, word(&signing))
        });
        assert!(words.iter().all(|(asked, said)| asked == said), "{words:?}");
        assert!(Signing::new("rsa2048", None).is_err());
    }
}
