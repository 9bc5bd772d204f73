//! What was committed last, of the tables whose keys are random: idempotency keys and
//! mailbox rows.
//!
//! Written to its place at once, each such row changes a page of its own, which is most of
//! what a message costs on disk. So a commit appends them to the table `fresh` and keeps
//! them in memory; when there are many, `sweep` carries them over in the order of their keys,
//! many to a page. Whoever reads a mailbox sees both: its table, and what is still here.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use model::{Category, Id, MessageId, RecipientId};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::Shared;
use super::rows::{CONTENT, MESSAGE, message};
use crate::{Error, Result};

/// A message in a mailbox that nobody has read or deleted yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) message: i64,
    pub(super) category: Category,
    pub(super) order_hash: i64,
    pub(super) revision: i64,
}

/// Recipient and message.
pub(super) type Place = (i64, i64);

#[derive(Default)]
struct State {
    /// Slots of idempotency keys, with their events.
    keys: BTreeMap<i64, i64>,
    mailbox: BTreeMap<Place, Entry>,
    /// The row of the table that comes next.
    next: i64,
}

/// See the module. The writer changes it: rows come before their commit, and those that
/// went to their tables leave after it.
#[derive(Default)]
pub(super) struct Fresh {
    state: RwLock<State>,
    /// Grows before rows leave.
    left: AtomicU64,
}

/// What a transaction did here: undone with it, or finished after it.
#[derive(Default)]
pub(super) struct Changes {
    keys_in: Vec<i64>,
    mailbox_in: Vec<Place>,
    pub(super) keys_out: Vec<i64>,
    pub(super) mailbox_out: Vec<Place>,
}

impl Changes {
    /// Rows that came.
    pub(super) fn came(&self) -> usize {
        self.keys_in.len().max(self.mailbox_in.len())
    }
}

impl Fresh {
    pub(super) fn load(connection: &Connection) -> Result<Self> {
        let mut state = State::default();
        let mut all = connection.prepare(
            "SELECT seq, key_hash, event, recipient, message, category, order_hash, revision FROM fresh",
        )?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            state.next = state.next.max(row.get::<_, i64>(0)? + 1);
            if let Some(hash) = row.get(1)? {
                state.keys.insert(hash, row.get(2)?);
            }
            if let Some(message) = row.get(4)? {
                let category: u8 = row.get(5)?;
                let entry = Entry {
                    message,
                    category: Category::from_number(category).ok_or_else(|| {
                        Error::Corrupt(format!("fresh: no category has the number {category}"))
                    })?,
                    order_hash: row.get(6)?,
                    revision: row.get(7)?,
                };
                state.mailbox.insert((row.get(3)?, message), entry);
            }
        }
        Ok(Self {
            state: RwLock::new(state),
            left: AtomicU64::new(0),
        })
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The event that holds a slot.
    pub(super) fn holder(&self, slot: i64) -> Option<i64> {
        self.read().keys.get(&slot).copied()
    }

    pub(super) fn take_slot(&self, slot: i64, event: i64, changes: &mut Changes) {
        self.write().keys.insert(slot, event);
        changes.keys_in.push(slot);
    }

    pub(super) fn put(&self, recipient: RecipientId, entry: Entry, changes: &mut Changes) {
        let place = (recipient.as_i64(), entry.message);
        self.write().mailbox.insert(place, entry);
        changes.mailbox_in.push(place);
    }

    /// The number of the next row in the table.
    pub(super) fn next_seq(&self) -> i64 {
        let mut state = self.write();
        state.next += 1;
        state.next - 1
    }

    /// The number the next row will have, and how many rows there are.
    pub(super) fn extent(&self) -> (i64, usize) {
        let state = self.read();
        (state.next, state.keys.len().max(state.mailbox.len()))
    }

    pub(super) fn undo(&self, changes: Changes) {
        let mut state = self.write();
        for slot in &changes.keys_in {
            state.keys.remove(slot);
        }
        for place in &changes.mailbox_in {
            state.mailbox.remove(place);
        }
    }

    /// The commit is on disk: what went to its table leaves.
    pub(super) fn finish(&self, changes: Changes) {
        if changes.keys_out.is_empty() && changes.mailbox_out.is_empty() {
            return;
        }
        self.left.fetch_add(1, Ordering::SeqCst);
        let mut state = self.write();
        for slot in &changes.keys_out {
            state.keys.remove(slot);
        }
        for place in &changes.mailbox_out {
            state.mailbox.remove(place);
        }
    }

