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
}
