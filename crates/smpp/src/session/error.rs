//! What can go wrong in a session, told apart by what the caller does about it.

use std::io;

use crate::pdu::{BadLength, CommandStatus, TooLong};

/// Why a client session did not come up.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The connection could not be made, or broke before the bind was answered.
    #[error("cannot reach the SMSC: {0}")]
    Io(#[from] io::Error),
    /// The SMSC answered the bind with an error. Wrong credentials stay wrong:
    /// look at the status before trying again.
    #[error("the SMSC refused the bind: {0}")]
    Refused(CommandStatus),
    /// Connection, TLS handshake and bind took longer than `session_init`.
    #[error("the SMSC did not answer the bind in time")]
    TimedOut,
    /// The SMSC sent octets that are not SMPP.
    #[error("the SMSC does not speak SMPP: {0}")]
    NotSmpp(#[from] BadLength),
    /// The configured bind does not fit in a PDU.
    #[error("the bind request is too long")]
    TooLong(#[from] TooLong),
}

/// Why a server session did not come up.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The connection broke before the bind.
    #[error("the client went away: {0}")]
    Io(#[from] io::Error),
    /// The bind was refused with this status, and the client was told so.
    #[error("the bind was refused: {0}")]
    Refused(CommandStatus),
    /// No bind came within `session_init`.
    #[error("the client did not bind in time")]
    TimedOut,
    /// The client sent octets that are not SMPP.
    #[error("the client does not speak SMPP: {0}")]
    NotSmpp(#[from] BadLength),
}

/// Why a request has no answer. The two cases must not be mixed up: one may be
/// sent again, the other may already have reached a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// No octet of it was written to the socket: safe to send again.
    #[error("not sent: {0}")]
    NotSent(NotSent),
    /// It was written, at least in part, and no answer came: it may have arrived.
    #[error("sent, outcome unknown: {0}")]
    Unknown(UnknownOutcome),
}

/// Why a request was never written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// The session is closing or closed: use another one.
    #[error("the session is closed")]
    Closed,
    /// The message does not fit in a PDU: it never will.
    #[error("the message is too long for a PDU")]
    TooLong,
    /// The bind type does not allow this request.
    #[error("the bind type does not allow it")]
    WrongBind,
}

/// Why a request that was written has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownOutcome {
    /// The response timer ran out.
    #[error("no response in time")]
    TimedOut,
    /// The session ended first.
    #[error("the connection was lost")]
    ConnectionLost,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// This side asked for it.
    #[error("closed by this side")]
    Requested,
    /// This side dropped the connection without unbind.
    #[error("aborted by this side")]
    Aborted,
    /// The peer sent unbind.
    #[error("the peer unbound")]
    PeerUnbound,
    /// The peer closed the connection without unbind.
    #[error("the peer closed the connection")]
    PeerClosed,
    /// Nothing came after our enquire_link within its time limit.
    #[error("the peer did not answer enquire_link")]
    PeerSilent,
    /// The peer sent nothing for the inactivity time.
    #[error("the peer was inactive for too long")]
    Inactive,
    /// A command_length made no sense.
    #[error("the peer sent octets that are not SMPP: {0}")]
    NotSmpp(BadLength),
    /// The socket failed.
    #[error("the connection failed: {0}")]
    Io(io::ErrorKind),
}
