//! Whether a mail comes from whom it says, where we face the internet ourselves: SPF
//! (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 9989), by a library, over a resolver that
//! remembers. What cannot be found out in time is not known; a mail is never lost for it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts,
};
use mail_auth::hickory_resolver::system_conf::read_system_conf;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DmarcResult, MessageAuthenticator, SpfOutput,
    SpfResult,
};

use super::read::{Proof, Proofs};
use crate::ConfigError;

/// A name server may take so long for an answer, and is asked so often.
const ANSWER: Duration = Duration::from_secs(3);
const TRIES: usize = 2;
/// So many answers are remembered, for as long as each says, but not longer than this.
const REMEMBERED: u64 = 4_096;
const FRESH: Duration = Duration::from_secs(3_600);
/// All of it may take so long: the server that brings the mail waits for it.
const ALTOGETHER: Duration = Duration::from_secs(15);

/// Looks senders up. Clones share what it remembers.
#[derive(Clone)]
pub struct Verifier {
    looks: Arc<MessageAuthenticator>,
    altogether: Duration,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier")
    }
}

/// Who brought a mail.
#[derive(Clone, Copy, Debug)]
pub struct Brought<'a> {
    /// From which address of the network.
    pub peer: IpAddr,
    /// How it called itself.
    pub helo: &'a str,
    /// The envelope sender; empty for `<>`.
    pub from: &'a str,
    /// How we call ourselves.
    pub host: &'a str,
}

impl Verifier {
    /// Asks these name servers; those of the system where none is named. Call it within a
    /// tokio runtime.
    ///
    /// # Errors
    /// When the system's cannot be found out.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, ConfigError> {
        let unusable = |why: String| ConfigError::Setting {
            carrier: "mail_in".into(),
            setting: "dns",
            problem: why,
        };
        let (config, mut options) = match servers {
            [] => read_system_conf().map_err(|e| unusable(format!("of the system: {e}")))?,
            named => {
                let named = named.iter().map(server).collect();
                let config = ResolverConfig::from_parts(None, vec![], named);
                (config, ResolverOpts::default())
            }
        };
        (options.timeout, options.attempts) = (ANSWER, TRIES);
        options.cache_size = REMEMBERED;
        (options.positive_max_ttl, options.negative_max_ttl) = (Some(FRESH), Some(FRESH));
        let looks = MessageAuthenticator::new(config, options);
        Ok(Self {
            looks: Arc::new(looks.map_err(|e| unusable(e.to_string()))?),
            altogether: ALTOGETHER,
        })
    }

    /// The same with less patience.
    #[must_use]
    pub fn within(mut self, altogether: Duration) -> Self {
        self.altogether = altogether;
        self
    }

    /// What is found of a mail's sender. `whole` says that nothing of it was left out: a
    /// signature is over all of it.
    pub async fn proofs(&self, raw: &[u8], whole: bool, brought: Brought<'_>) -> Proofs {
        let looking = self.look(raw, whole, brought);
        let found = tokio::time::timeout(self.altogether, looking).await;
        found.unwrap_or_default()
    }

    async fn look(&self, raw: &[u8], whole: bool, brought: Brought<'_>) -> Proofs {
        let Brought {
            peer,
            helo,
            from,
            host,
        } = brought;
        let Some(message) = AuthenticatedMessage::parse(raw) else {
            return Proofs::default();
        };
        // Without an envelope sender the name of the server stands for it (RFC 7208 §2.4).
        let spf = match from {
            "" => SpfParameters::verify_ehlo(peer, helo, host),
            from => SpfParameters::verify_mail_from(peer, helo, host, from),
        };
        let spf = self.looks.verify_spf(spf);
        let dkim = async {
            match whole {
                true => self.looks.verify_dkim(&message).await,
                false => Vec::new(),
            }
        };
        let (spf, dkim) = tokio::join!(spf, dkim);
        let domain = from.rsplit_once('@').map_or(helo, |(_, domain)| domain);
        let dmarc = DmarcParameters {
            message: &message,
            dkim_output: &dkim,
            dkim2_output: None,
            rfc5321_mail_from_domain: domain,
            spf_output: &spf,
        };
        let dmarc = self.looks.verify_dmarc(dmarc).await;
        let unsure = is_unsure(&spf, &dkim) || !whole;
        Proofs {
            spf: of_spf(spf.result()),
            dkim: of_dkim(&dkim),
            dmarc: match dmarc.result() {
                DmarcResult::Pass => Proof::Pass,
                // What could not be looked up might have held.
                DmarcResult::Fail(_) | DmarcResult::PermError(_) if !unsure => Proof::Fail,
                _ => Proof::Unknown,
            },
        }
    }
}

fn server(at: &SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
    let connections = connections.map(|mut connection| {
        connection.port = at.port();
        connection
    });
    NameServerConfig::new(at.ip(), true, connections.into())
}

fn is_unsure(spf: &SpfOutput, dkim: &[DkimOutput<'_>]) -> bool {
    let later = |one: &DkimOutput<'_>| matches!(one.result(), DkimResult::TempError(_));
    spf.result() == SpfResult::TempError || dkim.iter().any(later)
}

fn of_spf(result: SpfResult) -> Proof {
    match result {
        SpfResult::Pass => Proof::Pass,
        SpfResult::Fail | SpfResult::SoftFail | SpfResult::PermError => Proof::Fail,
        SpfResult::Neutral | SpfResult::TempError | SpfResult::None => Proof::Unknown,
    }
}

/// Of several signatures one that holds is enough.
fn of_dkim(all: &[DkimOutput<'_>]) -> Proof {
    let any = |is: fn(&DkimResult) -> bool| all.iter().any(|one| is(one.result()));
    if any(|result| matches!(result, DkimResult::Pass)) {
        Proof::Pass
    } else if any(|result| matches!(result, DkimResult::TempError(_))) || all.is_empty() {
        Proof::Unknown
    } else {
        Proof::Fail
    }
}
