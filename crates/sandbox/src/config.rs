//! What a sandbox is started with, and the observer that sees everything it takes.
//!
//! Plain data: nothing here opens a socket. The clock comes in as a function so
//! that this crate never reads the real one.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Sees every text part and mail the sandbox has taken, before the sender gets
/// its success answer. Called on the connection's task: keep it quick.
pub type Observer = Arc<dyn Fn(Received<'_>) + Send + Sync>;

/// One thing the sandbox has taken completely.
#[derive(Clone, Copy, Debug)]
pub enum Received<'a> {
    /// One submit_sm: a whole text, or one part of a longer one.
    Text {
        /// Who sends: a number with `+`, a short code or a name.
        from: &'a str,
        /// The phone it goes to, with `+` when it is an international number.
        to: &'a str,
        /// The text of this part.
        text: &'a str,
        /// Which part of a longer text this is; `None` for a text in one piece.
        part: Option<Part>,
        /// The id the answer will carry and the receipt will repeat.
        message_id: &'a str,
    },
    /// One mail, after its final dot.
    Mail {
        /// The envelope's sender; empty for a bounce.
        from: &'a str,
        /// The envelope's recipients.
        to: &'a [String],
        /// The mail as it came, dots unstuffed, with CRLF line ends.
        raw: &'a [u8],
    },
}

/// Which part of a longer text a submit_sm carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Part {
    /// The reference that all parts of one text share.
    pub reference: u16,
    /// How many parts there are.
    pub total: u8,
    /// Which one this is, from 1.
    pub number: u8,
}

/// What a sandbox is started with.
#[derive(Clone)]
pub struct SandboxConfig {
    /// Where the text carrier listens; port 0 picks a free one.
    pub smsc_addr: SocketAddr,
    /// Where the mail server listens; port 0 picks a free one.
    pub smtp_addr: SocketAddr,
    /// With it the mail server offers STARTTLS. See [`SandboxConfig::smsc_tls`] for texts.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Whether the text carrier's port speaks TLS from the first octet, with
    /// [`SandboxConfig::tls`]; without a TLS configuration it has no effect.
    pub smsc_tls: bool,
    /// The system_id that may bind, and the user name of the mail server's AUTH.
    pub system_id: String,
    /// Its password.
    pub password: String,
    /// How many texts and how many mails are kept to be looked at; the oldest go
    /// first. 0 keeps none: they are counted and shown to the observer only.
    pub keep: usize,
    /// Makes message ids differ between sandboxes started at the same moment.
    pub seed: u64,
    /// The time now, in microseconds since 1970 UTC.
    pub now: fn() -> i64,
    /// Sees every text part and mail; for tests and measurements.
    pub observer: Option<Observer>,
    /// Where the host's own pages are, for example `/`. With it the screens'
    /// navigation begins with a link back there.
    pub home: Option<String>,
}

impl SandboxConfig {
    /// A sandbox on free ports of the loopback address, in plain text, with
    /// system_id and password `sandbox`, which keeps 2,000 texts and mails.
    #[must_use]
    pub fn new(now: fn() -> i64) -> Self {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            smsc_addr: loopback,
            smtp_addr: loopback,
            tls: None,
            smsc_tls: false,
            system_id: "sandbox".to_owned(),
            password: "sandbox".to_owned(),
            keep: 2000,
            seed: 0,
            now,
            observer: None,
            home: None,
        }
    }
}

impl fmt::Debug for SandboxConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxConfig")
            .field("smsc_addr", &self.smsc_addr)
            .field("smtp_addr", &self.smtp_addr)
            .field("tls", &self.tls.is_some())
            .field("keep", &self.keep)
            .field("observer", &self.observer.is_some())
            .finish_non_exhaustive()
    }
}
