//! What the template desk keeps: editions, drafts, exceptions from the guard.
//!
//! An edition is published over the last one its publisher saw, and an exception is agreed
//! to by another than who asked: both are held here, whatever the caller checked before.

use std::collections::BTreeMap;

use model::{AuditLine, Draft, Edition, ExceptionState, GuardException, Instant, StaffId, Wording};
use serde_json::{Value, json};

use crate::{Backend, Error, Result, Store};

/// So many drafts are listed, the newest.
pub const DRAFTS_AT_MOST: usize = 1_000;

/// An edition as it shall be published, with all that follows from it: committed as one.
#[derive(Clone, Debug)]
pub struct Publication {
    /// The edition; its number is the one after `last`.
    pub edition: Edition,
    /// The last edition of all message types that the publisher saw; 0 for none.
    pub last: u64,
    /// The locales whose drafts of the message type are done with.
    pub drafts: Vec<String>,
    /// What is written down of it.
    pub audit: Vec<AuditLine>,
}

/// What became of a publication. Only the first wrote anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// It is on disk.
    Done,
    /// Another edition came in between: decide again.
    Stale,
}

/// What became of a draft. Only the first wrote anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is on disk.
    Done,
    /// Another one is kept than was read.
    Stale,
}

/// What became of an exception. Only the first wrote anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is on disk.
    Done,
    /// There is none such, or it is no longer in a state that allows it.
    Gone,
    /// To agree takes somebody else than who asked, and both must be known.
    SamePerson,
}

/// How an exception is settled.
#[derive(Clone, Debug)]
pub(crate) struct Settlement {
    pub(crate) number: u64,
    pub(crate) to: ExceptionState,
    pub(crate) who: Option<StaffId>,
    pub(crate) now: Instant,
    pub(crate) audit: Vec<AuditLine>,
}

impl Store {
    /// Grows with every edition and every change of an exception; 0 before the first. One
    /// row is read.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn desk_revision(&self) -> Result<u64> {
        on!(self, backend => backend.desk_revision().await)
    }

    /// Editions with a greater number than `after`, oldest first.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn editions(&self, after: u64, limit: usize) -> Result<Vec<Edition>> {
        on!(self, backend => backend.editions(after, limit).await)
    }

    /// Editions of a message type, newest first.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn editions_of(
        &self,
        message_type: String,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Edition>> {
        on!(self, backend => backend.editions_of(message_type, before, limit).await)
    }

    /// Publishes an edition, with all that follows from it.
    ///
    /// # Errors
    /// [`crate::Error`]; nothing was written.
    pub async fn publish(&self, publication: Publication) -> Result<Published> {
        if publication.last.checked_add(1) != Some(publication.edition.number) {
            return Ok(Published::Stale);
        }
        on!(self, backend => backend.publish(publication).await)
    }

    /// The drafts there are, newest first; [`DRAFTS_AT_MOST`] of them.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn drafts(&self) -> Result<Vec<Draft>> {
        on!(self, backend => backend.drafts().await)
    }

    /// The draft of a message type in a locale.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn draft(&self, message_type: String, locale: String) -> Result<Option<Draft>> {
        on!(self, backend => backend.draft(message_type, locale).await)
    }

    /// Keeps a draft with the version it was read at, 0 for a new one; its version grows by
    /// one, and it is of `now`.
    ///
    /// # Errors
    /// [`crate::Error`]; nothing was written.
    pub async fn save_draft(&self, draft: Draft, now: Instant) -> Result<Saved> {
        on!(self, backend => backend.save_draft(draft, now).await)
    }

    /// Removes a draft, if it is of that version where one is given. One that is gone
    /// already is no fault.
    ///
    /// # Errors
    /// [`crate::Error`]; it is still there.
    pub async fn discard_draft(
        &self,
        message_type: String,
        locale: String,
        version: Option<i64>,
    ) -> Result<Saved> {
        on!(self, backend => backend.discard_draft(message_type, locale, version).await)
    }

    /// Asks for an exception from the guard: what it is for and who asked count, its number
    /// and how far it has come do not. Gives its number; `None` where one for the same rule,
    /// message type and version is asked for or agreed already.
    ///
    /// # Errors
    /// [`crate::Error`]; nothing was written.
    pub async fn ask_exception(
        &self,
        exception: GuardException,
        audit: Vec<AuditLine>,
    ) -> Result<Option<u64>> {
        on!(self, backend => backend.ask_exception(exception, audit).await)
    }

    /// Agrees to an exception that is asked for, or ends one that is asked for or agreed.
    ///
    /// # Errors
    /// [`crate::Error`]; nothing was written.
    pub async fn settle_exception(
        &self,
        number: u64,
        to: ExceptionState,
        who: Option<StaffId>,
        now: Instant,
        audit: Vec<AuditLine>,
    ) -> Result<Settled> {
        let settlement = Settlement {
            number,
            to,
            who,
            now,
            audit,
        };
        on!(self, backend => backend.settle_exception(settlement).await)
    }

    /// Exceptions from the guard, newest first.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn exceptions(&self, limit: usize) -> Result<Vec<GuardException>> {
        on!(self, backend => backend.exceptions(limit).await)
    }

    /// The exceptions that hold, newest first.
    ///
    /// # Errors
    /// [`crate::Error`].
    pub async fn agreed_exceptions(&self) -> Result<Vec<GuardException>> {
        on!(self, backend => backend.agreed_exceptions().await)
    }
}

/// Whether an exception may be settled so; `asked_by` is who asked.
pub(crate) fn may_settle(
    settlement: &Settlement,
    state: ExceptionState,
    asked_by: Option<StaffId>,
) -> Settled {
    match (state, settlement.to) {
        (ExceptionState::Asked, ExceptionState::Agreed) => match (asked_by, settlement.who) {
            (Some(asked), Some(agrees)) if asked != agrees => Settled::Done,
            _ => Settled::SamePerson,
        },
        (ExceptionState::Asked | ExceptionState::Agreed, ExceptionState::Ended) => Settled::Done,
        _ => Settled::Gone,
    }
}

/// A number as it is kept; one that is too great finds nothing.
pub(crate) fn kept(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that was kept.
pub(crate) fn read_number(number: i64, column: &str) -> Result<u64> {
    u64::try_from(number).map_err(|_| Error::Corrupt(format!("{column}: below zero")))
}

/// A version of words that was kept.
pub(crate) fn read_version(number: i64, column: &str) -> Result<u32> {
    u32::try_from(number).map_err(|_| Error::Corrupt(format!("{column}: not a version")))
}

/// Changes as they are kept.
pub(crate) fn write_changes(changes: &[Wording]) -> String {
    let one = |change: &Wording| json!([change.locale, change.key, change.text]);
    Value::Array(changes.iter().map(one).collect()).to_string()
}

/// Reads what [`write_changes`] wrote.
pub(crate) fn read_changes(kept: &str) -> Result<Vec<Wording>> {
    let changes: Vec<(String, String, Option<String>)> = serde_json::from_str(kept)
        .map_err(|error| Error::Corrupt(format!("editions.changes: {error}")))?;
    let one = |(locale, key, text)| Wording { locale, key, text };
    Ok(changes.into_iter().map(one).collect())
}

/// Texts as they are kept.
pub(crate) fn write_texts(texts: &BTreeMap<String, String>) -> String {
    json!(texts).to_string()
}

/// Reads what [`write_texts`] wrote.
pub(crate) fn read_texts(kept: &str) -> Result<BTreeMap<String, String>> {
    serde_json::from_str(kept).map_err(|error| Error::Corrupt(format!("drafts.texts: {error}")))
}
