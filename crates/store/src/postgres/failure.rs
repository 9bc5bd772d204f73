//! What can go wrong between us and the database, sorted by what to do about it.
//!
//! A server's error text may quote values; only its code and the names of what it is about
//! go on.

use deadpool_postgres::PoolError;
use tokio_postgres::error::{Severity, SqlState};

use crate::Error;

#[derive(Debug)]
pub(super) enum Failure {
    Sql(tokio_postgres::Error),
    Pool(PoolError),
    /// This node's number is no longer its own.
    NumberLost,
    /// The database took too long to say anything.
    Silent,
    Store(Error),
}

impl Failure {
    /// It met another transaction: the same one may go through at once.
    pub(super) fn is_transient(&self) -> bool {
        let Self::Sql(error) = self else { return false };
        error.code().is_some_and(|code| {
            [
                SqlState::T_R_SERIALIZATION_FAILURE,
                SqlState::T_R_DEADLOCK_DETECTED,
                SqlState::LOCK_NOT_AVAILABLE,
            ]
            .contains(code)
        })
    }

    /// The fault lies with what was asked, not with the connection or the node: a part of
    /// a batch alone may go through.
    pub(super) fn is_of_the_batch(&self) -> bool {
        match self {
            Self::Sql(error) => !is_of_the_connection(error),
            Self::Pool(_) | Self::NumberLost | Self::Silent => false,
            Self::Store(error) => !matches!(error, Error::Closed),
        }
    }

    /// After this answer to a commit nobody knows whether it happened.
    pub(super) fn leaves_open(&self) -> bool {
        match self {
            Self::Sql(error) => is_of_the_connection(error),
            Self::Silent => true,
            Self::Pool(_) | Self::NumberLost | Self::Store(_) => false,
        }
    }
}

/// The connection is gone, or never was: the server ended it with its last word, or
/// without one.
fn is_of_the_connection(error: &tokio_postgres::Error) -> bool {
    if let Some(server) = error.as_db_error() {
        let severity = server.parsed_severity();
        return matches!(severity, Some(Severity::Fatal | Severity::Panic));
    }
    let source = std::error::Error::source(error);
    let io = source.and_then(|source| source.downcast_ref::<std::io::Error>());
    // What cannot be written as a message is the caller's fault.
    error.is_closed() || io.is_some_and(|io| io.kind() != std::io::ErrorKind::InvalidInput)
}

/// A server's or driver's error without any value in it.
pub(crate) fn describe(error: &tokio_postgres::Error) -> String {
    let Some(server) = error.as_db_error() else {
        return if error.is_closed() {
            "the connection to the database is closed".into()
        } else {
            // The driver's own words: what it was doing, never with what.
            let text = error.to_string();
            text.split(": ").next().unwrap_or_default().to_owned()
        };
    };
    let mut said = format!("SQLSTATE {}", server.code().code());
    for (what, name) in [
        ("table", server.table()),
        ("constraint", server.constraint()),
        ("column", server.column()),
    ] {
        if let Some(name) = name {
            said.push_str(&format!(", {what} {name}"));
        }
    }
    said
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::Sql(error),
            PoolError::Closed => Self::Store(Error::Closed),
            other => Self::Pool(other),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Sql(error) => Self::Unavailable(describe(&error)),
            Failure::Pool(PoolError::Timeout(_)) => {
                Self::Unavailable("no connection to the database became free in time".into())
            }
            Failure::Pool(_) => Self::Unavailable("the connection pool failed".into()),
            Failure::Silent => Self::Unavailable("the database does not answer".into()),
            Failure::NumberLost => Self::Unavailable(
                "this node lost its number, as after a long pause; it is asking for a new one"
                    .into(),
            ),
            Failure::Store(error) => error,
        }
    }
}
