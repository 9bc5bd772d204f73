//! Who sends the next segment: one at a time from the bucket, the most urgent lane first,
//! so that a code never waits behind a campaign for its turn.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::Lane;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::bucket::Bucket;

pub(super) struct Pace {
    state: Mutex<State>,
    wake: Notify,
}

struct State {
    bucket: Bucket,
    waiting: [VecDeque<oneshot::Sender<()>>; Lane::ALL.len()],
    closed: bool,
}

impl Pace {
    pub(super) fn new(per_second: u32) -> Self {
        Self {
            state: Mutex::new(State {
                bucket: Bucket::new(per_second, Instant::now()),
                waiting: Default::default(),
                closed: false,
            }),
            wake: Notify::new(),
        }
    }

    /// Waits until one segment may leave; `None` when the carrier is closing.
    pub(super) async fn admit(&self, lane: Lane) -> Option<()> {
        let turn = {
            let mut state = self.state();
            if state.closed {
                return None;
            }
            let lane = usize::from(lane.number());
            let first = state.waiting[..=lane].iter().all(VecDeque::is_empty);
            if first && state.bucket.take(Instant::now()).is_ok() {
                return Some(());
            }
            let (sender, turn) = oneshot::channel();
            state.waiting[lane].push_back(sender);
            turn
        };
        self.wake.notify_one();
        turn.await.ok()
    }

    /// The carrier throttled; how long to wait before the same text is tried again.
    pub(super) fn throttled(&self) -> Duration {
        self.state().bucket.throttled(Instant::now())
    }

    /// The contract's rate is shared by so many nodes.
    pub(super) fn share(&self, nodes: u32) {
        self.state().bucket.share(nodes, Instant::now());
    }

    /// Lets nobody through any more, not even those who wait.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.waiting = Default::default();
    }

    /// Lets those who wait through in their turn; runs as long as the carrier does.
    pub(super) async fn run(&self) {
        loop {
            match self.let_through() {
                Some(wait) => {
                    // Somebody new may be more urgent, but nobody comes through sooner.
                    tokio::time::sleep(wait).await;
                }
                None => self.wake.notified().await,
            }
        }
    }

    /// How long until the next one; `None` when nobody waits.
    fn let_through(&self) -> Option<Duration> {
        let mut state = self.state();
        let state = &mut *state;
        loop {
            let next = state.waiting.iter_mut().find(|lane| !lane.is_empty())?;
            if let Err(wait) = state.bucket.take(Instant::now()) {
                return Some(wait);
            }
            let passed = next.pop_front().is_some_and(|turn| turn.send(()).is_ok());
            if !passed {
                state.bucket.put_back();
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn an_urgent_segment_overtakes_those_that_wait() {
        let pace = Arc::new(Pace::new(50));
        let runner = Arc::clone(&pace);
        let runner = tokio::spawn(async move { runner.run().await });
        let (done, mut order) = tokio::sync::mpsc::unbounded_channel();
        let join = |lane: Lane| {
            let (pace, done) = (Arc::clone(&pace), done.clone());
            tokio::spawn(async move {
                pace.admit(lane).await.unwrap();
                done.send(lane).unwrap();
            })
        };
        let started = Instant::now();
        for _ in 0..20 {
            join(Lane::Bulk);
        }
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        join(Lane::Security);
        let mut lanes = Vec::new();
        for _ in 0..21 {
            lanes.push(order.recv().await.unwrap());
        }
        // Without lanes it would be the last of 21; a slow machine lets some pass first.
        let place = lanes.iter().position(|l| *l == Lane::Security).unwrap();
        assert!(place <= 15, "it came {place} places behind");
        let took = started.elapsed();
        assert!(took >= Duration::from_millis(300), "{took:?}");
        runner.abort();
    }

    #[tokio::test]
    async fn closing_sends_those_away_who_wait() {
        let pace = Arc::new(Pace::new(1));
        assert!(pace.admit(Lane::Bulk).await.is_some());
        let waiting = Arc::clone(&pace);
        let waiting = tokio::spawn(async move { waiting.admit(Lane::Security).await });
        tokio::task::yield_now().await;
        pace.close();
        assert_eq!(waiting.await.unwrap(), None);
        assert_eq!(pace.admit(Lane::Security).await, None);
    }
}
