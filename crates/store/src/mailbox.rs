//! The Message Center: pages, counts, changes, flags of one recipient.

use model::{Instant, MessageId, RecipientId};

use crate::{
    Backend, Changes, FlagChange, MailboxFilter, MailboxPage, Result, Store, UnreadCounts,
};

impl Store {
    /// A page of a mailbox, newest first, after `cursor`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn mailbox_page(
        &self,
        recipient: RecipientId,
        filter: MailboxFilter,
        cursor: Option<MessageId>,
        limit: usize,
    ) -> Result<MailboxPage> {
        on!(self, backend => backend.mailbox_page(recipient, filter, cursor, limit).await)
    }

    /// How many messages are unread, in all and by category.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn unread_counts(&self, recipient: RecipientId) -> Result<UnreadCounts> {
        on!(self, backend => backend.unread_counts(recipient).await)
    }

    /// The senders in a mailbox, as shown, sorted (for the filter).
    ///
    /// # Errors
    /// [`Error`].
    pub async fn senders(&self, recipient: RecipientId) -> Result<Vec<String>> {
        on!(self, backend => backend.senders(recipient).await)
    }

    /// What changed since a revision a device knows; 0 asks for everything.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn changes_since(
        &self,
        recipient: RecipientId,
        revision: i64,
        limit: usize,
    ) -> Result<Changes> {
        on!(self, backend => backend.changes_since(recipient, revision, limit).await)
    }

    /// Changes flags of a recipient's own messages; others are left alone. Returns how
    /// many changed.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn set_flags(
        &self,
        recipient: RecipientId,
        messages: Vec<MessageId>,
        change: FlagChange,
        now: Instant,
    ) -> Result<usize> {
        on!(self, backend => backend.set_flags(recipient, messages, change, now).await)
    }

    /// Marks everything read that `filter` shows. Returns which messages changed, so that
    /// it can be undone.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn mark_all_read(
        &self,
        recipient: RecipientId,
        filter: MailboxFilter,
        now: Instant,
    ) -> Result<Vec<MessageId>> {
        on!(self, backend => backend.mark_all_read(recipient, filter, now).await)
    }

    /// Empties the content of messages deleted before a moment; stubs, digests and counts
    /// stay. Returns how many.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn purge_deleted(&self, before: Instant, limit: usize) -> Result<usize> {
        on!(self, backend => backend.purge_deleted(before, limit).await)
    }
}
