//! How many segments may leave now: a token bucket at the contracted rate that halves
//! when the carrier throttles and climbs back slowly. Pure: time comes in as an argument.

use std::time::Duration;

use tokio::time::Instant;

/// Throttling never slows below this many segments a second.
const SLOWEST: f64 = 1.0;
/// Several answers of one overload count once.
const ONE_OVERLOAD: Duration = Duration::from_secs(1);
/// After this long without throttling a new one starts with the shortest pause.
const FORGIVEN: Duration = Duration::from_secs(10);
/// What the rate climbs back in a second, as a share of its goal.
const CLIMB: f64 = 0.05;

#[derive(Debug)]
pub(super) struct Bucket {
    /// Segments a second by contract, all nodes together; 0 for none.
    per_second: u32,
    /// This node's share of them; infinite for none.
    contracted: f64,
    /// Segments a second now.
    rate: f64,
    /// Where the rate climbs back to.
    goal: f64,
    tokens: f64,
    filled_at: Instant,
    throttled_at: Option<Instant>,
    /// Overloads in a row, for the pause.
    overloads: u32,
    meter: Meter,
}

/// How many segments left in the last whole second, to have a rate to halve when there
/// is none by contract.
#[derive(Debug)]
struct Meter {
    since: Instant,
    counted: f64,
    last: f64,
}

fn shared(per_second: u32, nodes: u32) -> f64 {
    match per_second {
        0 => f64::INFINITY,
        some => f64::from(some) / f64::from(nodes.max(1)),
    }
}

impl Bucket {
    /// A full bucket; 0 segments a second stands for no limit.
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        let contracted = shared(per_second, 1);
        let mut bucket = Self {
            per_second,
            contracted,
            rate: contracted,
            goal: contracted,
            tokens: 0.0,
            filled_at: now,
            throttled_at: None,
            overloads: 0,
            meter: Meter {
                since: now,
                counted: 0.0,
                last: 0.0,
            },
        };
        bucket.tokens = bucket.size();
        bucket
    }

    /// The contract's rate is shared by so many nodes.
    pub(super) fn share(&mut self, nodes: u32, now: Instant) {
        self.fill(now);
        let contracted = shared(self.per_second, nodes);
        if contracted.is_infinite() || contracted == self.contracted {
            return;
        }
        // What throttling took away stays taken away, in proportion.
        let part = contracted / self.contracted;
        self.rate *= part;
        self.goal *= part;
        self.contracted = contracted;
        self.tokens = self.tokens.min(self.size());
    }

    /// Takes one segment, or says how long to wait for it.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        self.fill(now);
        if self.rate.is_finite() {
            if self.tokens < 1.0 {
                return Err(Duration::from_secs_f64((1.0 - self.tokens) / self.rate));
            }
            self.tokens -= 1.0;
        }
        self.meter.count(now);
        Ok(())
    }

    /// Gives a segment back that was taken and did not leave.
    pub(super) fn put_back(&mut self) {
        self.tokens = (self.tokens + 1.0).min(self.size());
    }

    /// The carrier throttled: halves the rate, once for an overload, and says how long to
    /// wait before the same text is tried again: 1, 2, then 4 seconds.
    pub(super) fn throttled(&mut self, now: Instant) -> Duration {
        self.fill(now);
        let before = self
            .throttled_at
            .map(|at| now.saturating_duration_since(at));
        if before.is_none_or(|before| before >= ONE_OVERLOAD) {
            if before.is_some_and(|before| before >= FORGIVEN) {
                self.overloads = 0;
            }
            self.overloads += 1;
            if self.rate.is_infinite() {
                self.rate = self.meter.rate().max(SLOWEST);
                // Nothing says what is allowed, so the goal is where it went wrong; what
                // lies beyond is tried again from there.
                self.goal = self.rate;
            }
            self.rate = (self.rate / 2.0).max(SLOWEST);
            self.tokens = 0.0;
            self.throttled_at = Some(now);
        }
        Duration::from_secs(1 << (self.overloads.clamp(1, 3) - 1))
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.filled_at = now;
        if self.rate.is_infinite() {
            return;
        }
        if self.throttled_at.is_some() && self.rate < self.goal {
            self.rate = (self.rate + passed * (self.goal * CLIMB).max(SLOWEST)).min(self.goal);
        } else if self.contracted.is_infinite() && self.is_forgiven(now) {
            self.rate = f64::INFINITY;
        }
        self.tokens = (self.tokens + passed * self.rate).min(self.size());
    }

    /// A slow start may reach its goal at once: that alone does not show that the carrier
    /// takes more.
    fn is_forgiven(&self, now: Instant) -> bool {
        self.throttled_at
            .is_none_or(|at| now.saturating_duration_since(at) >= FORGIVEN)
    }

    /// A tenth of a second's worth, so that a start after silence is no burst.
    fn size(&self) -> f64 {
        (self.rate / 10.0).max(1.0)
    }
}

