//! submit_sm and deliver_sm, SMPP 3.4 §4.4.1 and §4.6.1: one layout, two directions.
//!
//! Two types, because a message on its way out and one that came in must not be
//! mixed up; one reader and writer, because the octets are the same.

use std::fmt;

use super::octets::{COctetString, Reader, put_c_octets};
use super::{Address, MalformedReason, Tlvs, tlv};

/// Bits of esm_class, §5.2.12.
pub mod esm_class {
    /// Deliver: the message is an SMSC delivery receipt.
    pub const DELIVERY_RECEIPT: u8 = 0x04;
    /// Deliver: the message is an intermediate notification.
    pub const INTERMEDIATE: u8 = 0x20;
    /// The short message begins with a user data header.
    pub const UDHI: u8 = 0x40;
    /// The bits that hold the message type.
    pub const TYPE_MASK: u8 = 0x3C;
}

/// Values of registered_delivery, §5.2.17.
pub mod registered_delivery {
    /// No receipt.
    pub const NONE: u8 = 0;
    /// A receipt on success and on failure.
    pub const SUCCESS_AND_FAILURE: u8 = 1;
    /// A receipt on failure only.
    pub const FAILURE: u8 = 2;
    /// To be added: an intermediate notification too.
    pub const INTERMEDIATE: u8 = 0x10;
}

/// The longest short_message, §5.2.22; longer ones travel in message_payload.
const MAX_SHORT_MESSAGE: usize = 254;

macro_rules! message_pdu {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Default)]
        pub struct $name {
            /// service_type, usually empty.
            pub service_type: COctetString,
            /// Who sends.
            pub source: Address,
            /// Who receives.
            pub destination: Address,
            /// Message mode, type and features: see [`esm_class`].
            pub esm_class: u8,
            /// GSM protocol identifier.
            pub protocol_id: u8,
            /// Priority, 0 to 3.
            pub priority_flag: u8,
            /// When to deliver, §7.1.1; empty for at once.
            pub schedule_delivery_time: COctetString,
            /// How long to try, §7.1.1; empty for the SMSC's default.
            pub validity_period: COctetString,
            /// Which receipts are wanted: see [`registered_delivery`].
            pub registered_delivery: u8,
            /// Whether to replace an earlier message.
            pub replace_if_present: u8,
            /// The alphabet of the message, §5.2.19.
            pub data_coding: u8,
            /// A predefined message of the SMSC.
            pub sm_default_msg_id: u8,
            /// The message, up to 254 octets. When it is longer it is written as
            /// message_payload with sm_length 0, §5.3.2.32.
            pub short_message: Vec<u8>,
            /// Optional parameters.
            pub tlvs: Tlvs,
        }

        impl $name {
            /// The message: short_message, or message_payload when that is empty.
            #[must_use]
            pub fn message(&self) -> &[u8] {
                if self.short_message.is_empty() {
                    self.tlvs.message_payload().unwrap_or(&[])
                } else {
                    &self.short_message
                }
            }

            /// Whether the message begins with a user data header.
            #[must_use]
            pub fn has_udh(&self) -> bool {
                self.esm_class & esm_class::UDHI != 0
            }

            pub(crate) fn read(mut reader: Reader<'_>) -> Result<Self, MalformedReason> {
                let reader = &mut reader;
                Ok(Self {
                    service_type: reader.c_octets("service_type")?,
                    source: Address::read(reader, "source_addr")?,
                    destination: Address::read(reader, "destination_addr")?,
                    esm_class: reader.u8("esm_class")?,
                    protocol_id: reader.u8("protocol_id")?,
                    priority_flag: reader.u8("priority_flag")?,
                    schedule_delivery_time: reader.c_octets("schedule_delivery_time")?,
                    validity_period: reader.c_octets("validity_period")?,
                    registered_delivery: reader.u8("registered_delivery")?,
                    replace_if_present: reader.u8("replace_if_present_flag")?,
                    data_coding: reader.u8("data_coding")?,
                    sm_default_msg_id: reader.u8("sm_default_msg_id")?,
                    short_message: {
                        let length = reader.u8("sm_length")?;
                        reader.octets(usize::from(length), "short_message")?
                    },
                    tlvs: Tlvs::read(reader.rest()),
                })
            }

            pub(crate) fn write(&self, out: &mut Vec<u8>) {
                put_c_octets(out, &self.service_type);
                self.source.write(out);
                self.destination.write(out);
                out.extend_from_slice(&[self.esm_class, self.protocol_id, self.priority_flag]);
                put_c_octets(out, &self.schedule_delivery_time);
                put_c_octets(out, &self.validity_period);
                out.extend_from_slice(&[
                    self.registered_delivery,
                    self.replace_if_present,
                    self.data_coding,
                    self.sm_default_msg_id,
                ]);
                match u8::try_from(self.short_message.len()) {
                    Ok(length) if self.short_message.len() <= MAX_SHORT_MESSAGE => {
                        out.push(length);
                        out.extend_from_slice(&self.short_message);
                        self.tlvs.write(out);
                    }
                    _ => {
                        out.push(0);
                        let payload = self.short_message.as_slice();
                        Tlvs::new().with(tlv::tag::MESSAGE_PAYLOAD, payload).write(out);
                        self.tlvs.write(out);
                    }
                }
            }
        }

        impl fmt::Debug for $name {
            // The text and the numbers are personal data; their shape is enough.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("source", &self.source)
                    .field("destination", &self.destination)
                    .field("esm_class", &self.esm_class)
                    .field("data_coding", &self.data_coding)
                    .field("octets", &self.short_message.len())
                    .field("tlvs", &self.tlvs)
                    .finish_non_exhaustive()
            }
        }
    };
}

message_pdu! {
    /// submit_sm, §4.4.1: a message handed to the SMSC.
    SubmitSm
}

message_pdu! {
    /// deliver_sm, §4.6.1: a message or receipt handed to the ESME.
    DeliverSm
}

impl DeliverSm {
    /// Whether esm_class marks this as a delivery receipt or an intermediate
    /// notification, §5.2.12. Some carriers forget the mark, so
    /// [`crate::receipt::Receipt::of`] looks at the content too.
    #[must_use]
    pub fn is_marked_as_receipt(&self) -> bool {
        let kind = self.esm_class & esm_class::TYPE_MASK;
        kind & (esm_class::DELIVERY_RECEIPT | esm_class::INTERMEDIATE) != 0
    }
}
