//! Outcomes to the store, as many at a time as wait.

use std::time::Duration;

use model::Lane;
use store::OutcomeRecord;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::Pipeline;

/// An outcome and the place in flight it gives back once it is durable.
pub(super) struct Done {
    pub(super) record: OutcomeRecord,
    pub(super) place: OwnedSemaphorePermit,
}

pub(super) struct Recorder {
    pipeline: Pipeline,
    lane: Lane,
    outcomes: mpsc::Receiver<Done>,
}

/// So many outcomes are recorded in one call at most.
const BATCH: usize = 256;
/// After so many tries in vain it is asked whether the store or an outcome is at fault.
const TRIES: u32 = 4;
/// Before the first new try; later ones wait longer.
const PAUSE: Duration = Duration::from_millis(250);

impl Recorder {
    pub(super) fn new(pipeline: Pipeline, lane: Lane, outcomes: mpsc::Receiver<Done>) -> Self {
        Self {
            pipeline,
            lane,
            outcomes,
        }
    }

    /// Ends when every worker and hand-over is gone and all is recorded.
    pub(super) async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        while self.outcomes.recv_many(&mut batch, BATCH).await > 0 {
            let (records, places): (Vec<OutcomeRecord>, Vec<OwnedSemaphorePermit>) = batch
                .drain(..)
                .map(|done| (done.record, done.place))
                .unzip();
            self.record(records).await;
            drop(places);
        }
    }

    /// Tries until it is recorded: a store that cannot write now (a full disk) can again
    /// some day, and an outcome that is known must not become a doubt. Meanwhile the places
    /// stay taken, so that nothing more is claimed than can be told of.
    async fn record(&self, records: Vec<OutcomeRecord>) {
        let mut tries = 0;
        loop {
            let store = self.pipeline.store();
            let error = match store.record_outcomes(self.lane, records.clone()).await {
                Ok(()) => return,
                Err(store::Error::Closed) => return lost(records.len()),
                Err(error) => error,
            };
            tries += 1;
            if tries >= TRIES && store.ready().await.is_ok() {
                // The store takes others, so one of these is at fault: each by itself.
                if records.len() == 1 {
                    return lost(1);
                }
                for record in records {
                    Box::pin(self.record(vec![record])).await;
                }
                return;
            }
            tracing::warn!(%error, outcomes = records.len(), "could not record outcomes; trying again");
            tokio::time::sleep(PAUSE * tries.min(8)).await;
        }
    }
}

fn lost(outcomes: usize) {
    tracing::error!(
        outcomes,
        "outcomes were not recorded; their deliveries are in doubt from the next start on"
    );
}
