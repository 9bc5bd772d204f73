//! Opening: the folder, its lock, the schema, the secret.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};

use model::{IdSource, Instant};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::fresh::Fresh;
use super::names::Names;
use super::readers::Readers;
use super::sweep::sweep_all;
use super::writer::Writer;
use super::{Shared, Sqlite};
use crate::OpenError;
use crate::ledger::Lines;
use crate::news::Bells;
use crate::secret::Secret;

/// The migrations, oldest first. One is never edited once released: add another.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_first.sql"),
    include_str!("../../migrations/sqlite/0002_fast.sql"),
    include_str!("../../migrations/sqlite/0003_fresh.sql"),
    include_str!("../../migrations/sqlite/0004_staff.sql"),
    include_str!("../../migrations/sqlite/0005_ledger.sql"),
    include_str!("../../migrations/sqlite/0006_desk.sql"),
    include_str!("../../migrations/sqlite/0007_withdrawn.sql"),
    include_str!("../../migrations/sqlite/0008_consents.sql"),
    include_str!("../../migrations/sqlite/0009_digests.sql"),
    include_str!("../../migrations/sqlite/0010_attention.sql"),
    include_str!("../../migrations/sqlite/0011_contacts.sql"),
    include_str!("../../migrations/sqlite/0012_suppressions.sql"),
];
const READERS: usize = 4;

/// Opens a store; `sweep_at` rows in `fresh` begin a sweep.
pub(super) fn open(folder: &Path, now: Instant, sweep_at: usize) -> Result<Sqlite, OpenError> {
    let unwritable = |error: std::io::Error| OpenError::Unwritable {
        path: folder.to_owned(),
        reason: error.to_string(),
    };
    // Addresses and bodies stand in here: nobody else on the machine reads them.
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(unwritable)?;
    let lock = FolderLock::take(folder, unwritable)?;

    let file = folder.join("tidings.db");
    private(&file).map_err(unwritable)?;
    let damaged = |error: rusqlite::Error| OpenError::Damaged {
        path: folder.to_owned(),
        reason: error.to_string(),
    };
    // One thread has each connection, so SQLite need not lock it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&file, flags).map_err(damaged)?;
    prepare(&connection).map_err(damaged)?;
    migrate(&mut connection, folder, now)?;
    let (secret, revision, newest, backlog) = read_state(&connection).map_err(damaged)?;

    let fresh = Fresh::load(&connection).map_err(|error| OpenError::Damaged {
        path: folder.to_owned(),
        reason: error.to_string(),
    })?;
    let has_costs = connection
        .query_row("SELECT EXISTS (SELECT 1 FROM cost_lines)", [], |row| {
            row.get(0)
        })
        .map_err(damaged)?;
    let shared = Arc::new(Shared {
        ids: IdSource::new(0, newest),
        fresh,
        lines: Lines::default(),
        has_costs: AtomicBool::new(has_costs),
        secret: Secret::new(secret),
        names: Names::load(&connection).map_err(damaged)?,
        bells: Bells::default(),
        backlog: AtomicI64::new(backlog),
        destroyed: AtomicU64::new(0),
        refused: AtomicBool::new(false),
    });
    let readers = Readers::open(&file, READERS).map_err(damaged)?;
    let writer =
        Writer::start(connection, &file, (revision, sweep_at), shared.clone()).map_err(damaged)?;
    Ok(Sqlite {
        writer,
        readers,
        shared,
        _lock: lock,
    })
}

/// A store that is only read, and that no other process can open meanwhile.
pub(crate) struct Quiet {
    /// Read-only.
    pub(crate) connection: Connection,
    /// The store's secret.
    pub(crate) secret: Secret,
    _lock: FolderLock,
}

/// Opens a store that is there to read all of it; brings its schema up to date first.
pub(crate) fn open_quietly(folder: &Path, now: Instant) -> Result<Quiet, OpenError> {
    let lock = FolderLock::take(folder, |error| OpenError::Unwritable {
        path: folder.to_owned(),
        reason: error.to_string(),
    })?;
    let damaged = |error: rusqlite::Error| OpenError::Damaged {
        path: folder.to_owned(),
        reason: error.to_string(),
    };
    let file = folder.join("tidings.db");
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut writer = Connection::open_with_flags(&file, flags).map_err(damaged)?;
    prepare(&writer).map_err(damaged)?;
    migrate(&mut writer, folder, now)?;
    sweep_all(&mut writer).map_err(damaged)?;
    let (secret, ..) = read_state(&writer).map_err(damaged)?;
    drop(writer);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&file, flags).map_err(damaged)?;
    Ok(Quiet {
        connection,
        secret: Secret::new(secret),
        _lock: lock,
    })
}

