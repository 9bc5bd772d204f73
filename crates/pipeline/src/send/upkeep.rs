//! What must be looked at from time to time: claims that run out, and the clock.
//!
//! A machine's clock may be set while we work. Ahead: claims in hand are renewed before any
//! is judged by its age. Back: what was due would wait for the same time to come again, so
//! it is moved along.

use std::time::Duration;

use model::{Instant, Span};
use store::Store;

use super::{LEASE, Sender};

/// How often the clock is looked at.
const TICK: Duration = Duration::from_secs(1);
/// Claims are looked at every so many ticks.
const TICKS: u32 = 10;
/// Smaller steps back are the clock's own corrections, or ids given a little ahead.
const STEP: Span = Span::secs(2);

impl Sender {
    /// Runs until the stop.
    pub(super) async fn keep_up(&self) {
        let mut seen = self.pipeline.clock().now();
        let mut looked = tokio::time::Instant::now();
        let mut ticks = 0;
        while self.sleep(TICK).await {
            let now = self.pipeline.clock().now();
            let passed = looked.elapsed();
            looked = tokio::time::Instant::now();
            let passed = Span::millis(i64::try_from(passed.as_millis()).unwrap_or(0));
            if now < seen {
                match mend_clock(self.pipeline.store(), now, seen + passed).await {
                    Ok(()) => seen = now,
                    // `seen` stays: the next tick tries again.
                    Err(error) => tracing::warn!(%error, "could not follow the clock yet"),
                }
                continue;
            }
            self.learn_stops_of_waiting().await;
            ticks += 1;
            if ticks >= TICKS {
                ticks = 0;
                self.look_at_claims(now).await;
            }
            seen = now;
        }
    }

    /// Renews what this node holds, then puts in doubt what no node renews.
    async fn look_at_claims(&self, now: Instant) {
        let store = self.pipeline.store();
        if let Err(error) = store.renew_claims(now, LEASE).await {
            // Then nothing may be judged by its age.
            tracing::warn!(%error, "could not renew claims");
            return;
        }
        let doubt = self.pipeline.limits().doubt;
        let doubted = store
            .doubt_claims(false, now, move |lane, at| doubt.until(lane, at))
            .await;
        match doubted {
            Ok(0) => {}
            Ok(n) => tracing::warn!(deliveries = n, "claims ran out without an outcome"),
            Err(error) => tracing::warn!(%error, "could not look for claims that ran out"),
        }
    }
}

/// The clock shows `now` and showed `before`: if it was set back, what was due goes along.
pub(super) async fn mend_clock(store: &Store, now: Instant, before: Instant) -> store::Result<()> {
    if now + STEP >= before {
        return Ok(());
    }
    let moved = store.clock_set_back(now, before).await?;
    tracing::warn!(
        seconds = before.since(now).as_micros() / 1_000_000,
        deliveries = moved,
        "the clock was set back; what was due stays due"
    );
    Ok(())
}
