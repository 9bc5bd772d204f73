//! `[nats]`: events from JetStream, doorbells between nodes.

use std::path::PathBuf;

use anyhow::{Result, bail};
use model::{Mode, Sealed};
use serde::Deserialize;

use super::Config;

/// `[nats]`: events from JetStream, doorbells between nodes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Nats {
    /// One address, or several of a cluster between commas. It may hold a user and a
    /// password, or a token; `TIDINGS_NATS` stands above it.
    pub url: Option<Sealed>,
    /// A credentials file (JWT and nkey), as `nsc` writes it.
    pub creds_file: Option<PathBuf>,
    /// PEM file of the certificate authorities to trust; with it nothing goes without TLS.
    pub tls_roots_file: Option<PathBuf>,
    /// The stream that events are read from; made if missing.
    pub stream: String,
    /// Subjects that events come on.
    pub subject: String,
    /// The subject of codes and alerts, which never wait behind the others.
    pub security_subject: String,
    /// The durable consumer that all nodes share; that of codes has `-security` added.
    pub durable: String,
    /// Whether events from here are live or for the sandbox.
    pub mode: NatsMode,
    /// Seconds after which an event that a node took and did not answer goes to another.
    pub ack_wait_seconds: u32,
    /// The stream of what is no event; made if missing.
    pub rejected_stream: String,
    /// The subject that what is no event is put on, with the reason.
    pub rejected_subject: String,
}

/// The mode of events that come over NATS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NatsMode {
    /// Real carriers.
    Live,
    /// The sandbox.
    Test,
}

impl From<NatsMode> for Mode {
    fn from(mode: NatsMode) -> Self {
        match mode {
            NatsMode::Live => Self::Live,
            NatsMode::Test => Self::Test,
        }
    }
}

impl Default for Nats {
    fn default() -> Self {
        Self {
            url: None,
            creds_file: None,
            tls_roots_file: None,
            stream: "tidings-events".into(),
            subject: "tidings.events.>".into(),
            security_subject: "tidings.security".into(),
            durable: "tidings".into(),
            mode: NatsMode::Live,
            ack_wait_seconds: 30,
            rejected_stream: "tidings-rejected".into(),
            rejected_subject: "tidings.rejected".into(),
        }
    }
}

impl Nats {
    /// Applies `anchor` to every path of the section.
    pub(super) fn anchor(&mut self, anchor: impl Fn(&mut PathBuf)) {
        [self.creds_file.as_mut(), self.tls_roots_file.as_mut()]
            .into_iter()
            .flatten()
            .for_each(anchor);
    }
}

/// What the environment says stands above the file.
#[expect(clippy::disallowed_methods, reason = "server reads the environment")]
pub(super) fn apply_environment(config: &mut Config) -> Result<()> {
    let given = std::env::var("TIDINGS_NATS").unwrap_or_default();
    if !given.is_empty() {
        config.nats.get_or_insert_default().url = Some(Sealed::new(given));
    }
    if config.nats.as_ref().is_some_and(|nats| nats.url.is_none()) {
        bail!("nats.url is missing: give it, or set TIDINGS_NATS, or leave out [nats]");
    }
    Ok(())
}

/// What is wrong with the section, each with its key.
pub(super) fn faults(nats: &Nats) -> Vec<String> {
    let mut faults = Vec::new();
    let names = [
        ("stream", &nats.stream),
        ("durable", &nats.durable),
        ("rejected_stream", &nats.rejected_stream),
    ];
    for (key, name) in names {
        if !is_name(name) {
            faults.push(format!(
                "nats.{key} has 1 to 60 letters, digits, dashes and underscores"
            ));
        }
    }
    let subjects = [
        ("subject", &nats.subject, true),
        ("security_subject", &nats.security_subject, true),
        ("rejected_subject", &nats.rejected_subject, false),
    ];
    for (key, subject, wild) in subjects {
        if !is_subject(subject, wild) {
            let kind = if wild { "" } else { " without wildcards" };
            faults.push(format!(
                "nats.{key} is a subject{kind}, such as `tidings.events.>`: words between dots"
            ));
        }
    }
    for (place, (key, subject, _)) in subjects.iter().enumerate() {
        for (other, its, _) in &subjects[place + 1..] {
            if overlap(subject, its) {
                faults.push(format!(
                    "nats.{key} and nats.{other} overlap: the same would be taken twice"
                ));
            }
        }
    }
    if nats.stream == nats.rejected_stream {
        faults.push("nats.stream and nats.rejected_stream are two streams".into());
    }
    if !(1..=3_600).contains(&nats.ack_wait_seconds) {
        faults.push("nats.ack_wait_seconds is from 1 to 3600".into());
    }
    faults
}

/// What both JetStream and its files take as a name.
fn is_name(name: &str) -> bool {
    (1..=60).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_subject(subject: &str, wild: bool) -> bool {
    let last = subject.split('.').count() - 1;
    let is_word = |(place, word): (usize, &str)| match word {
        "*" => wild,
        ">" => wild && place == last && place > 0,
        _ => {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_graphic() && !b"*>".contains(&b))
        }
    };
    subject.len() <= 200
        && !subject.starts_with('$')
        && !subject.starts_with("_INBOX")
        && subject.split('.').enumerate().all(is_word)
}

/// Whether some subject matches both patterns.
fn overlap(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        match (a.next(), b.next()) {
            (None, None) | (Some(">"), Some(_)) | (Some(_), Some(">")) => return true,
            (Some(x), Some(y)) if x == y || x == "*" || y == "*" => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_overlap_when_one_message_could_have_both() {
        for (a, b) in [
            ("a.b", "a.b"),
            ("a.>", "a.b.c"),
            ("a.*", "a.b"),
            ("*.b", "a.*"),
            ("a.b.>", "a.>"),
        ] {
            assert!(overlap(a, b) && overlap(b, a), "{a} {b}");
        }
        for (a, b) in [("a.b", "a.c"), ("a.>", "a"), ("a.*", "a.b.c"), ("a", "b")] {
            assert!(!overlap(a, b) && !overlap(b, a), "{a} {b}");
        }
    }

    #[test]
    fn the_defaults_are_right_and_each_mistake_is_named() {
        assert_eq!(faults(&Nats::default()), Vec::<String>::new());
        let wrong = Nats {
            stream: "tidings.events".into(),
            durable: String::new(),
            security_subject: "tidings.events.security".into(),
            rejected_subject: "tidings.*".into(),
            ack_wait_seconds: 0,
            ..Nats::default()
        };
        let faults = faults(&wrong).join("\n");
        for key in [
            "nats.stream has",
            "nats.durable has",
            "nats.rejected_subject is a subject without wildcards",
            "nats.subject and nats.security_subject overlap",
            "nats.ack_wait_seconds",
        ] {
            assert!(faults.contains(key), "{key}: {faults}");
        }
        for bad in [
            "", ".", "a..b", ">", "a.>.b", "$JS.API", "a b", "_INBOX.x", "a*",
        ] {
            assert!(!is_subject(bad, true), "{bad}");
        }
    }
}
