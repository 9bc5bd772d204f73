//! Send: due deliveries to their carriers, the most urgent first.
//!
//! Claim (short transaction, a lease) → gates, body, network with no transaction open →
//! record (short transaction). Each channel has two workers with room of their own: one
//! for the security lane alone, one for the rest. What is claimed never exceeds the room,
//! so a crash leaves at most that much in doubt. Next: receipts come to `track`.

mod changes;
mod crowded;
mod gates;
mod hand_over;
mod handed;
mod opted_out;
mod quiet;
mod record;
mod refused;
pub mod retry;
mod stops;
mod tally;
#[cfg(test)]
mod tests;
mod upkeep;
mod way_back;

use std::sync::Arc;
use std::time::Duration;

use channels::{EmailCarrier, SmsCarrier};
use model::{Channel, Lane, Mode};
use store::{ClaimRequest, ClaimedDelivery};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Pipeline;
use crate::in_flight::{Claimed, LEASE, Outlet};
pub(crate) use changes::RecentChanges;
use record::{Done, Recorder};
#[cfg(test)]
pub(crate) use stops::Leaving;
use stops::Waiting;
pub(crate) use stops::{Overtaken, Reach, RecentStops, Whose};
use tally::Tally;
pub use way_back::{ComesBack, ReaderLinks};

/// The carriers of one kind of traffic.
#[derive(Clone, Default)]
pub struct Carriers {
    /// Texts.
    pub sms: Option<SmsCarrier>,
    /// Mail.
    pub email: Option<EmailCarrier>,
}

/// Which carriers take which traffic: test deliveries can only reach the second.
#[derive(Clone, Default)]
pub struct Routes {
    /// For live and team deliveries.
    pub live: Carriers,
    /// For test deliveries: the sandbox.
    pub test: Carriers,
}

impl Routes {
    fn carriers(&self, mode: Mode) -> &Carriers {
        match mode {
            Mode::Live | Mode::Team => &self.live,
            Mode::Test => &self.test,
        }
    }
}

/// How much may be in flight, per channel. It bounds what a crash leaves in doubt.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// For the security lane.
    pub security: usize,
    /// For all other lanes together.
    pub others: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            security: 64,
            others: 768,
        }
    }
}

/// At most so many are claimed at once.
const CLAIM: usize = 384;
/// So many of a claim are handed over by one task: enough to spread over the cores.
const CHUNK: usize = 16;
/// An idle worker looks at the queue at least so often, doorbell or not.
const LOOK: Duration = Duration::from_millis(500);

/// The send stage, running.
#[derive(Clone)]
pub struct Sender {
    pipeline: Pipeline,
    routes: Arc<Routes>,
    digest_key: Arc<ring::hmac::Key>,
    waiting: Arc<Waiting>,
    tally: Arc<Tally>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Sender {
    /// Puts what a crash left claimed in doubt, then starts the workers of each channel on
    /// `tasks`. Cancelling `stop` ends the claiming; what is in flight is finished and
    /// recorded, and `tasks` is empty after that.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn start(
        pipeline: Pipeline,
        routes: Routes,
        room: Room,
        (tasks, stop): (TaskTracker, CancellationToken),
    ) -> store::Result<()> {
        let now = pipeline.clock().now();
        let newest = pipeline.store().newest_accepted_at().await?;
        upkeep::mend_clock(pipeline.store(), now, newest.unwrap_or(now)).await?;
        let doubt = pipeline.limits().doubt;
        let doubtful = pipeline
            .store()
            .doubt_claims(true, now, move |lane, at| doubt.until(lane, at))
            .await?;
        if doubtful > 0 {
            tracing::warn!(
                deliveries = doubtful,
                "found deliveries that an earlier run left in doubt"
            );
        }
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &pipeline.store().key("digests"));
        let sender = Self {
            pipeline,
            routes: Arc::new(routes),
            digest_key: Arc::new(key),
            waiting: Arc::default(),
            tally: Arc::default(),
            tasks,
            stop,
        };
        let ways = sender.pipeline.in_flight().open(room.security, room.others);
        for (channel, ways) in Channel::ALL.iter().zip(ways.into_iter().flatten()) {
            let lanes = [
                &[Lane::Security][..],
                &[Lane::Urgent, Lane::Normal, Lane::Bulk],
            ];
            let rooms = [room.security, room.others];
            for ((lanes, room), way) in lanes.into_iter().zip(rooms).zip(ways) {
                sender.spawn_worker(*channel, lanes, room, way);
            }
        }
        let keeper = sender.clone();
        sender.tasks.spawn(async move { keeper.keep_up().await });
        Ok(())
    }

    fn spawn_worker(
        &self,
        channel: Channel,
        lanes: &'static [Lane],
        room: usize,
        way: mpsc::UnboundedReceiver<Claimed>,
    ) {
        let (done, outcomes) = mpsc::channel(room);
        let recorder = Recorder::new(self.pipeline.clone(), lanes[0], outcomes);
        self.tasks.spawn(recorder.run());
        let worker = Worker {
            sender: self.clone(),
            channel,
            lanes,
            least: if lanes[0] == Lane::Security {
                1
            } else {
                u32::try_from(room / 4).unwrap_or(1).max(1)
            },
            done,
        };
        self.tasks.spawn(worker.clone().pass_on(way));
        self.tasks.spawn(worker.run());
    }

    /// `false` when the stop came first.
    async fn sleep(&self, time: Duration) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = tokio::time::sleep(time) => true,
        }
    }
}

