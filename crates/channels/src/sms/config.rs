//! How to reach one SMSC and how fast it may be written to.

use std::collections::HashSet;
use std::time::Duration;

use model::{Sealed, Span};
use rustls::pki_types::ServerName;
use smpp::gsm::National;
use smpp::receipt::IdFormat;

use crate::{ConfigError, TlsRoots};

/// One SMPP carrier. [`SmsConfig::new`] fills in what carriers usually expect.
#[derive(Clone, Debug)]
pub struct SmsConfig {
    /// Its name in attempts, logs and metrics.
    pub name: String,
    /// Host name or address of the SMSC.
    pub host: String,
    /// Its port, usually 2775.
    pub port: u16,
    /// TLS with these roots; plain TCP when none. The host name is checked.
    pub tls: Option<TlsRoots>,
    /// `system_id` of the bind.
    pub system_id: String,
    /// `password` of the bind.
    pub password: Sealed,
    /// `system_type` of the bind; most carriers want it empty.
    pub system_type: String,
    /// Who texts may come from: one that names another source does not leave.
    pub sources: HashSet<SmsSource>,
    /// Unanswered submits at a time.
    pub window: usize,
    /// Segments per second by contract; 0 for no limit.
    pub tps: u32,
    /// An `enquire_link` after this much silence.
    pub enquire_link: Duration,
    /// How long an answer may take before the outcome counts as unknown.
    pub response_timeout: Duration,
    /// How long connecting and binding may take.
    pub connect_timeout: Duration,
    /// How long a text waits for a bind before it is handed back.
    pub wait_for_bind: Duration,
    /// How the ids in the carrier's receipts relate to those in its answers.
    pub id_format: IdFormat,
    /// Replace curly quotes, dashes and the like so that a text stays in the GSM alphabet.
    pub smart_punctuation: bool,
    /// National language tables to save parts with; none unless the handsets behind the
    /// carrier are known to have them.
    pub national: National,
    /// What the carrier's clock is ahead of UTC. Receipts carry local time without a
    /// zone; when it is not known, their time is left out rather than guessed.
    pub clock_ahead_of_utc: Option<Span>,
    /// Codes by which the carrier says that the customer told it to stop, as attempts and
    /// receipts show them: `smpp 0x45d`, `err:061`.
    pub opt_out_errors: HashSet<String>,
    /// Seed of the jitter in reconnecting; another one on each node.
    pub seed: u64,
}

/// The source address of a text (SMPP 3.4 §5.2.5, §5.2.6, §5.2.8).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SmsSource {
    /// A number without `+`, a short code, or up to 11 letters and digits.
    pub address: String,
    /// Type of number: 1 international, 3 network specific (short code), 5 alphanumeric.
    pub ton: u8,
    /// Numbering plan: 1 E.164, 0 for alphanumeric and short codes.
    pub npi: u8,
}

impl SmsConfig {
    /// A plain-TCP carrier with the usual settings: window 50, no rate limit, an
    /// `enquire_link` each 30 s, 60 s for answers, 5 s of waiting for a bind.
    pub fn new(
        name: impl Into<String>,
        host: impl Into<String>,
        port: u16,
        system_id: impl Into<String>,
        password: Sealed,
        sources: impl IntoIterator<Item = SmsSource>,
    ) -> Self {
        Self {
            name: name.into(),
            host: host.into(),
            port,
            tls: None,
            system_id: system_id.into(),
            password,
            system_type: String::new(),
            sources: sources.into_iter().collect(),
            window: 50,
            tps: 0,
            enquire_link: Duration::from_secs(30),
            response_timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(10),
            wait_for_bind: Duration::from_secs(5),
            id_format: IdFormat::AsIs,
            smart_punctuation: true,
            national: National::NONE,
            clock_ahead_of_utc: None,
            opt_out_errors: HashSet::new(),
            seed: 0,
        }
    }

    /// Whether every setting fits in a bind and a submit.
    ///
    /// # Errors
    /// [`ConfigError::Setting`] names the one that does not.
    pub fn check(&self) -> Result<(), ConfigError> {
        let wrong = |setting, problem: &str| {
            Err(ConfigError::Setting {
                carrier: self.name.clone(),
                setting,
                problem: problem.into(),
            })
        };
        // SMPP 3.4 §4.1.1 counts the closing NUL. Its 8 octets for a password are too few
        // for what carriers hand out today.
        let fits = |text: &str, most| {
            text.len() <= most && text.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
        };
        if !fits(&self.system_id, 15) || self.system_id.is_empty() {
            return wrong("system_id", "is not 1 to 15 plain characters");
        }
        if !fits(self.password.open(), 64) {
            return wrong("password", "is not at most 64 plain characters");
        }
        if !fits(&self.system_type, 12) {
            return wrong("system_type", "is not at most 12 plain characters");
        }
        let a_source = |address: &str| !address.is_empty() && fits(address, 20);
        if !self.sources.iter().all(|of| a_source(&of.address)) {
            return wrong("source.address", "is not 1 to 20 plain characters");
        }
        if self.window == 0 {
            return wrong("window", "is 0: no text could ever leave");
        }
        if self.tls.is_some() && ServerName::try_from(self.host.as_str()).is_err() {
            return wrong(
                "host",
                "is not a name or address that a certificate can prove",
            );
        }
        if !self.opt_out_errors.iter().all(|code| is_error_code(code)) {
            return wrong(
                "opt_out_errors",
                "holds what is neither `smpp 0x…` in small letters, as attempts show it, nor `err:…`, as receipts do",
            );
        }
        Ok(())
    }
}

/// Whether a code is written as attempts or receipts show it.
fn is_error_code(code: &str) -> bool {
    if let Some(error) = code.strip_prefix("err:") {
        return (1..=16).contains(&error.len()) && error.bytes().all(|b| b.is_ascii_graphic());
    }
    let status = code.strip_prefix("smpp 0x");
    let status = status.and_then(|hex| u32::from_str_radix(hex, 16).ok());
    status.is_some_and(|status| status > 0 && code == format!("smpp 0x{status:02x}"))
}
