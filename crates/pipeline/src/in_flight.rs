//! Places in flight: how much may be on its way to carriers at once, per channel, with room
//! of its own for the security lane.
//!
//! `send` fills them with what it claims from the due queue. While that queue is worked
//! off, `accept` takes places before its commit, and the commit claims the deliveries for
//! them: they pass from memory to the carrier without entering the queue. Each place bounds
//! what a crash can leave in doubt by one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use model::{Channel, Lane, Span};
use store::ClaimedDelivery;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;

/// A claim without an outcome for so long is in doubt, unless its node lives and renews it;
/// what a crash left is found at the next start.
pub(crate) const LEASE: Span = Span::minutes(10);
/// Accept waits so long for places while the due queue is worked off: whoever sends faster
/// than carriers take is slowed down before the queue grows.
const PATIENCE: Duration = Duration::from_secs(2);

/// Events that may be accepted at once while more waits in the due queue than was claimed.
const WHILE_BEHIND: usize = 256;
/// So many times as long as they took, sending has the machine to itself then.
const FOR_SENDING: u32 = 2;
/// But no longer than this.
const LONGEST: Duration = Duration::from_millis(500);

/// Deliveries claimed by their commit, with their places.
pub(crate) type Claimed = (Vec<ClaimedDelivery>, OwnedSemaphorePermit);

/// The places of one process.
pub(crate) struct InFlight {
    outlets: OnceLock<[[Outlet; 2]; Channel::ALL.len()]>,
    accepting: Arc<Semaphore>,
}

impl Default for InFlight {
    fn default() -> Self {
        Self {
            outlets: OnceLock::new(),
            accepting: Arc::new(Semaphore::new(WHILE_BEHIND)),
        }
    }
}

/// Leave to commit some events; [`Turn::end`] once that is done.
pub(crate) struct Turn(Option<(OwnedSemaphorePermit, Instant)>);

impl Turn {
    /// Lets others have their turn, after a while in which what was accepted is sent.
    pub(crate) fn end(self) {
        if let Some((permits, began)) = self.0 {
            let pause = (began.elapsed() * FOR_SENDING).min(LONGEST);
            tokio::spawn(async move {
                tokio::time::sleep(pause).await;
                drop(permits);
            });
        }
    }
}

/// The places of a channel for the security lane, or for all other lanes.
pub(crate) struct Outlet {
    room: Arc<Semaphore>,
    size: usize,
    /// More waits in the due queue than was claimed last.
    behind: AtomicBool,
    /// `None` once the process stops: then nothing passes the queue any more.
    way: Mutex<Option<mpsc::UnboundedSender<Claimed>>>,
}

impl Outlet {
    fn new(size: usize) -> (Self, mpsc::UnboundedReceiver<Claimed>) {
        // Each item holds its places, so the way is as bounded as they are.
        let (way, end) = mpsc::unbounded_channel();
        let outlet = Self {
            room: Arc::new(Semaphore::new(size)),
            size,
            behind: AtomicBool::new(false),
            way: Mutex::new(Some(way)),
        };
        (outlet, end)
    }

    /// The places, for claims from the due queue.
    pub(crate) fn room(&self) -> &Arc<Semaphore> {
        &self.room
    }

    /// Says whether more waits in the due queue than was claimed.
    pub(crate) fn set_behind(&self, behind: bool) {
        self.behind.store(behind, Ordering::Relaxed);
    }

    /// Lets nothing pass the due queue any more.
    pub(crate) fn close(&self) {
        self.way().take();
    }

    fn way(&self) -> std::sync::MutexGuard<'_, Option<mpsc::UnboundedSender<Claimed>>> {
        self.way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to so many places for deliveries about to be committed. With nothing waiting in
    /// the due queue it is worth a wait; else what waits there goes first.
    pub(crate) async fn places(&self, wanted: usize) -> Option<OwnedSemaphorePermit> {
        if self.way().is_none() {
            return None;
        }
        let room = self.room.clone();
        if self.behind.load(Ordering::Relaxed) {
            let free = wanted.min(room.available_permits());
            return room.try_acquire_many_owned(u32::try_from(free).ok()?).ok();
        }
        let places = u32::try_from(wanted.min(self.size)).ok()?;
        tokio::time::timeout(PATIENCE, room.acquire_many_owned(places))
            .await
            .ok()?
            .ok()
    }

    /// Passes on what a commit claimed. After the stop nobody takes it: its lease runs out,
    /// and it is found in doubt.
    pub(crate) fn pass(&self, claimed: Claimed) {
        let left = match &*self.way() {
            Some(way) => way.send(claimed).is_err(),
            None => true,
        };
        if left {
            tracing::warn!("the stop came between a commit and its hand-over");
        }
    }
}

impl InFlight {
    /// Sets the places up, once. Gives what passes the queue, by channel: of the security
    /// lane, then of the others. `None` when they were set up before.
    pub(crate) fn open(
        &self,
        security: usize,
        others: usize,
    ) -> Option<Vec<[mpsc::UnboundedReceiver<Claimed>; 2]>> {
        let mut ends = Vec::new();
        let outlets = std::array::from_fn(|_| {
            let (codes, code_end) = Outlet::new(security);
            let (rest, rest_end) = Outlet::new(others);
            ends.push([code_end, rest_end]);
            [codes, rest]
        });
        self.outlets.set(outlets).ok()?;
        Some(ends)
    }

    /// Waits for leave to commit some events. While the due queue is worked off there is no
    /// wait. Else a flood would take the machine from sending, and the queue only grow.
    pub(crate) async fn turn(&self, events: usize) -> Turn {
        let behind = |outlets: &[Outlet; 2]| outlets[1].behind.load(Ordering::Relaxed);
        let is_behind = self.outlets.get().is_some_and(|all| all.iter().any(behind));
        if !is_behind {
            return Turn(None);
        }
        let wanted = u32::try_from(events.min(WHILE_BEHIND)).unwrap_or(1);
        let permits = self.accepting.clone().acquire_many_owned(wanted).await;
        Turn(permits.ok().map(|permits| (permits, Instant::now())))
    }

    /// The places of a channel and lane; `None` where nothing is sent.
    pub(crate) fn outlet(&self, channel: Channel, lane: Lane) -> Option<&Outlet> {
        let place = Channel::ALL.iter().position(|c| *c == channel)?;
        Some(&self.outlets.get()?[place][usize::from(lane != Lane::Security)])
    }
}
