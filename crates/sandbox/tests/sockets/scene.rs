//! What every test here needs: a sandbox that remembers what its observer saw, and
//! an SMPP client that notes what it is sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sandbox::{Faults, Received, Sandbox, SandboxConfig, TextFaults};
use smpp::pdu::{Address, CommandStatus, SubmitSm};
use smpp::receipt::Receipt;
use smpp::{Client, ClientConfig, ClientEvent, ClientHandle, Lane, SubmitError, SubmitResponse};
use tokio::sync::mpsc;

/// Longer than anything here takes; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub type Log = Arc<Mutex<Vec<String>>>;

/// 2026-11-22T11:42:00Z
pub fn now() -> i64 {
    1_795_347_720_000_000
}

/// A sandbox and what its observer saw, as lines of text.
pub async fn start(configure: impl FnOnce(&mut SandboxConfig)) -> (Sandbox, Log) {
    let log = Log::default();
    let mut config = SandboxConfig::new(now);
    let seen = Arc::clone(&log);
    config.observer = Some(Arc::new(move |received: Received<'_>| {
        let line = match received {
            Received::Text {
                from,
                to,
                text,
                part,
                ..
            } => match part {
                Some(part) => format!("{from}>{to} {}/{} {text}", part.number, part.total),
                None => format!("{from}>{to} {text}"),
            },
            Received::Mail { from, to, raw } => {
                format!("{from}>{} {}", to.join(","), String::from_utf8_lossy(raw))
            }
        };
        seen.lock().unwrap().push(line);
    }));
    configure(&mut config);
    (Sandbox::start(config).await.unwrap(), log)
}

pub async fn with_text_faults(texts: TextFaults) -> (Sandbox, Log) {
    let (sandbox, log) = start(|_| {}).await;
    sandbox.set_faults(Faults {
        texts,
        ..Faults::default()
    });
    (sandbox, log)
}

/// What the client was told, in order.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    Receipt { id: String, text: String },
    Text { from: String, text: String },
    Closed,
}

pub struct Esme {
    pub handle: ClientHandle,
    pub told: mpsc::UnboundedReceiver<Told>,
}

impl Esme {
    pub async fn bind(sandbox: &Sandbox) -> Self {
        Self::bind_answering(sandbox, CommandStatus::ROK).await
    }

    /// Binds, and answers whatever it is sent with this status.
    pub async fn bind_answering(sandbox: &Sandbox, status: CommandStatus) -> Self {
        let mut config = ClientConfig::new(&sandbox.smsc_addr().to_string(), "sandbox", "sandbox");
        config.session.response_timeout = Duration::from_secs(2);
        let (handle, mut events) = Client::connect(config).await.unwrap();
        let (tell, told) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                let mut to_answer = None;
                let line = match event {
                    ClientEvent::Deliver(inbound) => {
                        let pdu = inbound.pdu();
                        let line = match Receipt::of(pdu) {
                            Some(receipt) => Told::Receipt {
                                id: receipt.message_id.unwrap(),
                                text: String::from_utf8(pdu.message().to_vec()).unwrap(),
                            },
                            None => Told::Text {
                                from: pdu.source.value.text().into_owned(),
                                text: smpp::gsm::text_of(pdu).1,
                            },
                        };
                        to_answer = Some(inbound);
                        line
                    }
                    ClientEvent::Closed(_) => Told::Closed,
                    ClientEvent::Malformed(malformed) => panic!("malformed: {malformed:?}"),
                };
                // Noted before it is answered, so that a test can rely on the order.
                if tell.send(line).is_err() {
                    break;
                }
                if let Some(inbound) = to_answer {
                    inbound.respond(status);
                }
            }
        });
        Self { handle, told }
    }

    pub async fn send(&self, text: &str) -> Result<SubmitResponse, SubmitError> {
        self.handle.submit(message(text), Lane::Bulk).await
    }

    /// Sends and gives the status of the answer.
    pub async fn status(&self, text: &str) -> u32 {
        self.send(text).await.unwrap().status.0
    }

    /// Sends and gives the message id.
    pub async fn id(&self, text: &str) -> String {
        let answer = self.send(text).await.unwrap();
        assert!(answer.status.is_ok(), "{}", answer.status);
        answer.message_id.text().into_owned()
    }

    pub async fn next(&mut self) -> Told {
        tokio::time::timeout(PATIENCE, self.told.recv())
            .await
            .expect("in time")
            .expect("a session")
    }

    pub async fn next_receipt(&mut self) -> (String, String) {
        match self.next().await {
            Told::Receipt { id, text } => (id, text),
            other => panic!("not a receipt: {other:?}"),
        }
    }
}

pub fn message(text: &str) -> SubmitSm {
    SubmitSm {
        source: Address::alphanumeric("Marigold"),
        destination: Address::international("+15550100"),
        registered_delivery: 1,
        short_message: text.into(),
        ..SubmitSm::default()
    }
}
