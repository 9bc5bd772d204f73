//! `tidings replay`: a file of events through the whole path, over the same HTTP as any
//! marketplace's, into a running server or into one started here for a folder.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use hyper::body::Bytes;
use indicatif::{ProgressBar, ProgressStyle};
use model::{Channel, DeliveryState, Mode};
use ring::rand::SystemRandom;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use web::WebConfig;

use crate::cli::Replay;
use crate::config::Config;
use crate::http_client::{Answer, Client};
use crate::serving::Bounds;
use crate::wiring::{self, System};
use crate::{clock, demo, lifecycle};

/// Lines of one request: enough for the server to work in batches, few enough to show
/// progress.
const LINES: usize = 1_000;
/// A line longer than this is not an event.
const LONGEST_LINE: usize = 256 * 1024;
/// So long may deliveries take to settle after the last event, without any progress.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a replay came to.
#[derive(Default)]
struct Summary {
    customers: u64,
    accepted: u64,
    duplicates: u64,
    failed: u64,
    rejected: u64,
    reasons: Vec<String>,
}

pub async fn run(arguments: Replay) -> Result<()> {
    for file in [Some(&arguments.events), arguments.customers.as_ref()]
        .into_iter()
        .flatten()
    {
        let is_file = std::fs::metadata(file)
            .with_context(|| format!("cannot read {}", file.display()))?
            .is_file();
        if !is_file {
            bail!("{} is not a file", file.display());
        }
    }
    match (&arguments.url, &arguments.data) {
        (Some(url), _) => {
            let key = arguments
                .key
                .as_deref()
                .ok_or_else(|| anyhow!("--url needs --key"))?;
            let summary = send_all(&arguments, Client::new(url, key)?).await?;
            print(&arguments, &summary, None);
        }
        (None, Some(folder)) => local(&arguments, folder).await?,
        (None, None) => bail!("say where to: --data DIR or --url URL --key KEY"),
    }
    Ok(())
}

/// Starts the whole server on a free port of this machine, with the sandbox carriers.
async fn local(arguments: &Replay, folder: &Path) -> Result<()> {
    let interrupted = lifecycle::signalled()?;
    let config: Config = demo::config(folder, 0)?;
    let metrics = lifecycle::start_metrics()?;
    let system = wiring::start(&config).await?;
    let store = system.pipeline.store().clone();
    let made = web::create_api_key(
        &store,
        &SystemRandom::new(),
        "replay",
        Mode::Test,
        clock::now(),
    )
    .await;
    let (key_id, key) = made?;
    let listener = lifecycle::listen(config.server.listen).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let app = lifecycle::app(
        &system,
        WebConfig {
            secure_cookies: false,
            ..WebConfig::default()
        },
        metrics,
    );
    let (end, ended) = oneshot::channel::<()>();
    let serving = tokio::spawn(lifecycle::serve(
        listener,
        app,
        axum::Router::new(),
        Bounds::of(&config.server),
        async {
            let _ = ended.await;
        },
    ));
    let replayed = tokio::select! {
        replayed = replay_and_settle(arguments, &url, key.open(), &system) => replayed,
        () = interrupted => Err(anyhow!("interrupted; what was accepted stays, replaying again goes on from there")),
    };
    let counts = store.counts().await;
    store.revoke_api_key(key_id, clock::now()).await?;
    drop(end);
    serving.await?;
    system.stop().await;
    let summary = replayed?;
    print(arguments, &summary, Some(counts?));
    Ok(())
}