impl Meter {
    fn count(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.since);
        if passed >= Duration::from_secs(1) {
            self.last = self.counted / passed.as_secs_f64();
            self.counted = 0.0;
            self.since = now;
        }
        self.counted += 1.0;
    }

    fn rate(&self) -> f64 {
        self.last.max(self.counted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken_within(bucket: &mut Bucket, from: Instant, time: Duration) -> u32 {
        let mut now = from;
        let mut taken = 0;
        while now < from + time {
            match bucket.take(now) {
                Ok(()) => taken += 1,
                Err(wait) => now += wait.max(Duration::from_micros(1)),
            }
        }
        taken
    }

    #[test]
    fn nodes_share_the_contract() {
        let start = Instant::now();
        let mut bucket = Bucket::new(100, start);
        while bucket.take(start).is_ok() {}
        bucket.share(4, start);
        let passed = |bucket: &mut Bucket, from: u64, to: u64| {
            (from..to)
                .filter(|ms| bucket.take(start + Duration::from_millis(*ms)).is_ok())
                .count()
        };
        let quarter = passed(&mut bucket, 1, 10_001);
        assert!((245..=255).contains(&quarter), "{quarter}");
        bucket.share(1, start + Duration::from_secs(10));
        let whole = passed(&mut bucket, 10_001, 20_001);
        assert!((990..=1_010).contains(&whole), "{whole}");
        let mut free = Bucket::new(0, start);
        free.share(4, start);
        assert_eq!(passed(&mut free, 0, 1_000), 1_000);
    }

    #[test]
    fn the_contracted_rate_is_kept_and_silence_is_not_saved_up() {
        let start = Instant::now();
        let mut bucket = Bucket::new(100, start);
        let hour = start + Duration::from_secs(3600);
        let taken = taken_within(&mut bucket, hour, Duration::from_secs(2));
        assert!((200..=211).contains(&taken), "{taken}");
    }

    #[test]
    fn no_contract_is_no_limit() {
        let now = Instant::now();
        let mut bucket = Bucket::new(0, now);
        assert!((0..100_000).all(|_| bucket.take(now).is_ok()));
    }

    #[test]
    fn an_overload_halves_once_and_the_rate_comes_back() {
        let second = Duration::from_secs(1);
        let mut now = Instant::now();
        let mut bucket = Bucket::new(100, now);
        for _ in 0..50 {
            assert_eq!(bucket.throttled(now), second);
        }
        let taken = taken_within(&mut bucket, now, second);
        assert!((48..=56).contains(&taken), "{taken}");
        now += 2 * second;
        assert_eq!(bucket.throttled(now), 2 * second);
        now += 2 * second;
        assert_eq!(bucket.throttled(now), 4 * second);
        now += 2 * second;
        assert_eq!(bucket.throttled(now), 4 * second);
        now += 30 * second;
        let taken = taken_within(&mut bucket, now, second);
        assert!((100..=111).contains(&taken), "{taken}");
        now += 30 * second;
        assert_eq!(bucket.throttled(now), second, "forgiven");
    }

    #[test]
    fn a_carrier_that_takes_nothing_is_asked_once_a_second() {
        let start = Instant::now();
        let mut bucket = Bucket::new(0, start);
        let (mut now, mut asked) = (start, 0);
        while now < start + Duration::from_secs(30) {
            match bucket.take(now) {
                Ok(()) => {
                    asked += 1;
                    now += Duration::from_millis(1);
                    bucket.throttled(now);
                }
                Err(wait) => now += wait,
            }
        }
        assert!((25..=35).contains(&asked), "{asked}");
    }

    #[test]
    fn without_a_contract_throttling_sets_a_limit_that_is_lifted_again() {
        let second = Duration::from_secs(1);
        let start = Instant::now();
        let mut bucket = Bucket::new(0, start);
        for millis in 0..2000 {
            bucket.take(start + Duration::from_millis(millis)).unwrap();
        }
        let now = start + 2 * second;
        bucket.throttled(now);
        let taken = taken_within(&mut bucket, now, second);
        assert!((450..=600).contains(&taken), "{taken}");
        let later = now + 60 * second;
        bucket.take(later).unwrap();
        assert!((0..10_000).all(|_| bucket.take(later).is_ok()), "lifted");
        for _ in 0..1000 {
            bucket.throttled(later);
        }
        assert!(bucket.rate >= SLOWEST);
    }
}
