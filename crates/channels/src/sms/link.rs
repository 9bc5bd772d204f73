//! The bind: one long-lived task that connects, hears what the carrier delivers, and
//! comes back after every loss, with a pause that doubles and is never quite the same.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use smpp::pdu::{Bind, BindType, CommandStatus};
use smpp::{
    Client, ClientConfig, ClientEvent, ClientEvents, ClientHandle, ClientTls, CloseReason,
    ConnectError, InboundDeliver, SessionConfig,
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::assembly::{Assembly, Whole};
use super::inbound::{Content, read, text_inbound};
use super::{SmsConfig, spread};
use crate::{Inbound, InboundItem};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Receipts and texts that may wait for the store at once.
const UNCOMMITTED: usize = 1024;

/// What the task needs; it must not keep the carrier itself alive.
pub(super) struct Link {
    pub(super) config: Arc<SmsConfig>,
    pub(super) session: watch::Sender<Option<ClientHandle>>,
    pub(super) closing: watch::Receiver<Option<Duration>>,
    pub(super) inbound: mpsc::Sender<InboundItem>,
}

impl Link {
    /// Until the carrier closes.
    pub(super) async fn run(self) {
        let mut failures = 0;
        loop {
            let mut closing = self.closing.clone();
            let connected = tokio::select! {
                _ = closing.wait_for(Option::is_some) => return,
                connected = self.connect() => connected,
            };
            match connected {
                Ok((handle, events)) => {
                    failures = 0;
                    tracing::info!(carrier = %self.config.name, "bound");
                    let started = Instant::now();
                    let reason = self.serve(handle, events).await;
                    let after_s = started.elapsed().as_secs();
                    if matches!(reason, smpp::CloseReason::Requested) {
                        tracing::info!(carrier = %self.config.name, after_s, "unbound");
                    } else {
                        tracing::warn!(carrier = %self.config.name, %reason, after_s, "the bind has ended");
                    }
                }
                Err(why) => {
                    failures += 1;
                    tracing::warn!(carrier = %self.config.name, %why, failures, "no bind");
                }
            }
            tokio::select! {
                _ = closing.wait_for(Option::is_some) => return,
                () = sleep(pause(self.config.seed, failures)) => {}
            }
        }
    }

    async fn connect(&self) -> Result<(ClientHandle, ClientEvents), ConnectError> {
        let config = &self.config;
        let tls = match &config.tls {
            None => None,
            Some(roots) => Some(ClientTls {
                config: roots.client(),
                server_name: ServerName::try_from(config.host.clone())
                    .map_err(|why| std::io::Error::other(why.to_string()))?,
            }),
        };
        let mut bind = Bind::new(
            BindType::Transceiver,
            &config.system_id,
            config.password.open(),
        );
        bind.system_type = config.system_type.as_str().into();
        Client::connect(ClientConfig {
            address: format!("{}:{}", config.host, config.port),
            tls,
            bind,
            session: SessionConfig {
                window: config.window,
                inbound_capacity: UNCOMMITTED,
                enquire_interval: config.enquire_link,
                response_timeout: config.response_timeout,
                session_init: config.connect_timeout,
                ..SessionConfig::default()
            },
        })
        .await
    }

    /// One session, from bind to end.
    async fn serve(&self, handle: ClientHandle, mut events: ClientEvents) -> CloseReason {
        self.session.send_replace(Some(handle.clone()));
        let mut closing = self.closing.clone();
        let mut hearing = pin!(self.hear(&mut events));
        let limit = tokio::select! {
            reason = &mut hearing => {
                self.session.send_replace(None);
                return reason;
            }
            limit = async { closing.wait_for(Option::is_some).await.ok().and_then(|l| *l) } => limit,
        };
        self.session.send_replace(None);
        // Receipts keep coming, and are acknowledged, while the last answers are awaited.
        let (reason, _) = tokio::join!(handle.close(limit.unwrap_or_default()), hearing);
        reason
    }

    /// Passes on what is delivered, until the session ends. What was not acknowledged by
    /// then the carrier delivers again.
    async fn hear(&self, events: &mut ClientEvents) -> CloseReason {
        let mut waiting = JoinSet::new();
        let mut assembly = Assembly::new();
        loop {
            let deadline = assembly.deadline();
            let overdue = async {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                event = events.recv() => match event {
                    Some(ClientEvent::Deliver(deliver)) => {
                        self.take(deliver, &mut assembly, &mut waiting).await;
                    }
                    Some(ClientEvent::Malformed(_)) => {
                        tracing::warn!(carrier = %self.config.name, "a malformed PDU was refused");
                    }
                    Some(ClientEvent::Closed(reason)) => return reason,
                    None => return CloseReason::Requested,
                },
                Some(_) = waiting.join_next() => {}
                () = overdue => {
                    while let Some(whole) = assembly.overdue(Instant::now()) {
                        self.pass_whole(whole, &mut waiting).await;
                    }
                }
            }
        }
    }

    async fn take(
        &self,
        deliver: InboundDeliver,
        assembly: &mut Assembly<InboundDeliver>,
        waiting: &mut JoinSet<()>,
    ) {
        match read(deliver.pdu(), &self.config) {
            Content::Item(inbound) => self.pass(inbound, vec![deliver], waiting).await,
            Content::Part { ends, place, text } => {
                let whole = assembly.add(ends, place, text, deliver, Instant::now());
                if let Some(whole) = whole {
                    self.pass_whole(whole, waiting).await;
                }
            }
            Content::Nameless => {
                tracing::warn!(carrier = %self.config.name, "a receipt names no message");
                deliver.respond(CommandStatus::ROK);
            }
        }
    }

    async fn pass_whole(&self, whole: Whole<InboundDeliver>, waiting: &mut JoinSet<()>) {
        let Whole { key, text, acks } = whole;
        let inbound = text_inbound(&self.config, (key.from, key.to), text);
        self.pass(inbound, acks, waiting).await;
    }

    /// Hands an item to the caller; it is acknowledged when the caller says it is durable.
    async fn pass(&self, inbound: Inbound, acks: Vec<InboundDeliver>, waiting: &mut JoinSet<()>) {
        let (done, durable) = oneshot::channel();
        // While the caller is busy this waits, and the session asks the SMSC to deliver
        // later what goes beyond its own room.
        let passed = self.inbound.send(InboundItem { inbound, done }).await;
        if passed.is_err() {
            respond(acks, false);
            return;
        }
        waiting.spawn(async move { respond(acks, durable.await.unwrap_or(false)) });
    }
}

fn respond(acks: Vec<InboundDeliver>, durable: bool) {
    for deliver in acks {
        deliver.respond(match durable {
            true => CommandStatus::ROK,
            false => CommandStatus::RX_T_APPN,
        });
    }
}

/// Half to all of a pause that doubles with each failure. A session that had come up is
/// followed by the shortest one.
fn pause(seed: u64, failures: u32) -> Duration {
    let longest = FIRST_PAUSE * 2u32.pow(failures.min(8));
    longest
        .min(LONGEST_PAUSE)
        .mul_f64(0.5 + spread(seed, u64::from(failures)) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_differ_by_seed() {
        for seed in 0..50 {
            for failures in 0..40 {
                let pause = pause(seed, failures);
                assert!(pause >= FIRST_PAUSE / 2 && pause <= LONGEST_PAUSE);
            }
            assert!(pause(seed, 9) >= LONGEST_PAUSE / 2);
        }
        assert_ne!(pause(1, 3), pause(2, 3));
    }
}
