//! Addresses that nothing goes to any more, found by keyed digests: an entry for each reason.
//!
//! Kept of an address are its digest and its ends. An entry is the customer's own word, or what
//! others found; only the latter is undone here.

use model::{AuditLine, Channel, ContactPoint, Instant, SuppressionId, is_own_stop};

use crate::{Backend, Result, Store};

/// An entry to be made.
#[derive(Clone, Debug)]
pub struct NewSuppression {
    /// The address.
    pub contact: ContactPoint,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: Instant,
    /// When it ends by itself, if it does.
    pub until: Option<Instant>,
    /// More of it, in somebody's words; may be empty.
    pub note: String,
    /// Who made it: an account of staff by its id, a key by its name; empty for Tidings.
    pub by: String,
    /// Lines of the audit, written with it if it is news. Each gets the entry's id as its
    /// subject where it has none.
    pub audit: Vec<AuditLine>,
}

impl NewSuppression {
    /// For ever, and without more words.
    pub fn of(contact: ContactPoint, reason: impl Into<String>, at: Instant) -> Self {
        Self {
            contact,
            reason: reason.into(),
            at,
            until: None,
            note: String::new(),
            by: String::new(),
            audit: Vec::new(),
        }
    }

    /// What it is kept under beside the digest: all that customers say themselves is one.
    pub(crate) fn slot(&self) -> &str {
        slot(&self.reason)
    }

    /// The lines of the audit, about this entry.
    pub(crate) fn lines(&self, id: SuppressionId) -> Vec<AuditLine> {
        let about = |line: &AuditLine| AuditLine {
            subject: match line.subject.is_empty() {
                true => id.to_string(),
                false => line.subject.clone(),
            },
            ..line.clone()
        };
        self.audit.iter().map(about).collect()
    }
}

/// What an entry with this reason is kept under beside the digest.
pub(crate) fn slot(reason: &str) -> &str {
    match is_own_stop(reason) {
        true => "",
        false => reason,
    }
}

/// An entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// Its id; later entries have larger ones.
    pub id: SuppressionId,
    /// The channel of the address.
    pub channel: Channel,
    /// The address by its ends; empty for entries from before those were kept.
    pub masked: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: Instant,
    /// When it ends by itself, if it does.
    pub until: Option<Instant>,
    /// More of it.
    pub note: String,
    /// Who made it.
    pub by: String,
}

impl Suppression {
    /// Whether it has no effect any more.
    pub fn has_ended(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Whether it is the customer's own word, which nobody undoes for them.
    pub fn is_own(&self) -> bool {
        is_own_stop(&self.reason)
    }
}

/// Which entries are listed.
#[derive(Clone, Debug, Default)]
pub struct SuppressionFilter {
    /// Those of this reason.
    pub reason: Option<String>,
    /// Those of this channel.
    pub channel: Option<Channel>,
    /// Those of this address.
    pub contact: Option<ContactPoint>,
}

/// What became of undoing an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undone {
    /// It is gone, and with it the last of its address that held.
    Done(i64),
    /// It is gone; others of its address hold.
    OthersHold,
    /// It is what the customer said: only they start again.
    Own,
    /// There is no such entry.
    Gone,
}

impl Store {
    /// Suppresses an address: no delivery goes there any more, also none that is queued.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn suppress(
        &self,
        contact: ContactPoint,
        reason: String,
        now: Instant,
    ) -> Result<()> {
        let new = NewSuppression::of(contact, reason, now);
        self.add_suppression(new).await.map(|_| ())
    }

    /// Adds an entry; its id. One of the same address and reason is there once: it then ends
    /// at the later of both ends. What customers say themselves never ends by itself.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn add_suppression(&self, new: NewSuppression) -> Result<SuppressionId> {
        on!(self, backend => backend.add_suppression(new).await)
    }

    /// Entries, newest first, from before one on.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn suppressions(
        &self,
        filter: SuppressionFilter,
        before: Option<SuppressionId>,
        limit: usize,
    ) -> Result<Vec<Suppression>> {
        on!(self, backend => backend.suppressions(filter, before, limit).await)
    }

    /// One entry.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn suppression(&self, id: SuppressionId) -> Result<Option<Suppression>> {
        on!(self, backend => backend.suppression(id).await)
    }

    /// The reasons there are.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn suppression_reasons(&self) -> Result<Vec<String>> {
        on!(self, backend => backend.suppression_reasons().await)
    }

    /// Undoes an entry that others made; the lines of the audit are written with it.
    ///
    /// # Errors
    /// [`Error`]; nothing was changed.
    pub async fn undo_suppression(
        &self,
        id: SuppressionId,
        now: Instant,
        audit: Vec<AuditLine>,
    ) -> Result<Undone> {
        on!(self, backend => backend.undo_suppression(id, now, audit).await)
    }

    /// Whether other nodes may write to this store.
    pub fn is_shared(&self) -> bool {
        match &self.backend {
            Backend::Sqlite(_) => false,
            Backend::Postgres(_) => true,
        }
    }

    /// Those of some addresses, by digest, that are suppressed at a moment.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn suppressed_among(&self, digests: Vec<i64>, at: Instant) -> Result<Vec<i64>> {
        on!(self, backend => backend.suppressed_among(digests, at).await)
    }

    /// A digest of an address, keyed by this store's secret.
    pub fn digest(&self, contact: &ContactPoint) -> i64 {
        on!(self, backend => backend.digest(contact))
    }
}
