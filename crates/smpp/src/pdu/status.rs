//! command_status, SMPP 3.4 §5.1.3: a number with names for the codes we know.
//!
//! It is a newtype and not an enum on purpose: carriers send vendor codes
//! (0x400–0x4FF) and plainly undefined ones, and neither may break a session.

use std::fmt;

/// The status of a response, SMPP 3.4 §5.1.3. Zero in every request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct CommandStatus(pub u32);

macro_rules! statuses {
    ($($name:ident = $value:literal, $doc:literal;)*) => {
        impl CommandStatus {
            $(#[doc = $doc] pub const $name: Self = Self($value);)*

            /// Every code with a name, in ascending order.
            pub const KNOWN: &'static [Self] = &[$(Self::$name),*];

            /// The name in the specification, with its `ESME_` prefix; `None`
            /// for reserved, vendor and undefined codes.
            #[must_use]
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(concat!("ESME_", stringify!($name))),)*
                    _ => None,
                }
            }
        }
    };
}

statuses! {
    ROK = 0x00, "No error.";
    RINVMSGLEN = 0x01, "Message length is invalid.";
    RINVCMDLEN = 0x02, "Command length is invalid.";
    RINVCMDID = 0x03, "Invalid command id.";
    RINVBNDSTS = 0x04, "Incorrect bind status for the given command.";
    RALYBND = 0x05, "Already in the bound state.";
    RINVPRTFLG = 0x06, "Invalid priority flag.";
    RINVREGDLVFLG = 0x07, "Invalid registered delivery flag.";
    RSYSERR = 0x08, "System error.";
    RINVSRCADR = 0x0A, "Invalid source address.";
    RINVDSTADR = 0x0B, "Invalid destination address.";
    RINVMSGID = 0x0C, "Message id is invalid.";
    RBINDFAIL = 0x0D, "Bind failed.";
    RINVPASWD = 0x0E, "Invalid password.";
    RINVSYSID = 0x0F, "Invalid system id.";
    RCANCELFAIL = 0x11, "Cancel of a message failed.";
    RREPLACEFAIL = 0x13, "Replace of a message failed.";
    RMSGQFUL = 0x14, "Message queue full: too many undelivered messages, for one destination or in all.";
    RINVSERTYP = 0x15, "Invalid service type.";
    RINVNUMDESTS = 0x33, "Invalid number of destinations.";
    RINVDLNAME = 0x34, "Invalid distribution list name.";
    RINVDESTFLAG = 0x40, "Invalid destination flag (submit_multi).";
    RINVSUBREP = 0x42, "Invalid submit with replace request.";
    RINVESMCLASS = 0x43, "Invalid esm_class.";
    RCNTSUBDL = 0x44, "Cannot submit to the distribution list.";
    RSUBMITFAIL = 0x45, "submit_sm or submit_multi failed.";
    RINVSRCTON = 0x48, "Invalid source address type of number.";
    RINVSRCNPI = 0x49, "Invalid source address numbering plan.";
    RINVDSTTON = 0x50, "Invalid destination address type of number.";
    RINVDSTNPI = 0x51, "Invalid destination address numbering plan.";
    RINVSYSTYP = 0x53, "Invalid system_type.";
    RINVREPFLAG = 0x54, "Invalid replace_if_present flag.";
    RINVNUMMSGS = 0x55, "Invalid number of messages.";
    RTHROTTLED = 0x58, "Throttled: this side sends faster than it is allowed to.";
    RINVSCHED = 0x61, "Invalid scheduled delivery time.";
    RINVEXPIRY = 0x62, "Invalid validity period.";
    RINVDFTMSGID = 0x63, "Predefined message invalid or not found.";
    RX_T_APPN = 0x64, "Receiver: temporary application error, please deliver again.";
    RX_P_APPN = 0x65, "Receiver: permanent application error.";
    RX_R_APPN = 0x66, "Receiver: this message is rejected.";
    RQUERYFAIL = 0x67, "query_sm failed.";
    RINVOPTPARSTREAM = 0xC0, "Error in the optional part of the PDU body.";
    ROPTPARNOTALLWD = 0xC1, "Optional parameter not allowed.";
    RINVPARLEN = 0xC2, "Invalid parameter length.";
    RMISSINGOPTPARAM = 0xC3, "Expected optional parameter missing.";
    RINVOPTPARAMVAL = 0xC4, "Invalid optional parameter value.";
    RDELIVERYFAILURE = 0xFE, "Delivery failure (data_sm_resp).";
    RUNKNOWNERR = 0xFF, "Unknown error.";
}

impl CommandStatus {
    /// Whether the request was accepted.
    #[must_use]
    pub fn is_ok(self) -> bool {
        self == Self::ROK
    }

    /// Whether the code lies in the range left to SMSC vendors, 0x400–0x4FF.
    #[must_use]
    pub fn is_vendor(self) -> bool {
        (0x400..=0x4FF).contains(&self.0)
    }
}

impl fmt::Display for CommandStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} (0x{:08X})", self.0),
            None if self.is_vendor() => write!(f, "vendor status 0x{:08X}", self.0),
            None => write!(f, "unknown status 0x{:08X}", self.0),
        }
    }
}

impl fmt::Debug for CommandStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_vendor_and_unknown_codes_have_a_text() {
        assert_eq!(
            CommandStatus(0x58).to_string(),
            "ESME_RTHROTTLED (0x00000058)"
        );
        assert_eq!(CommandStatus(0x401).to_string(), "vendor status 0x00000401");
        assert_eq!(
            CommandStatus(0xDEAD).to_string(),
            "unknown status 0x0000DEAD"
        );
    }

    #[test]
    fn the_list_of_known_codes_ascends() {
        assert!(CommandStatus::KNOWN.is_sorted());
    }
}
