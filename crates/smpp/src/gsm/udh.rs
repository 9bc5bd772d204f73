//! User data headers, 3GPP TS 23.040 §9.2.3.24: the place of a part in a message, and
//! the national tables it is written with.
//!
//! We write the 8-bit reference and read both. Other elements are passed over.

use super::{Language, Tables};

/// Information element: concatenation with an 8-bit reference, §9.2.3.24.1.
const CONCATENATED_8: u8 = 0x00;
/// Information element: concatenation with a 16-bit reference, §9.2.3.24.8.
const CONCATENATED_16: u8 = 0x08;
/// Information element: national language single shift, §9.2.3.24.15.
const SINGLE_SHIFT: u8 = 0x24;
/// Information element: national language locking shift, §9.2.3.24.16.
const LOCKING_SHIFT: u8 = 0x25;

/// What a header says of the text behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Where it stands in a longer message.
    pub place: Option<Concatenation>,
    /// The tables of its septets.
    pub tables: Tables,
}

/// The place of a part in a longer message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Concatenation {
    /// The reference all parts share; 8-bit ones are below 256 and come round
    /// quickly, so match parts by sender, recipient, reference and total, and in time.
    pub reference: u16,
    /// How many parts there are.
    pub total: u8,
    /// Which part this is, from 1.
    pub part: u8,
}

/// The header for a part: six octets with an 8-bit reference.
#[must_use]
pub fn concatenation_header(reference: u8, total: u8, part: u8) -> [u8; 6] {
    [5, CONCATENATED_8, 3, reference, total, part]
}

/// The octets of a part with its header: place and tables, as far as there are any.
pub(super) fn with_header(place: Option<[u8; 6]>, tables: Tables, octets: &[u8]) -> Vec<u8> {
    let place = place.unwrap_or_default();
    let elements = place.get(1..=usize::from(place[0])).unwrap_or_default();
    let mut whole = Vec::with_capacity(1 + elements.len() + 3 * tables.elements() + octets.len());
    whole.push(0);
    whole.extend_from_slice(elements);
    for (id, language) in [
        (SINGLE_SHIFT, tables.single),
        (LOCKING_SHIFT, tables.locking),
    ] {
        if let Some(language) = language {
            whole.extend_from_slice(&[id, 1, language.identifier()]);
        }
    }
    // At most eleven.
    whole[0] = (whole.len() - 1) as u8;
    whole.extend_from_slice(octets);
    whole
}

/// Takes the header off a message whose esm_class has the UDHI bit.
///
/// A header that is longer than the message is not one: then all of it is text.
#[must_use]
pub fn split_udh(message: &[u8]) -> (Header, &[u8]) {
    let Some((length, rest)) = message.split_first() else {
        return (Header::default(), message);
    };
    let Some((header, text)) = rest.split_at_checked(usize::from(*length)) else {
        return (Header::default(), message);
    };
    (read(header), text)
}

/// Reads elements up to the first that is cut off.
fn read(mut elements: &[u8]) -> Header {
    let mut header = Header::default();
    while let [id, length, rest @ ..] = elements {
        let Some((data, next)) = rest.split_at_checked(usize::from(*length)) else {
            break;
        };
        match (*id, data) {
            (CONCATENATED_8, [reference, total, part]) => {
                header.set_place(u16::from(*reference), *total, *part);
            }
            (CONCATENATED_16, [high, low, total, part]) => {
                header.set_place(u16::from_be_bytes([*high, *low]), *total, *part);
            }
            // Of an element that comes twice the last counts, §9.2.3.24. A language
            // that is not here, or has no such table, leaves the default one.
            (SINGLE_SHIFT, [language]) => {
                header.tables.single = Language::of_identifier(*language);
            }
            (LOCKING_SHIFT, [language]) => {
                header.tables.locking = Language::of_identifier(*language);
            }
            _ => {}
        }
        elements = next;
    }
    header
}

impl Header {
    /// §9.2.3.24.1: a total or part of 0, or a part beyond the total, is to be ignored.
    fn set_place(&mut self, reference: u16, total: u8, part: u8) {
        if self.place.is_none() && (1..=total).contains(&part) {
            self.place = Some(Concatenation {
                reference,
                total,
                part,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(reference: u16) -> Header {
        Header {
            place: Some(Concatenation {
                reference,
                total: 3,
                part: 2,
            }),
            tables: Tables::DEFAULT,
        }
    }

    #[test]
    fn both_widths_are_read() {
        assert_eq!(split_udh(&[5, 0, 3, 7, 3, 2, b'a']), (place(7), &b"a"[..]));
        assert_eq!(
            split_udh(&[6, 8, 4, 1, 7, 3, 2, b'a']),
            (place(0x107), &b"a"[..])
        );
        assert_eq!(
            split_udh(&[9, 0x24, 2, 1, 1, 0, 3, 7, 3, 2]),
            (place(7), &[][..])
        );
    }

    #[test]
    fn tables_are_read_in_any_order_and_the_last_counts() {
        let tables = Tables {
            single: Some(Language::Turkish),
            locking: Some(Language::Portuguese),
        };
        let expected = Header { tables, ..place(7) };
        for header in [
            &[0x24, 1, 1, 0, 3, 7, 3, 2, 0x25, 1, 3][..],
            &[0x25, 1, 3, 0, 3, 7, 3, 2, 0x24, 1, 1],
            &[0x24, 1, 2, 0x24, 1, 1, 0, 3, 7, 3, 2, 0x25, 1, 3],
        ] {
            let message = [&[header.len() as u8], header, b"a"].concat();
            assert_eq!(split_udh(&message), (expected, &b"a"[..]));
        }
        // Languages that are not here.
        for unknown in [0, 4, 13, 255] {
            let message = [6, 0x24, 1, unknown, 0x25, 1, unknown];
            assert_eq!(split_udh(&message).0, Header::default());
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let place_octets = concatenation_header(7, 3, 2);
        for single in [None, Some(Language::Spanish)] {
            for locking in [None, Some(Language::Turkish)] {
                let tables = Tables { single, locking };
                let alone = with_header(None, tables, b"a");
                assert_eq!(alone.len(), 2 + 3 * tables.elements());
                let header = Header {
                    place: None,
                    tables,
                };
                assert_eq!(split_udh(&alone), (header, &b"a"[..]));
                let part = with_header(Some(place_octets), tables, b"a");
                assert_eq!(part.len(), 7 + 3 * tables.elements());
                let header = Header { tables, ..place(7) };
                assert_eq!(split_udh(&part), (header, &b"a"[..]));
            }
        }
    }

    #[test]
    fn nonsense_is_text_or_no_place() {
        let none = Header::default();
        assert_eq!(split_udh(&[]), (none, &[][..]));
        assert_eq!(split_udh(b"hello"), (none, &b"hello"[..]));
        assert_eq!(split_udh(&[5, 0, 3, 7, 3, 4, b'a']), (none, &b"a"[..]));
        assert_eq!(split_udh(&[2, 0, 9, b'a']), (none, &b"a"[..]));
        // What came before the cut-off element stands.
        assert_eq!(
            split_udh(&[7, 0, 3, 7, 3, 2, 0x24, 1, 1]),
            (place(7), &[1][..])
        );
    }
}
