//! What keeps a running store well: whether it can be written.

use std::sync::atomic::Ordering;

use model::{Channel, Lane};

use super::Sqlite;
use crate::Result;

impl Sqlite {
    /// Reads, and writes when a commit failed: only another one shows that the disk takes
    /// them again.
    pub(crate) async fn ready(&self) -> Result<()> {
        self.next_due(Channel::Sms).await?;
        if self.shared.refused.load(Ordering::Relaxed) {
            self.write(Lane::Normal, 1, |tx| {
                tx.connection
                    .prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES ('probe', 1)")?
                    .execute([])?;
                Ok(())
            })
            .await?;
            self.shared.refused.store(false, Ordering::Relaxed);
        }
        Ok(())
    }
}