/// Claims for one channel and some lanes, and hands over what it, or a commit, claimed.
#[derive(Clone)]
struct Worker {
    sender: Sender,
    channel: Channel,
    lanes: &'static [Lane],
    /// Places a claim waits for: one for a code, a quarter of the room for the rest.
    least: u32,
    done: mpsc::Sender<Done>,
}

impl Worker {
    fn outlet(&self) -> Option<&Outlet> {
        let in_flight = self.sender.pipeline.in_flight();
        in_flight.outlet(self.channel, self.lanes[0])
    }

    /// Hands over what commits claimed, until the stop; then what they claimed already.
    async fn pass_on(self, mut way: mpsc::UnboundedReceiver<Claimed>) {
        loop {
            let (claimed, places) = tokio::select! {
                passed = way.recv() => match passed {
                    Some(passed) => passed,
                    None => break,
                },
                () = self.sender.stop.cancelled() => break,
            };
            self.hand_over(claimed, places);
        }
        if let Some(outlet) = self.outlet() {
            outlet.close();
        }
        while let Some((claimed, places)) = way.recv().await {
            self.hand_over(claimed, places);
        }
    }

    async fn run(self) {
        let bell = self
            .sender
            .pipeline
            .store()
            .due_doorbell(self.channel, self.lanes[0]);
        while !self.sender.stop.is_cancelled() {
            let Some(permits) = self.wait_for_room().await else {
                break;
            };
            let limit = permits.num_permits();
            let claimed = self.claim(limit).await;
            if let (Some(outlet), Ok(claimed)) = (self.outlet(), &claimed) {
                outlet.set_behind(claimed.len() == limit);
            }
            match claimed {
                Ok(claimed) if claimed.is_empty() => {
                    drop(permits);
                    tokio::select! {
                        () = self.sender.stop.cancelled() => break,
                        () = bell.notified() => {}
                        () = tokio::time::sleep(LOOK) => {}
                    }
                }
                Ok(claimed) => self.hand_over(claimed, permits),
                Err(error) => {
                    tracing::warn!(%error, channel = %self.channel, "could not claim; trying again");
                    drop(permits);
                    self.sender.sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// Waits for the least places of a claim (claims are cheaper by the batch), then takes
    /// all that is free, up to a claim's size.
    async fn wait_for_room(&self) -> Option<OwnedSemaphorePermit> {
        let room = self.outlet()?.room().clone();
        let mut permits = tokio::select! {
            () = self.sender.stop.cancelled() => return None,
            permits = room.clone().acquire_many_owned(self.least) => permits.ok()?,
        };
        let more = room
            .available_permits()
            .min(CLAIM.saturating_sub(permits.num_permits()));
        if let Ok(rest) = room.try_acquire_many_owned(u32::try_from(more).ok()?) {
            permits.merge(rest);
        }
        Some(permits)
    }

    async fn claim(&self, limit: usize) -> store::Result<Vec<ClaimedDelivery>> {
        let now = self.sender.pipeline.clock().now();
        let request = ClaimRequest {
            channel: self.channel,
            lanes: self.lanes.to_vec(),
            limit,
            now,
            lease: LEASE,
        };
        self.sender.pipeline.store().claim_due(request).await
    }

    /// One task a chunk; each delivery's place is free again when its outcome is durable.
    fn hand_over(&self, mut claimed: Vec<ClaimedDelivery>, mut permits: OwnedSemaphorePermit) {
        while !claimed.is_empty() {
            let chunk: Vec<_> = claimed.drain(..claimed.len().min(CHUNK)).collect();
            let Some(places) = permits.split(chunk.len()) else {
                break;
            };
            let sender = self.sender.clone();
            let done = self.done.clone();
            self.sender
                .tasks
                .spawn(async move { sender.hand_over(chunk, places, done).await });
        }
    }
}
