//! `tidings bench capacity`: what a number of messages a day needs, reckoned from measured
//! figures. It measures nothing; every figure it starts from is an argument with a default
//! that `docs/performance.md` explains.

use std::process::ExitCode;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::cli::BenchCapacity;

const SECONDS_A_DAY: f64 = 86_400.0;
const TERABYTE: f64 = 1e12;

/// Prints the reckoning.
///
/// # Errors
/// When a figure is zero or no number.
pub fn run(given: &BenchCapacity) -> Result<ExitCode> {
    let positive = [
        ("--messages-per-day", given.messages_per_day),
        ("--peak", given.peak),
        ("--node-messages-per-s", given.node_messages_per_s),
        ("--shard-messages-per-s", given.shard_messages_per_s),
        ("--bytes-per-message", given.bytes_per_message),
        ("--days-kept", given.days_kept),
        ("--shard-terabytes", given.shard_terabytes),
        ("--nats-events-per-s", given.nats_events_per_s),
    ];
    for (name, value) in positive {
        if !value.is_finite() || value <= 0.0 {
            bail!("{name} must be a number above 0");
        }
    }
    if !(0.05..=1.0).contains(&given.load) {
        bail!("--load is a share between 0.05 and 1");
    }
    let reckoned = reckon(given);
    if given.json {
        println!("{reckoned}");
    } else {
        for (name, value) in reckoned.as_object().into_iter().flatten() {
            println!("{name:<24} {value}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn reckon(given: &BenchCapacity) -> Value {
    let mean = given.messages_per_day / SECONDS_A_DAY;
    let peak = mean * given.peak;
    // Nothing is planned to run at its limit, and one of each may be missing.
    let needed = |each: f64| (peak / (each * given.load)).ceil();
    let nodes = needed(given.node_messages_per_s) + 1.0;
    let kept = given.messages_per_day * given.days_kept * given.bytes_per_message / TERABYTE;
    let for_writes = needed(given.shard_messages_per_s);
    let for_disk = (kept / given.shard_terabytes).ceil();
    let shards = for_writes.max(for_disk);
    // Each shard has a standby; the log of a shard is about twice what it keeps a day.
    let servers = shards * 2.0;
    let logged = peak * given.bytes_per_message * 2.0 / shards / 1e6;
    // JetStream keeps three copies: what one server takes, three servers take together.
    let nats = needed(given.nats_events_per_s).max(1.0) * 3.0;
    let cost = nodes * given.node_price
        + servers * given.shard_price
        + kept * 2.0 * 1_000.0 * given.gigabyte_price
        + nats * given.node_price;
    json!({
        "messages_per_day": given.messages_per_day,
        "messages_per_s_mean": mean.round(),
        "messages_per_s_peak": peak.round(),
        "nodes": nodes,
        "database_shards": shards,
        "shards_for_writes": for_writes,
        "shards_for_disk": for_disk,
        "database_servers": servers,
        "terabytes_kept": (kept * 10.0).round() / 10.0,
        "log_mb_per_s_per_shard": logged.round(),
        "nats_servers": nats,
        "connections_per_shard": nodes * given.node_connections,
        "price_per_month": cost.round(),
        "price_per_million": (cost / (given.messages_per_day * 30.0 / 1e6) * 100.0).round() / 100.0,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        given: BenchCapacity,
    }

    fn reckoned(line: &str) -> Value {
        let words = std::iter::once("x").chain(line.split_whitespace());
        reckon(&Line::parse_from(words).given)
    }

    #[test]
    fn ten_times_the_messages_need_ten_times_the_machines() {
        let one = reckoned("--messages-per-day 1e9");
        let ten = reckoned("--messages-per-day 1e10");
        for what in ["nodes", "database_shards", "terabytes_kept"] {
            let (one, ten) = (one[what].as_f64().unwrap(), ten[what].as_f64().unwrap());
            assert!((8.0..=10.5).contains(&(ten / one)), "{what}: {one} {ten}");
        }
    }

    #[test]
    fn a_shard_is_counted_by_what_it_runs_out_of_first() {
        let short = reckoned("--messages-per-day 1e9 --days-kept 1");
        assert_eq!(short["database_shards"], short["shards_for_writes"]);
        let long = reckoned("--messages-per-day 1e9 --days-kept 3650");
        assert_eq!(long["database_shards"], long["shards_for_disk"]);
    }
}
