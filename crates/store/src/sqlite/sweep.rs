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
/// message that is sent sees several transactions (its commit, its outcome, its receipt),
/// which is enough for a sweep to end before as many new rows came.
const AT_LEAST: usize = 128;
/// Rows carried for each that came, once there are twice as many as began the sweep: where
/// messages are only accepted, one for each is too few, and memory would grow without end.
const IN_A_HURRY: usize = 3;
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
        let (end, rows) = fresh.extent();
        let for_each = match rows > 2 * self.at {
            true => IN_A_HURRY,
            false => 1,
        };
        let most = AT_LEAST + for_each * changes.came();
        let mut next = Self { ..*self };
        next.stage = match self.stage {
            Stage::Waiting => {
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

#[cfg(test)]
mod tests {
    use model::{Id, RecipientId};

    use super::*;

    const TABLES: &str = "CREATE TABLE fresh (seq INTEGER PRIMARY KEY, event INTEGER);
        CREATE TABLE event_keys (hash INTEGER PRIMARY KEY, event INTEGER);
        CREATE TABLE mailbox (recipient, message, category, order_hash, revision,
            PRIMARY KEY (recipient, message)) WITHOUT ROWID;";

    #[test]
    fn what_waits_stays_bounded_where_messages_are_only_accepted() {
        const AT: usize = 2_000;
        const PART: i64 = 256;
        const PARTS: i64 = 400;
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        let (fresh, mut sweep) = (Fresh::default(), Sweep::new(AT));
        let mut most = 0;
        for number in 0..PART * PARTS {
            connection
                .prepare_cached("INSERT INTO fresh VALUES (?1, 0)")
                .unwrap()
                .execute([fresh.next_seq()])
                .unwrap();
            if number % PART > 0 {
                continue;
            }
            let mut changes = Changes::default();
            for number in number..number + PART {
                // Far apart, as hashes are.
                let far = number.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed());
                fresh.take_slot(far, number, &mut changes);
                let entry = Entry {
                    message: number,
                    category: Category::Orders,
                    order_hash: 0,
                    revision: number,
                };
                fresh.put(RecipientId::from_i64(far), entry, &mut changes);
            }
            sweep = sweep.step(&connection, &fresh, &mut changes).unwrap();
            fresh.finish(changes);
            most = most.max(fresh.extent().1);
        }
        assert!(most < 4 * AT, "{most} rows in memory");
        let count = |table: &str| {
            let sql = format!("SELECT count(*) FROM {table}");
            let count = connection.query_row(&sql, [], |row| row.get::<_, i64>(0));
            usize::try_from(count.unwrap()).unwrap()
        };
        assert!(count("fresh") < 6 * AT, "{} rows on disk", count("fresh"));
        let all = usize::try_from(PART * PARTS).unwrap();
        for table in ["event_keys", "mailbox"] {
            assert!(
                count(table) <= all && count(table) + 4 * AT > all,
                "{table}"
            );
        }
    }
}
