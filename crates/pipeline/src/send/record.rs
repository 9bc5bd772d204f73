//! Outcomes to the store, as many at a time as wait.

use std::time::Duration;

use model::Lane;
use store::OutcomeRecord;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::Pipeline;

/// An outcome and the place in flight it gives back once it is durable.
pub(super) struct Done {
    pub(super) record: OutcomeRecord,
    pub(super) _place: OwnedSemaphorePermit,
}

pub(super) struct Recorder {
    pipeline: Pipeline,
    lane: Lane,
    outcomes: mpsc::Receiver<Done>,
}

/// So many outcomes are recorded in one call at most.
const BATCH: usize = 256;
/// A store that fails is asked again so often; then the leases decide.
const TRIES: u32 = 20;

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
            let records: Vec<OutcomeRecord> =
                batch.iter().map(|done| done.record.clone()).collect();
            self.record(records).await;
            batch.clear();
        }
    }

    async fn record(&self, records: Vec<OutcomeRecord>) {
        for wait in 1..=TRIES {
            match self
                .pipeline
                .store()
                .record_outcomes(self.lane, records.clone())
                .await
            {
                Ok(()) => return,
                Err(store::Error::Closed) => break,
                Err(error) => {
                    tracing::warn!(%error, outcomes = records.len(), "could not record outcomes; trying again");
                    tokio::time::sleep(Duration::from_millis(250 * u64::from(wait.min(8)))).await;
                }
            }
        }
        tracing::error!(
            outcomes = records.len(),
            "outcomes were not recorded; their deliveries are in doubt"
        );
    }
}
