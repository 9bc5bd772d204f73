//! What a store call can fail with, as far as a caller can act on it.

use std::path::PathBuf;

/// A store call failed; nothing of it was kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The disk or the database would not; the same call may succeed later.
    #[error("the store could not do it now: {0}")]
    Unavailable(String),
    /// What is stored does not read as what it should be.
    #[error("the store holds a value it cannot read: {0}")]
    Corrupt(String),
    /// The store is closing; no more calls are taken.
    #[error("the store is closed")]
    Closed,
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..) => Self::Corrupt(error.to_string()),
            // SQLite's messages name tables and constraints, never values.
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

/// Why a store folder could not be opened; each says how to mend it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or written.
    #[error(
        "the data folder {path} cannot be written: {reason}. Choose another folder or give this user the right to write there"
    )]
    Unwritable {
        /// The folder.
        path: PathBuf,
        /// The system's word.
        reason: String,
    },
    /// Another process has it.
    #[error(
        "the data folder {path} is in use by another tidings. Stop that one first, or choose another folder"
    )]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// Made by a newer version.
    #[error(
        "the data folder {path} was made by a newer tidings (its schema is {found}, this one knows {known}). Use that version"
    )]
    TooNew {
        /// The folder.
        path: PathBuf,
        /// The schema version found.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// The file is not a store, or is damaged.
    #[error(
        "the data folder {path} holds a damaged or foreign database: {reason}. Restore a backup or choose another folder"
    )]
    Damaged {
        /// The folder.
        path: PathBuf,
        /// The database's word.
        reason: String,
    },
    /// The URL of the database cannot be read.
    #[error("the database URL is wrong: {reason}")]
    BadUrl {
        /// What is wrong; never the URL itself.
        reason: String,
    },
    /// The URL asks for TLS.
    #[error(
        "the database URL asks for TLS (sslmode), which this tidings does not speak to PostgreSQL. Reach the database over a private network, a socket or a tunnel, and leave sslmode out"
    )]
    NoTls,
    /// Nobody answers, or not us.
    #[error(
        "the database cannot be used: {reason}. Check that it runs and that the URL's user may connect"
    )]
    Unreachable {
        /// The database's word.
        reason: String,
    },
    /// The server is older than what is needed.
    #[error("the database server is PostgreSQL {found}; {oldest} or newer is needed")]
    ServerTooOld {
        /// Its version.
        found: u32,
        /// The oldest one that will do.
        oldest: u32,
    },
    /// The schema was made by a newer version.
    #[error(
        "the database was made by a newer tidings (its schema is {found}, this one knows {known}). Use that version"
    )]
    DatabaseTooNew {
        /// The schema version found.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// The schema could not be made.
    #[error(
        "the database holds something else, or its user may not make tables: {reason}. Give tidings a database of its own"
    )]
    Foreign {
        /// The database's word.
        reason: String,
    },
    /// A move into the database has not come to its end.
    #[error(
        "a store is being moved into this database and is not whole yet. Run `tidings move` again until it says it is done"
    )]
    MoveUnfinished,
    /// All node numbers are leased.
    #[error("all 64 node numbers are in use. Stop a node, or wait a minute for one that died")]
    NoNumberFree,
}
