//! A running Tidings in a folder of its own: what every story begins with.
//!
//! `World` starts the real program on a free port, with the sandbox carriers and their
//! screens for test traffic, and speaks to it over HTTP. It holds nothing of the product:
//! what it knows, it was told over a socket. `end` stops it as Ctrl-C does and looks at
//! what it left behind.

mod binary;
mod browser;
mod chromium;
mod environment;
pub(crate) mod hostile;
mod http;
pub(crate) mod nodes;
mod postfix;
mod program;
mod shop;
pub(crate) mod trouble;
mod waiting;

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) use browser::Browser;
pub(crate) use chromium::{chromium_runs_here, drive};
pub(crate) use environment::{missing, python, say, seed, shared};
pub(crate) use http::{Answer, Http, News};
pub(crate) use postfix::Postfix;
pub(crate) use program::{Ended, Program, run};
pub(crate) use shop::{customer, event, order, parcel};
pub(crate) use trouble::Trouble;
pub(crate) use waiting::{PATIENCE, until, until_within};

/// States that nothing more is owed in.
pub(crate) const FINAL: [&str; 7] = [
    "accepted",
    "delivered",
    "undelivered",
    "rejected",
    "expired",
    "cancelled",
    "given_up",
];

/// A running server and the folder it lives in.
pub(crate) struct World {
    folder: TempDir,
    program: Program,
    /// Speaks with a test key: what it causes reaches the sandbox only.
    pub(crate) http: Http,
    /// Speaks with a live key.
    pub(crate) live: Http,
}

impl World {
    /// A server with the sandbox for test traffic and no real carriers.
    pub(crate) async fn start() -> Self {
        Self::with("").await
    }

    /// The same with more sections in its configuration.
    pub(crate) async fn with(sections: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = write_config(folder.path(), sections);
        Self::begin(folder, config).await
    }

    /// A server whose pages browsers reach at an address of their own.
    pub(crate) async fn reached_at(public_url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = write_config(folder.path(), "");
        let text = std::fs::read_to_string(&config).unwrap();
        let reached = format!("[server]\npublic_url = \"{public_url}\"\n");
        std::fs::write(&config, text.replace("[server]\n", &reached)).unwrap();
        Self::begin(folder, config).await
    }

    async fn begin(folder: tempfile::TempDir, config: std::path::PathBuf) -> Self {
        let live = make_key(&config, "live").await;
        let test = make_key(&config, "test").await;
        let (program, address) = serve(&config).await;
        Self {
            folder,
            program,
            http: Http::new(&address, &test),
            live: Http::new(&address, &live),
        }
    }

    /// Waits for a line on its standard output that holds `mark`; gives what follows it.
    pub(crate) async fn says(&mut self, mark: &str) -> String {
        self.program.line_with(mark).await
    }

