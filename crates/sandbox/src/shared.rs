//! What the two carriers, the screens and the control API have in common.
//!
//! One value behind an `Arc`: the configuration, the faults in force, what is kept,
//! what waits for a client, and the bell that rings when something changed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use tokio::sync::watch;

use crate::config::SandboxConfig;
use crate::counts::{Counters, Counts};
use crate::faults::{Faults, Plan};
use crate::kept::{Mails, Texts};
use crate::smsc::Outbox;

/// What the bell says: how often it rang, and whether it will ring again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct News {
    pub(crate) revision: u64,
    pub(crate) stopped: bool,
}

pub(crate) struct Shared {
    pub(crate) config: SandboxConfig,
    pub(crate) counters: Counters,
    pub(crate) bound_now: AtomicU64,
    pub(crate) outbox: Outbox,
    pub(crate) message_ids: MessageIds,
    plan: RwLock<Arc<Plan>>,
    texts: Mutex<Texts>,
    mails: Mutex<Mails>,
    news: watch::Sender<News>,
    /// Apart from the news: sessions wait for it, and must not wake for every text.
    stopped: watch::Sender<bool>,
}

const NOT_POISONED: &str = "nothing panics while it holds this lock";

impl Shared {
    pub(crate) fn new(config: SandboxConfig) -> Self {
        Self {
            counters: Counters::default(),
            bound_now: AtomicU64::new(0),
            outbox: Outbox::default(),
            message_ids: MessageIds::new(config.seed, (config.now)()),
            plan: RwLock::default(),
            texts: Mutex::new(Texts::new(config.keep)),
            mails: Mutex::new(Mails::new(config.keep)),
            news: watch::Sender::default(),
            stopped: watch::Sender::default(),
            config,
        }
    }

    pub(crate) fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan.read().expect(NOT_POISONED))
    }

    /// Sets the faults and starts counting anew.
    pub(crate) fn set_faults(&self, faults: Faults) {
        *self.plan.write().expect(NOT_POISONED) = Arc::new(Plan::new(faults));
        self.tell_news();
    }

    pub(crate) fn texts(&self) -> MutexGuard<'_, Texts> {
        self.texts.lock().expect(NOT_POISONED)
    }

    pub(crate) fn mails(&self) -> MutexGuard<'_, Mails> {
        self.mails.lock().expect(NOT_POISONED)
    }

    pub(crate) fn tell_news(&self) {
        self.news.send_modify(|news| news.revision += 1);
    }

    pub(crate) fn tell_stopped(&self) {
        self.news.send_modify(|news| news.stopped = true);
        self.stopped.send_replace(true);
    }

    pub(crate) fn news(&self) -> watch::Receiver<News> {
        self.news.subscribe()
    }

    /// Resolves when the sandbox is told to stop.
    pub(crate) async fn stopped(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            bound_now: self.bound_now.load(Ordering::Relaxed),
            waiting: self.outbox.waiting() as u64,
            waiting_dropped: self.outbox.dropped(),
            texts_kept: self.texts().len() as u64,
            mails_kept: self.mails().len() as u64,
            ..self.counters.counts()
        }
    }
}

/// Makes message ids that do not repeat, also after a restart.
#[derive(Debug)]
pub(crate) struct MessageIds {
    run: u64,
    next: AtomicU64,
}

impl MessageIds {
    fn new(seed: u64, started_at: i64) -> Self {
        // Multiplying by odd numbers and folding is one-to-one, so for one seed two
        // start times never give the same run.
        let mut run = started_at.cast_unsigned() ^ seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for odd in [0xBF58_476D_1CE4_E5B9_u64, 0x94D0_49BB_1331_11EB] {
            run = (run ^ (run >> 30)).wrapping_mul(odd);
        }
        Self {
            run: run ^ (run >> 31),
            next: AtomicU64::new(1),
        }
    }

    pub(crate) fn next(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}-{number:x}", self.run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_between_runs_and_seeds() {
        let id = |seed, at| MessageIds::new(seed, at).next();
        assert_ne!(id(0, 1), id(0, 2));
        assert_ne!(id(0, 1), id(1, 1));
        assert!(id(0, 1).ends_with("-1"));
    }
}
