//! The kept texts: parts are put together here, and what a phone would show is read from them.
//!
//! Octets stay as they came until somebody looks. Joined octets and not joined
//! strings are decoded, because some senders cut a character in two; unless the parts
//! name different national tables.

use std::collections::HashMap;

use smpp::gsm::Tables;

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
    /// Each part; `None` for one still missing.
    pub(crate) parts: Vec<Option<KeptPart>>,
    pub(crate) message_ids: Vec<String>,
    pub(crate) receipt: ReceiptState,
}

/// What came of one part.
#[derive(Clone, Debug)]
pub(crate) struct KeptPart {
    /// The national tables that its header named.
    tables: Tables,
    /// What stood behind the header.
    octets: Box<[u8]>,
}

impl KeptPart {
    fn of(body: Body<'_>) -> Self {
        Self {
            tables: body.tables,
            octets: body.octets.into(),
        }
    }
}

/// The octets of a text or of a part, without their header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body<'a> {
    pub(crate) data_coding: u8,
    /// The national tables that the header named.
    pub(crate) tables: Tables,
    pub(crate) octets: &'a [u8],
}

impl Body<'_> {
    /// What a phone that has the tables shows.
    pub(crate) fn text(&self) -> String {
        smpp::gsm::decode_with(self.tables, self.data_coding, self.octets)
    }
}

impl Text {
    /// The whole text; a missing part shows as an ellipsis.
    pub(crate) fn text(&self) -> String {
        let decode = |tables, octets| {
            let data_coding = self.data_coding;
            let body = Body {
                data_coding,
                tables,
                octets,
            };
            body.text()
        };
        let here: Vec<&KeptPart> = self.parts.iter().flatten().collect();
        if here.len() == self.parts.len()
            && let Some(first) = here.first()
            && here.iter().all(|part| part.tables == first.tables)
        {
            let octets: Vec<&[u8]> = here.iter().map(|part| part.octets.as_ref()).collect();
            return decode(first.tables, &octets.concat());
        }
        let parts = self.parts.iter().map(|part| match part {
            Some(part) => decode(part.tables, &part.octets),
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
    pub(crate) body: Body<'a>,
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
            *place = Some(KeptPart::of(new.body));
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
            parts[index] = Some(KeptPart::of(new.body));
            Text {
                id,
                at: new.at,
                direction: new.direction,
                from: new.from.to_owned(),
                to: new.to.to_owned(),
                data_coding: new.body.data_coding,
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
    use smpp::gsm::Language;

    use super::*;

    fn part(number: u8, octets: &[u8]) -> NewText<'_> {
        NewText {
            at: 0,
            direction: Direction::ToPhone,
            from: "Marigold",
            to: "+15550100",
            body: Body {
                data_coding: 0,
                tables: Tables::DEFAULT,
                octets,
            },
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
    fn each_part_is_read_with_the_tables_it_names() {
        let mut texts = Texts::new(10);
        let turkish = Tables::single(Language::Turkish);
        let with = |mut part: NewText<'static>, tables| {
            part.body.tables = tables;
            part
        };
        // The letter is cut in two, and heals.
        texts.keep(with(part(1, b"ya\x1b"), turkish));
        assert_eq!(texts.newest().next().unwrap().text(), "ya…");
        texts.keep(with(part(2, b"s"), turkish));
        assert_eq!(texts.newest().next().unwrap().text(), "yaş");
        // A sender that names them in one part only means that part.
        texts.keep(with(part(1, b"\x1bs"), turkish));
        texts.keep(part(2, b"\x1bs"));
        assert_eq!(texts.newest().next().unwrap().text(), "şs");
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
