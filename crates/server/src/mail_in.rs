//! Mail that comes back: the addresses that lead here, and the server behind them.

use std::time::Duration;

use anyhow::{Context, Result};
use channels::InboundItem;
use channels::mail_in::{Address, Addresses, MailServer, MailServerConfig, TlsIdentity, Verifier};
use pipeline::Pipeline;
use pipeline::send::ComesBack;
use store::Store;
use tokio::sync::mpsc;

use crate::config::{self, Config};
use crate::wiring::System;

/// The addresses that mail comes back to. Their secret is the store's, so that every node
/// makes and reads the same ones.
///
/// # Errors
/// When the section's domain is none.
pub fn comes_back(config: &Config, store: &Store) -> Result<Option<ComesBack>> {
    let Some(section) = &config.mail_in else {
        return Ok(None);
    };
    let addresses = Addresses::new(&section.domain, &store.key("mail addresses"))?;
    let replies = section.replies;
    Ok(Some(ComesBack { addresses, replies }))
}

/// Listens, if it is to.
///
/// # Errors
/// A sentence a person can act on.
pub async fn start(
    config: &Config,
    pipeline: &Pipeline,
    inbound: mpsc::Sender<InboundItem>,
) -> Result<Option<MailServer>> {
    let (Some(section), Some(back)) = (&config.mail_in, &pipeline.limits().comes_back) else {
        return Ok(None);
    };
    let mut built = MailServerConfig::new(back.addresses.clone());
    if let Some(name) = &section.name {
        built.name.clone_from(name);
    }
    built.smtp = section.listen;
    built.lmtp = section.lmtp_place();
    built.reader.authority.clone_from(&section.authserv_id);
    if section.verify == config::Verify::Ourselves {
        built.verifier = Some(Verifier::new(&section.dns)?);
    }
    built.tls = tls(section)?;
    built.max_size = section.max_bytes;
    built.max_sessions = section.connections;
    let server = MailServer::start(built, inbound).await;
    let server = server.context("in [mail_in]: it cannot listen there")?;
    Ok(Some(server))
}

/// Whether the section can be used, without listening.
///
/// # Errors
/// Names the file.
pub fn check(config: &Config) -> Result<()> {
    config
        .mail_in
        .as_ref()
        .map_or(Ok(()), |section| tls(section).map(drop))
}

/// The certificate for STARTTLS, if there is one.
fn tls(section: &config::MailIn) -> Result<Option<TlsIdentity>> {
    let (Some(certificate), Some(key)) = (&section.certificate_file, &section.key_file) else {
        return Ok(None);
    };
    let chain = std::fs::read(certificate)
        .with_context(|| format!("in [mail_in]: cannot read {}", certificate.display()))?;
    let key = config::read_secret(key).context("in [mail_in]")?;
    let identity = TlsIdentity::from_pem(&chain, key.as_bytes()).context("in [mail_in]")?;
    Ok(Some(identity))
}

/// Takes no more mail; what is being kept is finished.
pub async fn close(server: Option<MailServer>) {
    if let Some(server) = server {
        server.close(Duration::from_secs(3)).await;
    }
}

/// Where mail comes in and where complaints are to be sent, a line each, for whoever
/// started it.
pub fn lines(system: &System) -> Vec<String> {
    let (Some(server), Some(back)) = (&system.mail_in, &system.pipeline.limits().comes_back) else {
        return Vec::new();
    };
    let places = [(server.smtp_addr(), "SMTP"), (server.lmtp_addr(), "LMTP")];
    let said = |(at, protocol): (Option<_>, _)| {
        let at: std::net::SocketAddr = at?;
        Some(format!("mail comes back at {at} ({protocol})"))
    };
    let mut lines: Vec<String> = places.into_iter().filter_map(said).collect();
    let complaints = back.addresses.sign(Address::Complaints);
    lines.push(format!("complaints are taken at {complaints}"));
    lines
}
