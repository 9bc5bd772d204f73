//! `tidings bench pipeline`: the whole path, each side in a process of its own: the load,
//! the server as `tidings serve` runs it, the sinks.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::cli::BenchPipeline;
use super::figures::{self, round};
use super::ground::{self, Folder, Note, Signing};
use super::part::Part;
use super::rig::{Load, Rig, Sinks, Watch};
use super::{after, events, process};
use crate::clock;

/// The shorter runs, which show what signing costs.
const SHORTER_EVENTS: u64 = 60_000;
const SHORTER_SECONDS: u64 = 20;
/// What the configuration allows to wait unless it says otherwise.
const BACKLOG: u64 = 2_000_000;

pub async fn run(arguments: BenchPipeline) -> Result<ExitCode> {
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
    if arguments.dkim.is_none() && !arguments.stop_at_full_load {
        let shorter = BenchPipeline {
            events: arguments.events.min(SHORTER_EVENTS),
            seconds: arguments.seconds.map(|s| s.min(SHORTER_SECONDS)),
            data: None,
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

async fn measure(arguments: &BenchPipeline, signing: &Signing) -> Result<Value> {
    let folder = Folder::given_or_temporary(arguments.data.as_deref(), "pipeline")?;
    let note = Note::read(folder.path())?;
    let customers = events::pairs(arguments.customers);
    let key = ground::prepare(&folder, customers, note.as_ref()).await?;
    let bytes_before = folder.store_bytes();
    let sinks = Sinks::start(&folder, signing, BACKLOG, 0).await?;
    let rig = Rig::start(sinks).await?;
    let mut run = Run {
        arguments,
        customers,
        watch: Watch::new(&folder, rig.server.pid()),
        folder: &folder,
        key: &key,
        rig,
    };
    let run = if arguments.stop_at_full_load {
        run.stop_at_full_load().await?
    } else {
        run.run_all(bytes_before, note.is_some()).await?
    };
    let settings = json!({
        "events": arguments.seconds.is_none().then_some(arguments.events),
        "seconds": arguments.seconds,
        "customers": customers,
        "events_per_s_at_most": arguments.rate,
        "dkim": word(signing),
        "stored_messages": note.as_ref().map_or(0, |note| note.messages),
    });
    let mut report = figures::report(settings, run);
    report["store_bytes"] = json!({ "before": bytes_before, "after": folder.store_bytes() });
    // A store of earlier runs holds more than customers.
    report["customers_bytes"] = json!(note.is_none().then_some(bytes_before));
    let messages = report["messages"].as_u64().unwrap_or(0);
    Note::add(folder.path(), messages)?;
    Ok(report)
}

fn word(signing: &Signing) -> &'static str {
    match signing {
        Signing::Ed25519 => "ed25519",
        Signing::Rsa2048(_) => "rsa2048",
        Signing::AtRelay => "none",
    }
}

struct Run<'a> {
    arguments: &'a BenchPipeline,
    customers: u64,
    folder: &'a Folder,
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
        let (server, sinks) = (self.rig.server.pid(), self.rig.sinks.pid());
        let cpu = |pid| process::cpu_seconds(pid).unwrap_or(0.0);
        let before = (cpu(server), cpu(sinks));
        let begun = clock::now();
        let mut load = self.start_load(self.arguments.seconds)?;
        let loaded = self.rig.wait_for_load(&mut load, &mut self.watch).await?;
        let count = |name: &str| loaded[name].as_u64().unwrap_or(0);
        let accepted = count("accepted") + count("duplicates");
        let counted = self.rig.wait_for(accepted, &mut self.watch).await?;
        let (server_cpu, sinks_cpu) = (cpu(server) - before.0, cpu(sinks) - before.1);
        let seconds = (counted["last"].as_i64().unwrap_or(0) - begun.as_micros()) as f64 / 1e6;
        let texts = counted["texts"].as_u64().unwrap_or(0);
        let heard = self.rig.wait_for_receipts(self.key, texts).await?;
        // What comes twice comes late.
        let counted = self.rig.sinks.ask("count").await?;
        let lost = self.rig.lost(&loaded).await?;
        let post_to_sink = self.rig.sinks.ask("times").await?;
        let peak_rss_mb = process::peak_rss_mb(server).unwrap_or(0.0);
        let stop_seconds = self.rig.stop_server().await?;
        let since = kept.then_some(begun);
        let latency = after::accept_to_carrier(self.folder, since, self.customers).await?;
        let receipts = match kept {
            true => heard,
            false => after::delivered_texts(self.folder).await?,
        };
        let messages = counted["distinct"].as_u64().unwrap_or(0);
        let grown = self.folder.store_bytes().saturating_sub(bytes_before);
        let each = |value: f64| value / messages.max(1) as f64;
        let per_1000 = |cpu: f64| round(each(cpu) * 1_000_000.0) / 1_000.0;
        Ok(json!({
            "load": loaded,
            "messages": messages,
            "texts": counted["texts"],
            "mails": counted["mails"],
            "seconds": round(seconds),
            "messages_per_s": (messages as f64 / seconds).round(),
            "messages_per_s_by_tenth": self.watch.rates(),
            "cpu_s_per_1000": per_1000(server_cpu),
            "load_cpu_s_per_1000": per_1000(loaded["cpu_s"].as_f64().unwrap_or(0.0)),
            "sinks_cpu_s_per_1000": per_1000(sinks_cpu),
            "disk_bytes_per_message": each(grown as f64).round(),
            "wal_max_mb": self.watch.wal_max_mb(),
            "peak_rss_mb": round(peak_rss_mb),
            "rss_mb": self.watch.rss_mb(),
            "accept_to_carrier_ms": latency,
            "post_to_sink_ms": post_to_sink,
            "receipts_recorded": receipts,
            "start_seconds": round(self.rig.start_seconds),
            "stop_seconds": round(stop_seconds),
            "lost": lost,
            "duplicates": counted["duplicates"],
            "unmarked": counted["unmarked"],
        }))
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
        let server = self.rig.server.pid();
        self.watch = Watch::new(self.folder, server);
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
