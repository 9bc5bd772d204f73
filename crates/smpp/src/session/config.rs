//! What a session is told when it starts. No defaults are read from anywhere else.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;

use crate::pdu::{Bind, BindType, COctetString};

/// Window, timers and queue lengths, the same for both sides.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// How many requests may be without an answer at once. A tenth is kept for urgent
    /// ones.
    pub window: usize,
    /// How many requests may wait for the window, in each lane. When a lane is
    /// full, sending waits; it never grows.
    pub lane_capacity: usize,
    /// How many inbound requests may be unanswered at once. Beyond that they are
    /// refused for now: deliver_sm with RX_T_APPN, others with RTHROTTLED.
    pub inbound_capacity: usize,
    /// Send enquire_link when nothing was received for this long, SMPP 3.4 §7.2.
    /// Carriers complain about less than 10 s.
    pub enquire_interval: Duration,
    /// How long the peer may take to answer enquire_link. Anything received
    /// counts as life: a busy peer answers late.
    pub enquire_timeout: Duration,
    /// How long a request waits for its answer, the response_timer of §7.2.
    pub response_timeout: Duration,
    /// How long connecting and binding may take, the session_init_timer of §7.2.
    pub session_init: Duration,
    /// Close when the peer sends nothing for this long, the inactivity_timer of §7.2.
    pub inactivity: Option<Duration>,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            window: 10,
            lane_capacity: 256,
            inbound_capacity: 256,
            enquire_interval: Duration::from_secs(30),
            enquire_timeout: Duration::from_secs(10),
            response_timeout: Duration::from_secs(30),
            session_init: Duration::from_secs(10),
            inactivity: None,
        }
    }
}

/// Where a client connects and how it binds.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Host and port.
    pub address: String,
    /// TLS, when the carrier offers it.
    pub tls: Option<ClientTls>,
    /// The bind request to send.
    pub bind: Bind,
    /// Window, timers and queue lengths.
    pub session: SessionConfig,
}

impl ClientConfig {
    /// A transceiver over plain TCP with default window and timers.
    #[must_use]
    pub fn new(address: &str, system_id: &str, password: &str) -> Self {
        Self {
            address: address.to_owned(),
            tls: None,
            bind: Bind::new(BindType::Transceiver, system_id, password),
            session: SessionConfig::default(),
        }
    }
}

/// TLS for a client: the trust and the certificates are the caller's.
#[derive(Clone, Debug)]
pub struct ClientTls {
    /// Roots, client certificate, versions.
    pub config: Arc<rustls::ClientConfig>,
    /// The name the carrier's certificate must carry.
    pub server_name: ServerName<'static>,
}

/// Which of the two queues a request waits in while the window is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Overtakes everything in the bulk lane: sign-in codes.
    Urgent,
    /// Everything else.
    Bulk,
}

/// What the bind agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundAs {
    /// The system_id of the peer.
    pub peer_system_id: COctetString,
    /// Which way messages may flow.
    pub bind_type: BindType,
    /// The version the peer named; `None` from an SMSC means 3.3.
    pub interface_version: Option<u8>,
}
