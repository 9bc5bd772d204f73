//! What every handler can reach: one cheap clone, made once by `server`.
//!
//! Holds no rule and reads no clock or environment of its own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use pipeline::Pipeline;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::{Semaphore, watch};

use crate::auth::KeyCache;
use crate::preferences::Links;
use crate::problem::{Code, Problem};
use crate::senders::{Publisher, Signer};
use crate::staff::Hasher;

/// How the web side of one server is set up.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// Shows the demo's sign-in ("choose who you are") and the console without sign-in.
    /// Never for a server that others can reach.
    pub demo: bool,
    /// Where browsers reach this server, without a slash at the end:
    /// `https://messages.example`. Links in answers start with it.
    pub public_url: String,
    /// Cookies are for HTTPS only and carry the `__Host-` prefix.
    pub secure_cookies: bool,
    /// The largest body of a single event or a batch, in bytes.
    pub body_limit: usize,
    /// How long a request may take until its answer begins, and how long a stream may be
    /// silent. Live streams and NDJSON as a whole are not bounded by it.
    pub request_timeout: Duration,
    /// How many event streams (NDJSON) are read at once.
    pub event_streams: usize,
    /// How many browsers and apps listen for news at once.
    pub live_streams: usize,
    /// Proxies that are believed when they say whom a request comes from.
    pub proxies: Vec<IpAddr>,
    /// The channels that have a carrier: each is a tab of the preferences.
    pub channels: Vec<model::Channel>,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            demo: false,
            public_url: "http://127.0.0.1:8080".to_owned(),
            secure_cookies: true,
            body_limit: 8 * 1024 * 1024,
            request_timeout: Duration::from_secs(30),
            event_streams: 64,
            live_streams: 10_000,
            proxies: vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            channels: model::Channel::ALL.to_vec(),
        }
    }
}

/// The state of all handlers. Clones share it.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    pipeline: Pipeline,
    config: WebConfig,
    metrics: PrometheusHandle,
    random: SystemRandom,
    token_key: ring::hmac::Key,
    links: Links,
    keys: KeyCache,
    publisher: Publisher,
    hasher: Hasher,
    event_streams: Arc<Semaphore>,
    live_streams: Arc<Semaphore>,
    closing: watch::Sender<bool>,
}

impl App {
    /// Puts the parts together. `random` is the only source of secrets.
    pub fn new(
        pipeline: Pipeline,
        config: WebConfig,
        metrics: PrometheusHandle,
        random: SystemRandom,
    ) -> Self {
        let secret = pipeline.store().key("customer tokens");
        let inner = Inner {
            token_key: ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret),
            links: Links::new(pipeline.store(), &config.public_url),
            keys: KeyCache::default(),
            publisher: Publisher::new(Signer::new(&pipeline.store().key(Signer::PURPOSE))),
            hasher: Hasher::default(),
            event_streams: Arc::new(Semaphore::new(config.event_streams)),
            live_streams: Arc::new(Semaphore::new(config.live_streams)),
            closing: watch::Sender::new(false),
            pipeline,
            config,
            metrics,
            random,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The path of a message.
    pub fn pipeline(&self) -> &Pipeline {
        &self.inner.pipeline
    }

    /// The store.
    pub fn store(&self) -> &store::Store {
        self.inner.pipeline.store()
    }

    /// The set-up.
    pub fn config(&self) -> &WebConfig {
        &self.inner.config
    }

    /// The present moment.
    pub fn now(&self) -> model::Instant {
        self.inner.pipeline.clock().now()
    }

    /// Ends all live streams, so that a server that drains is not kept waiting.
    pub fn close_live_streams(&self) {
        self.inner.closing.send_replace(true);
    }

    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.inner.closing.subscribe()
    }

    pub(crate) fn metrics(&self) -> &PrometheusHandle {
        &self.inner.metrics
    }

    pub(crate) fn token_key(&self) -> &ring::hmac::Key {
        &self.inner.token_key
    }

    pub(crate) fn links(&self) -> &Links {
        &self.inner.links
    }

    pub(crate) fn keys(&self) -> &KeyCache {
        &self.inner.keys
    }

    /// The list of senders, signed.
    pub(crate) fn publisher(&self) -> &Publisher {
        &self.inner.publisher
    }

    /// Where passwords of staff are hashed.
    pub(crate) fn hasher(&self) -> &Hasher {
        &self.inner.hasher
    }

    pub(crate) fn event_streams(&self) -> &Arc<Semaphore> {
        &self.inner.event_streams
    }

    pub(crate) fn live_streams(&self) -> &Arc<Semaphore> {
        &self.inner.live_streams
    }

    pub(crate) fn random(&self) -> &SystemRandom {
        &self.inner.random
    }

    /// Fresh random bytes.
    pub(crate) fn random_bytes<const N: usize>(&self) -> Result<[u8; N], Problem> {
        let mut bytes = [0_u8; N];
        self.inner.random.fill(&mut bytes).map_err(|_| {
            Problem::new(
                Code::Internal,
                "The system gave no random numbers. Try again.",
            )
        })?;
        Ok(bytes)
    }
}
