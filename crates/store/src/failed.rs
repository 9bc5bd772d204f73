//! Events that made no message: listed, counted, and tried again.

use model::{AuditLine, EventId, FailedEvent, FailureReason};

use crate::{AcceptedEvent, Backend, Committed, Result, Store};

/// Which failed events to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailedFilter {
    /// Only those that failed for this reason.
    pub reason: Option<FailureReason>,
    /// Only those of this type.
    pub event_type: Option<String>,
}

/// How many of the newest failed events are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCount {
    /// Why they failed.
    pub reason: FailureReason,
    /// Their type.
    pub event_type: String,
    /// How many.
    pub count: u64,
}

impl Store {
    /// Failed events that no replay has mended and that are as the filter says, newest first.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn failed_events_like(
        &self,
        filter: FailedFilter,
        before: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<FailedEvent>> {
        on!(self, backend => backend.failed_events_like(filter, before, limit).await)
    }

    /// What the newest `limit` failed events that no replay has mended are, by reason and
    /// type, the most frequent first.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn failed_counts(&self, limit: usize) -> Result<Vec<FailedCount>> {
        let mut counts = on!(self, backend => backend.failed_counts(limit).await)?;
        counts.sort_by(|a, b| b.count.cmp(&a.count).then(a.event_type.cmp(&b.event_type)));
        Ok(counts)
    }

    /// Failed events that no replay has mended, newest first.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn failed_events(
        &self,
        before: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<FailedEvent>> {
        self.failed_events_like(FailedFilter::default(), before, limit)
            .await
    }

    /// Those of some events that failed and that no replay has mended.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn failed_among(&self, events: Vec<EventId>) -> Result<Vec<FailedEvent>> {
        on!(self, backend => backend.failed_among(events).await)
    }

    /// One failed event, with the envelope to try again.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn failed_event(&self, id: EventId) -> Result<Option<FailedEvent>> {
        on!(self, backend => backend.failed_event(id).await)
    }

    /// Commits the message a replay made of a failed event and closes the failure, or
    /// keeps the new reason. `event.id` is the failed event's. `Duplicate` when another
    /// replay was faster. The line of the audit is written with it, and only then.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn commit_replayed(
        &self,
        event: AcceptedEvent,
        audit: Option<AuditLine>,
    ) -> Result<Committed> {
        on!(self, backend => backend.commit_replayed(event, audit).await)
    }
}
