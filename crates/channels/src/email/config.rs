//! How to reach one mail server, who mail comes from, and how it is signed.

use std::time::Duration;

use model::Sealed;

use super::address::{is_domain, is_mail_address};
use super::dkim::DkimKey;
use crate::{ConfigError, TlsRoots};

/// One SMTP carrier. [`EmailConfig::new`] fills in the usual settings.
#[derive(Clone, Debug)]
pub struct EmailConfig {
    /// Its name in attempts, logs and metrics.
    pub name: String,
    /// Host name or address of the mail server.
    pub host: String,
    /// Its port: 25, 587 or 465.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// Who we are to the server, if it asks.
    pub auth: Option<SmtpAuth>,
    /// The name in `EHLO`.
    pub helo: String,
    /// `MAIL FROM`: where bounces go.
    pub envelope_from: String,
    /// The address in `From`; its domain also stands in `Message-ID`.
    pub from: String,
    /// Where answers go, if not to `from`.
    pub reply_to: Option<String>,
    /// The last field of `Feedback-ID`; no such header when none.
    pub feedback_sender: Option<String>,
    /// Signatures, in the order they are made; each mail gets all of them. None where the
    /// mail server signs.
    pub dkim: Vec<DkimConfig>,
    /// Connections at most. The last one is kept free for security and urgent mail.
    pub max_connections: usize,
    /// Mails over one connection before it is replaced.
    pub mails_per_connection: u32,
    /// An unused connection is closed after this time, before the server does it.
    pub idle_timeout: Duration,
    /// How long connecting may take, greeting, TLS and AUTH included.
    pub connect_timeout: Duration,
    /// How long the answer to a command may take (RFC 5321 §4.5.3.2 asks for minutes).
    pub reply_timeout: Duration,
    /// How long the answer to the final dot may take: servers filter in this time, and
    /// giving up early makes the outcome unknown.
    pub accept_timeout: Duration,
}

/// How an SMTP connection is protected.
#[derive(Clone, Debug)]
pub enum SmtpTls {
    /// Not at all: for a relay on the same machine or a private network.
    Plain,
    /// `STARTTLS` (RFC 3207), and nothing is sent if the server does not offer it.
    StartTls(TlsRoots),
    /// TLS from the first octet (RFC 8314).
    Implicit(TlsRoots),
}

/// User name and password for `AUTH PLAIN` or `AUTH LOGIN` (RFC 4954).
#[derive(Clone, Debug)]
pub struct SmtpAuth {
    /// The user name.
    pub user: String,
    /// The password.
    pub password: Sealed,
}

/// One DKIM signature: whose, by which selector, with which key.
#[derive(Clone, Debug)]
pub struct DkimConfig {
    /// `d=`: the domain that signs; DMARC wants that of `From`.
    pub domain: String,
    /// `s=`: the key stands in DNS under `<selector>._domainkey.<domain>`.
    pub selector: String,
    /// The private key.
    pub key: DkimKey,
}

impl EmailConfig {
    /// A plain connection without signatures; the envelope sender is `from`.
    pub fn new(
        name: impl Into<String>,
        host: impl Into<String>,
        port: u16,
        helo: impl Into<String>,
        from: impl Into<String>,
    ) -> Self {
        let from = from.into();
        Self {
            name: name.into(),
            host: host.into(),
            port,
            tls: SmtpTls::Plain,
            auth: None,
            helo: helo.into(),
            envelope_from: from.clone(),
            from,
            reply_to: None,
            feedback_sender: None,
            dkim: Vec::new(),
            max_connections: 8,
            mails_per_connection: 100,
            idle_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            reply_timeout: Duration::from_secs(60),
            accept_timeout: Duration::from_secs(300),
        }
    }

    /// The domain of `from`, which also names our messages.
    pub(super) fn message_domain(&self) -> &str {
        self.from.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Whether every setting can stand where it will be written.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let wrong = |setting, problem: &str| {
            Err(ConfigError::Setting {
                carrier: self.name.clone(),
                setting,
                problem: problem.into(),
            })
        };
        let address = "is not a mail address like orders@example.com";
        if !is_mail_address(&self.from) {
            return wrong("from", address);
        }
        if !is_mail_address(&self.envelope_from) {
            return wrong("envelope_from", address);
        }
        if self
            .reply_to
            .as_deref()
            .is_some_and(|a| !is_mail_address(a))
        {
            return wrong("reply_to", address);
        }
        if !is_domain(&self.helo) {
            return wrong("helo", "is not a host name like mail.example.com");
        }
        let token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if self
            .feedback_sender
            .as_deref()
            .is_some_and(|id| id.is_empty() || id.len() > 64 || !id.chars().all(token))
        {
            return wrong(
                "feedback_sender",
                "is not 1 to 64 letters, digits, `-`, `_`, `.`",
            );
        }
        for dkim in &self.dkim {
            if !is_domain(&dkim.domain) {
                return wrong("dkim.domain", "is not a domain like example.com");
            }
            if !is_domain(&dkim.selector) {
                return wrong("dkim.selector", "is not a DNS label like s2026");
            }
        }
        if self.auth.is_some() && matches!(self.tls, SmtpTls::Plain) && !is_loopback(&self.host) {
            return wrong(
                "auth",
                "would send the password in the clear: use STARTTLS or implicit TLS",
            );
        }
        if self.max_connections == 0 {
            return wrong("max_connections", "is 0: no mail could ever leave");
        }
        if self.mails_per_connection == 0 {
            return wrong("mails_per_connection", "is 0: no mail could ever leave");
        }
        Ok(())
    }
}

fn is_loopback(host: &str) -> bool {
    let address: Option<std::net::IpAddr> = host.parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}