async fn replay_and_settle(
    arguments: &Replay,
    url: &str,
    key: &str,
    system: &System,
) -> Result<Summary> {
    let summary = send_all(arguments, Client::new(url, key)?).await?;
    let store = system.pipeline.store();
    let bar = progress(arguments, 0, "waiting for receipts");
    let mut last = 0;
    let mut patience = tokio::time::Instant::now() + PATIENCE;
    loop {
        let open = store
            .counts()
            .await?
            .deliveries
            .iter()
            .filter(|(key, _)| is_open(key))
            .map(|(_, n)| n)
            .sum();
        if open == 0 || tokio::time::Instant::now() > patience {
            break;
        }
        if open != last {
            last = open;
            patience = tokio::time::Instant::now() + PATIENCE;
        }
        bar.set_message(format!("{open} deliveries on their way"));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bar.finish_and_clear();
    Ok(summary)
}

/// Not settled, or a text whose receipt is still to come.
fn is_open((channel, state): &(Channel, DeliveryState)) -> bool {
    !state.is_settled() || (*channel == Channel::Sms && *state == DeliveryState::Accepted)
}

async fn send_all(arguments: &Replay, mut client: Client) -> Result<Summary> {
    let mut summary = Summary::default();
    if let Some(customers) = &arguments.customers {
        let stored = send_file(
            arguments,
            &mut client,
            customers,
            "PUT",
            "/v1/customers",
            "customers",
        )
        .await?;
        for answer in &stored {
            summary.customers += answer.count("stored");
            if answer.count("rejected_total") > 0 {
                let first = answer
                    .json
                    .pointer("/rejected/0")
                    .cloned()
                    .unwrap_or(Value::Null);
                bail!(
                    "{} customers were refused, the first: {first}",
                    answer.count("rejected_total")
                );
            }
        }
    }
    let path = if arguments.live {
        "/v1/events"
    } else {
        "/v1/events?as_of=event_time"
    };
    for answer in send_file(
        arguments,
        &mut client,
        &arguments.events,
        "POST",
        path,
        "events",
    )
    .await?
    {
        summary.accepted += answer.count("accepted");
        summary.duplicates += answer.count("duplicates");
        summary.failed += answer.count("failed_total");
        summary.rejected += answer.count("rejected_total");
        for place in ["/failed", "/rejected"] {
            let listed = answer.json.pointer(place).and_then(Value::as_array);
            let room = 5_usize.saturating_sub(summary.reasons.len());
            summary.reasons.extend(
                listed
                    .into_iter()
                    .flatten()
                    .take(room)
                    .map(Value::to_string),
            );
        }
    }
    Ok(summary)
}

/// Sends a file's lines in requests of [`LINES`]; a busy server is waited for.
async fn send_file(
    arguments: &Replay,
    client: &mut Client,
    file: &Path,
    method: &str,
    path: &str,
    what: &'static str,
) -> Result<Vec<Answer>> {
    let size = std::fs::metadata(file).map_or(0, |data| data.len());
    let bar = progress(arguments, size, what);
    let mut reader = BufReader::new(File::open(file)?);
    let mut answers = Vec::new();
    let mut line = 0_u64;
    loop {
        let (chunk, lines) = read_chunk(&mut reader, file, line)?;
        if lines == 0 {
            break;
        }
        let length = chunk.len() as u64;
        let body = Bytes::from(chunk);
        let answer = loop {
            let answer = client
                .call(method, path, "application/x-ndjson", body.clone())
                .await?;
            match (answer.status, answer.retry_after) {
                (200..=299, _) => break answer,
                (429, wait) => {
                    tokio::time::sleep(Duration::from_secs(wait.unwrap_or(1).clamp(1, 60))).await
                }
                _ => bail!(
                    "from line {} of {}: {}",
                    line + 1,
                    file.display(),
                    answer.problem()
                ),
            }
        };
        line += lines;
        bar.inc(length);
        bar.set_message(format!("{line} {what}"));
        answers.push(answer);
    }
    bar.finish_and_clear();
    Ok(answers)
}

/// The next lines of a file, as they stand.
fn read_chunk(reader: &mut impl BufRead, file: &Path, from: u64) -> Result<(Vec<u8>, u64)> {
    let (mut chunk, mut lines) = (Vec::new(), 0);
    while lines < LINES as u64 {
        let before = chunk.len();
        let mut bounded = std::io::Read::take(&mut *reader, LONGEST_LINE as u64 + 1);
        if bounded.read_until(b'\n', &mut chunk)? == 0 {
            break;
        }
        if chunk.len() - before > LONGEST_LINE {
            bail!(
                "line {} of {} is longer than {LONGEST_LINE} bytes",
                from + lines + 1,
                file.display()
            );
        }
        lines += 1;
    }
    if chunk.last().is_some_and(|byte| *byte != b'\n') {
        chunk.push(b'\n');
    }
    Ok((chunk, lines))
}

fn progress(arguments: &Replay, bytes: u64, what: &'static str) -> ProgressBar {
    if arguments.json {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(bytes);
    let template = if bytes == 0 {
        "{spinner} {msg}"
    } else {
        "{wide_bar} {percent:>3} %  {msg}  {bytes_per_sec}  {eta} left"
    };
    bar.set_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn print(arguments: &Replay, summary: &Summary, counts: Option<store::Counts>) {
    let mut deliveries: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for ((channel, state), n) in counts.iter().flat_map(|counts| &counts.deliveries) {
        *deliveries
            .entry(channel.as_str())
            .or_default()
            .entry(state.as_str())
            .or_default() += n;
    }
    let messages = counts
        .as_ref()
        .map(|counts| counts.messages.values().sum::<u64>());
    let types = counts.as_ref().map(|counts| &counts.messages);
    if arguments.json {
        let summary = json!({
            "customers": summary.customers,
            "accepted": summary.accepted,
            "duplicates": summary.duplicates,
            "failed": summary.failed,
            "rejected": summary.rejected,
            // What stands in the store afterwards; null where it is another machine's.
            "messages": messages,
            "message_types": types,
            "deliveries": counts.as_ref().map(|_| deliveries),
        });
        println!("{summary}");
        return;
    }
    println!("customers   {:>9}", summary.customers);
    println!("accepted    {:>9}", summary.accepted);
    println!("duplicates  {:>9}", summary.duplicates);
    println!("failed      {:>9}", summary.failed);
    println!("rejected    {:>9}", summary.rejected);
    if let (Some(messages), Some(types)) = (messages, types) {
        println!("\nin the store: {messages} messages");
        types
            .iter()
            .for_each(|(name, n)| println!("  {name:<28} {n:>9}"));
        println!("\ndeliveries");
        for (channel, states) in &deliveries {
            states
                .iter()
                .for_each(|(state, n)| println!("  {channel:<8} {state:<19} {n:>9}"));
        }
    }
    summary
        .reasons
        .iter()
        .for_each(|reason| println!("  {reason}"));
}
