//! The connections to one mail server: opened when needed, kept while they are of use.
//!
//! After a connection could not be opened, no new one is tried for a while that doubles
//! up to half a minute: a server that is down is not hammered, and mail comes back to
//! the schedule at once instead of waiting for a time-out each.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{Lane, Outcome};
use tokio::time::Instant;

use super::connection::{Connection, HandOver};
use super::gate::Gate;
use super::replies::later;
use super::{EmailConfig, MadeEmail};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

pub(super) struct Pool {
    config: Arc<EmailConfig>,
    gate: Gate,
    idle: Mutex<Vec<(Connection, Instant)>>,
    trouble: Mutex<Option<Trouble>>,
}

/// The last connection could not be opened.
struct Trouble {
    pause: Duration,
    until: Instant,
    outcome: Outcome,
}

impl Pool {
    pub(super) fn new(config: Arc<EmailConfig>) -> Self {
        Self {
            gate: Gate::new(config.max_connections),
            config,
            idle: Mutex::new(Vec::new()),
            trouble: Mutex::new(None),
        }
    }

    /// Hands over one mail on some connection.
    pub(super) async fn hand_over(&self, mail: &MadeEmail) -> Outcome {
        let Some(_place) = self.gate.enter(mail.lane).await else {
            return later("closing", "Tidings is shutting down");
        };
        loop {
            let (mut connection, used) = match self.take_idle() {
                Some(connection) => (connection, true),
                None => match self.open().await {
                    Ok(connection) => (connection, false),
                    Err(outcome) => return outcome,
                },
            };
            match connection.hand_over(&self.config, mail).await {
                HandOver::Answered(outcome) => {
                    self.put_back(connection);
                    return outcome;
                }
                // The server had closed it while it was idle. The next one may be as
                // dead, but each is gone after this, so it ends at a fresh one.
                HandOver::NotTaken { stale: true, .. } if used => {}
                HandOver::NotTaken { outcome, .. } => return outcome,
                HandOver::InDoubt => {
                    return Outcome::Unknown {
                        reason: "the mail server has the whole mail, but its answer was lost"
                            .into(),
                    };
                }
            }
        }
    }

    /// Opens a connection to see whether it works, and keeps it.
    pub(super) async fn probe(&self) -> Result<(), Outcome> {
        let Some(_place) = self.gate.enter(Lane::Urgent).await else {
            return Err(later("closing", "Tidings is shutting down"));
        };
        *lock(&self.trouble) = None;
        let connection = self.open().await?;
        self.put_back(connection);
        Ok(())
    }

    /// Whether the last try to connect worked.
    pub(super) fn is_ready(&self) -> bool {
        lock(&self.trouble).is_none()
    }

    /// Lets the mails under way finish, then says goodbye on every connection.
    pub(super) async fn close(&self, limit: Duration) {
        self.gate.close();
        let quiet = async {
            self.gate.empty().await;
            let idle = std::mem::take(&mut *lock(&self.idle));
            for (connection, _) in idle {
                connection.quit().await;
            }
        };
        // Past the limit, dropping the connections is all that can be done.
        let _ = tokio::time::timeout(limit, quiet).await;
        lock(&self.idle).clear();
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = lock(&self.idle);
        let (connection, since) = idle.pop()?;
        if since.elapsed() < self.config.idle_timeout {
            return Some(connection);
        }
        // The newest is too old, so all are.
        idle.clear();
        None
    }

    fn put_back(&self, connection: Connection) {
        if connection.is_usable(&self.config) {
            lock(&self.idle).push((connection, Instant::now()));
        }
    }

    async fn open(&self) -> Result<Connection, Outcome> {
        if let Some(trouble) = &*lock(&self.trouble)
            && Instant::now() < trouble.until
        {
            return Err(trouble.outcome.clone());
        }
        let opened = Connection::open(&self.config).await;
        let mut trouble = lock(&self.trouble);
        match &opened {
            Ok(_) => {
                if trouble.take().is_some() {
                    tracing::info!(carrier = %self.config.name, "mail server can be reached again");
                }
            }
            Err(outcome) => {
                let pause = trouble
                    .as_ref()
                    .map_or(FIRST_PAUSE, |t| (t.pause * 2).min(LONGEST_PAUSE));
                if let Outcome::RetryLater { code, reason, .. } = outcome {
                    tracing::warn!(
                        carrier = %self.config.name, %code, %reason, pause_s = pause.as_secs(),
                        "no connection to the mail server"
                    );
                }
                *trouble = Some(Trouble {
                    pause,
                    until: Instant::now() + pause,
                    outcome: outcome.clone(),
                });
            }
        }
        opened
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
