//! The sinks of `bench pipeline`: the sandbox's SMSC and mail server in a process of their
//! own. They parse every byte, count each message by its mark, and answer each line on
//! stdin with what came so far.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use sandbox::{Received, Sandbox, SandboxConfig};
use serde_json::json;

use super::mark;
use crate::cli::BenchSinks;
use crate::clock;

#[derive(Default)]
struct Tally {
    /// How often each number came, by number.
    seen: Vec<u8>,
    texts: u64,
    mails: u64,
    duplicates: u64,
    unmarked: u64,
    last: i64,
}

impl Tally {
    fn note(&mut self, number: Option<u64>) {
        self.last = clock::micros();
        let Some(place) = number
            .and_then(|number| usize::try_from(number).ok())
            .filter(|n| *n < 60_000_000)
        else {
            self.unmarked += 1;
            return;
        };
        if self.seen.len() <= place {
            self.seen.resize(place + 1, 0);
        }
        if self.seen[place] > 0 {
            self.duplicates += 1;
        }
        self.seen[place] = self.seen[place].saturating_add(1);
    }
}

pub async fn run(_: BenchSinks) -> Result<()> {
    let tally = Arc::new(Mutex::new(Tally::default()));
    let theirs = tally.clone();
    let observer = move |received: Received<'_>| {
        let mut tally = theirs.lock().unwrap_or_else(PoisonError::into_inner);
        match received {
            // A long text's mark stands in one of its parts.
            Received::Text { text, part, .. } => {
                let number = mark::find(text.as_bytes());
                if number.is_some() || part.is_none() {
                    tally.texts += 1;
                    tally.note(number);
                }
            }
            Received::Mail { raw, .. } => {
                tally.mails += 1;
                tally.note(mark::find(raw));
            }
        }
    };
    let config = SandboxConfig {
        keep: 0,
        observer: Some(Arc::new(observer)),
        ..SandboxConfig::new(clock::micros)
    };
    let sandbox = Sandbox::start(config)
        .await
        .context("the sinks cannot start")?;
    println!(
        "{}",
        json!({ "smsc": sandbox.smsc_addr().port(), "smtp": sandbox.smtp_addr().port() })
    );
    // Stdin is read on a thread for blocking work: one short line at a time.
    while let Ok(Some(_)) = tokio::task::spawn_blocking(|| std::io::stdin().lines().next()).await {
        let answer = {
            let tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            json!({
                "texts": tally.texts,
                "mails": tally.mails,
                "distinct": tally.seen.iter().filter(|n| **n > 0).count(),
                "duplicates": tally.duplicates,
                "unmarked": tally.unmarked,
                "last": tally.last,
            })
        };
        println!("{answer}");
    }
    sandbox.stop().await;
    Ok(())
}
