//! Optional parameters, SMPP 3.4 §5.3: kept raw and in order, with typed accessors.
//!
//! Reading never fails. What does not parse as a tag, a length and that many
//! octets stays in [`Tlvs::trailing`], because one stray octet at the end of a
//! receipt is common and losing the receipt over it is not acceptable.

use std::borrow::Cow;
use std::fmt;

use super::octets::{COctetString, latin1};

/// Tags of the optional parameters this crate knows, §5.3.2.
pub mod tag {
    /// sc_interface_version in a bind response, §5.3.2.25.
    pub const SC_INTERFACE_VERSION: u16 = 0x0210;
    /// receipted_message_id, §5.3.2.12.
    pub const RECEIPTED_MESSAGE_ID: u16 = 0x001E;
    /// user_message_reference, §5.3.2.17.
    pub const USER_MESSAGE_REFERENCE: u16 = 0x0204;
    /// sar_msg_ref_num, §5.3.2.22.
    pub const SAR_MSG_REF_NUM: u16 = 0x020C;
    /// sar_total_segments, §5.3.2.23.
    pub const SAR_TOTAL_SEGMENTS: u16 = 0x020E;
    /// sar_segment_seqnum, §5.3.2.24.
    pub const SAR_SEGMENT_SEQNUM: u16 = 0x020F;
    /// network_error_code, §5.3.2.31.
    pub const NETWORK_ERROR_CODE: u16 = 0x0423;
    /// message_payload, §5.3.2.32.
    pub const MESSAGE_PAYLOAD: u16 = 0x0424;
    /// message_state, §5.3.2.35.
    pub const MESSAGE_STATE: u16 = 0x0427;
    /// congestion_state, SMPP 5.0 §4.8.4.18.
    pub const CONGESTION_STATE: u16 = 0x0428;
}

/// One optional parameter, §3.2.4.1.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tlv {
    /// The tag; 0x1400–0x3FFF is left to vendors.
    pub tag: u16,
    /// The value as it stood on the wire.
    pub value: Vec<u8>,
}

impl fmt::Debug for Tlv {
    // A payload can be a message text, so only its size is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tlv(0x{:04X}, {} octets)", self.tag, self.value.len())
    }
}

/// Where a message stands, §5.2.28; the numbers of SMPP 5.0 are included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageState {
    /// 0, SMPP 5.0: scheduled, not yet tried.
    Scheduled,
    /// 1: on its way.
    Enroute,
    /// 2: delivered to the handset.
    Delivered,
    /// 3: its validity period ended.
    Expired,
    /// 4: deleted.
    Deleted,
    /// 5: cannot be delivered.
    Undeliverable,
    /// 6: accepted on the subscriber's behalf.
    Accepted,
    /// 7: the carrier does not know.
    Unknown,
    /// 8: rejected.
    Rejected,
    /// 9, SMPP 5.0: skipped.
    Skipped,
    /// Any other number.
    Other(u8),
}

impl MessageState {
    const NUMBERED: [Self; 10] = [
        Self::Scheduled,
        Self::Enroute,
        Self::Delivered,
        Self::Expired,
        Self::Deleted,
        Self::Undeliverable,
        Self::Accepted,
        Self::Unknown,
        Self::Rejected,
        Self::Skipped,
    ];

    /// Whether no further receipt can be expected.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Scheduled | Self::Enroute | Self::Other(_))
    }
}

impl From<u8> for MessageState {
    fn from(number: u8) -> Self {
        let known = Self::NUMBERED.get(usize::from(number)).copied();
        known.unwrap_or(Self::Other(number))
    }
}

impl From<MessageState> for u8 {
    fn from(state: MessageState) -> Self {
        if let MessageState::Other(number) = state {
            return number;
        }
        (0..)
            .zip(MessageState::NUMBERED)
            .find(|(_, known)| *known == state)
            .map_or(7, |(number, _)| number)
    }
}

/// The three sar_* parameters, §5.3.2.22–24: one part of a longer message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sar {
    /// The reference all parts share.
    pub reference: u16,
    /// How many parts there are.
    pub total: u8,
    /// Which part this is, from 1.
    pub part: u8,
}

/// The optional parameters of a PDU, in the order of the wire.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Tlvs {
    list: Vec<Tlv>,
    trailing: Vec<u8>,
}

