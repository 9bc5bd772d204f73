//! A server that is in for trouble: started by a command of the story's own (a small disk,
//! a slow one, a clock that jumps), with carriers in the test's process that outlive it and
//! note everything that comes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use sandbox::{Faults, Received, Sandbox, SandboxConfig};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use super::{Answer, Ended, Http, Program, binary, customer, event, make_key, order, parcel};
use super::{program, until, write_config};
use crate::nothing_is_lost_when_killed::number_in;
use crate::test_traffic_stays_in_the_sandbox::{carriers, password};

/// Something that came to a carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// `sms` or `email`.
    pub(crate) way: &'static str,
    /// The number of its event.
    pub(crate) number: u32,
    /// When.
    pub(crate) at: Instant,
}

/// A folder with a configuration, and live carriers that count.
pub(crate) struct Trouble {
    pub(crate) folder: TempDir,
    pub(crate) config: PathBuf,
    carrier: Sandbox,
    arrived: Arc<Mutex<Vec<Arrival>>>,
}

impl Trouble {
    /// `sections` go on where `[email]` ends.
    pub(crate) async fn new(sections: &str) -> Self {
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let noting = Arc::clone(&arrived);
        let mut config = SandboxConfig::new(|| 0);
        config.keep = 0;
        config.observer = Some(Arc::new(move |received: Received<'_>| {
            let (way, number) = match received {
                Received::Text { text, .. } => ("sms", number_in(text)),
                Received::Mail { raw, .. } => ("email", number_in(&String::from_utf8_lossy(raw))),
            };
            let at = Instant::now();
            noting.lock().unwrap().push(Arrival { way, number, at });
        }));
        let carrier = Sandbox::start(config).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ways = carriers(
            carrier.smsc_addr(),
            carrier.smtp_addr(),
            &password(folder.path()),
        );
        let config = write_config(folder.path(), &format!("{ways}{sections}"));
        Self {
            folder,
            config,
            carrier,
            arrived,
        }
    }

    /// Where the carriers of texts and of mail listen.
    pub(crate) fn addresses(&self) -> (SocketAddr, SocketAddr) {
        (self.carrier.smsc_addr(), self.carrier.smtp_addr())
    }

    /// What the carriers do wrong from now on.
    pub(crate) fn faults(&self, faults: &Value) {
        self.carrier
            .set_faults(Faults::from_json(&faults.to_string()).unwrap());
    }

    /// Everything that came, in its order.
    pub(crate) fn arrived(&self) -> Vec<Arrival> {
        self.arrived.lock().unwrap().clone()
    }

    /// How often the message of an event came over a way.
    pub(crate) fn times(&self, way: &str, number: u32) -> usize {
        let arrived = self.arrived.lock().unwrap();
        let same = |a: &&Arrival| a.way == way && a.number == number;
        arrived.iter().filter(same).count()
    }

    /// Waits until the message of an event came over a way.
    pub(crate) async fn comes(&self, way: &str, number: u32) {
        until(&format!("{number} comes by {way}"), async || {
            (self.times(way, number) > 0).then_some(())
        })
        .await;
    }

    /// Submits and mails the carriers refused.
    pub(crate) fn refused(&self) -> (u64, u64) {
        let counts = self.carrier.counts();
        (counts.texts_refused, counts.mails_refused)
    }

    /// A live key, and the server started plainly.
    pub(crate) async fn serve(&self) -> (Program, Http) {
        let key = make_key(&self.config, "live").await;
        self.serve_by(self.command_under(&[]), &key).await
    }

    /// The server's command behind others that become it.
    pub(crate) fn command_under(&self, before: &[&str]) -> Command {
        let tidings = binary::path().to_str().unwrap();
        let config = self.config.to_str().unwrap();
        let all = [before, &[tidings, "serve", "--config", config]].concat();
        let mut command = Command::new(all[0]);
        command.args(&all[1..]).env("TIDINGS_LOG", program::LOG);
        command
    }

    /// Starts the server by a command; gives it and a client with a key.
    pub(crate) async fn serve_by(&self, command: Command, key: &str) -> (Program, Http) {
        let mut program = Program::start_by(command);
        let address = program.line_with("listening on ").await;
        (program, Http::new(&address, key))
    }

    /// Ends the carriers.
    pub(crate) async fn end(self) {
        self.carrier.stop().await;
    }
}

/// The program under test.
pub(crate) fn tidings() -> &'static Path {
    binary::path()
}

/// Puts customers `c-0` … .
pub(crate) async fn put_customers(http: &Http, count: u32) {
    let all: Vec<Value> = (0..count).map(|n| customer(&format!("c-{n}"), n)).collect();
    let kind = "application/x-ndjson";
    let answer = http
        .call("PUT", "/v1/customers", kind, super::lines(&all))
        .await;
    assert_eq!(answer.json()["stored"], count, "{answer:?}");
}

/// A sign-in code that says its number.
pub(crate) fn code(number: u32, who: u32) -> Value {
    let data = json!({"code": format!("{number:06}")});
    event(
        &format!("K-{number:06}"),
        "security.code",
        &format!("c-{who}"),
        data,
    )
}

/// A fact told by text and mail.
pub(crate) fn delivered(number: u32, who: u32) -> Value {
    let id = format!("K-{number:06}");
    event(&id, "shipment.delivered", &format!("c-{who}"), parcel(&id))
}

/// A fact told by mail.
pub(crate) fn confirmed(number: u32, who: u32) -> Value {
    let id = format!("K-{number:06}");
    event(&id, "order.confirmed", &format!("c-{who}"), order(&id))
}

/// A question by mail that is not worth a double.
pub(crate) fn asked(number: u32, who: u32) -> Value {
    let id = format!("K-{number:06}");
    event(&id, "feedback.requested", &format!("c-{who}"), order(&id))
}

/// Posts an event, which must make a message.
pub(crate) async fn post(http: &Http, event: &Value) {
    let answer = http.post("/v1/events", event).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.json()["failed_total"], 0, "{answer:?}");
}

/// The whole of a message that an event made for a customer.
pub(crate) async fn message_of(http: &Http, who: u32, number: u32) -> Value {
    let path = format!("/v1/customers/c-{who}/messages?limit=200");
    for message in http.get(&path).await.json()["messages"].as_array().unwrap() {
        let path = format!("/v1/messages/{}", message["id"].as_str().unwrap());
        let whole = http.get(&path).await.json();
        if whole["event"]["event_id"] == format!("K-{number:06}") {
            return whole;
        }
    }
    panic!("event {number} has no message")
}

/// Waits until a delivery is in one of some states.
pub(crate) async fn settles(
    http: &Http,
    (who, number): (u32, u32),
    way: &str,
    states: &[&str],
) -> Value {
    until(&format!("{way} of {number} is {states:?}"), async || {
        let found = super::delivery_of(&message_of(http, who, number).await, way)?;
        states
            .contains(&found["state"].as_str().unwrap())
            .then_some(found)
    })
    .await
}

/// An answer that refuses for now says so as a problem, in words, and when to come back.
pub(crate) fn assert_comes_back_later(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{answer:?}"
    );
    let after = answer.header("retry-after");
    let after: Option<u64> = after.and_then(|seconds| seconds.parse().ok());
    assert!(after >= Some(1), "{answer:?}");
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{problem}");
    assert!(
        problem["detail"].as_str().unwrap().contains(' '),
        "plain words: {problem}"
    );
}

/// It ended well and nothing panicked; errors in the log are what the story is about.
pub(crate) fn assert_ended_well(ended: &Ended) {
    assert!(ended.status.success(), "{ended:?}");
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}
