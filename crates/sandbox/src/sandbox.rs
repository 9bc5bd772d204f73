//! A running sandbox: the handle everyone else holds.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::config::SandboxConfig;
use crate::counts::Counts;
use crate::faults::Faults;
use crate::shared::Shared;
use crate::{http, smsc, smtp};

/// Sessions of the text carrier get this long to unbind.
const LONGEST_GOODBYE: Duration = Duration::from_secs(3);

/// A running text carrier and mail server. Clones share it; it ends with
/// [`Sandbox::stop`], or when the last clone and router are dropped.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
    tasks: Arc<Mutex<JoinSet<()>>>,
    smsc_addr: SocketAddr,
    smtp_addr: SocketAddr,
}

impl Sandbox {
    /// Opens both ports and serves them from now on. Needs a tokio runtime.
    ///
    /// # Errors
    /// When a port cannot be opened; the message says which and why.
    pub async fn start(config: SandboxConfig) -> io::Result<Self> {
        let smsc = open(config.smsc_addr, "text carrier").await?;
        let smtp = open(config.smtp_addr, "mail server").await?;
        let (smsc_addr, smtp_addr) = (smsc.local_addr()?, smtp.local_addr()?);
        let shared = Arc::new(Shared::new(config));
        let mut tasks = JoinSet::new();
        tasks.spawn(smsc::listen(smsc, Arc::clone(&shared)));
        tasks.spawn(smtp::listen(smtp, Arc::clone(&shared)));
        Ok(Self {
            shared,
            tasks: Arc::new(Mutex::new(tasks)),
            smsc_addr,
            smtp_addr,
        })
    }

    /// Where the text carrier listens.
    #[must_use]
    pub fn smsc_addr(&self) -> SocketAddr {
        self.smsc_addr
    }

    /// Where the mail server listens.
    #[must_use]
    pub fn smtp_addr(&self) -> SocketAddr {
        self.smtp_addr
    }

    /// The screens under `/sandbox` and the control API under `/sandbox/api`.
    /// They have no sign-in of their own: keep them on loopback or behind one.
    pub fn router(&self) -> Router {
        http::router(self.clone())
    }

    /// What has happened so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.counts()
    }

    /// The faults in force.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.shared.plan().faults.clone()
    }

    /// Sets the faults; whatever is counted for them is counted from now.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.set_faults(faults);
    }

    /// Closes both ports and every connection, and ends the live updates.
    pub async fn stop(self) {
        self.shared.tell_stopped();
        let mut tasks =
            std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let goodbye = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(LONGEST_GOODBYE, goodbye)
            .await
            .is_err()
        {
            tasks.shutdown().await;
        }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("smsc_addr", &self.smsc_addr)
            .field("smtp_addr", &self.smtp_addr)
            .finish_non_exhaustive()
    }
}

async fn open(addr: SocketAddr, what: &str) -> io::Result<TcpListener> {
    let opened = TcpListener::bind(addr).await;
    opened.map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("the sandbox's {what} cannot listen on {addr}: {error}"),
        )
    })
}
