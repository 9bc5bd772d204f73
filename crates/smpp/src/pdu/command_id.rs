//! command_id, SMPP 3.4 §5.1.2.1: the number that says what a PDU is.

use std::fmt;

/// A command_id. The top bit marks a response.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId(pub u32);

impl CommandId {
    /// generic_nack; it has no request, only the form with the top bit.
    pub const GENERIC_NACK: Self = Self(0x8000_0000);
    /// bind_receiver.
    pub const BIND_RECEIVER: Self = Self(0x01);
    /// bind_transmitter.
    pub const BIND_TRANSMITTER: Self = Self(0x02);
    /// query_sm.
    pub const QUERY_SM: Self = Self(0x03);
    /// submit_sm.
    pub const SUBMIT_SM: Self = Self(0x04);
    /// submit_sm_resp.
    pub const SUBMIT_SM_RESP: Self = Self(0x8000_0004);
    /// deliver_sm.
    pub const DELIVER_SM: Self = Self(0x05);
    /// deliver_sm_resp.
    pub const DELIVER_SM_RESP: Self = Self(0x8000_0005);
    /// unbind.
    pub const UNBIND: Self = Self(0x06);
    /// unbind_resp.
    pub const UNBIND_RESP: Self = Self(0x8000_0006);
    /// replace_sm.
    pub const REPLACE_SM: Self = Self(0x07);
    /// cancel_sm.
    pub const CANCEL_SM: Self = Self(0x08);
    /// bind_transceiver.
    pub const BIND_TRANSCEIVER: Self = Self(0x09);
    /// outbind.
    pub const OUTBIND: Self = Self(0x0B);
    /// enquire_link.
    pub const ENQUIRE_LINK: Self = Self(0x15);
    /// enquire_link_resp.
    pub const ENQUIRE_LINK_RESP: Self = Self(0x8000_0015);
    /// submit_multi.
    pub const SUBMIT_MULTI: Self = Self(0x21);
    /// alert_notification.
    pub const ALERT_NOTIFICATION: Self = Self(0x102);
    /// data_sm.
    pub const DATA_SM: Self = Self(0x103);

    /// Whether this is a response.
    #[must_use]
    pub const fn is_response(self) -> bool {
        self.0 & 0x8000_0000 != 0
    }

    /// The id of the response to this command.
    #[must_use]
    pub const fn response(self) -> Self {
        Self(self.0 | 0x8000_0000)
    }

    /// Whether a request with this id has no response, §4.12 and §4.1.7.
    pub(crate) fn is_one_way(self) -> bool {
        self == Self::ALERT_NOTIFICATION || self == Self::OUTBIND
    }

    /// Whether the specification defines this request.
    pub(crate) fn is_known_request(self) -> bool {
        matches!(self.0, 0x01..=0x09 | 0x0B | 0x15 | 0x21 | 0x102 | 0x103)
    }
}

impl fmt::Debug for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08X}", self.0)
    }
}
