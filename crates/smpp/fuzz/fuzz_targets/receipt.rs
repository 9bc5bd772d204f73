//! A carrier's receipt text, and its way out and in again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smpp::receipt::{IdFormat, Receipt};

fuzz_target!(|text: &str| {
    let receipt = Receipt::parse(text);
    let _ = Receipt::parse(&receipt.to_text(text));
    if let Some(id) = &receipt.message_id {
        let _ = IdFormat::DecimalThenHex.of_receipt(id);
        let _ = IdFormat::AsIs.of_receipt(id);
    }
});
