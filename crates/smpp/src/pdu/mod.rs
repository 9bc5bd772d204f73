//! The lenient codec: PDUs of SMPP 3.4 as Rust values and as octets.
//!
//! Only a bad command_length is fatal, because after it nobody knows where the
//! next PDU begins. Anything else decodes to *something*: fields are read best
//! effort, unknown commands and broken bodies are kept raw. Nothing here may
//! panic, or allocate by a length it has not checked.

mod address;
mod bind;
mod command_id;
mod deliver_sm;
mod frame;
mod link;
mod octets;
mod short_message;
mod status;
mod submit_sm;
pub mod tlv;

pub use address::Address;
pub use bind::{Bind, BindResp, BindType};
pub use command_id::CommandId;
pub use deliver_sm::DeliverSmResp;
pub use frame::{BadLength, FrameBuffer, HEADER_LENGTH, MAX_PDU_LENGTH};
pub use link::{Malformed, MalformedReason, Raw};
pub use octets::COctetString;
pub(crate) use octets::latin1;
pub use short_message::{DeliverSm, SubmitSm, esm_class, registered_delivery};
pub use status::CommandStatus;
pub use submit_sm::SubmitSmResp;
pub use tlv::{MessageState, Sar, Tlv, Tlvs};

use octets::Reader;

/// One PDU: the header of §3.2 without its length, and the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pdu {
    /// command_status: zero in requests, the outcome in responses.
    pub status: CommandStatus,
    /// sequence_number: a response repeats that of its request.
    pub sequence: u32,
    /// Which command, and its parameters.
    pub body: Body,
}

/// The command of a PDU with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// bind_transmitter, bind_receiver or bind_transceiver, §4.1.
    Bind(Bind),
    /// The answer to a bind, §4.1.
    BindResp(BindResp),
    /// submit_sm, §4.4.1.
    SubmitSm(SubmitSm),
    /// submit_sm_resp, §4.4.2.
    SubmitSmResp(SubmitSmResp),
    /// deliver_sm, §4.6.1.
    DeliverSm(DeliverSm),
    /// deliver_sm_resp, §4.6.2.
    DeliverSmResp(DeliverSmResp),
    /// enquire_link, §4.11.1.
    EnquireLink,
    /// enquire_link_resp, §4.11.2.
    EnquireLinkResp,
    /// unbind, §4.2.1.
    Unbind,
    /// unbind_resp, §4.2.2.
    UnbindResp,
    /// generic_nack, §4.3.1.
    GenericNack,
    /// A command this crate does not read (data_sm, query_sm, vendor ones …).
    Other(Raw),
    /// A known command whose mandatory parameters end too early.
    Malformed(Malformed),
}

/// The PDU does not fit in [`MAX_PDU_LENGTH`] octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the PDU would have more than {MAX_PDU_LENGTH} octets")]
pub struct TooLong;

impl Pdu {
    /// A request with this sequence number.
    #[must_use]
    pub fn request(sequence: u32, body: Body) -> Self {
        Self {
            status: CommandStatus::ROK,
            sequence,
            body,
        }
    }

    /// A response with this status and sequence number.
    #[must_use]
    pub fn response(status: CommandStatus, sequence: u32, body: Body) -> Self {
        Self {
            status,
            sequence,
            body,
        }
    }

    /// The command_id, §5.1.2.1.
    #[must_use]
    pub fn command_id(&self) -> CommandId {
        self.body.command_id()
    }

    /// Reads one PDU from a whole frame, such as [`FrameBuffer`] yields.
    ///
    /// Never fails: a frame shorter than a header reads as zeros.
    #[must_use]
    pub fn decode(frame: &[u8]) -> Self {
        let word = |index: usize| {
            let octets = frame.get(index * 4..index * 4 + 4);
            octets.map_or(0, |octets| {
                octets
                    .iter()
                    .fold(0, |word, octet| word << 8 | u32::from(*octet))
            })
        };
        let (id, status, sequence) = (CommandId(word(1)), CommandStatus(word(2)), word(3));
        let octets = frame.get(HEADER_LENGTH..).unwrap_or(&[]);
        let body = Body::read(id, octets).unwrap_or_else(|reason| {
            Body::Malformed(Malformed {
                command_id: id,
                reason,
                octets: octets.to_vec(),
            })
        });
        Self {
            status,
            sequence,
            body,
        }
    }

