//! Text messages: a finished text goes to an SMSC over SMPP 3.4, receipts and texts come
//! back.
//!
//! `submit` takes a text through, `pace` and `bucket` say when its next segment may
//! leave, `status` what an answer means; `link` keeps the bind alive and hears, `inbound`
//! and `assembly` make sense of what it hears. The protocol itself is the `smpp` crate.

mod assembly;
mod bucket;
mod config;
mod inbound;
mod link;
mod pace;
mod status;
mod submit;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{DeliveryId, Lane, Outcome, Sealed, Span};
use smpp::ClientHandle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::InboundItem;

pub use config::{SmsConfig, SmsSource};
pub use smpp::gsm::{Alphabet, Language, National, Tables};
pub use smpp::receipt::IdFormat;

/// A text to hand over.
#[derive(Clone, Debug)]
pub struct OutgoingSms {
    /// The delivery it belongs to.
    pub delivery: DeliveryId,
    /// Who it comes from: one of the carrier's sources.
    pub source: Arc<SmsSource>,
    /// The number, E.164 with `+`.
    pub to: Sealed,
    /// What it says, up to 32 parts.
    pub text: Sealed,
    /// How urgent.
    pub lane: Lane,
    /// How long it is of use: becomes the `validity_period`.
    pub expires_in: Span,
    /// Asked before each part leaves: the text may wait here for its turn, and the
    /// customer may say stop meanwhile.
    pub recall: Recall,
}

/// Whether a text must not leave after all. The reason is the caller's: nothing here knows
/// of consent.
#[derive(Clone)]
pub struct Recall {
    reason: Ask,
    unbegun: Option<Ask>,
}

type Ask = Arc<dyn Fn() -> Option<String> + Send + Sync>;

impl Recall {
    /// Asks `reason`, which must be quick: why the text must not leave, if so.
    pub fn when(reason: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        Self {
            reason: Arc::new(reason),
            unbegun: None,
        }
    }

    /// Asks `reason` too as long as no part of the text has left: what has begun is finished.
    #[must_use]
    pub fn unless_begun(
        mut self,
        reason: impl Fn() -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.unbegun = Some(Arc::new(reason));
        self
    }

    /// Never recalled.
    pub fn never() -> Self {
        Self::when(|| None)
    }

    /// Why the text must not leave now, if so; `begun` when a part of it has left.
    pub fn reason(&self, begun: bool) -> Option<String> {
        let unbegun = self.unbegun.as_ref().filter(|_| !begun);
        (self.reason)().or_else(|| unbegun.and_then(|reason| reason()))
    }
}

impl std::fmt::Debug for Recall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recall")
    }
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
    /// The characters that made it expensive, each once: those that are not in the default
    /// alphabet, or when UCS-2 was needed, those that no allowed table has.
    pub expensive: Vec<char>,
    /// Characters that smart punctuation replaced.
    pub replaced: usize,
}

/// What `text` would cost on a route with these national tables; with `smart`, after
/// replacing typographic punctuation.
pub fn sms_segments(text: &str, smart: bool, national: National) -> SmsSegments {
    let segments = smpp::gsm::segment(text, smart, national);
    SmsSegments {
        alphabet: segments.alphabet,
        parts: segments.parts.len(),
        units: segments.parts.iter().map(|part| part.units).sum(),
        expensive: segments.expensive,
        replaced: segments.replaced,
    }
}

/// One part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsPart {
    /// What it says.
    pub text: String,
    /// Septets or UTF-16 units, without the header.
    pub units: usize,
}

/// The parts `text` would be cut into, as [`sms_segments`] counts them.
pub fn sms_parts(text: &str, smart: bool, national: National) -> Vec<SmsPart> {
    let parts = smpp::gsm::segment(text, smart, national).parts.into_iter();
    let part = |part: smpp::gsm::Part| SmsPart {
        text: part.text,
        units: part.units,
    };
    parts.map(part).collect()
}

