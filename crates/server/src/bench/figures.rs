//! Figures: percentiles, rounding, and how a report is printed.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::process;

/// To two places.
pub fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Times of single things, in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<u64>);

impl Times {
    pub fn push(&mut self, micros: u64) {
        self.0.push(micros);
    }

    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// `{p50, p99, max, n}` in milliseconds.
    pub fn millis(mut self) -> Value {
        self.0.sort_unstable();
        let at = |part: f64| place(self.0.len(), part).map_or(0.0, |n| millis(self.0[n]));
        json!({ "p50": at(0.5), "p99": at(0.99), "max": at(1.0), "n": self.0.len() })
    }
}

impl FromIterator<u64> for Times {
    fn from_iter<I: IntoIterator<Item = u64>>(times: I) -> Self {
        Self(times.into_iter().collect())
    }
}

/// The nearest rank: at least this part of the values is not above it.
fn place(count: usize, part: f64) -> Option<usize> {
    let rank = (count as f64 * part).ceil() as usize;
    (count > 0).then(|| rank.clamp(1, count) - 1)
}

fn millis(micros: u64) -> f64 {
    round(micros as f64 / 1_000.0)
}

/// Times of very many things: counted by millisecond, up to ten minutes.
#[derive(Debug, Default)]
pub struct ManyTimes {
    counts: Vec<u64>,
    n: u64,
    max: u64,
}

impl ManyTimes {
    pub fn push(&mut self, micros: u64) {
        let place = usize::try_from(micros / 1_000).map_or(600_000, |ms| ms.min(600_000));
        if self.counts.len() <= place {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] += 1;
        self.n += 1;
        self.max = self.max.max(micros);
    }

    /// `{p50, p99, max, n}` in milliseconds; percentiles are whole milliseconds, rounded up.
    pub fn millis(&self) -> Value {
        let at = |part: f64| {
            let rank = ((self.n as f64 * part).ceil() as u64).max(1);
            let mut seen = 0;
            let found = self.counts.iter().position(|count| {
                seen += count;
                seen >= rank
            });
            found.map_or(0, |ms| ms + 1)
        };
        json!({ "p50": at(0.5), "p99": at(0.99), "max": millis(self.max), "n": self.n })
    }
}

/// How far something long has come, told on stderr at each twentieth.
pub struct Progress {
    what: &'static str,
    all: u64,
    done: AtomicU64,
    begun: Instant,
}

impl Progress {
    pub fn new(what: &'static str, all: u64) -> Self {
        Self {
            what,
            all: all.max(1),
            done: AtomicU64::new(0),
            begun: Instant::now(),
        }
    }

    pub fn add(&self, more: u64) {
        let before = self.done.fetch_add(more, Ordering::Relaxed);
        let twentieth = |done: u64| done * 20 / self.all;
        if twentieth(before + more) > twentieth(before) {
            let (percent, seconds) = (
                (before + more) * 100 / self.all,
                self.begun.elapsed().as_secs(),
            );
            // A closed stderr is no reason to stop.
            let _ = writeln!(
                std::io::stderr(),
                "{}: {percent} % of {} after {seconds} s",
                self.what,
                self.all
            );
        }
    }
}

/// A report: the machine and the settings before the figures.
pub fn report(settings: Value, figures: Value) -> Value {
    let mut report = json!({ "machine": process::machine(), "settings": settings });
    for (name, value) in figures.as_object().into_iter().flatten() {
        report[name] = value.clone();
    }
    report
}

/// A report for people, or as JSON in one line.
pub fn print(report: &Value, as_json: bool) {
    if as_json {
        println!("{report}");
    } else {
        lines(report, 0);
    }
}

fn lines(report: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    for (name, value) in report.as_object().into_iter().flatten() {
        // What fits on a line stays on one.
        match value.as_object() {
            Some(inner) if inner.values().any(Value::is_object) || inner.len() > 12 => {
                println!("{indent}{name}:");
                lines(value, depth + 1);
            }
            _ => println!("{indent}{name:<26} {value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let times: Times = (1..=200_u64).rev().map(|ms| ms * 1_000).collect();
        assert_eq!(
            times.millis(),
            json!({ "p50": 100.0, "p99": 198.0, "max": 200.0, "n": 200 })
        );
        assert_eq!(
            Times::default().millis(),
            json!({ "p50": 0.0, "p99": 0.0, "max": 0.0, "n": 0 })
        );
    }

    #[test]
    fn counted_times_agree_with_the_others_to_a_millisecond() {
        let mut many = ManyTimes::default();
        (0..200_u64).for_each(|ms| many.push(ms * 1_000 + 400));
        assert_eq!(
            many.millis(),
            json!({ "p50": 100, "p99": 198, "max": 199.4, "n": 200 })
        );
        many.push(u64::MAX);
        assert_eq!(many.counts.len(), 600_001);
    }
}
