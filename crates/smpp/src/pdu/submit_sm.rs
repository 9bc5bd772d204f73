//! submit_sm and its response, SMPP 3.4 §4.4: the ESME hands a message over.
//!
//! The request itself shares its layout with deliver_sm: `short_message.rs`.

use super::Tlvs;
use super::octets::{COctetString, Reader, put_c_octets};

/// submit_sm_resp, §4.4.2.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SubmitSmResp {
    /// The SMSC's id of the message; empty when the message was refused.
    pub message_id: COctetString,
    /// The specification has none here; some carriers send them.
    pub tlvs: Tlvs,
}

impl SubmitSmResp {
    /// §4.4.2 leaves the body out when the status is not zero, some carriers
    /// send it nevertheless, and some leave it out of a success too: all are fine.
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
