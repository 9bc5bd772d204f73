//! Message ids of submit_sm_resp and of receipts, brought to one form.
//!
//! Some carriers write the same number in hexadecimal in one place and in decimal
//! in the other, and pad it with zeros in one of them.

use crate::pdu::COctetString;

/// How a carrier writes ids in submit_sm_resp and in receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum IdFormat {
    /// The same in both, but for leading zeros.
    #[default]
    AsIs,
    /// Hexadecimal in submit_sm_resp, decimal in the receipt.
    HexThenDecimal,
    /// Decimal in submit_sm_resp, hexadecimal in the receipt.
    DecimalThenHex,
}

impl IdFormat {
    /// The id of a submit_sm_resp, in the form to store and to look up by.
    #[must_use]
    pub fn of_submit(self, message_id: &COctetString) -> String {
        let id = message_id.text();
        match self {
            Self::HexThenDecimal => decimal(&id),
            Self::AsIs | Self::DecimalThenHex => plain(&id),
        }
    }

    /// The id of a receipt, in the form to store and to look up by.
    #[must_use]
    pub fn of_receipt(self, message_id: &str) -> String {
        match self {
            Self::DecimalThenHex => decimal(message_id),
            Self::AsIs | Self::HexThenDecimal => plain(message_id),
        }
    }
}

/// The id without blanks and leading zeros; one zero stays.
fn plain(id: &str) -> String {
    let id = id.trim();
    let short = id.trim_start_matches('0');
    if short.is_empty() && !id.is_empty() {
        "0".to_owned()
    } else {
        short.to_owned()
    }
}

/// A hexadecimal id as a decimal; what is not a number stays as it is.
fn decimal(id: &str) -> String {
    let digits = id.trim();
    let digits = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
        .unwrap_or(digits);
    // A sign would be read as part of a number, and is not one here.
    let hex = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_hexdigit());
    match u128::from_str_radix(digits, 16) {
        Ok(number) if hex => number.to_string(),
        _ => plain(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_meet_in_one_form() {
        for (format, submit, receipt) in [
            (IdFormat::AsIs, "00abc", "abc"),
            (IdFormat::AsIs, "0", "000"),
            (IdFormat::HexThenDecimal, "1A2B", "6699"),
            (IdFormat::HexThenDecimal, "0x00001a2b", "0000006699"),
            (IdFormat::DecimalThenHex, "6699", "1A2B"),
            (IdFormat::DecimalThenHex, "0006699", "00001a2b"),
            (IdFormat::HexThenDecimal, "not-hex", "not-hex"),
        ] {
            assert_eq!(
                format.of_submit(&submit.into()),
                format.of_receipt(receipt),
                "{format:?} {submit}"
            );
        }
    }

    #[test]
    fn ids_too_long_for_a_number_stay_as_they_are() {
        let long = "f".repeat(65);
        assert_eq!(
            IdFormat::HexThenDecimal.of_submit(&long.as_str().into()),
            long
        );
    }
}
