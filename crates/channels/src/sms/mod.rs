//! Text messages over SMPP 3.4.
mod config;

use std::sync::Arc;
use std::time::Duration;

use model::{DeliveryId, Lane, Outcome, Sealed, Span};
use tokio::sync::mpsc;

use crate::InboundItem;

pub use config::{SmsConfig, SmsSource};
pub use smpp::gsm::Alphabet;
pub use smpp::receipt::IdFormat;

/// A text to hand over.
#[derive(Clone, Debug)]
pub struct OutgoingSms {
    /// The delivery it belongs to.
    pub delivery: DeliveryId,
    /// The number, E.164 with `+`.
    pub to: Sealed,
    /// What it says, of any length.
    pub text: Sealed,
    /// How urgent.
    pub lane: Lane,
    /// How long it is of use: becomes the `validity_period`.
    pub expires_in: Span,
}

/// What a text costs on the air.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsSegments {
    /// The alphabet it is sent in.
    pub alphabet: Alphabet,
    /// Parts, each charged as one message.
    pub parts: usize,
    /// Septets or UTF-16 units in all, without headers.
    pub units: usize,
    /// The characters that forced UCS-2, each once.
    pub forced_ucs2: Vec<char>,
    /// Characters that smart punctuation replaced.
    pub replaced: usize,
}

/// What `text` would cost; with `smart`, after replacing typographic punctuation.
pub fn sms_segments(text: &str, smart: bool) -> SmsSegments {
    let segments = smpp::gsm::segment(text, smart);
    SmsSegments {
        alphabet: segments.alphabet,
        parts: segments.parts.len(),
        units: segments.parts.iter().map(|part| part.units).sum(),
        forced_ucs2: segments.forced_ucs2,
        replaced: segments.replaced,
    }
}

/// A connection to one SMSC; cheap to clone.
#[derive(Clone)]
pub struct SmsCarrier {
    config: Arc<SmsConfig>,
}

impl SmsCarrier {
    /// Starts connecting; `inbound` gets receipts and texts.
    pub fn start(config: SmsConfig, inbound: mpsc::Sender<InboundItem>) -> Self {
        drop(inbound);
        Self {
            config: Arc::new(config),
        }
    }

    /// Hands a text over and waits for the carrier's word.
    pub async fn send(&self, sms: OutgoingSms) -> Outcome {
        drop(sms);
        Outcome::RetryLater {
            after: None,
            code: "no bind".into(),
            reason: "there is no connection to the text message carrier".into(),
        }
    }

    /// The configured name.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Whether it is bound.
    pub fn is_ready(&self) -> bool {
        false
    }

    /// Lets what is under way finish, then unbinds; at most `limit`.
    pub async fn close(&self, _limit: Duration) {}
}
