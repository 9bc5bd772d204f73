//! Sessions: binding, the window, timers, and answers in both directions.
//!
//! After the bind both sides do the same work: each sends requests within a
//! window and answers what comes in. `machine` holds that as a pure state machine
//! without a socket, `connection` is the loop around it, [`Client`] and [`Server`]
//! are its two fronts. Nothing here retries or reconnects, and no deliver_sm is
//! ever acknowledged unless the caller says so.

mod client;
mod config;
mod connection;
mod error;
mod handshake;
mod inbound;
mod link;
mod machine;
mod outbox;
mod server;
mod window;

pub use client::{Client, ClientEvent, ClientEvents, ClientHandle};
pub use config::{BoundAs, ClientConfig, ClientTls, Lane, SessionConfig};
pub use error::{AcceptError, CloseReason, ConnectError, NotSent, SubmitError, UnknownOutcome};
pub use inbound::{Inbound, InboundDeliver, InboundOther, InboundSubmit, Responder};
pub use server::{BindAnswer, Server, ServerEvent, ServerEvents, ServerHandle};

use crate::pdu::{COctetString, CommandStatus, Tlvs};

/// The answer to a submit_sm, SMPP 3.4 §4.4.2: accepted or refused, but known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitResponse {
    /// Whether the SMSC took the message, or why not. A generic_nack counts as a refusal.
    pub status: CommandStatus,
    /// The SMSC's id of the message; empty when it was refused.
    pub message_id: COctetString,
    /// Optional parameters, which some carriers send.
    pub tlvs: Tlvs,
}