    /// `http://host:port`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.http.address())
    }

    /// Puts customers; each is a profile with its `id`.
    pub(crate) async fn put(&self, customers: &[Value]) {
        for customer in customers {
            let mut profile = customer.clone();
            let id = profile.as_object_mut().unwrap().remove("id").unwrap();
            let path = format!("/v1/customers/{}", id.as_str().unwrap());
            let answer = self.http.put(&path, &profile).await;
            assert!((200..300).contains(&answer.status), "{answer:?}");
        }
    }

    /// Posts one event, which must make a message.
    pub(crate) async fn post(&self, event: &Value) {
        let answer = self.http.post("/v1/events", event).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        assert_eq!(answer.json()["failed_total"], 0, "{answer:?}");
    }

    /// A customer's messages, newest first.
    pub(crate) async fn messages(&self, customer: &str) -> Vec<Value> {
        let path = format!("/v1/customers/{customer}/messages");
        let answer = self.http.get(&path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["messages"].as_array().unwrap().clone()
    }

    /// The newest message of a customer, with the whole of its path.
    pub(crate) async fn newest(&self, customer: &str) -> Value {
        let messages = self.messages(customer).await;
        let id = messages.first().expect("there is a message")["id"].clone();
        let answer = self
            .http
            .get(&format!("/v1/messages/{}", id.as_str().unwrap()))
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Waits until the newest message's delivery over a channel is in a state.
    pub(crate) async fn delivery(&self, customer: &str, channel: &str, state: &str) -> Value {
        until(&format!("{channel} is {state}"), async || {
            let message = self.newest(customer).await;
            let found = delivery_of(&message, channel)?;
            (found["state"] == state).then_some(found)
        })
        .await
    }

    /// The steps by which a browser signs in as a customer.
    pub(crate) async fn sign_in(&self, customer: &str) -> Vec<Value> {
        let path = format!("/v1/customers/{customer}/tokens");
        let made = self.http.post(&path, &serde_json::json!({})).await;
        assert_eq!(made.status, 201, "{made:?}");
        let made = made.json();
        let url = made["sign_in_url"].as_str().unwrap();
        let link = format!("/sign-in{}", url.split_once("/sign-in").unwrap().1);
        let (open, go_on) = (
            serde_json::json!({ "open": link }),
            serde_json::json!({ "click": "main button[type=submit]" }),
        );
        vec![open, go_on, serde_json::json!({ "settle": true })]
    }

    /// Sets what the sandbox does wrong; `{}` is nothing.
    pub(crate) async fn faults(&self, faults: &Value) {
        let answer = self.http.put("/sandbox/api/faults", faults).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Texts at a phone of the sandbox, waiting for the first.
    pub(crate) async fn texts(&self, phone: &str) -> Vec<Value> {
        let to = phone.replace('+', "%2B");
        let path = format!("/sandbox/api/texts?wait=20&to={to}");
        self.http.get(&path).await.json()["texts"]
            .as_array()
            .unwrap()
            .clone()
    }

    /// Mails in an inbox of the sandbox, waiting for the first.
    pub(crate) async fn mails(&self, address: &str) -> Vec<Value> {
        let path = format!("/sandbox/api/mails?wait=20&to={address}");
        self.http.get(&path).await.json()["mails"]
            .as_array()
            .unwrap()
            .clone()
    }

    /// What the sandbox has counted.
    pub(crate) async fn counts(&self) -> Value {
        self.http.get("/sandbox/api/counts").await.json()
    }

    /// Stops the server as Ctrl-C does: it must end well, with no panic and nobody's
    /// address in its log. Gives the folder, with what is stored in it.
    pub(crate) async fn end(self) -> Folder {
        let ended = self.program.interrupt().await;
        assert!(ended.status.success(), "{ended:?}");
        assert!(ended.stdout.contains("all is recorded"), "{ended:?}");
        let log = ended.stderr;
        assert!(!log.contains("panicked"), "{log}");
        assert!(!log.contains("ERROR"), "{log}");
        for personal in ["@customers.example", "Machado"] {
            assert!(
                !log.contains(personal),
                "{personal} stands in the log: {log}"
            );
        }
        let mut numbers = log.split(|c: char| !c.is_ascii_digit());
        let phone = numbers.find(|digits| digits.len() >= 10 && digits.contains("5550"));
        assert_eq!(phone, None, "a phone number stands in the log: {log}");
        Folder {
            folder: self.folder,
            log,
        }
    }
}

/// What a server has left behind.
pub(crate) struct Folder {
    folder: TempDir,
    /// What it logged.
    pub(crate) log: String,
}

impl Folder {
    /// The configuration it was served by.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("tidings.toml")
    }

    /// Whether a text stands anywhere in the files of the store.
    pub(crate) fn holds(&self, text: &str) -> bool {
        files(&self.folder.path().join("data"))
            .iter()
            .any(|file| contains(&std::fs::read(file).unwrap(), text.as_bytes()))
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

fn contains(octets: &[u8], wanted: &[u8]) -> bool {
    octets.windows(wanted.len()).any(|window| window == wanted)
}

/// The delivery of a message over a channel.
pub(crate) fn delivery_of(message: &Value, channel: &str) -> Option<Value> {
    let deliveries = message["deliveries"].as_array()?;
    deliveries
        .iter()
        .find(|delivery| delivery["channel"] == channel)
        .cloned()
}

/// The outcomes of a delivery's attempts, first to last.
pub(crate) fn outcomes(delivery: &Value) -> Vec<&str> {
    let attempts = delivery["attempts"].as_array().unwrap();
    attempts
        .iter()
        .map(|attempt| attempt["outcome"].as_str().unwrap())
        .collect()
}

/// Writes a configuration into a folder: a free port, the store beside it, the sandbox.
pub(crate) fn write_config(folder: &Path, sections: &str) -> PathBuf {
    let sandbox = if sections.contains("[sandbox]") {
        ""
    } else {
        "[sandbox]\nscreens = true\n"
    };
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nsecure_cookies = false\n[store]\nfolder = \"data\"\n\
         [brand]\nname = \"Marigold\"\ndomain = \"marigold.example\"\nurl = \"https://marigold.example\"\n\
         support = \"https://marigold.example/help\"\nsms_sender = \"Marigold\"\n{sandbox}{sections}"
    );
    let path = folder.join("tidings.toml");
    std::fs::write(&path, config).unwrap();
    path
}

/// An API key for a store that no server runs on.
pub(crate) async fn make_key(config: &Path, mode: &str) -> String {
    let config = config.to_str().unwrap();
    let made = run(&[
        "api-key", "--config", config, "--name", "story", "--mode", mode,
    ])
    .await;
    assert!(made.status.success(), "{made:?}");
    made.stdout.trim().to_owned()
}

/// Starts `tidings serve`; gives it and where it listens.
pub(crate) async fn serve(config: &Path) -> (Program, String) {
    let mut program = Program::start(&["serve", "--config", config.to_str().unwrap()]);
    let address = program.line_with("listening on ").await;
    (program, address)
}

/// One event as a line of a stream.
pub(crate) fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

/// The `reason` of each entry of a list in an answer.
pub(crate) fn reasons(list: &Value) -> Vec<&str> {
    let entries = list.as_array().unwrap();
    entries
        .iter()
        .map(|entry| entry["reason"].as_str().unwrap_or_default())
        .collect()
}
