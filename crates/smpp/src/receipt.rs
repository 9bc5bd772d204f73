//! Delivery receipts, SMPP 3.4 Appendix B: from TLVs first, else from the text.
use crate::pdu::{COctetString, DeliverSm, MessageState};

/// How the ids in receipts relate to those in submit_sm_resp, by carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum IdFormat {
    /// They are the same.
    #[default]
    AsIs,
    /// submit_sm_resp is hexadecimal, the receipt decimal.
    HexThenDecimal,
    /// submit_sm_resp is decimal, the receipt hexadecimal.
    DecimalThenHex,
}

impl IdFormat {
    /// The id of a submit_sm_resp, in the form to store and look up by.
    #[must_use]
    pub fn of_submit(self, _message_id: &COctetString) -> String { todo!() }
    /// The id of a receipt, in the form to store and look up by.
    #[must_use]
    pub fn of_receipt(self, _message_id: &str) -> String { todo!() }
}

/// What a delivery receipt says. Every field can be missing.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Receipt {
    /// The SMSC's id, as it came; see [`IdFormat`].
    pub message_id: Option<String>,
    /// Where the message stands.
    pub state: Option<MessageState>,
    /// The carrier's error code: `err` or network_error_code.
    pub error: Option<String>,
    /// `submit date`, digits as they came: YYMMDDhhmm or with seconds, zone unknown.
    pub submit_date: Option<String>,
    /// `done date`, likewise.
    pub done_date: Option<String>,
}

impl Receipt {
    /// The receipt in a deliver_sm; `None` when it is a customer's message.
    #[must_use]
    pub fn of(_pdu: &DeliverSm) -> Option<Self> { todo!() }
    /// The text form, for the server side. `text` is the beginning of the message.
    #[must_use]
    pub fn to_text(&self, _text: &str) -> String { todo!() }
    /// Reads the text form.
    #[must_use]
    pub fn parse(_text: &str) -> Self { todo!() }
}
