//! deliver_sm's response, SMPP 3.4 §4.6.2.
//!
//! The request itself shares its layout with submit_sm: `short_message.rs`.

use super::Tlvs;
use super::octets::{COctetString, Reader, put_c_octets};

/// deliver_sm_resp, §4.6.2. The body may be missing.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DeliverSmResp {
    /// Unused by the specification: a single NUL.
    pub message_id: COctetString,
    /// The specification has none here; some peers send them.
    pub tlvs: Tlvs,
}

impl DeliverSmResp {
    pub(crate) fn read(mut reader: Reader<'_>) -> Self {
        Self {
            message_id: reader.last_c_octets(),
            tlvs: Tlvs::read(reader.rest()),
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put_c_octets(out, &self.message_id);
        self.tlvs.write(out);
    }
}