    /// Slots after one, in their order, at most so many.
    pub(super) fn slots_after(&self, after: Option<i64>, most: usize) -> Vec<(i64, i64)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let state = self.read();
        let slots = state.keys.range((from, Bound::Unbounded)).take(most);
        slots.map(|(slot, event)| (*slot, *event)).collect()
    }

    /// Mailbox rows after one, in their order, at most so many.
    pub(super) fn places_after(&self, after: Option<Place>, most: usize) -> Vec<(Place, Entry)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let state = self.read();
        let places = state.mailbox.range((from, Bound::Unbounded)).take(most);
        places.map(|(place, entry)| (*place, *entry)).collect()
    }

    pub(super) fn get(&self, recipient: RecipientId, message: MessageId) -> Option<Entry> {
        let place = (recipient.as_i64(), message.as_i64());
        self.read().mailbox.get(&place).copied()
    }

    /// What of a mailbox is here, oldest first.
    pub(super) fn of(&self, recipient: RecipientId) -> Vec<Entry> {
        let recipient = recipient.as_i64();
        let state = self.read();
        let entries = state
            .mailbox
            .range((recipient, i64::MIN)..=(recipient, i64::MAX));
        entries.map(|(_, entry)| *entry).collect()
    }
}

/// What `mailbox b` says of a message that is not in that table, with its revision as `?2`.
pub(super) const FRESH_FLAGS: &str =
    "(SELECT ?2 AS revision, NULL AS read_at, NULL AS deleted_at, NULL AS withdrawn_at) b";

/// One moment of the store, and what of one mailbox was in memory only at that moment.
pub(super) struct Moment<'c> {
    pub(super) snapshot: Transaction<'c>,
    pub(super) recipient: RecipientId,
    /// The newest revision of the whole store.
    pub(super) revision: i64,
    /// Oldest first.
    pub(super) fresh: Vec<Entry>,
}

impl<'c> Moment<'c> {
    pub(super) fn of(
        connection: &'c Connection,
        shared: &Shared,
        recipient: RecipientId,
    ) -> Result<Self> {
        let (snapshot, revision, mut fresh) = loop {
            let before = shared.fresh.left.load(Ordering::SeqCst);
            let snapshot = connection.unchecked_transaction()?;
            let revision = newest_revision(&snapshot)?;
            let fresh = shared.fresh.of(recipient);
            // What left meanwhile may be in neither: here no more, in its table after this
            // snapshot.
            if shared.fresh.left.load(Ordering::SeqCst) == before {
                break (snapshot, revision, fresh);
            }
        };
        // Rows come before their commit, and leave after that of their table.
        fresh.retain(|entry| entry.revision <= revision);
        if !fresh.is_empty() {
            let mut there = snapshot
                .prepare_cached("SELECT 1 FROM mailbox WHERE recipient = ?1 AND message = ?2")?;
            let mut only_here = Vec::with_capacity(fresh.len());
            for entry in fresh {
                if !there.exists(params![recipient.as_i64(), entry.message])? {
                    only_here.push(entry);
                }
            }
            fresh = only_here;
        }
        Ok(Self {
            snapshot,
            recipient,
            revision,
            fresh,
        })
    }

    /// The message of an entry; `None` when it was gone from the store.
    pub(super) fn read(&self, entry: &Entry, shared: &Shared) -> Result<Option<model::Message>> {
        self.with_row(entry, |row| message(row, shared))
    }

    /// The row of an entry, with the columns of a message as the mailbox's table gives them.
    pub(super) fn with_row<T>(
        &self,
        entry: &Entry,
        read: impl FnOnce(&rusqlite::Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut statement = self.snapshot.prepare_cached(&format!(
            "SELECT {MESSAGE}, {CONTENT} FROM messages m JOIN {FRESH_FLAGS} WHERE m.id = ?1"
        ))?;
        let mut rows = statement.query(params![entry.message, entry.revision])?;
        rows.next()?.map(read).transpose()
    }
}

fn newest_revision(connection: &Connection) -> Result<i64> {
    let newest: Option<i64> = connection
        .prepare_cached("SELECT value FROM meta WHERE key = 'revision'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(newest.unwrap_or(0))
}
