//! The text of an inbound message by its data_coding, SMPP 3.4 §5.2.19.
//!
//! It never fails: a customer's STOP must be read even when the carrier names the
//! wrong alphabet. What cannot be read is shown as U+FFFD.

use super::alphabet::decode_septets;
use super::{Concatenation, Header, Tables, split_udh};
use crate::pdu::Sar;
use crate::pdu::{DeliverSm, latin1};

/// The text of octets without a header.
#[must_use]
pub fn decode(data_coding: u8, octets: &[u8]) -> String {
    decode_with(Tables::DEFAULT, data_coding, octets)
}

/// The text of these octets, by the tables that the header before them named; other
/// alphabets than GSM 7-bit have none.
#[must_use]
pub fn decode_with(tables: Tables, data_coding: u8, octets: &[u8]) -> String {
    match alphabet(data_coding) {
        Coding::Gsm => decode_septets(tables, octets),
        Coding::Latin1 => latin1(octets).into_owned(),
        Coding::Ucs2 => decode_ucs2(octets),
    }
}

/// UTF-16 big-endian; an odd last octet and lone surrogates become U+FFFD.
#[must_use]
pub fn decode_ucs2(octets: &[u8]) -> String {
    let (pairs, odd) = octets.as_chunks::<2>();
    let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
    let read = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    read.chain(odd.iter().map(|_| char::REPLACEMENT_CHARACTER))
        .collect()
}

enum Coding {
    Gsm,
    Latin1,
    Ucs2,
}

fn alphabet(data_coding: u8) -> Coding {
    match data_coding {
        // 1 is IA5, that is ASCII; what is above 0x7F can then only be Latin-1.
        1 | 3 => Coding::Latin1,
        8 => Coding::Ucs2,
        // The message class groups of TS 23.038 §4: bits 2 and 3 name the alphabet.
        0x10..=0x1F | 0x30..=0x3F | 0x50..=0x5F | 0x70..=0x7F if data_coding & 0x0C == 0x08 => {
            Coding::Ucs2
        }
        0xE0..=0xEF => Coding::Ucs2,
        _ => Coding::Gsm,
    }
}

/// The readable part of a deliver_sm, with its place in a longer message, be that
/// in a header or in sar_* parameters.
#[must_use]
pub fn text_of(pdu: &DeliverSm) -> (Option<Concatenation>, String) {
    let (header, octets) = if pdu.has_udh() {
        split_udh(pdu.message())
    } else {
        (Header::default(), pdu.message())
    };
    let mut place = header.place;
    if let (
        None,
        Some(Sar {
            reference,
            total,
            part,
        }),
    ) = (place, pdu.tlvs.sar())
        && (1..=total).contains(&part)
    {
        place = Some(Concatenation {
            reference,
            total,
            part,
        });
    }
    (place, decode_with(header.tables, pdu.data_coding, octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_coding_gives_a_text() {
        assert_eq!(decode(0, b"\x00Stop\x1B\x65"), "@Stop€");
        assert_eq!(decode(1, b"Stop"), "Stop");
        assert_eq!(decode(3, b"caf\xE9"), "café");
        assert_eq!(decode(8, &[0x04, 0x21, 0xD8, 0x3D, 0xDE, 0x42]), "С🙂");
        assert_eq!(decode(0x18, &[0x04, 0x21]), "С");
        assert_eq!(decode(0xF1, b"Stop"), "Stop");
    }

    #[test]
    fn broken_ucs2_is_shown_as_far_as_it_goes() {
        assert_eq!(decode(8, &[0, b'a', 0xD8, 0x3D, 0]), "a\u{FFFD}\u{FFFD}");
    }

    #[test]
    fn tables_of_the_header_are_honoured() {
        let read = |header: &[u8], data_coding, text: &[u8]| {
            text_of(&DeliverSm {
                esm_class: crate::pdu::esm_class::UDHI,
                data_coding,
                short_message: [header, text].concat(),
                ..DeliverSm::default()
            })
            .1
        };
        let (single, locking) = ([3, 0x24, 1, 1], [3, 0x25, 1, 3]);
        assert_eq!(read(&single, 0, b"a\x1Bs\x1Bi"), "aşı");
        assert_eq!(read(&locking, 0, b"n\x7Bo \x1Be"), "não €");
        // Both, and of two languages.
        let both = [6, 0x25, 1, 3, 0x24, 1, 1];
        assert_eq!(read(&both, 0, b"\x7B\x1Bs"), "ãş");
        // A table that is not here, and one that there is not: the default.
        assert_eq!(read(&[3, 0x24, 1, 6], 0, b"a\x1Bs"), "as");
        assert_eq!(read(&[3, 0x25, 1, 2], 0, b"\x60"), "¿");
        // Only septets have tables.
        assert_eq!(read(&locking, 8, &[0, 0x7B]), "{");
    }

    #[test]
    fn sar_parameters_place_a_part_without_header() {
        let mut pdu = DeliverSm {
            short_message: b"half".to_vec(),
            ..DeliverSm::default()
        };
        pdu.tlvs.push_sar(Sar {
            reference: 9,
            total: 2,
            part: 1,
        });
        let place = Concatenation {
            reference: 9,
            total: 2,
            part: 1,
        };
        assert_eq!(text_of(&pdu), (Some(place), "half".to_owned()));
    }
}
