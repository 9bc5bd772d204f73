//! What has no parameters of its own: PDUs kept raw and PDUs that do not parse.
//!
//! enquire_link, unbind and generic_nack (§4.2, §4.3, §4.11) are a header only
//! and therefore need no type; they are variants of [`super::Body`].

use std::fmt;

use super::CommandId;

/// A command this crate does not read, kept as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct Raw {
    /// Which command.
    pub command_id: CommandId,
    /// The body, without the header.
    pub octets: Vec<u8>,
}

/// A known command whose mandatory parameters could not be read.
///
/// The session answers it with the fitting response and an error status, or
/// with generic_nack, and goes on.
#[derive(Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Which command.
    pub command_id: CommandId,
    /// What is wrong with it.
    pub reason: MalformedReason,
    /// The body, without the header.
    pub octets: Vec<u8>,
}

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedReason {
    /// The body ends inside this mandatory parameter, or a string lacks its NUL.
    #[error("the body ends inside {field}")]
    Truncated {
        /// The name of the parameter in the specification.
        field: &'static str,
    },
}

// Bodies can hold phone numbers and texts, so only their size is shown.
impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Raw({:?}, {} octets)",
            self.command_id,
            self.octets.len()
        )
    }
}

impl fmt::Debug for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Malformed({:?}, {}, {} octets)",
            self.command_id,
            self.reason,
            self.octets.len()
        )
    }
}
