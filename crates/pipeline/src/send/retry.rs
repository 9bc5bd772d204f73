//! What follows from an outcome: the one retry schedule. Pure.

use model::{DeliveryState, Instant, Lane, Outcome, PurposeClass, Span};
use store::Next;

/// What the schedule looks at.
#[derive(Clone, Copy, Debug)]
pub struct Tried {
    /// The queue.
    pub lane: Lane,
    /// The number of the attempt that ended: 1, 2, …
    pub attempt: u32,
    /// When it ended.
    pub now: Instant,
    /// Not after.
    pub expires_at: Instant,
    /// How long a doubt waits.
    pub doubt: DoubtWait,
    /// Between 0 and 1: spreads retries so that they do not come in waves.
    pub jitter: f64,
}

/// Seconds until the next attempt of a code: it is useless in minutes.
const SECURITY: [i64; 6] = [1, 2, 4, 8, 15, 30];
/// Seconds until the next attempt of all else.
const OTHERS: [i64; 8] = [5, 20, 60, 300, 900, 3_600, 3 * 3_600, 6 * 3_600];
/// After so many attempts a delivery is given up.
pub const MOST_ATTEMPTS: u32 = 12;

/// How long a delivery in doubt waits for its receipt before it is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoubtWait {
    /// A code: it is useless in minutes.
    pub security: Span,
    /// All else.
    pub others: Span,
}

impl Default for DoubtWait {
    fn default() -> Self {
        Self {
            security: Span::secs(20),
            others: Span::minutes(15),
        }
    }
}

impl DoubtWait {
    /// When a delivery that is in doubt from `now` on is looked at again.
    pub fn until(self, lane: Lane, now: Instant) -> Instant {
        now + if lane == Lane::Security {
            self.security
        } else {
            self.others
        }
    }
}

/// Whether a delivery in doubt, without a receipt, is sent again. What the customer needs
/// is worth a double; the rest is not.
pub fn sent_again_after_doubt(purpose: PurposeClass) -> bool {
    match purpose {
        PurposeClass::Security | PurposeClass::Legal | PurposeClass::Transactional => true,
        PurposeClass::Service | PurposeClass::Marketing => false,
    }
}

/// What follows from an outcome.
pub fn next(outcome: &Outcome, tried: &Tried) -> Next {
    match outcome {
        Outcome::Accepted { .. } => Next::Settle(DeliveryState::Accepted),
        Outcome::Rejected { .. } => Next::Settle(DeliveryState::Rejected),
        Outcome::Stopped { .. } => Next::Settle(DeliveryState::Cancelled),
        Outcome::Unknown { .. } => Next::Doubt(tried.doubt.until(tried.lane, tried.now)),
        Outcome::RetryLater { after, .. } => {
            if tried.attempt >= MOST_ATTEMPTS {
                return Next::Settle(DeliveryState::GivenUp);
            }
            let due = tried.now + after.unwrap_or(Span::ZERO).max(wait(tried));
            if due >= tried.expires_at {
                Next::Settle(DeliveryState::Expired)
            } else {
                Next::Retry(due)
            }
        }
    }
}

fn wait(tried: &Tried) -> Span {
    let schedule: &[i64] = if tried.lane == Lane::Security {
        &SECURITY
    } else {
        &OTHERS
    };
    let place = (tried.attempt.saturating_sub(1) as usize).min(schedule.len() - 1);
    let millis = schedule[place] * 1_000;
    // Up to a fifth more.
    Span::millis(millis + (millis as f64 * 0.2 * tried.jitter.clamp(0.0, 1.0)) as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tried(lane: Lane, attempt: u32) -> Tried {
        let now = Instant::from_micros(0);
        Tried {
            lane,
            attempt,
            now,
            expires_at: now + Span::days(2),
            doubt: DoubtWait::default(),
            jitter: 0.0,
        }
    }

    fn later(after: Option<Span>) -> Outcome {
        Outcome::RetryLater {
            after,
            code: "451".into(),
            reason: "busy".into(),
        }
    }

    #[test]
    fn table() {
        let at = |secs| Next::Retry(Instant::from_micros(0) + Span::secs(secs));
        let settled = |state| Next::Settle(state);
        let cases = [
            (
                Outcome::Accepted { carrier_id: None },
                tried(Lane::Normal, 1),
                settled(DeliveryState::Accepted),
            ),
            (later(None), tried(Lane::Normal, 1), at(5)),
            (later(None), tried(Lane::Normal, 4), at(300)),
            (later(None), tried(Lane::Security, 1), at(1)),
            (later(Some(Span::secs(90))), tried(Lane::Normal, 1), at(90)),
            (
                later(None),
                tried(Lane::Normal, 12),
                settled(DeliveryState::GivenUp),
            ),
            (
                later(Some(Span::days(3))),
                tried(Lane::Normal, 1),
                settled(DeliveryState::Expired),
            ),
            (
                Outcome::Unknown {
                    reason: String::new(),
                },
                tried(Lane::Security, 1),
                Next::Doubt(Instant::from_micros(20_000_000)),
            ),
            (
                Outcome::Unknown {
                    reason: String::new(),
                },
                tried(Lane::Normal, 1),
                Next::Doubt(Instant::from_micros(900_000_000)),
            ),
        ];
        for (outcome, tried, expected) in cases {
            assert_eq!(next(&outcome, &tried), expected, "{outcome:?} {tried:?}");
        }
    }

    proptest! {
        #[test]
        fn a_retry_is_later_than_now_and_before_the_end(attempt in 1..40_u32, jitter in -1.0..2.0_f64, left in 0..1_000_000_i64) {
            for lane in Lane::ALL {
                let mut tried = tried(*lane, attempt);
                tried.jitter = jitter;
                tried.expires_at = tried.now + Span::secs(left);
                if let Next::Retry(due) = next(&later(None), &tried) {
                    prop_assert!(due > tried.now && due < tried.expires_at);
                }
            }
        }
    }
}