    /// Appends the PDU to `out`. On [`TooLong`] nothing has been appended.
    ///
    /// # Errors
    /// [`TooLong`] when the PDU would have more than [`MAX_PDU_LENGTH`] octets.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.command_id().0.to_be_bytes());
        out.extend_from_slice(&self.status.0.to_be_bytes());
        out.extend_from_slice(&self.sequence.to_be_bytes());
        if self.status.is_ok() || !self.body.may_be_left_out() {
            self.body.write(out);
        }
        let length = out.len() - start;
        match u32::try_from(length) {
            Ok(octets) if length <= MAX_PDU_LENGTH => {
                out[start..start + 4].copy_from_slice(&octets.to_be_bytes());
                Ok(())
            }
            _ => {
                out.truncate(start);
                Err(TooLong)
            }
        }
    }
}

impl Body {
    /// The command_id, §5.1.2.1.
    #[must_use]
    pub fn command_id(&self) -> CommandId {
        match self {
            Self::Bind(bind) => bind.bind_type.command_id(),
            Self::BindResp(resp) => resp.bind_type.command_id().response(),
            Self::SubmitSm(_) => CommandId::SUBMIT_SM,
            Self::SubmitSmResp(_) => CommandId::SUBMIT_SM.response(),
            Self::DeliverSm(_) => CommandId::DELIVER_SM,
            Self::DeliverSmResp(_) => CommandId::DELIVER_SM.response(),
            Self::EnquireLink => CommandId::ENQUIRE_LINK,
            Self::EnquireLinkResp => CommandId::ENQUIRE_LINK.response(),
            Self::Unbind => CommandId::UNBIND,
            Self::UnbindResp => CommandId::UNBIND.response(),
            Self::GenericNack => CommandId::GENERIC_NACK,
            Self::Other(raw) => raw.command_id,
            Self::Malformed(malformed) => malformed.command_id,
        }
    }

    /// §4.1.2 and §4.4.2 leave the body out of a refusal.
    fn may_be_left_out(&self) -> bool {
        match self {
            Self::BindResp(resp) => resp.system_id.is_empty() && resp.tlvs.is_empty(),
            Self::SubmitSmResp(resp) => resp.message_id.is_empty() && resp.tlvs.is_empty(),
            _ => false,
        }
    }

    fn read(id: CommandId, octets: &[u8]) -> Result<Self, MalformedReason> {
        let reader = Reader::new(octets);
        if let Some(bind_type) = BindType::of_command(id) {
            return Bind::read(bind_type, reader).map(Self::Bind);
        }
        if let Some(bind_type) = BindType::of_response(id) {
            return Ok(Self::BindResp(BindResp::read(bind_type, reader)));
        }
        Ok(match id {
            CommandId::SUBMIT_SM => Self::SubmitSm(SubmitSm::read(reader)?),
            CommandId::SUBMIT_SM_RESP => Self::SubmitSmResp(SubmitSmResp::read(reader)),
            CommandId::DELIVER_SM => Self::DeliverSm(DeliverSm::read(reader)?),
            CommandId::DELIVER_SM_RESP => Self::DeliverSmResp(DeliverSmResp::read(reader)),
            // These have no body; what a peer adds is of no use to anyone.
            CommandId::ENQUIRE_LINK => Self::EnquireLink,
            CommandId::ENQUIRE_LINK_RESP => Self::EnquireLinkResp,
            CommandId::UNBIND => Self::Unbind,
            CommandId::UNBIND_RESP => Self::UnbindResp,
            CommandId::GENERIC_NACK => Self::GenericNack,
            _ => Self::Other(Raw {
                command_id: id,
                octets: octets.to_vec(),
            }),
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Bind(bind) => bind.write(out),
            Self::BindResp(resp) => resp.write(out),
            Self::SubmitSm(message) => message.write(out),
            Self::SubmitSmResp(resp) => resp.write(out),
            Self::DeliverSm(message) => message.write(out),
            Self::DeliverSmResp(resp) => resp.write(out),
            Self::EnquireLink
            | Self::EnquireLinkResp
            | Self::Unbind
            | Self::UnbindResp
            | Self::GenericNack => {}
            Self::Other(raw) => out.extend_from_slice(&raw.octets),
            Self::Malformed(malformed) => out.extend_from_slice(&malformed.octets),
        }
    }
}

#[cfg(test)]
mod tests;
