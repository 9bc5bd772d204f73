//! `tidings bench pipeline`: the whole path, each side in a process of its own: the load,
//! the server as `tidings serve` runs it, the sinks.

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use model::{Channel, DeliveryState, Mode};
use ring::rand::SystemRandom;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::Instant;

use super::process;
use crate::cli::BenchPipeline;
use crate::clock;
use crate::http_client::Client;

/// Without a new message at the sinks for so long, what is missing is lost.
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn run(arguments: BenchPipeline) -> Result<ExitCode> {
    let rsa = rsa_key(&arguments).await;
    let mut report = measure(&arguments, &arguments.dkim, rsa.as_deref()).await?;
    if arguments.dkim == "ed25519" {
        report["rsa2048"] = match &rsa {
            // The signature costs more than all the rest: a shorter run shows it.
            Some(key) => {
                let shorter = BenchPipeline {
                    events: arguments.events.min(60_000),
                    data: None,
                    ..arguments.clone()
                };
                measure(&shorter, "rsa2048", Some(key)).await?
            }
            None => json!("not measured: no --rsa-key and no openssl to make one"),
        };
    }
    let clean = report["lost"] == 0 && report["duplicates"] == 0;
    if arguments.json {
        println!("{report}");
    } else {
        print(&report, "");
    }
    Ok(if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print(report: &Value, indent: &str) {
    for (name, value) in report.as_object().into_iter().flatten() {
        if name == "rsa2048" && value.is_object() {
            println!("{indent}with RSA-2048:");
            print(value, "  ");
        } else {
            println!("{indent}{name:<24} {value}");
        }
    }
}

/// The RSA key given, or one that openssl makes for this run.
async fn rsa_key(arguments: &BenchPipeline) -> Option<PathBuf> {
    if arguments.rsa_key.is_some() {
        return arguments.rsa_key.clone();
    }
    let file = std::env::temp_dir().join(format!("tidings-bench-rsa-{}.pem", std::process::id()));
    let made = Command::new("openssl")
        .args([
            "genpkey",
            "-algorithm",
            "RSA",
            "-pkeyopt",
            "rsa_keygen_bits:2048",
            "-out",
        ])
        .arg(&file)
        .stderr(Stdio::null())
        .status()
        .await;
    made.is_ok_and(|status| status.success()).then_some(file)
}

/// A child process of the measurement, with its stdout by lines.
struct Part {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Part {
    fn start(arguments: &[&str], key: Option<&str>) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if let Some(key) = key {
            command.env("TIDINGS_API_KEY", key);
        }
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {arguments:?}"))?;
        let stdout = child.stdout.take().ok_or_else(|| anyhow!("no stdout"))?;
        Ok(Self {
            stdin: child.stdin.take(),
            child,
            lines: BufReader::new(stdout).lines(),
        })
    }

    async fn line(&mut self) -> Result<String> {
        self.lines
            .next_line()
            .await?
            .ok_or_else(|| anyhow!("a part of the measurement ended early"))
    }

    async fn json(&mut self) -> Result<Value> {
        Ok(serde_json::from_str(&self.line().await?)?)
    }

    async fn ask(&mut self, question: &str) -> Result<Value> {
        let stdin = self.stdin.as_mut().ok_or_else(|| anyhow!("no stdin"))?;
        stdin.write_all(format!("{question}\n").as_bytes()).await?;
        stdin.flush().await?;
        self.json().await
    }

    fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }
}

async fn measure(arguments: &BenchPipeline, dkim: &str, rsa: Option<&Path>) -> Result<Value> {
    let own = std::env::temp_dir().join(format!("tidings-bench-{}-{dkim}", std::process::id()));
    let folder = arguments.data.clone().unwrap_or_else(|| own.clone());
    std::fs::create_dir_all(&folder)?;
    let measured = measure_in(arguments, dkim, rsa, &folder).await;
    if arguments.data.is_none() {
        std::fs::remove_dir_all(&own)?;
    }
    measured
}

async fn measure_in(
    arguments: &BenchPipeline,
    dkim: &str,
    rsa: Option<&Path>,
    folder: &Path,
) -> Result<Value> {
    let mut sinks = Part::start(&["bench", "sinks"], None)?;
    let ports = sinks.json().await?;
    let config = write_config(folder, &ports, dkim, rsa)?;
    let key = make_key(folder).await?;
    let mut server = Part::start(&["serve", "--config", &config.display().to_string()], None)?;
    server.line().await?;
    let listening = server.line().await?;
    let address = listening.rsplit(' ').next().unwrap_or_default().to_owned();

    let numbers = [arguments.events, arguments.customers, arguments.rate].map(|n| n.to_string());
    let [events, customers, rate] = &numbers;
    let load = [
        "bench",
        "load",
        "--to",
        &address,
        "--events",
        events,
        "--customers",
        customers,
        "--rate",
        rate,
    ];
    let mut load = Part::start(&load, Some(&key))?;
    load.json().await?;
    let cpu_before = process::cpu_seconds(server.pid()).unwrap_or(0.0);
    let begun_at = clock::micros();

    let mut loaded = None;
    let counted = wait_for_all(arguments.events, &mut sinks, &mut load, &mut loaded).await?;
    let cpu = process::cpu_seconds(server.pid()).unwrap_or(0.0) - cpu_before;
    let seconds = (counted["last"].as_i64().unwrap_or(0) - begun_at) as f64 / 1e6;
    wait_for_receipts(&address, &key, counted["texts"].as_u64().unwrap_or(0)).await?;
    let peak_rss_mb = process::peak_rss_mb(server.pid()).unwrap_or(0.0);
    let stopping = Instant::now();
    terminate(&mut server).await?;
    let stop_seconds = stopping.elapsed().as_secs_f64();
    let after = read_store(folder).await?;

    let distinct = counted["distinct"].as_u64().unwrap_or(0);
    Ok(json!({
        "machine": process::machine(),
        "events": arguments.events,
        "customers": arguments.customers,
        "dkim": dkim,
        "rate_limit": arguments.rate,
        "load": loaded,
        "messages": distinct,
        "texts": counted["texts"],
        "mails": counted["mails"],
        "seconds": round(seconds),
        "messages_per_s": (distinct as f64 / seconds).round(),
        "cpu_s_per_1000": round(cpu / distinct as f64 * 1_000.0 * 1_000.0) / 1_000.0,
        "disk_bytes_per_message": (after.bytes as f64 / distinct.max(1) as f64).round(),
        "peak_rss_mb": round(peak_rss_mb),
        "accept_to_carrier_ms": after.latency,
        "receipts_recorded": after.receipts,
        "stop_seconds": round(stop_seconds),
        "lost": arguments.events.saturating_sub(distinct),
        "duplicates": counted["duplicates"],
    }))
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Waits until every event is at the sinks, or nothing new comes any more.
async fn wait_for_all(
    events: u64,
    sinks: &mut Part,
    load: &mut Part,
    loaded: &mut Option<Value>,
) -> Result<Value> {
    let mut most = 0;
    let mut patience = Instant::now() + PATIENCE;
    loop {
        if loaded.is_none()
            && let Ok(line) =
                tokio::time::timeout(Duration::from_millis(200), load.lines.next_line()).await
        {
            let line = line?.ok_or_else(|| anyhow!("the load ended early; see its words above"))?;
            *loaded = Some(serde_json::from_str(&line)?);
        } else {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let counted = sinks.ask("count").await?;
        let distinct = counted["distinct"].as_u64().unwrap_or(0);
        if distinct > most {
            most = distinct;
            patience = Instant::now() + PATIENCE;
        }
        if (distinct >= events && loaded.is_some()) || Instant::now() > patience {
            return Ok(counted);
        }
    }
}

/// Waits until as many receipts are recorded as texts came, or none comes any more.
async fn wait_for_receipts(address: &str, key: &str, texts: u64) -> Result<()> {
    let mut client = Client::new(&format!("http://{address}"), key)?;
    let (mut most, mut patience) = (0, Instant::now() + PATIENCE);
    while most < texts && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let metrics = client
            .call("GET", "/metrics", "text/plain", hyper::body::Bytes::new())
            .await?
            .text;
        let values = metrics
            .lines()
            .filter(|line| line.starts_with("tidings_receipts_total{"));
        let recorded = values
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
            .sum();
        if recorded > most {
            most = recorded;
            patience = Instant::now() + PATIENCE;
        }
    }
    Ok(())
}

fn write_config(folder: &Path, ports: &Value, dkim: &str, rsa: Option<&Path>) -> Result<PathBuf> {
    let signature = match (dkim, rsa) {
        ("none", _) => None,
        ("rsa2048", Some(key)) => Some(key.to_owned()),
        ("rsa2048", None) => bail!("--dkim rsa2048 needs --rsa-key"),
        _ => {
            let mut seed = [0; 32];
            ring::rand::SecureRandom::fill(&SystemRandom::new(), &mut seed)
                .map_err(|_| anyhow!("the system gave no random numbers"))?;
            let file = folder.join("dkim.pem");
            std::fs::write(&file, channels::DkimKey::new_ed25519_pem(&seed))?;
            Some(file)
        }
    };
    let mut text = format!(
        r#"
[server]
listen = "127.0.0.1:0"
secure_cookies = false
[store]
folder = "store"
[brand]
name = "Marigold"
domain = "marigold.example"
url = "https://marigold.example"
support = "https://marigold.example/help"
sms_sender = "Marigold"
[sms]
host = "127.0.0.1"
port = {}
system_id = "sandbox"
password_file = "password"
[email]
host = "127.0.0.1"
port = {}
tls = "none"
helo = "mail.marigold.example"
from = "messages@marigold.example"
[sandbox]
enabled = false
"#,
        ports["smsc"], ports["smtp"]
    );
    if let Some(key) = signature {
        let key = std::path::absolute(key)?;
        text.push_str(&format!(
            "[[email.dkim]]\ndomain = \"marigold.example\"\nselector = \"s1\"\nkey_file = {:?}\n",
            key.display().to_string()
        ));
    }
    std::fs::write(folder.join("password"), "sandbox")?;
    let file = folder.join("tidings.toml");
    std::fs::write(&file, text)?;
    Ok(file)
}

async fn make_key(folder: &Path) -> Result<String> {
    let store = store::Store::open_sqlite(&folder.join("store"), clock::now())?;
    let made = web::create_api_key(
        &store,
        &SystemRandom::new(),
        "bench",
        Mode::Live,
        clock::now(),
    )
    .await;
    store.close().await;
    Ok(made?.1.open().to_owned())
}

/// Asks the server to end in order, as an init system would, and waits for it.
async fn terminate(server: &mut Part) -> Result<()> {
    let pid = server.pid().to_string();
    Command::new("kill")
        .args(["-TERM", &pid])
        .status()
        .await
        .context("cannot run kill")?;
    let ended = tokio::time::timeout(Duration::from_secs(60), server.child.wait()).await;
    ended.map_err(|_| anyhow!("the server did not end within a minute"))??;
    Ok(())
}

struct After {
    bytes: u64,
    latency: Value,
    receipts: u64,
}

async fn read_store(folder: &Path) -> Result<After> {
    let folder = folder.join("store");
    let bytes = std::fs::read_dir(&folder)?
        .flatten()
        .filter_map(|file| Some(file.metadata().ok()?.len()))
        .sum();
    let store = store::Store::open_sqlite(&folder, clock::now())?;
    let mut times = store.accept_to_carrier().await?;
    let counts = store.counts().await?;
    store.close().await;
    times.sort_unstable();
    let at = |part: f64| {
        let place = ((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1));
        times
            .get(place)
            .map_or(0.0, |micros| round(*micros as f64 / 1_000.0))
    };
    let delivered = counts
        .deliveries
        .get(&(Channel::Sms, DeliveryState::Delivered))
        .copied()
        .unwrap_or(0);
    Ok(After {
        bytes,
        latency: json!({ "p50": at(0.5), "p99": at(0.99), "max": at(1.0) }),
        receipts: delivered,
    })
}
