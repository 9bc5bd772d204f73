//! The query of a list: whose, after which, how many, and how long to wait for one.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::faults::near_miss;
use crate::http::problem::Problem;
use crate::shared::Shared;

const KNOWN: [&str; 5] = ["to", "from", "after", "limit", "wait"];
const MOST: u64 = 1000;
const LONGEST_WAIT: u64 = 30;

/// What to list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) to: Option<String>,
    pub(super) from: Option<String>,
    /// Only entries with a higher id.
    pub(super) after: u64,
    pub(super) limit: usize,
    wait: Duration,
}

impl Filter {
    pub(super) fn read(pairs: Vec<(String, String)>) -> Result<Self, Problem> {
        let mut filter = Self {
            to: None,
            from: None,
            after: 0,
            limit: 100,
            wait: Duration::ZERO,
        };
        for (name, value) in pairs {
            match name.as_str() {
                "to" => filter.to = Some(value),
                "from" => filter.from = Some(value),
                "after" => filter.after = number("after", &value, u64::MAX)?,
                "limit" => {
                    filter.limit =
                        usize::try_from(number("limit", &value, MOST)?).unwrap_or(usize::MAX)
                }
                "wait" => filter.wait = Duration::from_secs(number("wait", &value, LONGEST_WAIT)?),
                _ => {
                    return Err(Problem::unknown_field(
                        &name,
                        near_miss(&name, KNOWN.into_iter()),
                    ));
                }
            }
        }
        Ok(filter)
    }

    /// Asks `look` until it finds something or the wait is over.
    pub(super) async fn wait_for<T>(&self, shared: &Shared, look: impl Fn() -> Vec<T>) -> Vec<T> {
        let mut news = shared.news();
        let until = Instant::now() + self.wait;
        loop {
            // Seen before looking, so that what comes in between wakes us.
            let stopped = news.borrow_and_update().stopped;
            let found = look();
            if !found.is_empty() || self.wait.is_zero() || stopped {
                return found;
            }
            if !matches!(timeout_at(until, news.changed()).await, Ok(Ok(()))) {
                return look();
            }
        }
    }
}

fn number(field: &str, value: &str, most: u64) -> Result<u64, Problem> {
    match value.parse() {
        Ok(number) if number <= most => Ok(number),
        _ => Err(Problem::unprocessable(
            field,
            format!("must be a whole number from 0 to {most}"),
        )),
    }
}
