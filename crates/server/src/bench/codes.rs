//! `tidings bench codes`: sign-in codes, one by one at an even rate, while bulk comes as
//! fast as it is taken and a long backlog waits.
//!
//! The backlog is made before the server starts: the same accept stage, on the same store,
//! with no send stage beside it. So all of it is due when the server opens.

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hyper::body::Bytes;
use model::Mode;
use pipeline::catalogue::Catalogue;
use pipeline::{AsOf, EventAnswer, Limits, Pipeline, RawEvent, Submission};
use serde_json::{Value, json};
use store::Store;
use tokio::time::Instant;

use super::cli::BenchCodes;
use super::figures::{self, Progress, Times, round};
use super::ground::{self, Folder, Note, Signing};
use super::rig::{Load, Rig, Sinks, Watch};
use super::{after, events, load, mailbox, mark};
use crate::clock;
use crate::http_client::Client;

/// The load runs so long before the first code, in seconds.
const WARM_UP: u64 = 2;
/// Connections that codes take turns on: a slow answer does not hold the next code up.
const LANES: u64 = 32;
/// Batches under way at once while the backlog is made.
const FILLERS: usize = 3;
/// As many may wait as there are marks.
const NO_BOUND: u64 = mark::MOST;

pub async fn run(arguments: BenchCodes) -> Result<ExitCode> {
    let report = measure(&arguments).await?;
    figures::print(&report, arguments.json);
    let clean = report["lost"] == 0 && report["duplicates"] == 0;
    Ok(if clean {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn measure(arguments: &BenchCodes) -> Result<Value> {
    let folder = Folder::given_or_temporary(arguments.data.as_deref(), "codes")?;
    let customers = events::pairs(arguments.customers);
    let note = if arguments.stored > 0 {
        Some(mailbox::build::ensure(&folder, arguments.stored, customers).await?)
    } else {
        Note::read(folder.path())?
    };
    let stored = note.as_ref().map_or(0, |note| note.messages);
    let key = ground::prepare(&folder, customers, note.as_ref()).await?;
    let sinks = Sinks::start(&folder, &Signing::Ed25519, NO_BOUND, arguments.backlog).await?;
    fill(&folder, arguments.backlog, customers).await?;

    let mut rig = Rig::start(sinks).await?;
    let mut watch = Watch::new(&folder, rig.pids());
    let backlog_before = rig.backlog(&key).await?;
    let run = clock::now();
    let warm_up = WARM_UP.min(arguments.seconds);
    let bulk = Load {
        first: arguments.backlog,
        seconds: Some(warm_up + arguments.seconds + 1),
        customers,
        rate: arguments.bulk_rate,
        ..Load::default()
    };
    let mut load = rig.load(&key, &bulk)?;
    tokio::time::sleep(Duration::from_secs(warm_up)).await;
    let before = rig.sinks.ask("count").await?;
    let begun = Instant::now();
    let posted = post_codes(rig.address(), &key, run.as_micros(), arguments).await?;
    let after_codes = rig.sinks.ask("count").await?;
    let bulk_seconds = begun.elapsed().as_secs_f64();
    let backlog_after = rig.backlog(&key).await?;

    let loaded = rig.wait_for_load(&mut load, &mut watch).await?;
    let accepted = loaded["accepted"].as_u64().unwrap_or(0);
    let counted = rig
        .wait_for(arguments.backlog + accepted, &mut watch)
        .await?;
    let bulk_lost = rig.lost(&loaded).await?;
    let came: HashMap<u64, i64> = serde_json::from_value::<Vec<_>>(rig.sinks.ask("codes").await?)?
        .into_iter()
        .collect();
    let stop_seconds = rig.stop_server().await?;
    let handed_over = after::codes(&folder, run).await?;
    let codes_lost = posted
        .keys()
        .filter(|code| !came.contains_key(code))
        .count() as u64;
    Note::add(folder.path(), counted["distinct"].as_u64().unwrap_or(0))?;

    let bulk_done = |count: &Value| count["distinct"].as_u64().unwrap_or(0);
    let sent = bulk_done(&after_codes).saturating_sub(bulk_done(&before));
    let settings = json!({
        "seconds": arguments.seconds,
        "codes_per_s": arguments.rate,
        "bulk_per_s_at_most": arguments.bulk_rate,
        "backlog": arguments.backlog,
        "customers": customers,
        "dkim": "ed25519",
    });
    let figures = json!({
        "stored_messages": stored,
        "backlog_before": backlog_before,
        "backlog_after": backlog_after,
        "codes": posted.len(),
        "accept_to_carrier_ms": accept_to_carrier(&posted, &handed_over, run.as_micros()),
        "post_to_sink_ms": post_to_sink(&posted, &came),
        "bulk_per_s": (sent as f64 / bulk_seconds).round(),
        "bulk": loaded,
        "wal_max_mb": watch.wal_max_mb(),
        "start_seconds": round(rig.start_seconds),
        "stop_seconds": round(stop_seconds),
        "codes_lost": codes_lost,
        "lost": codes_lost + bulk_lost,
        "duplicates": counted["duplicates"],
    });
    Ok(figures::report(settings, figures))
}

/// Makes the backlog: events 0 to `count`, accepted and due, with nobody to send them.
async fn fill(folder: &Folder, count: u64, customers: u64) -> Result<()> {
    if count == 0 {
        return anyhow::Ok(());
    }
    let store = Store::open_sqlite(&folder.store(), clock::now())?;
    let limits = Limits {
        backlog: u64::MAX,
        ..Limits::default()
    };
    let catalogue = Arc::new(Catalogue::load(None).context("the catalogue cannot be used")?);
    let pipeline = Pipeline::new(
        store.clone(),
        catalogue,
        ground::brand(),
        clock::system(),
        limits,
    );
    let progress = Arc::new(Progress::new("making the backlog", count));
    let next = Arc::new(AtomicU64::new(0));
    let fillers: Vec<_> = (0..FILLERS)
        .map(|_| {
            let (pipeline, next) = (pipeline.clone(), next.clone());
            let progress = progress.clone();
            tokio::spawn(async move {
                loop {
                    let from = next.fetch_add(load::LINES, Ordering::Relaxed);
                    if from >= count {
                        return anyhow::Ok(());
                    }
                    let to = (from + load::LINES).min(count);
                    accept(&pipeline, from..to, customers).await?;
                    progress.add(to - from);
                }
            })
        })
        .collect();
    for filler in fillers {
        filler.await??;
    }
    drop(pipeline);
    store.close().await;
    Ok(())
}

async fn accept(pipeline: &Pipeline, numbers: std::ops::Range<u64>, customers: u64) -> Result<()> {
    let moment = clock::micros();
    let made = numbers.map(|number| {
        let mut line = String::with_capacity(640);
        events::line(number, customers, moment, &mut line);
        RawEvent::Line(line.into_bytes())
    });
    let submission = Submission {
        mode: Mode::Live,
        as_of: AsOf::Now,
        own: false,
    };
    let answers = pipeline
        .accept(made.collect::<Vec<_>>(), submission)
        .await?;
    let taken = |answer: &EventAnswer| matches!(answer, EventAnswer::Accepted { .. });
    match answers.iter().find(|answer| !taken(answer)) {
        Some(other) => bail!("an event of the backlog was not taken: {other:?}"),
        None => Ok(()),
    }
}

/// Posts codes at an even rate. Gives, by number, the moment each post began.
async fn post_codes(
    address: &str,
    key: &str,
    run: i64,
    arguments: &BenchCodes,
) -> Result<HashMap<u64, i64>> {
    let begun = Instant::now() + Duration::from_millis(100);
    let count = arguments.seconds * arguments.rate;
    let lanes: Vec<_> = (0..LANES)
        .map(|lane| {
            let (url, key) = (format!("http://{address}"), key.to_owned());
            let every = Duration::from_secs_f64(1.0 / arguments.rate as f64);
            tokio::spawn(async move {
                let mut client = Client::new(&url, &key)?;
                let mut posted = Vec::new();
                for number in (lane..count).step_by(LANES as usize) {
                    let due = begun + every * u32::try_from(number)?;
                    // A code that has to wait for its lane waits already.
                    let late = Instant::now().saturating_duration_since(due);
                    tokio::time::sleep_until(due).await;
                    let began = clock::micros() - i64::try_from(late.as_micros())?;
                    post_code(&mut client, run, number).await?;
                    posted.push((number, began));
                }
                anyhow::Ok(posted)
            })
        })
        .collect();
    let mut posted = HashMap::new();
    for lane in lanes {
        posted.extend(lane.await??);
    }
    Ok(posted)
}

async fn post_code(client: &mut Client, run: i64, number: u64) -> Result<()> {
    let body = Bytes::from(events::code(run, number));
    let kind = "application/cloudevents+json";
    let answer = client.call("POST", "/v1/events", kind, body).await?;
    if answer.status != 202
        || answer.count("accepted") + answer.count("duplicates") != 1
        || answer.count("failed_total") > 0
    {
        bail!("a code was not taken: {} {}", answer.problem(), answer.json);
    }
    Ok(())
}

/// From the post's beginning to the text at the sink, by the one clock of the machine.
fn post_to_sink(posted: &HashMap<u64, i64>, came: &HashMap<u64, i64>) -> Value {
    let times: Times = posted
        .iter()
        .filter_map(|(number, began)| u64::try_from(came.get(number)? - began).ok())
        .collect();
    times.millis()
}

/// From the acceptance to the carrier's answer, as the store has it.
fn accept_to_carrier(
    posted: &HashMap<u64, i64>,
    handed_over: &HashMap<String, Option<u64>>,
    run: i64,
) -> Value {
    let times: Times = posted
        .keys()
        .filter_map(|number| *handed_over.get(&events::code_id(run, *number))?)
        .collect();
    times.millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_of_the_codes_of_this_run() {
        let posted = HashMap::from([(0, 1_000_000), (1, 1_020_000)]);
        let came = HashMap::from([(0, 1_004_000), (1, 1_026_000), (7, 9)]);
        assert_eq!(post_to_sink(&posted, &came)["max"], 6.0);
        let handed_over = HashMap::from([
            ("5-0".to_owned(), Some(3_000)),
            ("5-1".to_owned(), None),
            ("4-1".to_owned(), Some(90_000)),
        ]);
        let times = accept_to_carrier(&posted, &handed_over, 5);
        assert_eq!((&times["n"], &times["max"]), (&json!(1), &json!(3.0)));
    }
}
