//! Faults on demand: what the carriers do wrong, for one test or one afternoon.
//!
//! Everything is counted and nothing is random, so a test that sets a fault knows
//! which text or mail it will hit. Counting starts anew whenever faults are set.
//! This module decides; the carriers act.

mod document;
mod plan;

pub use document::FaultProblem;
pub(crate) use document::near_miss;
pub(crate) use plan::{Drop, MailTurn, Plan, TextTurn};

use serde::{Deserialize, Serialize};

/// What both carriers do wrong. The default is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// What the text carrier does wrong.
    pub texts: TextFaults,
    /// What the mail server does wrong.
    pub mails: MailFaults,
}

/// What the text carrier does wrong. Where several faults meet on one text, the
/// first of this list wins: drop, throttle, reject, lose. In `…_every`, 0 is never
/// and 1 is always; a text of three parts counts as three.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextFaults {
    /// Answer "throttled" (0x58) to the next so many texts.
    pub throttle_next: u32,
    /// Answer "throttled" (0x58) to every so-many-th text.
    pub throttle_every: u32,
    /// Refuse every so-many-th text with [`TextFaults::reject_status`].
    pub reject_every: u32,
    /// The command_status of a refusal, in decimal; 69 is 0x45, "submit failed".
    pub reject_status: u32,
    /// Refuse texts to these numbers with [`TextFaults::opted_out_status`]: their owners told
    /// the carrier to stop.
    pub opted_out: Vec<String>,
    /// The command_status for [`TextFaults::opted_out`], in decimal; 1117 is 0x45d. 0 takes
    /// the text, and says `err:061` in a receipt.
    pub opted_out_status: u32,
    /// Wait so many milliseconds before each answer.
    pub answer_delay_ms: u32,
    /// Close the connection at the so-many-th text, once. That text is taken.
    pub drop_after: u32,
    /// Close the connection at every so-many-th text. That text is taken.
    pub drop_every: u32,
    /// Close before the answer has left, so that the client cannot know; otherwise after it.
    pub drop_before_answer: bool,
    /// Take every so-many-th text and never answer it.
    pub lose_answer_every: u32,
    /// Send each receipt before the answer to its text.
    pub receipt_before_answer: bool,
    /// Send receipts in swapped pairs: the second text's first. One without a
    /// partner leaves after a second.
    pub receipts_out_of_order: bool,
    /// Send no receipts.
    pub receipts_off: bool,
    /// Wait so many milliseconds before each receipt.
    pub receipt_delay_ms: u32,
    /// Say in every so-many-th receipt that the text could not be delivered.
    pub undelivered_every: u32,
}

impl Default for TextFaults {
    fn default() -> Self {
        Self {
            throttle_next: 0,
            throttle_every: 0,
            reject_every: 0,
            reject_status: 0x45,
            opted_out: Vec::new(),
            opted_out_status: 0x45d,
            answer_delay_ms: 0,
            drop_after: 0,
            drop_every: 0,
            drop_before_answer: false,
            lose_answer_every: 0,
            receipt_before_answer: false,
            receipts_out_of_order: false,
            receipts_off: false,
            receipt_delay_ms: 0,
            undelivered_every: 0,
        }
    }
}

/// What the mail server does wrong. Where several faults meet on one mail, the
/// first of this list wins: drop, refuse for good, refuse for now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailFaults {
    /// Refuse every so-many-th mail for now, with 451.
    pub refuse_for_now_every: u32,
    /// Refuse every so-many-th mail for good, with 554.
    pub refuse_for_good_every: u32,
    /// Refuse these recipients for good, with 550 5.1.1, in any case of letters.
    pub unknown_recipients: Vec<String>,
    /// Wait so many milliseconds before the answer to each mail.
    pub answer_delay_ms: u32,
    /// Close the connection at the so-many-th mail, once. That mail is taken.
    pub drop_after: u32,
    /// Close the connection at every so-many-th mail. That mail is taken.
    pub drop_every: u32,
    /// Close before the answer has left, so that the client cannot know; otherwise after it.
    pub drop_before_answer: bool,
}

/// The longest wait a fault may ask for: ten minutes.
pub const LONGEST_DELAY_MS: u32 = 600_000;
/// How many addresses [`MailFaults::unknown_recipients`] and [`TextFaults::opted_out`] may hold.
pub const MOST_UNKNOWN_RECIPIENTS: usize = 1000;

#[cfg(test)]
mod tests;
