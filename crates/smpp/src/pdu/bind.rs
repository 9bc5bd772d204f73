//! bind_transmitter, bind_receiver, bind_transceiver and their responses, SMPP 3.4 §4.1.

use std::fmt;

use super::octets::{COctetString, Reader, put_c_octets};
use super::{CommandId, MalformedReason, Tlvs, tlv};

/// Which way messages flow over a session, §2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum BindType {
    /// bind_transmitter: the ESME submits.
    Transmitter,
    /// bind_receiver: the SMSC delivers.
    Receiver,
    /// bind_transceiver: both.
    #[default]
    Transceiver,
}

impl BindType {
    const ALL: [Self; 3] = [Self::Transmitter, Self::Receiver, Self::Transceiver];

    /// The command_id of the bind request.
    #[must_use]
    pub fn command_id(self) -> CommandId {
        match self {
            Self::Transmitter => CommandId::BIND_TRANSMITTER,
            Self::Receiver => CommandId::BIND_RECEIVER,
            Self::Transceiver => CommandId::BIND_TRANSCEIVER,
        }
    }

    /// Whether submit_sm may be sent over such a session.
    #[must_use]
    pub fn may_submit(self) -> bool {
        self != Self::Receiver
    }

    /// Whether deliver_sm may be sent over such a session.
    #[must_use]
    pub fn may_deliver(self) -> bool {
        self != Self::Transmitter
    }

    pub(crate) fn of_command(id: CommandId) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|bind_type| bind_type.command_id() == id)
    }

    pub(crate) fn of_response(id: CommandId) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|bind_type| bind_type.command_id().response() == id)
    }
}

/// The parameters of a bind request, §4.1.1, §4.1.3, §4.1.5.
#[derive(Clone, PartialEq, Eq)]
pub struct Bind {
    /// Which of the three bind commands.
    pub bind_type: BindType,
    /// Who binds.
    pub system_id: COctetString,
    /// Their password; `Debug` does not show it.
    pub password: COctetString,
    /// The kind of system, usually empty.
    pub system_type: COctetString,
    /// The version spoken: 0x34 is 3.4.
    pub interface_version: u8,
    /// Type of number of the addresses served.
    pub addr_ton: u8,
    /// Numbering plan of the addresses served.
    pub addr_npi: u8,
    /// The addresses served, a regular expression; usually empty.
    pub address_range: COctetString,
}

impl Bind {
    /// A bind of this type for SMPP 3.4, with everything optional left empty.
    #[must_use]
    pub fn new(bind_type: BindType, system_id: &str, password: &str) -> Self {
        Self {
            bind_type,
            system_id: system_id.into(),
            password: password.into(),
            system_type: COctetString::default(),
            interface_version: 0x34,
            addr_ton: 0,
            addr_npi: 0,
            address_range: COctetString::default(),
        }
    }

    pub(crate) fn read(
        bind_type: BindType,
        mut reader: Reader<'_>,
    ) -> Result<Self, MalformedReason> {
        Ok(Self {
            bind_type,
            system_id: reader.c_octets("system_id")?,
            password: reader.c_octets("password")?,
            system_type: reader.c_octets("system_type")?,
            interface_version: reader.u8("interface_version")?,
            addr_ton: reader.u8("addr_ton")?,
            addr_npi: reader.u8("addr_npi")?,
            address_range: reader.last_c_octets(),
        })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put_c_octets(out, &self.system_id);
        put_c_octets(out, &self.password);
        put_c_octets(out, &self.system_type);
        out.extend_from_slice(&[self.interface_version, self.addr_ton, self.addr_npi]);
        put_c_octets(out, &self.address_range);
    }
}

impl fmt::Debug for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bind")
            .field("bind_type", &self.bind_type)
            .field("system_id", &self.system_id)
            .field("interface_version", &self.interface_version)
            .finish_non_exhaustive()
    }
}

/// The answer to a bind, §4.1.2, §4.1.4, §4.1.6. The body may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindResp {
    /// Which of the three bind commands is answered.
    pub bind_type: BindType,
    /// Who the SMSC is.
    pub system_id: COctetString,
    /// Optional parameters, in particular sc_interface_version.
    pub tlvs: Tlvs,
}

impl BindResp {
    /// sc_interface_version, §5.3.2.25: 0x34 is 3.4; absent means 3.3.
    #[must_use]
    pub fn interface_version(&self) -> Option<u8> {
        self.tlvs
            .get(tlv::tag::SC_INTERFACE_VERSION)?
            .first()
            .copied()
    }

    pub(crate) fn read(bind_type: BindType, mut reader: Reader<'_>) -> Self {
        Self {
            bind_type,
            system_id: reader.last_c_octets(),
            tlvs: Tlvs::read(reader.rest()),
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put_c_octets(out, &self.system_id);
        self.tlvs.write(out);
    }
}
