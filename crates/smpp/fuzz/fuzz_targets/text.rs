//! A text cut into parts is the same text again, whatever tables a route allows; and any
//! header with any text behind it can be read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smpp::gsm::{Language, National, decode_with, segment, split_udh, text_of};
use smpp::pdu::DeliverSm;

fuzz_target!(|input: (u8, &str, &[u8])| {
    let (choice, text, octets) = input;
    let (header, rest) = split_udh(octets);
    assert!(rest.len() <= octets.len());
    let _ = decode_with(header.tables, choice, rest);

    let languages = Language::ALL.into_iter();
    let national: National = languages
        .filter(|language| choice & (1 << language.identifier()) != 0)
        .collect();
    let segments = segment(text, false, national);
    assert!(segments.parts.len() <= segment(text, false, National::NONE).parts.len());
    // A header counts to 255.
    if segments.parts.len() > 255 {
        return;
    }
    let mut back = String::new();
    for part in segments.parts_with_udh(choice) {
        let pdu = DeliverSm {
            esm_class: part.esm_class,
            data_coding: part.data_coding,
            short_message: part.octets,
            ..DeliverSm::default()
        };
        back += &text_of(&pdu).1;
    }
    assert_eq!(back, text);
});
