//! Which text and which mail a fault hits: counters beside the faults that count.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Faults;

/// When a dropped connection closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drop {
    BeforeAnswer,
    AfterAnswer,
}

/// What happens to one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextTurn {
    Take,
    TakeAndDrop(Drop),
    TakeWithoutAnswer,
    Refuse(u32),
}

/// What happens to one mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MailTurn {
    Take,
    TakeAndDrop(Drop),
    RefuseForNow,
    RefuseForGood,
}

/// The faults in force and how far each count has come since they were set.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) faults: Faults,
    texts: AtomicU64,
    receipts: AtomicU64,
    mails: AtomicU64,
}

const THROTTLED: u32 = 0x58;

impl Plan {
    pub(crate) fn new(faults: Faults) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    /// Counts one text and says what happens to it.
    pub(crate) fn next_text(&self) -> TextTurn {
        let faults = &self.faults.texts;
        let count = self.texts.fetch_add(1, Ordering::Relaxed) + 1;
        if is_turn(count, faults.drop_every) || count == u64::from(faults.drop_after) {
            TextTurn::TakeAndDrop(drop_when(faults.drop_before_answer))
        } else if count <= u64::from(faults.throttle_next) || is_turn(count, faults.throttle_every)
        {
            TextTurn::Refuse(THROTTLED)
        } else if is_turn(count, faults.reject_every) {
            TextTurn::Refuse(faults.reject_status)
        } else if is_turn(count, faults.lose_answer_every) {
            TextTurn::TakeWithoutAnswer
        } else {
            TextTurn::Take
        }
    }

    /// Counts one receipt and says whether it reports success.
    pub(crate) fn next_receipt_is_delivered(&self) -> bool {
        let count = self.receipts.fetch_add(1, Ordering::Relaxed) + 1;
        !is_turn(count, self.faults.texts.undelivered_every)
    }

    /// Counts one mail and says what happens to it.
    pub(crate) fn next_mail(&self) -> MailTurn {
        let faults = &self.faults.mails;
        let count = self.mails.fetch_add(1, Ordering::Relaxed) + 1;
        if is_turn(count, faults.drop_every) || count == u64::from(faults.drop_after) {
            MailTurn::TakeAndDrop(drop_when(faults.drop_before_answer))
        } else if is_turn(count, faults.refuse_for_good_every) {
            MailTurn::RefuseForGood
        } else if is_turn(count, faults.refuse_for_now_every) {
            MailTurn::RefuseForNow
        } else {
            MailTurn::Take
        }
    }

    /// Whether the owner of a number told the carrier to stop. A plus or none is the same.
    pub(crate) fn is_opted_out(&self, number: &str) -> bool {
        let bare = |number: &'_ str| number.trim_start_matches('+').to_owned();
        let all = &self.faults.texts.opted_out;
        all.iter().any(|one| bare(one) == bare(number))
    }

    pub(crate) fn knows_recipient(&self, address: &str) -> bool {
        let unknown = &self.faults.mails.unknown_recipients;
        !unknown
            .iter()
            .any(|entry| entry.eq_ignore_ascii_case(address))
    }

    pub(crate) fn text_answer_delay(&self) -> Duration {
        Duration::from_millis(self.faults.texts.answer_delay_ms.into())
    }

    pub(crate) fn receipt_delay(&self) -> Duration {
        Duration::from_millis(self.faults.texts.receipt_delay_ms.into())
    }

    pub(crate) fn mail_answer_delay(&self) -> Duration {
        Duration::from_millis(self.faults.mails.answer_delay_ms.into())
    }
}

fn is_turn(count: u64, every: u32) -> bool {
    every > 0 && count.is_multiple_of(u64::from(every))
}

fn drop_when(before_answer: bool) -> Drop {
    if before_answer {
        Drop::BeforeAnswer
    } else {
        Drop::AfterAnswer
    }
}
