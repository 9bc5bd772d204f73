//! Time as the product keeps it: UTC microseconds, and a clock that is passed in.
//!
//! Nothing below `server` reads the real clock; tests move a manual one by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

/// A moment: microseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

/// A length of time in microseconds; may be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Instant {
    /// The moment so many microseconds after the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Reads an RFC 3339 date and time with an offset.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let stamp: jiff::Timestamp = text
            .parse()
            .map_err(|_| format!("`{text}` is not a date and time like 2026-01-31T09:30:00Z"))?;
        Ok(Self(stamp.as_microsecond()))
    }

    /// The same moment as a `jiff` timestamp; out-of-range values clamp.
    pub fn to_timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    /// The time from `earlier` to this moment.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// So many milliseconds.
    pub const fn millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// So many seconds.
    pub const fn secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// So many minutes.
    pub const fn minutes(minutes: i64) -> Self {
        Self::secs(minutes.saturating_mul(60))
    }

    /// So many hours.
    pub const fn hours(hours: i64) -> Self {
        Self::minutes(hours.saturating_mul(60))
    }

    /// So many days of 24 hours.
    pub const fn days(days: i64) -> Self {
        Self::hours(days.saturating_mul(24))
    }

    /// The length in microseconds.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// As a `std` duration; negative lengths become zero.
    pub fn to_duration(self) -> std::time::Duration {
        std::time::Duration::from_micros(u64::try_from(self.0).unwrap_or(0))
    }
}

impl std::ops::Add<Span> for Instant {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl std::ops::Sub<Span> for Instant {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl std::fmt::Display for Instant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.to_timestamp())
    }
}

impl std::fmt::Debug for Instant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl Serialize for Instant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Where the present moment comes from.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    Real(fn() -> Instant),
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that asks `read` each time; `server` passes the system's.
    pub fn real(read: fn() -> Instant) -> Self {
        Self(Source::Real(read))
    }

    /// A clock that stands still at `at` until it is moved. Clones share the hands.
    pub fn manual(at: Instant) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(at.as_micros()))))
    }

    /// The present moment.
    pub fn now(&self) -> Instant {
        match &self.0 {
            Source::Real(read) => read(),
            Source::Manual(hands) => Instant(hands.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock forward; a real clock cannot be moved.
    pub fn advance(&self, by: Span) {
        if let Source::Manual(hands) = &self.0 {
            hands.fetch_add(by.0, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_survives_text() {
        let at = Instant::parse("2016-10-04T14:46:48-03:00").unwrap();
        assert_eq!(at.to_string(), "2016-10-04T17:46:48Z");
        assert_eq!(Instant::parse(&at.to_string()).unwrap(), at);
        assert!(
            Instant::parse("yesterday")
                .unwrap_err()
                .contains("yesterday")
        );
    }

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let clock = Clock::manual(Instant::from_micros(0));
        let same = clock.clone();
        clock.advance(Span::minutes(2));
        assert_eq!(same.now(), Instant::from_micros(120_000_000));
    }
}
