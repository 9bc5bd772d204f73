//! Counts attempts by channel and outcome, each in a counter that is looked up once.

use std::sync::OnceLock;

use metrics::Counter;
use model::{Channel, Outcome};

const OUTCOMES: usize = 5;

/// The counters, each made when its first attempt is counted.
#[derive(Default)]
pub(super) struct Tally([[OnceLock<Counter>; OUTCOMES]; Channel::ALL.len()]);

impl Tally {
    pub(super) fn count(&self, channel: Channel, outcome: &Outcome) {
        let row = match channel {
            Channel::Sms => 0,
            Channel::Email => 1,
        };
        let column = match outcome {
            Outcome::Accepted { .. } => 0,
            Outcome::RetryLater { .. } => 1,
            Outcome::Rejected { .. } => 2,
            Outcome::Unknown { .. } => 3,
            Outcome::Stopped { .. } => 4,
        };
        let counter = self.0[row][column].get_or_init(|| {
            metrics::counter!(
                "tidings_attempts_total",
                "channel" => channel.as_str(), "outcome" => outcome.word()
            )
        });
        counter.increment(1);
    }
}
