//! Addresses that must not be written to: the list, and what is added to it and undone.

pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod search;
pub(crate) mod undo;

use model::{Channel, ContactPoint, Instant, SuppressionId};
use serde::Serialize;
use store::Suppression;
use utoipa::ToSchema;

use crate::App;
use crate::auth::Key;
use crate::problem::{Code, Problem};

/// Longest reason, in bytes.
pub(crate) const REASON_LIMIT: usize = 200;
/// Longest note, in bytes.
pub(crate) const NOTE_LIMIT: usize = 1_000;

/// An entry of the list.
#[derive(Serialize, ToSchema)]
pub(crate) struct SuppressionShown {
    /// Its id, `sup_…`.
    #[schema(value_type = String)]
    id: SuppressionId,
    /// `sms` or `email`.
    #[schema(value_type = String)]
    channel: Channel,
    /// The address by its ends; empty for entries older than this list. No more of it is kept.
    masked: String,
    /// Why: `keyword_stop`, `free_words_stop`, `agent_stop`, `provider_stop`, `hard_bounce`,
    /// `complaint`, or words of whoever asked for it.
    #[schema(example = "hard_bounce")]
    reason: String,
    /// `active` or `expired`: the latter has no effect.
    state: &'static str,
    /// Whether it is what the customer said: then only they start again.
    own: bool,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    at: Instant,
    /// When it ends by itself; `null` if it does not.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Instant>,
    /// More of it.
    note: String,
    /// Who added it: a key by its name, an account of staff by its id; empty for Tidings.
    by: String,
}

impl SuppressionShown {
    fn of(entry: Suppression, now: Instant) -> Self {
        Self {
            state: match entry.has_ended(now) {
                true => "expired",
                false => "active",
            },
            own: entry.is_own(),
            id: entry.id,
            channel: entry.channel,
            masked: entry.masked,
            reason: entry.reason,
            at: entry.at,
            until: entry.until,
            note: entry.note,
            by: entry.by,
        }
    }
}

/// A page of the list, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct SuppressionsAnswer {
    /// The entries.
    suppressions: Vec<SuppressionShown>,
    /// Where the next page starts; `null` on the last one.
    #[schema(value_type = Option<String>)]
    next_cursor: Option<SuppressionId>,
}

pub(crate) fn read_contact(
    phone: Option<&str>,
    email: Option<&str>,
) -> Result<ContactPoint, Problem> {
    match (phone, email) {
        (Some(phone), None) => {
            ContactPoint::phone(phone).map_err(|error| Problem::fault("/phone", &error.to_string()))
        }
        (None, Some(email)) => {
            ContactPoint::email(email).map_err(|error| Problem::fault("/email", &error.to_string()))
        }
        _ => Err(Problem::fault("", "either `phone` or `email` is given")),
    }
}

/// A reason, or what is wrong with it.
pub(crate) fn read_reason(reason: &str) -> Result<String, String> {
    let reason = reason.trim();
    let fits = (1..=REASON_LIMIT).contains(&reason.len()) && !reason.chars().any(char::is_control);
    match fits {
        true => Ok(reason.to_owned()),
        false => Err(format!(
            "a reason has 1 to {REASON_LIMIT} bytes and no control characters"
        )),
    }
}

/// A note, or what is wrong with it.
pub(crate) fn read_note(note: &str) -> Result<String, String> {
    let note = note.trim();
    match note.len() <= NOTE_LIMIT && !note.contains('\0') {
        true => Ok(note.to_owned()),
        false => Err(format!("a note has at most {NOTE_LIMIT} bytes")),
    }
}

/// When an entry ends, or what is wrong with it.
pub(crate) fn read_until(
    until: Option<Instant>,
    reason: &str,
    now: Instant,
) -> Result<Option<Instant>, &'static str> {
    match until {
        Some(_) if model::is_own_stop(reason) => {
            Err("what the customer said does not end by itself")
        }
        Some(until) if until <= now => Err("the end is in the past"),
        until => Ok(until),
    }
}

/// The name of a key, for the record.
async fn name_of(app: &App, key: Key) -> Result<String, Problem> {
    let known = app.store().api_key(key.id).await?;
    Ok(known.map_or_else(|| key.id.to_string(), |known| known.name))
}

fn not_yours_to_undo() -> Problem {
    Problem::new(
        Code::Conflict,
        "This is what the customer said. Only they start again, from their own phone.",
    )
}
