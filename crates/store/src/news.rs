//! Who is told what after a commit: workers that a delivery is due, open pages that their
//! mailbox moved, other nodes both. Only a hint: whoever misses one finds out by looking.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{Channel, Lane, RecipientId};
use tokio::sync::{Notify, broadcast, watch};

/// What one commit has to tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Deliveries entered these queues.
    pub due: Vec<(Channel, Lane)>,
    /// These mailboxes moved.
    pub mailboxes: Vec<MailboxNews>,
}

/// There is news in a mailbox; what it is, is asked with [`crate::Store::changes_since`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailboxNews {
    /// Whose.
    pub recipient: RecipientId,
    /// Its revision now.
    pub revision: i64,
}

/// Commits whose news wait for a slow listener before it misses some.
const KEPT: usize = 1_024;

/// The bells of one store.
pub(crate) struct Bells {
    /// By channel, then security or not: the security lane has a worker of its own.
    due: [[Arc<Notify>; 2]; Channel::ALL.len()],
    watched: Arc<Mutex<Watched>>,
    own: broadcast::Sender<Arc<News>>,
}

type Watched = HashMap<RecipientId, watch::Sender<i64>>;

impl Default for Bells {
    fn default() -> Self {
        Self {
            due: Default::default(),
            watched: Arc::default(),
            own: broadcast::channel(KEPT).0,
        }
    }
}

impl Bells {
    /// Rings when a delivery of the channel has become due by a commit.
    pub(crate) fn due(&self, channel: Channel, lane: Lane) -> &Arc<Notify> {
        let place = Channel::ALL.iter().position(|c| *c == channel).unwrap_or(0);
        &self.due[place][usize::from(lane != Lane::Security)]
    }

    /// Tells everyone of a commit of this node.
    pub(crate) fn tell(&self, news: News) {
        self.hear(&news);
        if self.own.receiver_count() > 0 {
            // All receivers gone meanwhile: nobody misses anything.
            let _ = self.own.send(Arc::new(news));
        }
    }

    /// Tells those on this node what another node committed.
    pub(crate) fn hear(&self, news: &News) {
        for (channel, lane) in &news.due {
            self.due(*channel, *lane).notify_one();
        }
        let watched = lock(&self.watched);
        if watched.is_empty() {
            return;
        }
        for moved in &news.mailboxes {
            if let Some(watch) = watched.get(&moved.recipient) {
                watch.send_if_modified(|known| {
                    let newer = moved.revision > *known;
                    *known = moved.revision.max(*known);
                    newer
                });
            }
        }
    }

    /// What this node's commits tell from now on.
    pub(crate) fn own(&self) -> broadcast::Receiver<Arc<News>> {
        self.own.subscribe()
    }

    /// The mailboxes watched on this node.
    pub(crate) fn watched(&self) -> Vec<RecipientId> {
        lock(&self.watched).keys().copied().collect()
    }

    /// Watches a mailbox until dropped.
    pub(crate) fn watch(&self, recipient: RecipientId) -> MailboxWatch {
        let mut watched = lock(&self.watched);
        let sender = watched
            .entry(recipient)
            .or_insert_with(|| watch::channel(0).0);
        MailboxWatch {
            recipient,
            revisions: sender.subscribe(),
            watched: self.watched.clone(),
        }
    }
}

fn lock(watched: &Mutex<Watched>) -> MutexGuard<'_, Watched> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An open page's ear on its mailbox.
pub struct MailboxWatch {
    recipient: RecipientId,
    revisions: watch::Receiver<i64>,
    watched: Arc<Mutex<Watched>>,
}

impl MailboxWatch {
    /// Waits for the next revision heard of; what comes between two calls is one.
    /// `None` when the store is gone.
    pub async fn next(&mut self) -> Option<i64> {
        self.revisions.changed().await.ok()?;
        Some(*self.revisions.borrow_and_update())
    }
}

impl Drop for MailboxWatch {
    fn drop(&mut self) {
        let mut watched = lock(&self.watched);
        // This one still counts.
        if watched
            .get(&self.recipient)
            .is_some_and(|sender| sender.receiver_count() <= 1)
        {
            watched.remove(&self.recipient);
        }
    }
}

#[cfg(test)]
mod tests {
    use model::Id;

    use super::*;

    fn news(recipient: i64, revision: i64) -> News {
        News {
            due: vec![],
            mailboxes: vec![MailboxNews {
                recipient: RecipientId::from_i64(recipient),
                revision,
            }],
        }
    }

    #[tokio::test]
    async fn a_watch_hears_its_own_mailbox_and_the_newest_revision() {
        let bells = Bells::default();
        let mut watch = bells.watch(RecipientId::from_i64(7));
        bells.tell(news(8, 1));
        bells.tell(news(7, 3));
        bells.hear(&news(7, 2));
        assert_eq!(watch.next().await, Some(3));
        drop(watch);
        assert!(lock(&bells.watched).is_empty());
    }

    #[tokio::test]
    async fn other_nodes_are_told_only_what_was_committed_here() {
        let bells = Bells::default();
        let mut own = bells.own();
        bells.hear(&news(7, 1));
        bells.tell(news(7, 2));
        assert_eq!(*own.recv().await.unwrap(), news(7, 2));
    }
}
