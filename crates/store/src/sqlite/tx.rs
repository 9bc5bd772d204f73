//! The transaction a piece of work runs in, and what follows from it once it is on disk.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use model::{Channel, Id, Lane, MessageId, RecipientId};
use rusqlite::Connection;

use super::Shared;
use super::fresh::{Changes, Entry};
use super::sweep::{Sweep, put_mailbox};
use crate::ledger::Moved;
use crate::{MailboxNews, News, Result};

/// The transaction a piece of work runs in.
pub(super) struct Tx<'a> {
    pub(super) connection: &'a Connection,
    pub(super) shared: &'a Shared,
    /// Facts versions read or written lately; only this thread changes them, so they are
    /// as the database has them.
    pub(super) versions: &'a mut HashMap<RecipientId, i64>,
    pub(super) revision: &'a mut i64,
    pub(super) effects: &'a mut Effects,
}

/// What is told to others once the commit is on disk.
#[derive(Default)]
pub(super) struct Effects {
    news: HashMap<RecipientId, i64>,
    due: Vec<(Channel, Lane)>,
    backlog: i64,
    pub(super) fresh: Changes,
    /// What the ledger gains and loses.
    pub(super) moved: Moved,
    destroys: bool,
    /// How far the sweep is once this is committed.
    pub(super) sweep: Option<Sweep>,
}

impl Tx<'_> {
    /// The next mailbox revision, noted as news for the recipient. One writer gives them,
    /// so they grow in the order of the commits.
    pub(super) fn next_revision(&mut self, recipient: RecipientId) -> i64 {
        *self.revision += 1;
        self.effects.news.insert(recipient, *self.revision);
        *self.revision
    }

    /// Takes the slot of an idempotency key for an event.
    pub(super) fn take_slot(&mut self, slot: i64, event: i64) {
        let changes = &mut self.effects.fresh;
        self.shared.fresh.take_slot(slot, event, changes);
    }

    /// A message entered a mailbox.
    pub(super) fn entered_mailbox(&mut self, recipient: RecipientId, entry: Entry) {
        let changes = &mut self.effects.fresh;
        self.shared.fresh.put(recipient, entry, changes);
    }

    /// Puts the row of a message in its mailbox's table, if it is not there yet.
    pub(super) fn settle(&mut self, recipient: RecipientId, message: MessageId) -> Result<()> {
        if let Some(entry) = self.shared.fresh.get(recipient, message) {
            let place = (recipient.as_i64(), entry.message);
            put_mailbox(self.connection, &[(place, entry)])?;
            self.effects.fresh.mailbox_out.push(place);
        }
        Ok(())
    }

    /// Content is destroyed here.
    pub(super) fn destroys(&mut self) {
        self.effects.destroys = true;
    }

    /// How often content was destroyed; `None` when that goes on in this transaction.
    pub(super) fn destroyed(&self) -> Option<u64> {
        let before = self.shared.destroyed.load(Ordering::SeqCst);
        (!self.effects.destroys).then_some(before)
    }

    /// A delivery entered the due queue.
    pub(super) fn entered_due(&mut self, channel: Channel, lane: Lane) {
        if !self.effects.due.contains(&(channel, lane)) {
            self.effects.due.push((channel, lane));
        }
        self.effects.backlog += 1;
    }

    /// Deliveries left the due queue.
    pub(super) fn left_due(&mut self, count: usize) {
        self.effects.backlog -= i64::try_from(count).unwrap_or(i64::MAX);
    }
}

impl Effects {
    pub(super) fn tell(self, shared: &Shared) {
        shared.fresh.finish(self.fresh);
        if !self.moved.is_empty() {
            shared.lines.count(&self.moved);
        }
        if self.destroys {
            shared.destroyed.fetch_add(1, Ordering::SeqCst);
        }
        shared.backlog.fetch_add(self.backlog, Ordering::Relaxed);
        let mailboxes = self.news.into_iter();
        shared.bells.tell(News {
            due: self.due,
            mailboxes: mailboxes
                .map(|(recipient, revision)| MailboxNews {
                    recipient,
                    revision,
                })
                .collect(),
        });
    }
}
