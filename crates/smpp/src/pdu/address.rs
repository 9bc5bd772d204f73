//! An SME address: type of number, numbering plan and digits, SMPP 3.4 §4.2.1.
//!
//! The digits are personal data, so `Debug` shows how many there are and never which.

use std::fmt;

use super::MalformedReason;
use super::octets::{COctetString, Reader, put_c_octets};

/// A source or destination address with its TON and NPI.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Address {
    /// Type of number, §5.2.5: see the `TON_*` constants.
    pub ton: u8,
    /// Numbering plan indicator, §5.2.6: see the `NPI_*` constants.
    pub npi: u8,
    /// The address itself, §5.2.8.
    pub value: COctetString,
}

impl Address {
    /// Type of number unknown, §5.2.5; common for short codes.
    pub const TON_UNKNOWN: u8 = 0;
    /// An international number, §5.2.5.
    pub const TON_INTERNATIONAL: u8 = 1;
    /// A national number, §5.2.5.
    pub const TON_NATIONAL: u8 = 2;
    /// A number of the network itself, §5.2.5; some carriers' short codes.
    pub const TON_NETWORK_SPECIFIC: u8 = 3;
    /// A name of up to eleven characters, §5.2.5.
    pub const TON_ALPHANUMERIC: u8 = 5;
    /// An abbreviated number, §5.2.5; other carriers' short codes.
    pub const TON_ABBREVIATED: u8 = 6;
    /// Numbering plan unknown, §5.2.6.
    pub const NPI_UNKNOWN: u8 = 0;
    /// ISDN numbering plan, E.163/E.164, §5.2.6.
    pub const NPI_ISDN: u8 = 1;

    /// An address with the given type and plan.
    #[must_use]
    pub fn new(ton: u8, npi: u8, value: impl Into<COctetString>) -> Self {
        Self {
            ton,
            npi,
            value: value.into(),
        }
    }

    /// An international number. A leading `+` is left out, as the wire wants it.
    #[must_use]
    pub fn international(number: &str) -> Self {
        let digits = number.strip_prefix('+').unwrap_or(number);
        Self::new(Self::TON_INTERNATIONAL, Self::NPI_ISDN, digits)
    }

    /// An alphanumeric sender name.
    #[must_use]
    pub fn alphanumeric(name: &str) -> Self {
        Self::new(Self::TON_ALPHANUMERIC, Self::NPI_UNKNOWN, name)
    }

    /// A short code, with type and plan unknown as most carriers want it.
    #[must_use]
    pub fn short_code(code: &str) -> Self {
        Self::new(Self::TON_UNKNOWN, Self::NPI_UNKNOWN, code)
    }

    pub(crate) fn read(
        reader: &mut Reader<'_>,
        field: &'static str,
    ) -> Result<Self, MalformedReason> {
        Ok(Self {
            ton: reader.u8(field)?,
            npi: reader.u8(field)?,
            value: reader.c_octets(field)?,
        })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(self.ton);
        out.push(self.npi);
        put_c_octets(out, &self.value);
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ton, npi, value } = self;
        write!(
            f,
            "Address(ton {ton}, npi {npi}, {} octets)",
            value.as_bytes().len()
        )
    }
}
