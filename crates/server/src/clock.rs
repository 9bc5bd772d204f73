//! The one place that reads the real clock.

use model::{Clock, Instant};

/// The system's clock.
pub fn system() -> Clock {
    Clock::real(now)
}

/// The present moment.
pub fn now() -> Instant {
    Instant::from_micros(micros())
}

/// Microseconds since 1970 UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the real clock is read"
)]
pub fn micros() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
