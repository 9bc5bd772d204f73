//! Addresses that nothing goes to any more, found by keyed digests.

use model::{ContactPoint, Instant};

use crate::{Backend, Result, Store};

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
        on!(self, backend => backend.suppress(contact, reason, now).await)
    }

    /// Whether other nodes may write to this store.
    pub fn is_shared(&self) -> bool {
        match &self.backend {
            Backend::Sqlite(_) => false,
            Backend::Postgres(_) => true,
        }
    }

    /// Those of some addresses, by digest, that are suppressed.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn suppressed_among(&self, digests: Vec<i64>) -> Result<Vec<i64>> {
        on!(self, backend => backend.suppressed_among(digests).await)
    }

    /// A digest of an address, keyed by this store's secret.
    pub fn digest(&self, contact: &ContactPoint) -> i64 {
        on!(self, backend => backend.digest(contact))
    }
}
