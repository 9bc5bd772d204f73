//! What keeps a running store well: whether it can be written, claims that live on, a clock
//! that was set back.

use std::sync::atomic::Ordering;

use model::{Channel, Instant, Lane, Span};
use rusqlite::{OptionalExtension as _, params};

use super::Sqlite;
use super::rows::collect;
use super::tx::Tx;
use crate::Result;

/// Rows of the due queue moved in one piece of work.
const MOVED_AT_ONCE: usize = 100;
/// Octets written to see whether the disk takes a commit: as much as a large one, for a small
/// one may still fit where there is no room for what comes.
const PROBE: i64 = 512 * 1_024;
/// What is due so soon after the present is counted from it, and not a time of day.
const SOON: Span = Span::minutes(1);

impl Sqlite {
    /// Reads, and writes when a commit failed: only another one shows that the disk takes
    /// them again.
    pub(crate) async fn ready(&self) -> Result<()> {
        self.next_due(Channel::Sms).await?;
        if self.shared.refused.load(Ordering::Relaxed) {
            self.write(Lane::Normal, 1, |tx| {
                tx.connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO meta (key, value) VALUES ('probe', zeroblob(?1))",
                    )?
                    .execute([PROBE])?;
                Ok(())
            })
            .await?;
            self.shared.refused.store(false, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The folder's lock keeps every other process out.
    pub(crate) async fn nodes(&self) -> Result<usize> {
        Ok(1)
    }

    /// One process has the store, so every lease is its own. Most are young, and then
    /// nothing is written.
    pub(crate) async fn renew_claims(&self, now: Instant, lease: Span) -> Result<usize> {
        let old = now + Span::millis(lease.as_micros() / 2_000);
        self.write(Lane::Normal, 100, move |tx| {
            let renewed = tx
                .connection
                .prepare_cached("UPDATE leases SET until = ?1 WHERE until < ?2")?
                .execute(params![(now + lease).as_micros(), old.as_micros()])?;
            Ok(renewed)
        })
        .await
    }

    pub(crate) async fn newest_accepted_at(&self) -> Result<Option<Instant>> {
        self.read(|connection, _| {
            let at = connection
                .prepare_cached("SELECT accepted_at FROM events ORDER BY id DESC LIMIT 1")?
                .query_row([], |row| row.get(0))
                .optional()?;
            Ok(at.map(Instant::from_micros))
        })
        .await
    }

    pub(crate) async fn clock_set_back(&self, now: Instant, before: Instant) -> Result<usize> {
        let mut moved = 0;
        for channel in Channel::ALL {
            for lane in Lane::ALL {
                // Rows move to where the cursor has been, so none is met twice.
                let mut cursor = Some((now.as_micros(), i64::MAX));
                while let Some(from) = cursor {
                    let queue = (*channel, *lane);
                    let work = move |tx: &mut Tx<'_>| move_back(tx, queue, from, (now, before));
                    let (count, next) = self.write(*lane, MOVED_AT_ONCE, work).await?;
                    moved += count;
                    cursor = next;
                }
            }
        }
        Ok(moved)
    }
}

/// A place in a lane of the due queue: when due, and which delivery.
type Place = (i64, i64);

/// Moves some rows of a lane back by as much as the clock was; gives where to go on.
fn move_back(
    tx: &mut Tx<'_>,
    (channel, lane): (Channel, Lane),
    (from, after): Place,
    (now, before): (Instant, Instant),
) -> Result<(usize, Option<Place>)> {
    let queue = (channel.number(), lane.number());
    let rows: Vec<Place> = {
        let mut statement = tx.connection.prepare_cached(
            "SELECT due_at, delivery FROM due WHERE channel = ?1 AND lane = ?2
                 AND (due_at, delivery) > (?3, ?4) AND due_at <= ?5
             ORDER BY due_at, delivery LIMIT ?6",
        )?;
        let last = (before + SOON).as_micros();
        let limit = MOVED_AT_ONCE as i64;
        let mut rows = statement.query(params![queue.0, queue.1, from, after, last, limit])?;
        collect(&mut rows, |row| Ok((row.get(0)?, row.get(1)?)))?
    };
    for (due_at, delivery) in &rows {
        let sooner = due_at - before.since(now).as_micros();
        tx.connection
            .prepare_cached(
                "UPDATE due SET due_at = ?5
                 WHERE channel = ?1 AND lane = ?2 AND due_at = ?3 AND delivery = ?4",
            )?
            .execute(params![queue.0, queue.1, due_at, delivery, sooner])?;
        tx.connection
            .prepare_cached("UPDATE deliveries SET due_at = ?2 WHERE id = ?1")?
            .execute(params![delivery, sooner])?;
    }
    let next = (rows.len() == MOVED_AT_ONCE).then(|| rows.last().copied());
    Ok((rows.len(), next.flatten()))
}
