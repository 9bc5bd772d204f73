//! The load: marked events over authenticated HTTP, from a process of its own. It says what
//! was taken and which requests were never answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use hyper::body::Bytes;
use serde_json::json;
use tokio::time::Instant;

use super::cli::BenchLoad;
use super::{events, process};
use crate::clock;
use crate::http_client::Client;

/// Lines of one request, when they come as fast as they are taken.
pub const LINES: u64 = 1_000;
/// Requests a second, at least, when there is a rate.
const REQUESTS: u64 = 20;
/// Requests under way at once.
const CONNECTIONS: u64 = 4;

pub async fn run(arguments: BenchLoad) -> Result<()> {
    let begun = Instant::now();
    let plan = Arc::new(Plan {
        urls: arguments
            .to
            .iter()
            .map(|to| format!("http://{to}"))
            .collect(),
        key: arguments.key,
        end: arguments
            .events
            .map_or(u64::MAX, |events| arguments.first + events),
        until: arguments.seconds.map(|s| begun + Duration::from_secs(s)),
        first: arguments.first,
        customers: arguments.customers,
        rate: arguments.rate,
        begun,
        lines: match arguments.rate {
            0 => LINES,
            rate => (rate / REQUESTS).clamp(1, LINES),
        },
        next: AtomicU64::new(arguments.first),
    });
    let senders: Vec<_> = (0..CONNECTIONS)
        .map(|_| tokio::spawn(send(plan.clone())))
        .collect();
    let mut all = Sent::default();
    for sender in senders {
        let sent = sender.await??;
        all.accepted += sent.accepted;
        all.duplicates += sent.duplicates;
        all.waits += sent.waits;
        all.unanswered.extend(sent.unanswered);
    }
    println!(
        "{}",
        json!({
            "accepted": all.accepted,
            "duplicates": all.duplicates,
            // Numbers given to events; one below is accepted, duplicate or unanswered.
            "end": plan.next.load(Ordering::Relaxed).min(plan.end),
            "unanswered": all.unanswered,
            "answered_busy": all.waits,
            "seconds": begun.elapsed().as_secs_f64(),
            "cpu_s": process::cpu_seconds(std::process::id()),
        })
    );
    Ok(())
}

struct Plan {
    /// The nodes, which take turns.
    urls: Vec<String>,
    key: String,
    first: u64,
    end: u64,
    until: Option<Instant>,
    customers: u64,
    rate: u64,
    begun: Instant,
    /// Lines of a request.
    lines: u64,
    next: AtomicU64,
}

impl Plan {
    /// The numbers of the next request, if there is one.
    fn take(&self) -> Option<(u64, u64)> {
        if self.until.is_some_and(|until| Instant::now() >= until) {
            return None;
        }
        let from = self.next.fetch_add(self.lines, Ordering::Relaxed);
        (from < self.end).then(|| (from, (from + self.lines).min(self.end)))
    }

    /// Which node gets the request that begins with this number.
    fn turn(&self, from: u64) -> usize {
        ((from - self.first) / self.lines) as usize % self.urls.len()
    }
}

#[derive(Default)]
struct Sent {
    accepted: u64,
    duplicates: u64,
    waits: u64,
    /// Requests without an answer: from, to. Their events may be accepted.
    unanswered: Vec<(u64, u64)>,
}

async fn send(plan: Arc<Plan>) -> Result<Sent> {
    let clients = plan.urls.iter().map(|url| Client::new(url, &plan.key));
    let mut clients: Vec<Client> = clients.collect::<Result<_>>()?;
    let mut sent = Sent::default();
    let mut lines = String::new();
    while let Some((from, to)) = plan.take() {
        if plan.rate > 0 {
            let due = (from - plan.first) as f64 / plan.rate as f64;
            tokio::time::sleep_until(plan.begun + Duration::from_secs_f64(due)).await;
        }
        let moment = clock::micros();
        lines.clear();
        lines.reserve(640 * LINES as usize);
        (from..to).for_each(|number| events::line(number, plan.customers, moment, &mut lines));
        let body = Bytes::copy_from_slice(lines.as_bytes());
        let client = &mut clients[plan.turn(from)];
        loop {
            let called = client.call("POST", "/v1/events", "application/x-ndjson", body.clone());
            let Ok(answer) = called.await else {
                // The server went away. What it did not answer it did not promise.
                sent.unanswered.push((from, to));
                return Ok(sent);
            };
            if answer.status == 429 {
                sent.waits += 1;
                tokio::time::sleep(Duration::from_secs(answer.retry_after.unwrap_or(1))).await;
                continue;
            }
            if answer.status == 503 {
                sent.unanswered.push((from, to));
                return Ok(sent);
            }
            if answer.status != 202 {
                bail!("events were not taken: {}", answer.problem());
            }
            if answer.count("failed_total") + answer.count("rejected_total") > 0 {
                bail!("events failed: {}", answer.json);
            }
            sent.accepted += answer.count("accepted");
            sent.duplicates += answer.count("duplicates");
            break;
        }
    }
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_given_out_once() {
        let plan = |end, until| Plan {
            urls: vec![String::new(); 2],
            key: String::new(),
            first: 500,
            end,
            until,
            customers: 2,
            rate: 0,
            begun: Instant::now(),
            lines: LINES,
            next: AtomicU64::new(500),
        };
        let counted = plan(2_700, None);
        let taken: Vec<_> = std::iter::from_fn(|| counted.take()).collect();
        assert_eq!(taken, [(500, 1_500), (1_500, 2_500), (2_500, 2_700)]);
        let turns: Vec<_> = taken.iter().map(|(from, _)| counted.turn(*from)).collect();
        assert_eq!(turns, [0, 1, 0]);
        assert_eq!(plan(u64::MAX, Some(Instant::now())).take(), None);
    }
}
