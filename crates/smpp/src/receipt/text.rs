//! The text form: `id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…`.
//!
//! A field is a known name and a colon; its value ends at the next blank, and
//! `text` swallows the rest, so that a customer's words cannot pose as a field.

use super::{Receipt, ReceiptDate};
use crate::pdu::MessageState;

/// Names as seen in the wild; the longer ones first where one ends in another.
const FIELDS: [(&str, Field); 12] = [
    ("submit date", Field::SubmitDate),
    ("submit_date", Field::SubmitDate),
    ("submitdate", Field::SubmitDate),
    ("done date", Field::DoneDate),
    ("done_date", Field::DoneDate),
    ("donedate", Field::DoneDate),
    ("dlvrd", Field::Delivered),
    ("stat", Field::State),
    ("sub", Field::Submitted),
    ("err", Field::Error),
    ("id", Field::Id),
    ("text", Field::Text),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Id,
    Submitted,
    Delivered,
    SubmitDate,
    DoneDate,
    State,
    Error,
    Text,
}

pub(super) fn parse(text: &str) -> Receipt {
    let mut receipt = Receipt::default();
    for (field, value) in fields(text) {
        let number = || value.parse().ok();
        // The first of a kind counts.
        match field {
            Field::Id => fill(&mut receipt.message_id, || Some(value.to_owned())),
            Field::Submitted => fill(&mut receipt.submitted, number),
            Field::Delivered => fill(&mut receipt.delivered, number),
            Field::SubmitDate => fill(&mut receipt.submit_date, || ReceiptDate::parse(value)),
            Field::DoneDate => fill(&mut receipt.done_date, || ReceiptDate::parse(value)),
            Field::State => fill(&mut receipt.state, || state(value)),
            Field::Error => fill(&mut receipt.error, || Some(value.to_owned())),
            Field::Text => {}
        }
    }
    receipt
}

/// Whether a message without a receipt's mark has the form of one all the same.
pub(super) fn looks_like_receipt(text: &str) -> bool {
    let found: Vec<Field> = fields(text).map(|(field, _)| field).collect();
    found.first() == Some(&Field::Id)
        && found.contains(&Field::State)
        && found.contains(&Field::DoneDate)
}

fn fill<T>(place: &mut Option<T>, value: impl FnOnce() -> Option<T>) {
    if place.is_none() {
        *place = value();
    }
}

/// The fields of a text with values that are not empty, in order.
fn fields(text: &str) -> impl Iterator<Item = (Field, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches(|character: char| {
                character.is_whitespace() || ",;".contains(character)
            });
            if rest.is_empty() {
                return None;
            }
            let Some((field, after)) = field_at(rest) else {
                rest = rest
                    .split_once(char::is_whitespace)
                    .map_or("", |(_, next)| next);
                continue;
            };
            if field == Field::Text {
                rest = "";
                return Some((field, after));
            }
            let after = after.trim_start_matches(' ');
            // `id: stat:DELIVRD`: the value is missing and the next field stands here.
            if field_at(after).is_some() {
                rest = after;
                continue;
            }
            let end = after.find(char::is_whitespace).unwrap_or(after.len());
            rest = &after[end..];
            let value = after[..end].trim_end_matches([',', ';', '\0']);
            if !value.is_empty() {
                return Some((field, value));
            }
        }
    })
}

/// The field whose name and colon begin this text, and what follows the colon.
fn field_at(text: &str) -> Option<(Field, &str)> {
    FIELDS.iter().find_map(|(name, field)| {
        let (start, after) = text.split_at_checked(name.len())?;
        let after = after.trim_start_matches(' ').strip_prefix(':')?;
        start.eq_ignore_ascii_case(name).then_some((*field, after))
    })
}

/// The state of a `stat` value. Carriers shorten the words differently, so their
/// beginnings decide; an unknown word is no state.
fn state(value: &str) -> Option<MessageState> {
    const BEGINNINGS: [(&str, MessageState); 12] = [
        ("DELIV", MessageState::Delivered),
        ("UNDEL", MessageState::Undeliverable),
        ("FAIL", MessageState::Undeliverable),
        ("EXPIR", MessageState::Expired),
        ("DELET", MessageState::Deleted),
        ("ACCEP", MessageState::Accepted),
        ("REJEC", MessageState::Rejected),
        ("ENROU", MessageState::Enroute),
        ("BUFF", MessageState::Enroute),
        ("UNKNO", MessageState::Unknown),
        ("SCHED", MessageState::Scheduled),
        ("SKIP", MessageState::Skipped),
    ];
    let begins = |word: &str| {
        value
            .get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    BEGINNINGS
        .iter()
        .find(|(word, _)| begins(word))
        .map(|(_, state)| *state)
}

/// The `stat` word of a state, seven letters as in Appendix B.
pub(super) fn state_name(state: MessageState) -> &'static str {
    match state {
        MessageState::Scheduled => "SCHEDUL",
        MessageState::Enroute => "ENROUTE",
        MessageState::Delivered => "DELIVRD",
        MessageState::Expired => "EXPIRED",
        MessageState::Deleted => "DELETED",
        MessageState::Undeliverable => "UNDELIV",
        MessageState::Accepted => "ACCEPTD",
        MessageState::Rejected => "REJECTD",
        MessageState::Skipped => "SKIPPED",
        MessageState::Unknown | MessageState::Other(_) => "UNKNOWN",
    }
}