/// The lock that keeps a second process out of a folder, until dropped.
pub(super) struct FolderLock(File);

impl FolderLock {
    fn take(
        folder: &Path,
        unwritable: impl Fn(std::io::Error) -> OpenError,
    ) -> Result<Self, OpenError> {
        let file = private(&folder.join("tidings.lock")).map_err(&unwritable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
                path: folder.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(unwritable(error)),
        }
    }
}

impl Drop for FolderLock {
    /// Closing is not enough: a child that another thread is just starting has a copy of
    /// the file until it runs its program, and would keep the lock for that long.
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "could not give up the lock of the store's folder");
        }
    }
}

/// Opens a file for writing that only its owner may read; SQLite gives its log the same
/// rights as the database.
fn private(file: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(file)
}

/// Settings of every connection that writes.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    // Rows of a message are some 700 bytes: smaller pages waste more of their ends.
    connection.pragma_update(None, "page_size", 8_192)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // What is deleted (a code, a purged body) is overwritten, not only unlinked.
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "journal_size_limit", 67_108_864)?;
    // A plan depends on the statement alone: binding a value never plans it anew.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

fn migrate(connection: &mut Connection, folder: &Path, now: Instant) -> Result<(), OpenError> {
    let damaged = |error: rusqlite::Error| OpenError::Damaged {
        path: folder.to_owned(),
        reason: error.to_string(),
    };
    let known = MIGRATIONS.len() as i64;
    let found: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(damaged)?;
    if found > known {
        return Err(OpenError::TooNew {
            path: folder.to_owned(),
            found,
            known,
        });
    }
    for number in found..known {
        let apply = |connection: &mut Connection| {
            let tx = connection.transaction()?;
            tx.execute_batch(MIGRATIONS[number as usize])?;
            tx.pragma_update(None, "user_version", number + 1)?;
            tx.execute(
                "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)",
                params![format!("migrated_{}", number + 1), now.as_micros()],
            )?;
            tx.commit()
        };
        apply(connection).map_err(damaged)?;
    }
    Ok(())
}

type State = ([u8; 32], i64, i64, i64);

fn read_state(connection: &Connection) -> rusqlite::Result<State> {
    let kept: Option<Vec<u8>> = connection
        .query_row("SELECT value FROM meta WHERE key = 'secret'", [], |row| {
            row.get(0)
        })
        .optional()?;
    let secret = match kept.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) {
        Some(secret) => secret,
        None => {
            // SQLite's own generator is seeded by the system; 32 bytes of it make the key
            // that digests addresses and signs tokens of this store.
            let bytes: Vec<u8> =
                connection.query_row("SELECT randomblob(32)", [], |row| row.get(0))?;
            connection.execute(
                "INSERT INTO meta (key, value) VALUES ('secret', ?1)",
                [&bytes],
            )?;
            <[u8; 32]>::try_from(bytes).map_err(|_| rusqlite::Error::InvalidQuery)?
        }
    };
    let revision = connection
        .query_row("SELECT value FROM meta WHERE key = 'revision'", [], |row| {
            row.get(0)
        })
        .optional()?
        .unwrap_or(0);
    let newest = connection.query_row(
        "SELECT max(coalesce((SELECT max(id) FROM events), 0), coalesce((SELECT max(id) FROM messages), 0),
             coalesce((SELECT max(id) FROM deliveries), 0), coalesce((SELECT max(id) FROM recipients), 0),
             coalesce((SELECT max(id) FROM inbound_texts), 0), coalesce((SELECT max(id) FROM api_keys), 0),
             coalesce((SELECT max(id) FROM staff), 0), coalesce((SELECT max(id) FROM audit), 0),
             coalesce((SELECT max(id) FROM suppressions), 0))",
        [],
        |row| row.get(0),
    )?;
    let backlog = connection.query_row("SELECT count(*) FROM due", [], |row| row.get(0))?;
    Ok((secret, revision, newest, backlog))
}
