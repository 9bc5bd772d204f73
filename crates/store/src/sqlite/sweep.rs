//! Carries what is in `fresh` to the tables where it belongs, in the order of their keys, a
//! little in each transaction that has bulk work. Never a transaction of its own: the disk's
//! syncs are what the writer has least of.
//!
//! Broken off by a crash it begins again from what `fresh` holds: a row that is in its table
//! already is left as it is there.

use std::sync::LazyLock;

use model::Category;
use rusqlite::{Connection, OptionalExtension};

use super::fresh::{Changes, Entry, Fresh, Place};
use super::insert::Insert;
use crate::Result;

/// So many rows begin a sweep. More share pages better, and take memory (about 90 bytes
/// each, up to twice as many) and time to load at the start (a third of a second).
pub(super) const SWEEP_AT: usize = 1 << 18;
/// Rows carried in a transaction, besides one for each that came in it. Each may have to be
/// read from the disk first, and a code waits for the transaction: so they are few. A
/// message sees four transactions or so (its commit, its outcome, its receipt), which is
/// enough for a sweep to end before as many new rows came.
const AT_LEAST: usize = 128;
/// Rows of `fresh` that are deleted in place of one that is carried: they lie side by side.
const DELETED: usize = 8;

static KEYS: LazyLock<Insert> =
    LazyLock::new(|| Insert::where_missing("event_keys", "hash, event"));
static MAILBOX: LazyLock<Insert> = LazyLock::new(|| {
    Insert::where_missing(
        "mailbox",
        "recipient, message, category, order_hash, revision",
    )
});

/// Where the sweep stands.
#[derive(Clone, Copy)]
enum Stage {
    Waiting,
    Keys(Option<i64>),
    Mailbox(Option<Place>),
    /// All rows of the table up to here are in their places.
    Emptying,
}

pub(super) struct Sweep {
    at: usize,
    stage: Stage,
    /// The last row there was when it began.
    until: i64,
}

impl Sweep {
    pub(super) fn new(at: usize) -> Self {
        Self {
            at,
            stage: Stage::Waiting,
            until: 0,
        }
    }

    /// Carries some rows over in the open transaction. What it returns becomes the sweep
    /// once that is committed.
    pub(super) fn step(
        &self,
        connection: &Connection,
        fresh: &Fresh,
        changes: &mut Changes,
    ) -> Result<Self> {
        let most = AT_LEAST + changes.came();
        let mut next = Self { ..*self };
        next.stage = match self.stage {
            Stage::Waiting => {
                let (end, rows) = fresh.extent();
                if rows < self.at {
                    return Ok(next);
                }
                next.until = end - 1;
                Stage::Keys(None)
            }
            Stage::Keys(after) => {
                let slots = fresh.slots_after(after, most);
                put_keys(connection, &slots)?;
                changes.keys_out.extend(slots.iter().map(|(slot, _)| slot));
                match slots.last() {
                    Some((last, _)) => Stage::Keys(Some(*last)),
                    None => Stage::Mailbox(None),
                }
            }
            Stage::Mailbox(after) => {
                let rows = fresh.places_after(after, most);
                put_mailbox(connection, &rows)?;
                changes
                    .mailbox_out
                    .extend(rows.iter().map(|(place, _)| place));
                match rows.last() {
                    Some((last, _)) => Stage::Mailbox(Some(*last)),
                    None => Stage::Emptying,
                }
            }
            Stage::Emptying => match empty(connection, self.until, DELETED * most)? {
                true => Stage::Waiting,
                false => Stage::Emptying,
            },
        };
        Ok(next)
    }
}

fn put_keys(connection: &Connection, slots: &[(i64, i64)]) -> Result<()> {
    KEYS.all(connection, slots, |(slot, event), values| {
        values.put(slot)?.put(event)?;
        Ok(())
    })
}

pub(super) fn put_mailbox(connection: &Connection, rows: &[(Place, Entry)]) -> Result<()> {
    MAILBOX.all(connection, rows, |((recipient, message), entry), values| {
        values
            .put(recipient)?
            .put(message)?
            .put(Category::number(entry.category))?
            .put(entry.order_hash)?
            .put(entry.revision)?;
        Ok(())
    })
}

/// Deletes some of the rows up to one; whether none is left.
fn empty(connection: &Connection, until: i64, most: usize) -> Result<bool> {
    let first: Option<i64> = connection
        .prepare_cached("SELECT seq FROM fresh ORDER BY seq LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(first) = first.filter(|first| *first <= until) else {
        return Ok(true);
    };
    let last = until.min(first.saturating_add(i64::try_from(most).unwrap_or(i64::MAX)));
    connection
        .prepare_cached("DELETE FROM fresh WHERE seq <= ?1")?
        .execute([last])?;
    Ok(last == until)
}

/// Carries everything over at once, with nobody else at the store.
pub(super) fn sweep_all(connection: &mut Connection) -> rusqlite::Result<()> {
    let tx = connection.transaction()?;
    tx.execute_batch(
        "INSERT OR IGNORE INTO event_keys
             SELECT key_hash, event FROM fresh WHERE key_hash IS NOT NULL ORDER BY key_hash;
         INSERT OR IGNORE INTO mailbox (recipient, message, category, order_hash, revision)
             SELECT recipient, message, category, order_hash, revision FROM fresh
             WHERE message IS NOT NULL ORDER BY recipient, message;
         DELETE FROM fresh;",
    )?;
    tx.commit()
}
