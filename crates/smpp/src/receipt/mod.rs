//! Delivery receipts, SMPP 3.4 Appendix B: from TLVs first, else from the text.
//!
//! The text form is "vendor specific" and vendors make use of that: other letter
//! case, seconds in dates, missing fields. Reading takes what it finds, and never
//! fails or panics. A receipt may come before the submit_sm_resp it belongs to.

mod id;
mod text;

pub use id::IdFormat;

use std::fmt::Write;

use crate::gsm;
use crate::pdu::{DeliverSm, MessageState, latin1};

/// What a delivery receipt says. Every field can be missing.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Receipt {
    /// The SMSC's id of the message as it came; see [`IdFormat::of_receipt`].
    pub message_id: Option<String>,
    /// Where the message stands.
    pub state: Option<MessageState>,
    /// The carrier's error code: `err`, or network_error_code as `network:code`.
    pub error: Option<String>,
    /// `sub`: how many short messages were submitted.
    pub submitted: Option<u32>,
    /// `dlvrd`: how many of them were delivered.
    pub delivered: Option<u32>,
    /// `submit date`.
    pub submit_date: Option<ReceiptDate>,
    /// `done date`.
    pub done_date: Option<ReceiptDate>,
}

/// A date in a receipt: wall time of the carrier, in a zone it does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReceiptDate {
    /// The full year; two digits are read as 20xx.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60, which only some carriers send.
    pub second: Option<u8>,
}

impl ReceiptDate {
    /// Reads YYMMDDhhmm, YYMMDDhhmmss or YYYYMMDDhhmmss.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if !text.bytes().all(|octet| octet.is_ascii_digit()) {
            return None;
        }
        let (year, rest) = match text.len() {
            10 | 12 => (2000 + text[..2].parse::<u16>().ok()?, &text[2..]),
            14 => (text[..4].parse().ok()?, &text[4..]),
            _ => return None,
        };
        let pair = |index: usize| rest.get(index * 2..index * 2 + 2)?.parse::<u8>().ok();
        let date = Self {
            year,
            month: pair(0)?,
            day: pair(1)?,
            hour: pair(2)?,
            minute: pair(3)?,
            second: pair(4),
        };
        let valid = (1..=12).contains(&date.month)
            && (1..=31).contains(&date.day)
            && date.hour < 24
            && date.minute < 60
            && date.second.is_none_or(|second| second <= 60);
        valid.then_some(date)
    }
}

impl std::fmt::Display for ReceiptDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self;
        write!(f, "{:02}{month:02}{day:02}{hour:02}{minute:02}", year % 100)?;
        second.map_or(Ok(()), |second| write!(f, "{second:02}"))
    }
}

impl Receipt {
    /// The receipt in a deliver_sm; `None` when it is a customer's message.
    ///
    /// esm_class decides. Without its mark the TLVs receipted_message_id and
    /// message_state together do, or a text that starts with `id:` and has `stat:`
    /// and `done date:`. A marked receipt that says nothing readable is still one.
    #[must_use]
    pub fn of(pdu: &DeliverSm) -> Option<Self> {
        let id = pdu.tlvs.receipted_message_id();
        let state = pdu.tlvs.message_state();
        let text = receipt_text(pdu);
        let by_tlv = id.is_some() && state.is_some();
        if !pdu.is_marked_as_receipt() && !by_tlv && !text::looks_like_receipt(&text) {
            return None;
        }
        let mut receipt = Self::parse(&text);
        if let Some(id) = id {
            receipt.message_id = Some(id.text().into_owned());
        }
        receipt.state = state.or(receipt.state);
        receipt.error = receipt.error.or_else(|| network_error(pdu));
        Some(receipt)
    }

    /// Reads the text form.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        text::parse(text)
    }

    /// Writes the text form of Appendix B. `text` is the beginning of the message,
    /// of which 20 characters are shown.
    #[must_use]
    pub fn to_text(&self, text: &str) -> String {
        let mut line = format!("id:{}", self.message_id.as_deref().unwrap_or_default());
        let date =
            |date: Option<ReceiptDate>| date.map(|date| date.to_string()).unwrap_or_default();
        let state = self.state.map_or("UNKNOWN", text::state_name);
        // Writing to a String cannot fail.
        let _ = write!(
            line,
            " sub:{:03} dlvrd:{:03} submit date:{} done date:{} stat:{state} err:{} text:{}",
            self.submitted.unwrap_or(1),
            self.delivered
                .unwrap_or(u32::from(self.state == Some(MessageState::Delivered))),
            date(self.submit_date),
            date(self.done_date),
            self.error.as_deref().unwrap_or("000"),
            text.chars().take(20).collect::<String>(),
        );
        line
    }
}

/// Receipts are ASCII whatever data_coding says: 0 would turn `_` into `§`. Only
/// text that really is UCS-2, with its zero octets, is read as that.
fn receipt_text(pdu: &DeliverSm) -> String {
    let octets = if pdu.has_udh() {
        gsm::split_udh(pdu.message()).1
    } else {
        pdu.message()
    };
    if pdu.data_coding == 8 && octets.contains(&0) {
        gsm::decode_ucs2(octets)
    } else {
        latin1(octets).into_owned()
    }
}

fn network_error(pdu: &DeliverSm) -> Option<String> {
    if let Some((network, code)) = pdu.tlvs.network_error_code() {
        return Some(format!("{network}:{code}"));
    }
    let text = pdu.tlvs.network_error_text()?;
    Some(text.trim_end_matches('\0').to_owned())
}

#[cfg(test)]
mod tests;
