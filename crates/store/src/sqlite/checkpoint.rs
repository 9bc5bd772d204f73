//! Checkpoints off the commit path.
//!
//! A thread of its own copies the log into the database while the writer goes on. What the
//! writer appended meanwhile it copies itself once that is little, and the log starts over.
//! Without that tail a busy log is never copied whole, never starts over and fills the disk.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use crate::Result;

/// Sizes of the log, in pages (of 8 KB).
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// From this size on it is copied.
    copy_from: u32,
    /// So many pages the writer copies itself.
    tail: u32,
    /// Beyond this the writer ends it whatever it takes: the disk is bounded.
    at_most: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            copy_from: 2_000,
            tail: 500,
            at_most: 30_000,
        }
    }
}

/// Then the writer waits so long for readers that still look into the log.
const FOR_READERS: Duration = Duration::from_millis(20);

/// Pages in the log, as the last commit left it, and how many of them are copied.
#[derive(Default)]
struct Log {
    pages: AtomicU32,
    copied: AtomicU32,
    /// Held while the thread copies: SQLite lets nobody wait for another's checkpoint.
    copying: Mutex<()>,
}

pub(super) struct Checkpointer {
    bounds: Bounds,
    log: Arc<Log>,
    ask: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Checkpointer {
    /// Takes the log of the writer's connection over from SQLite's own checkpoints.
    pub(super) fn start(
        writer: &mut Connection,
        file: &Path,
        bounds: Bounds,
    ) -> rusqlite::Result<Self> {
        let log = Arc::new(Log::default());
        let theirs = log.clone();
        writer.wal_hook(Some(move |_: &mut _, pages: std::ffi::c_int| {
            theirs
                .pages
                .store(u32::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        let connection = Connection::open(file)?;
        let (ask, asked) = sync_channel(1);
        let theirs = log.clone();
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".into())
            .spawn(move || copy_when_asked(&connection, &asked, &theirs))
            .expect("the system gives one thread at start");
        Ok(Self {
            bounds,
            log,
            ask,
            thread,
        })
    }

    /// Called by the writer between two transactions.
    pub(super) fn after_commit(&self, writer: &Connection) {
        let pages = self.log.pages.load(Ordering::Relaxed);
        if pages < self.bounds.copy_from {
            return;
        }
        let copied = self.log.copied.load(Ordering::Relaxed);
        let short = copied > 0 && pages.saturating_sub(copied) <= self.bounds.tail;
        if short || pages > self.bounds.at_most {
            // The thread has just ended, or it is time to wait for it.
            let _idle = self.log.idle();
            self.log.copied.store(0, Ordering::Relaxed);
            if let Err(error) = start_over(writer) {
                tracing::warn!(%error, "the log could not be ended; it is tried again");
            }
        } else {
            // Full: it is at it already.
            let _ = self.ask.try_send(());
        }
    }

    /// Ends the thread.
    pub(super) fn stop(self) {
        drop(self.ask);
        if self.thread.join().is_err() {
            tracing::error!("the checkpoint thread ended in a panic");
        }
    }
}

impl Log {
    fn idle(&self) -> MutexGuard<'_, ()> {
        self.copying.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn copy_when_asked(connection: &Connection, asked: &Receiver<()>, log: &Log) {
    while asked.recv().is_ok() {
        let _busy = log.idle();
        match copy(connection) {
            Ok(copied) => log.copied.store(copied, Ordering::Relaxed),
            Err(error) => tracing::warn!(%error, "a checkpoint failed; it is tried again"),
        }
    }
}

/// Copies what the log holds now. Returns how many of its pages are copied.
fn copy(connection: &Connection) -> Result<u32> {
    Ok(
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            row.get::<_, i64>(2)
                .map(|pages| u32::try_from(pages).unwrap_or(0))
        })?,
    )
}

/// Copies the rest of the log, so that the next transaction starts it over.
fn start_over(writer: &Connection) -> Result<()> {
    writer.busy_timeout(FOR_READERS)?;
    writer.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn the_log_stays_bounded_while_it_is_written_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.db");
        let mut writer = Connection::open(&file).unwrap();
        writer.pragma_update(None, "journal_mode", "WAL").unwrap();
        writer.pragma_update(None, "synchronous", "OFF").unwrap();
        writer
            .execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, filler BLOB)")
            .unwrap();
        let bounds = Bounds {
            copy_from: 100,
            tail: 50,
            at_most: 1_000,
        };
        let checkpointer = Checkpointer::start(&mut writer, &file, bounds).unwrap();
        let done = Arc::new(AtomicBool::new(false));
        let reader = std::thread::spawn({
            let (done, connection) = (done.clone(), Connection::open(&file).unwrap());
            move || {
                while !done.load(Ordering::Relaxed) {
                    let count = "SELECT count(*) FROM (SELECT 1 FROM t ORDER BY id DESC LIMIT 50)";
                    connection
                        .query_row(count, [], |row| row.get::<_, i64>(0))
                        .unwrap();
                }
            }
        });
        let (mut largest, mut written) = (0, 0);
        for _ in 0..4_000 {
            writer
                .execute("INSERT INTO t (filler) VALUES (zeroblob(20000))", [])
                .unwrap();
            let pages = checkpointer.log.pages.load(Ordering::Relaxed);
            largest = largest.max(pages);
            written += 6;
            checkpointer.after_commit(&writer);
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
        checkpointer.stop();
        // A reader in the way puts an end off by a moment, never for good.
        assert!(written > 20 * bounds.at_most, "{written}");
        assert!(largest < 6 * bounds.at_most, "{largest} pages in the log");
        let copied: i64 = writer
            .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
            .unwrap();
        assert_eq!(copied, 4_000);
    }
}
