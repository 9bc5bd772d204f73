//! Checkpoints off the commit path.
//!
//! A thread of its own copies the log into the database while the writer goes on. What the
//! writer appended meanwhile it copies itself once that is little, and the log starts over.
//! Without that tail a busy log is never copied whole, never starts over and fills the disk.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use crate::Result;

/// A log of so many pages (of 4 KB) is copied.
const COPY_FROM: u32 = 4_000;
/// So many pages the writer copies itself.
const TAIL: u32 = 1_000;
/// A log beyond this is ended by the writer whatever it takes: the disk is bounded.
const AT_MOST: u32 = 60_000;
/// Then the writer waits so long for readers that still look into the log.
const FOR_READERS: Duration = Duration::from_millis(20);

/// Pages in the log, as the last commit left it, and how many of them are copied.
#[derive(Default)]
struct Log {
    pages: AtomicU32,
    copied: AtomicU32,
}

pub(super) struct Checkpointer {
    log: Arc<Log>,
    ask: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Checkpointer {
    /// Takes the log of the writer's connection over from SQLite's own checkpoints.
    pub(super) fn start(writer: &mut Connection, file: &Path) -> rusqlite::Result<Self> {
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
        Ok(Self { log, ask, thread })
    }

    /// Called by the writer between two transactions.
    pub(super) fn after_commit(&self, writer: &Connection) {
        let pages = self.log.pages.load(Ordering::Relaxed);
        if pages < COPY_FROM {
            return;
        }
        let copied = self.log.copied.load(Ordering::Relaxed);
        let short = copied > 0 && pages.saturating_sub(copied) <= TAIL;
        if short || pages > AT_MOST {
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

fn copy_when_asked(connection: &Connection, asked: &Receiver<()>, log: &Log) {
    while asked.recv().is_ok() {
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