/// A connection to one SMSC; cheap to clone. When the last clone is dropped the bind ends.
#[derive(Clone)]
pub struct SmsCarrier {
    shared: Arc<Shared>,
}

struct Shared {
    config: Arc<SmsConfig>,
    session: watch::Receiver<Option<ClientHandle>>,
    closing: watch::Sender<Option<Duration>>,
    pace: Arc<pace::Pace>,
    /// Counts texts, for the reference of long ones and for jitter.
    texts: AtomicU64,
    link: Mutex<Option<JoinHandle<()>>>,
    pump: JoinHandle<()>,
}

impl SmsCarrier {
    /// Starts connecting, and keeps on; `inbound` gets receipts and texts. Call it within
    /// a tokio runtime, after [`SmsConfig::check`].
    pub fn start(config: SmsConfig, inbound: mpsc::Sender<InboundItem>) -> Self {
        let config = Arc::new(config);
        let (session, sessions) = watch::channel(None);
        let (closing, close) = watch::channel(None);
        let link = link::Link {
            config: Arc::clone(&config),
            session,
            closing: close,
            inbound,
        };
        let pace = Arc::new(pace::Pace::new(config.tps));
        let pump = Arc::clone(&pace);
        Self {
            shared: Arc::new(Shared {
                texts: AtomicU64::new(config.seed),
                config,
                session: sessions,
                closing,
                pace,
                link: Mutex::new(Some(tokio::spawn(link.run()))),
                pump: tokio::spawn(async move { pump.run().await }),
            }),
        }
    }

    /// Hands a text over and waits for the carrier's word. Dropping the future before that
    /// leaves the outcome unknown.
    ///
    /// A long text is accepted when all its parts are. Its carrier id is that of the last
    /// part, the only one a receipt is asked for, so exactly one receipt names the text.
    /// Parts the carrier has are never sent again: when it takes some and not the rest,
    /// the outcome is unknown, or rejected if it said never, and the reason counts them.
    pub async fn send(&self, sms: OutgoingSms) -> Outcome {
        let outcome = submit::send(&self.shared, &sms).await;
        tracing::debug!(
            delivery = %sms.delivery, carrier = %self.name(), outcome = outcome.word(),
            "text handed over"
        );
        outcome
    }

    /// So many nodes send over this carrier's contract: each keeps to its share of the
    /// segments a second.
    pub fn share(&self, nodes: u32) {
        self.shared.pace.share(nodes);
    }

    /// The configured name.
    pub fn name(&self) -> &str {
        &self.shared.config.name
    }

    /// Whether a refusal with this code says that the customer told the carrier to stop.
    pub fn is_opt_out(&self, code: &str) -> bool {
        self.shared.config.opt_out_errors.contains(code)
    }

    /// Whether it is bound.
    pub fn is_ready(&self) -> bool {
        self.shared.session.borrow().is_some()
    }

    /// Takes no more texts, lets what is under way finish, then unbinds; at most `limit`.
    pub async fn close(&self, limit: Duration) {
        self.shared.pace.close();
        self.shared.closing.send_replace(Some(limit));
        let link = lock(&self.shared.link).take();
        if let Some(link) = link {
            // The session keeps to the limit by itself; the second is for its unbind.
            let _ = tokio::time::timeout(limit + Duration::from_secs(1), link).await;
        }
    }
}

impl Shared {
    fn is_closing(&self) -> bool {
        self.closing.borrow().is_some()
    }

    /// The reference that the parts of one text share.
    fn next_reference(&self) -> u8 {
        self.texts.fetch_add(1, Ordering::Relaxed) as u8
    }

    /// A number between 0 and 1 that differs from one call to the next.
    fn jitter(&self) -> f64 {
        spread(self.config.seed, self.texts.fetch_add(1, Ordering::Relaxed))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.pump.abort();
        if let Some(link) = lock(&self.link).take() {
            link.abort();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number between 0 and 1 for a seed and a counter, evenly spread (splitmix64).
fn spread(seed: u64, counter: u64) -> f64 {
    let mut bits = seed.wrapping_add(counter.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}
