//! The kept texts: parts are put together here, and what a phone would show is read from them.
//!
//! Octets stay as they came until somebody looks. Joined octets and not joined
//! strings are decoded, because some senders cut a character in two.

use std::collections::HashMap;

use super::ring::Ring;
use crate::config::Part;

/// Texts whose parts are still missing, at most; older ones stay incomplete.
const MOST_INCOMPLETE: usize = 10_000;

/// Which way a text went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    /// From the client to a phone.
    ToPhone,
    /// From a phone to the client.
    FromPhone,
}

/// What became of the receipts of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub(crate) enum ReceiptState {
    /// None was asked for, or receipts were off.
    #[default]
    None,
    /// Some are not taken by the client yet.
    Waiting,
    /// All so far said delivered, and the client has them.
    Delivered,
    /// One said that the text could not be delivered, and the client has it.
    Undelivered,
}

/// One text as it came.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    pub(crate) id: u64,
    pub(crate) at: i64,
    pub(crate) direction: Direction,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) data_coding: u8,
    /// The octets of each part without their header; `None` for one still missing.
    pub(crate) parts: Vec<Option<Box<[u8]>>>,
    pub(crate) message_ids: Vec<String>,
    pub(crate) receipt: ReceiptState,
}

impl Text {
    /// The whole text; a missing part shows as an ellipsis.
    pub(crate) fn text(&self) -> String {
        if self.parts.iter().all(Option::is_some) {
            let octets = self
                .parts
                .iter()
                .flatten()
                .map(AsRef::as_ref)
                .collect::<Vec<_>>()
                .concat();
            return smpp::gsm::decode(self.data_coding, &octets);
        }
        let parts = self.parts.iter().map(|part| match part {
            Some(octets) => smpp::gsm::decode(self.data_coding, octets),
            None => "…".to_owned(),
        });
        parts.collect()
    }

    pub(crate) fn parts_here(&self) -> usize {
        self.parts.iter().flatten().count()
    }
}

/// What comes in: one part, or a text in one piece.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewText<'a> {
    pub(crate) at: i64,
    pub(crate) direction: Direction,
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) data_coding: u8,
    pub(crate) octets: &'a [u8],
    pub(crate) part: Option<Part>,
    pub(crate) message_id: &'a str,
}

type PartKey = (String, String, u16, u8);

/// The newest texts.
#[derive(Debug)]
pub(crate) struct Texts {
    ring: Ring<Text>,
    incomplete: HashMap<PartKey, u64>,
}

impl Texts {
    pub(crate) fn new(keep: usize) -> Self {
        Self {
            ring: Ring::new(keep),
            incomplete: HashMap::new(),
        }
    }

    /// Keeps a text, or adds a part to one; gives its number when anything is kept.
    pub(crate) fn keep(&mut self, new: NewText<'_>) -> Option<u64> {
        let Some(part) = new
            .part
            .filter(|part| part.number >= 1 && part.number <= part.total)
        else {
            return self.push(new, 1, 0);
        };
        let key = (
            new.from.to_owned(),
            new.to.to_owned(),
            part.reference,
            part.total,
        );
        let index = usize::from(part.number - 1);
        if let Some(id) = self.incomplete.get(&key).copied()
            && let Some(text) = self.ring.get_mut(id)
            && let Some(place @ None) = text.parts.get_mut(index)
        {
            *place = Some(new.octets.into());
            text.message_ids.push(new.message_id.to_owned());
            if text.parts.iter().all(Option::is_some) {
                self.incomplete.remove(&key);
            }
            return Some(id);
        }
        // The first part here, or the reference has come round again.
        let id = self.push(new, usize::from(part.total), index)?;
        if part.total > 1 {
            if self.incomplete.len() >= MOST_INCOMPLETE {
                let ring = &self.ring;
                self.incomplete.retain(|_, id| ring.get(*id).is_some());
            }
            if self.incomplete.len() < MOST_INCOMPLETE {
                self.incomplete.insert(key, id);
            }
        }
        Some(id)
    }

    fn push(&mut self, new: NewText<'_>, total: usize, index: usize) -> Option<u64> {
        self.ring.push(|id| {
            let mut parts = vec![None; total];
            parts[index] = Some(new.octets.into());
            Text {
                id,
                at: new.at,
                direction: new.direction,
                from: new.from.to_owned(),
                to: new.to.to_owned(),
                data_coding: new.data_coding,
                parts,
                message_ids: vec![new.message_id.to_owned()],
                receipt: ReceiptState::None,
            }
        })
    }

    /// Notes what became of a receipt; bad news is not covered by good news of another part.
    pub(crate) fn note_receipt(&mut self, id: u64, state: ReceiptState) {
        if let Some(text) = self.ring.get_mut(id)
            && text.receipt != ReceiptState::Undelivered
        {
            text.receipt = state;
        }
    }

    /// Newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Text> {
        self.ring.iter().rev()
    }

    /// Oldest first, those with a higher id.
    pub(crate) fn after(&self, id: u64) -> impl Iterator<Item = &Text> {
        self.ring.iter().filter(move |text| text.id > id)
    }

    pub(crate) fn len(&self) -> usize {
        self.ring.len()
    }

    pub(crate) fn clear(&mut self) -> usize {
        self.incomplete.clear();
        self.ring.clear()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: u8, octets: &[u8]) -> NewText<'_> {
        NewText {
            at: 0,
            direction: Direction::ToPhone,
            from: "Marigold",
            to: "+15550100",
            data_coding: 0,
            octets,
            part: Some(Part {
                reference: 7,
                total: 2,
                number,
            }),
            message_id: "m",
        }
    }

    #[test]
    fn parts_come_together_in_any_order_and_characters_cut_in_two_heal() {
        let mut texts = Texts::new(10);
        // The euro sign is ESC and `e`, cut between the two.
        assert_eq!(texts.keep(part(2, b"e!")), Some(1));
        assert_eq!(texts.newest().next().unwrap().text(), "…e!");
        assert_eq!(texts.keep(part(1, b"5 \x1b")), Some(1));
        assert_eq!(texts.newest().next().unwrap().text(), "5 €!");
        assert_eq!(
            texts.keep(part(1, b"next")),
            Some(2),
            "the reference has come round"
        );
    }

    #[test]
    fn a_part_that_comes_twice_and_impossible_numbers_are_kept_as_texts() {
        let mut texts = Texts::new(10);
        texts.keep(part(1, b"a"));
        assert_eq!(texts.keep(part(1, b"a")), Some(2));
        assert_eq!(texts.keep(part(0, b"a")), Some(3));
        assert_eq!(texts.keep(part(3, b"a")), Some(4));
        assert_eq!(texts.len(), 4);
    }
}
