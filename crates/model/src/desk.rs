//! What staff change of the catalogue while it serves: published editions of a message
//! type's words, drafts of them, and exceptions from the guard.
//!
//! An edition lies over the catalogue's files as a folder does: text by text. What was said
//! before is never changed; going back is an edition of its own.

use std::collections::BTreeMap;

use crate::words::define_words;
use crate::{Instant, StaffId};

/// One text of a message type in one locale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// The locale, as the catalogue names it: `pt-BR`.
    pub locale: String,
    /// Which text: `title`, `sms`, `body`.
    pub key: String,
    /// What it says from now on; none where the catalogue's files have the word again.
    pub text: Option<String>,
}

/// One publication: what changed of the words of one message type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edition {
    /// Counts all editions of all message types, from 1, without gaps.
    pub number: u64,
    /// Whose words they are.
    pub message_type: String,
    /// The version that messages made from it are kept with.
    pub template_version: u32,
    /// What changed, each text once.
    pub changes: Vec<Wording>,
    /// Why, in the words of whoever published it.
    pub note: String,
    /// Who published it; none in the demo, where nobody signs in.
    pub who: Option<StaffId>,
    /// When.
    pub at: Instant,
}

/// Words that somebody is at work on: of one message type in one locale, there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Whose words they are.
    pub message_type: String,
    /// In which locale.
    pub locale: String,
    /// The texts by key, those that differ from what serves.
    pub texts: BTreeMap<String, String>,
    /// The last edition of the message type when the draft was begun; 0 for none.
    pub based_on: u64,
    /// Who saved it last.
    pub who: Option<StaffId>,
    /// When.
    pub at: Instant,
    /// Grows with every saving; 0 for one that is not kept yet.
    pub version: i64,
}

define_words!(
    /// How far an exception from the guard has come.
    ExceptionState, "state of an exception",
    /// One person asked for it.
    Asked = 1, "asked";
    /// A second agreed: it holds.
    Agreed = 2, "agreed";
    /// Somebody declined it or took it back.
    Ended = 3, "ended";
);

/// A rule of the guard that does not hold for one version of a message type, once two
/// people want it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardException {
    /// Counts them, from 1.
    pub number: u64,
    /// The rule, as the guard names it: `hurry`.
    pub rule: String,
    /// The message type.
    pub message_type: String,
    /// The version of its words; a later one is checked anew.
    pub template_version: u32,
    /// Why, in the words of whoever asked.
    pub reason: String,
    /// Who asked, and when.
    pub asked_by: Option<StaffId>,
    /// When it was asked for.
    pub asked_at: Instant,
    /// How far it has come.
    pub state: ExceptionState,
    /// Who agreed or ended it last.
    pub settled_by: Option<StaffId>,
    /// When that was.
    pub settled_at: Option<Instant>,
}
