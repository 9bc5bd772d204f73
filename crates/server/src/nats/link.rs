//! A connection to NATS that comes back by itself. It says once when NATS is away and once
//! when it is back; it never says where or as whom.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use async_nats::{Client, ConnectOptions, Event};
use tokio::sync::watch;

use super::address::{self, Login};
use crate::config;

/// A request to the server is answered within this time, or it is away.
pub const ANSWER: Duration = Duration::from_secs(5);

/// How a connection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// It stands.
    pub connected: bool,
    /// So often has it been made.
    pub times: u64,
}

/// A connection, and how it is.
#[derive(Clone)]
pub struct Link {
    /// Speaks over it.
    pub client: Client,
    /// Changes with it.
    pub state: watch::Receiver<State>,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// What can wait.
    Events,
    /// Codes and doorbells: nothing large goes before them. The one that tells of outages.
    Urgent,
}

impl Link {
    /// Begins to connect, and never stops trying; what is sent meanwhile waits.
    ///
    /// # Errors
    /// When the settings cannot be used, whether NATS answers or not.
    pub async fn start(settings: &config::Nats, purpose: Purpose) -> Result<Self> {
        let (sender, state) = watch::channel(State::default());
        let teller = Teller {
            sender,
            told: AtomicBool::new(false),
            aloud: purpose == Purpose::Urgent,
        };
        let teller = Arc::new(teller);
        let (options, servers) = options(settings).await?;
        let client = options
            .retry_on_initial_connect()
            .no_echo()
            .event_callback(move |event| {
                teller.note(&event);
                std::future::ready(())
            })
            .connect(servers)
            .await
            .context("the connection to NATS cannot begin")?;
        Ok(Self { client, state })
    }

    /// Waits until it stands; gives how often it has been made.
    pub async fn standing(&mut self) -> u64 {
        if let Ok(state) = self.state.wait_for(|state| state.connected).await {
            return state.times;
        }
        // The client is gone, and so is whoever asks.
        std::future::pending().await
    }
}

/// Connects once, for a look.
///
/// # Errors
/// Says why not.
pub async fn once(settings: &config::Nats) -> Result<Client> {
    let (options, servers) = options(settings).await?;
    // What it says holds what caused it.
    let connected = options.connect(servers).await;
    connected.map_err(|error| anyhow!("{error}"))
}

async fn options(settings: &config::Nats) -> Result<(ConnectOptions, Vec<async_nats::ServerAddr>)> {
    let url = settings.url.as_ref().map_or("", |url| url.open());
    let address = address::parse(url).context("in [nats]")?;
    let mut options = ConnectOptions::new()
        .name("tidings")
        .connection_timeout(ANSWER)
        .request_timeout(Some(ANSWER));
    options = match address.login {
        Login::None => options,
        Login::Token(token) => options.token(token.open().to_owned()),
        Login::User(user, password) => {
            options.user_and_password(user.open().to_owned(), password.open().to_owned())
        }
    };
    if let Some(file) = &settings.creds_file {
        let text = readable(file, "creds_file")?;
        // The library's error may hold a line of the file.
        options = options.credentials(&text).map_err(|_| {
            anyhow!(
                "in [nats]: creds_file {} holds no credentials",
                file.display()
            )
        })?;
    }
    if let Some(file) = &settings.tls_roots_file {
        readable(file, "tls_roots_file")?;
        options = options
            .add_root_certificates(file.clone())
            .require_tls(true);
    }
    Ok((options, address.servers))
}

fn readable(file: &Path, key: &str) -> Result<String> {
    std::fs::read_to_string(file)
        .with_context(|| format!("in [nats]: cannot read {key} {}", file.display()))
}

struct Teller {
    sender: watch::Sender<State>,
    told: AtomicBool,
    aloud: bool,
}

impl Teller {
    fn note(&self, event: &Event) {
        match event {
            Event::Connected => {
                self.sender.send_modify(|state| {
                    state.connected = true;
                    state.times += 1;
                });
                if self.told.swap(false, Ordering::Relaxed) && self.aloud {
                    tracing::warn!("NATS is back");
                }
                self.measure(1.0);
            }
            Event::Disconnected => {
                self.sender.send_modify(|state| state.connected = false);
                self.away("the connection broke");
                self.measure(0.0);
            }
            // One for each attempt that failed.
            Event::ClientError(error) if !self.sender.borrow().connected => {
                self.away(&error.to_string());
            }
            Event::ServerError(error) if self.aloud => {
                tracing::warn!(%error, "NATS refuses something");
            }
            _ => {}
        }
    }

    fn away(&self, reason: &str) {
        if !self.told.swap(true, Ordering::Relaxed) && self.aloud {
            tracing::warn!(
                reason,
                "NATS is away: no events come from it, nodes look for work by themselves; it is tried until it answers"
            );
        }
    }

    fn measure(&self, connected: f64) {
        if self.aloud {
            metrics::gauge!("tidings_nats_connected").set(connected);
        }
    }
}
