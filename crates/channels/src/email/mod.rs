//! E-mail: a finished message becomes MIME, is signed, and goes to a mail server.
//!
//! `mime` builds it of parts that `body` encodes, `dkim` signs it, `wire` makes it fit between `DATA` and the final
//! dot, `pool` finds a connection, `connection` talks, `replies` says what the answer
//! means. Building and signing happen in the caller's task, so they spread over the cores.

mod address;
mod base64;
mod body;
mod config;
mod connection;
mod dkim;
mod gate;
mod mime;
mod pool;
mod reader;
mod replies;
mod way_back;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use model::{DeliveryId, Instant, Lane, MessageId, Outcome, Sealed};

use crate::ConfigError;

pub(crate) use address::is_domain;
#[cfg(test)]
pub(crate) use base64::encode as base64;
pub use config::{DkimConfig, EmailConfig, SmtpAuth, SmtpTls};
pub use dkim::DkimKey;
pub use way_back::WayBack;

/// A mail to hand over.
#[derive(Clone, Debug)]
pub struct OutgoingEmail {
    /// The delivery it belongs to.
    pub delivery: DeliveryId,
    /// The message it carries.
    pub message: MessageId,
    /// The address.
    pub to: Sealed,
    /// The name beside the address; may be empty.
    pub to_name: Sealed,
    /// The name beside our address; may be empty.
    pub from_name: String,
    /// The subject.
    pub subject: Sealed,
    /// The body as plain text.
    pub text: Sealed,
    /// The body as HTML; may be empty.
    pub html: Sealed,
    /// What stands in `Date`.
    pub date: Instant,
    /// BCP 47 locale of the content.
    pub locale: String,
    /// How urgent.
    pub lane: Lane,
    /// Where what comes back of it goes.
    pub way_back: WayBack,
}

/// A mail as it leaves.
pub struct MadeEmail {
    delivery: DeliveryId,
    envelope_from: String,
    to: Sealed,
    lane: Lane,
    /// The part of `Message-ID` before the `@`.
    id: String,
    /// What stands between `DATA` and the end of its final dot.
    data: Vec<u8>,
    /// Octets without the final dot and the dots that were doubled.
    size: usize,
    body: dkim::BodyHash,
}

impl MadeEmail {
    /// SHA-256 of the body as it leaves: what `bh=` of its signatures says.
    pub fn body_hash(&self) -> &[u8] {
        self.body.as_ref()
    }
}

/// The connections to one mail server; cheap to clone.
///
/// Without keys ([`EmailConfig::dkim`] empty) mails leave unsigned: right where the mail
/// server signs them, which takes the costliest step of a mail off this machine.
#[derive(Clone)]
pub struct EmailCarrier {
    shared: Arc<Shared>,
}

struct Shared {
    config: Arc<EmailConfig>,
    signers: dkim::Signers,
    pool: pool::Pool,
}

impl EmailCarrier {
    /// Checks the configuration; connections are made when mail is sent.
    ///
    /// # Errors
    /// [`ConfigError`] names the setting that cannot be used.
    pub fn start(config: EmailConfig) -> Result<Self, ConfigError> {
        config.check()?;
        let config = Arc::new(config);
        Ok(Self {
            shared: Arc::new(Shared {
                signers: dkim::Signers::new(&config.dkim),
                pool: pool::Pool::new(Arc::clone(&config)),
                config,
            }),
        })
    }

    /// Hands a mail over and waits for the server's word: [`Self::make`] and
    /// [`Self::hand_over`].
    pub async fn send(&self, mail: OutgoingEmail) -> Outcome {
        match self.make(&mail) {
            Ok(made) => self.hand_over(made).await,
            Err(outcome) => outcome,
        }
    }

    /// Makes MIME of a mail and signs it.
    ///
    /// # Errors
    /// The outcome of a mail that cannot be made; nothing left.
    pub fn make(&self, mail: &OutgoingEmail) -> Result<MadeEmail, Outcome> {
        let Shared {
            config, signers, ..
        } = &*self.shared;
        if !address::is_mail_address(mail.to.open()) {
            return Err(Outcome::Rejected {
                code: "address".into(),
                reason: "this is not an address that mail can be sent to".into(),
            });
        }
        if let Some(fault) = mail.way_back.fault() {
            return Err(replies::later("way_back", fault));
        }
        let mime = mime::build(mail, config);
        let body = dkim::BodyHash::of(&mime);
        let Some(mut data) = signers.sign(&mime, &body, mail.date) else {
            return Err(replies::later("dkim", "the mail could not be signed"));
        };
        let size = data.len() + mime.octets.len();
        wire::put_data(&mime.octets, &mut data);
        Ok(MadeEmail {
            delivery: mail.delivery,
            envelope_from: mail.way_back.envelope_from(config).to_owned(),
            to: mail.to.clone(),
            lane: mail.lane,
            id: mime::message_id_local(mail),
            data,
            size,
            body,
        })
    }

    /// Hands over what [`Self::make`] made and waits for the server's word. Dropping the
    /// future before that leaves the outcome unknown.
    ///
    /// The carrier id of an accepted mail is the part of our `Message-ID` before the `@`
    /// (`<message id>.<delivery id>`): bounces name that, not the server's queue id.
    pub async fn hand_over(&self, mail: MadeEmail) -> Outcome {
        let Shared { config, pool, .. } = &*self.shared;
        let outcome = match pool.hand_over(&mail).await {
            Outcome::Accepted { .. } => Outcome::Accepted {
                carrier_id: Some(mail.id),
            },
            other => other,
        };
        tracing::debug!(
            delivery = %mail.delivery, carrier = %config.name, outcome = outcome.word(),
            "mail handed over"
        );
        outcome
    }

    /// Connects, greets and logs in once, to see whether it would work.
    ///
    /// # Errors
    /// What a mail would be answered now.
    pub async fn probe(&self) -> Result<(), Outcome> {
        self.shared.pool.probe().await
    }

    /// The configured name.
    pub fn name(&self) -> &str {
        &self.shared.config.name
    }

    /// The domain of the address that mail comes from.
    pub fn from_domain(&self) -> &str {
        self.shared.config.message_domain()
    }

    /// Whether the last connection could be opened, or none was tried yet.
    pub fn is_ready(&self) -> bool {
        self.shared.pool.is_ready()
    }

    /// Takes no more mail, lets what is under way finish, then says goodbye; at most
    /// `limit`. Mail that comes later or still waits is answered with "retry later".
    pub async fn close(&self, limit: Duration) {
        self.shared.pool.close(limit).await;
    }
}