impl Tlvs {
    /// No optional parameters.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            list: Vec::new(),
            trailing: Vec::new(),
        }
    }

    /// The value of the first parameter with this tag.
    #[must_use]
    pub fn get(&self, tag: u16) -> Option<&[u8]> {
        self.list
            .iter()
            .find(|tlv| tlv.tag == tag)
            .map(|tlv| tlv.value.as_slice())
    }

    /// Adds a parameter at the end.
    pub fn push(&mut self, tag: u16, value: impl Into<Vec<u8>>) {
        self.list.push(Tlv {
            tag,
            value: value.into(),
        });
    }

    /// Adds a parameter at the end and hands the list back, for building.
    #[must_use]
    pub fn with(mut self, tag: u16, value: impl Into<Vec<u8>>) -> Self {
        self.push(tag, value);
        self
    }

    /// All parameters in the order of the wire.
    pub fn iter(&self) -> impl Iterator<Item = &Tlv> {
        self.list.iter()
    }

    /// Whether there are no parameters; trailing octets do not count.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Octets after the last whole parameter.
    #[must_use]
    pub fn trailing(&self) -> &[u8] {
        &self.trailing
    }

    /// receipted_message_id, with or without its closing NUL.
    #[must_use]
    pub fn receipted_message_id(&self) -> Option<COctetString> {
        let id = COctetString::new(self.get(tag::RECEIPTED_MESSAGE_ID)?);
        (!id.is_empty()).then_some(id)
    }

    /// message_state; a value of two or four octets is read as a wider number.
    #[must_use]
    pub fn message_state(&self) -> Option<MessageState> {
        let number = self.number(tag::MESSAGE_STATE)?;
        Some(u8::try_from(number).map_or(MessageState::Unknown, MessageState::from))
    }

    /// message_payload: the text when sm_length is 0.
    #[must_use]
    pub fn message_payload(&self) -> Option<&[u8]> {
        self.get(tag::MESSAGE_PAYLOAD)
    }

    /// user_message_reference.
    #[must_use]
    pub fn user_message_reference(&self) -> Option<u16> {
        u16::try_from(self.number(tag::USER_MESSAGE_REFERENCE)?).ok()
    }

    /// network_error_code: the network type and its error number. Some carriers
    /// send decimal digits instead; those are in [`Tlvs::network_error_text`].
    #[must_use]
    pub fn network_error_code(&self) -> Option<(u8, u16)> {
        match self.get(tag::NETWORK_ERROR_CODE)? {
            [network, high, low] => Some((*network, u16::from_be_bytes([*high, *low]))),
            _ => None,
        }
    }

    /// network_error_code read as text, whatever it holds.
    #[must_use]
    pub fn network_error_text(&self) -> Option<Cow<'_, str>> {
        self.get(tag::NETWORK_ERROR_CODE).map(latin1)
    }

    /// congestion_state, 0–100, SMPP 5.0.
    #[must_use]
    pub fn congestion_state(&self) -> Option<u8> {
        u8::try_from(self.number(tag::CONGESTION_STATE)?).ok()
    }

    /// The three sar_* parameters, when all are there.
    #[must_use]
    pub fn sar(&self) -> Option<Sar> {
        Some(Sar {
            reference: u16::try_from(self.number(tag::SAR_MSG_REF_NUM)?).ok()?,
            total: u8::try_from(self.number(tag::SAR_TOTAL_SEGMENTS)?).ok()?,
            part: u8::try_from(self.number(tag::SAR_SEGMENT_SEQNUM)?).ok()?,
        })
    }

    /// Adds the three sar_* parameters.
    pub fn push_sar(&mut self, sar: Sar) {
        self.push(tag::SAR_MSG_REF_NUM, sar.reference.to_be_bytes());
        self.push(tag::SAR_TOTAL_SEGMENTS, [sar.total]);
        self.push(tag::SAR_SEGMENT_SEQNUM, [sar.part]);
    }

    /// An integer of one to four octets, however wide the peer made it.
    fn number(&self, tag: u16) -> Option<u32> {
        let value = self.get(tag)?;
        if value.is_empty() || value.len() > 4 {
            return None;
        }
        Some(
            value
                .iter()
                .fold(0, |number, octet| number << 8 | u32::from(*octet)),
        )
    }

    pub(crate) fn read(mut rest: &[u8]) -> Self {
        let mut list = Vec::new();
        while let [t1, t2, l1, l2, after @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*l1, *l2]));
            let Some((value, next)) = after.split_at_checked(length) else {
                break;
            };
            list.push(Tlv {
                tag: u16::from_be_bytes([*t1, *t2]),
                value: value.to_vec(),
            });
            rest = next;
        }
        Self {
            list,
            trailing: rest.to_vec(),
        }
    }

    /// Trailing octets are not repeated: we write what the specification says.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for tlv in &self.list {
            out.extend_from_slice(&tlv.tag.to_be_bytes());
            // A longer value makes the PDU longer than any frame, which encoding refuses.
            let length = u16::try_from(tlv.value.len()).unwrap_or(u16::MAX);
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(&tlv.value);
        }
    }
}

impl fmt::Debug for Tlvs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.list).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_wrong_width_are_still_read() {
        let tlvs = Tlvs::read(&[0x04, 0x27, 0, 2, 0, 2, 0x00, 0x1E, 0, 3, b'a', b'b', b'c']);
        assert_eq!(tlvs.message_state(), Some(MessageState::Delivered));
        assert_eq!(tlvs.receipted_message_id(), Some("abc".into()));
    }

    #[test]
    fn a_cut_parameter_is_kept_as_trailing_octets() {
        let tlvs = Tlvs::read(&[0x04, 0x27, 0, 1, 2, 0x15, 0x01, 0, 9, 1]);
        assert_eq!(tlvs.message_state(), Some(MessageState::Delivered));
        assert_eq!(tlvs.trailing(), [0x15, 0x01, 0, 9, 1]);
    }

    #[test]
    fn states_and_numbers_convert_both_ways() {
        for number in 0..=255 {
            assert_eq!(u8::from(MessageState::from(number)), number);
        }
    }

    #[test]
    fn sar_parameters_come_back() {
        let sar = Sar {
            reference: 0x0102,
            total: 3,
            part: 2,
        };
        let mut tlvs = Tlvs::new();
        tlvs.push_sar(sar);
        assert_eq!(tlvs.sar(), Some(sar));
    }
}
