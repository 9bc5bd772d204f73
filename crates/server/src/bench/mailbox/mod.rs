//! `tidings bench mailbox`: reading Message Centers of a large store while it is written to.
//! The store is made in this process, past HTTP, and can be kept for other measurements.

pub mod build;
mod read;
mod templates;

use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;
use store::Store;

use super::cli::BenchMailbox;
use super::events;
use super::figures::{self, round};
use super::ground::Folder;
use crate::clock;

pub async fn run(arguments: BenchMailbox) -> Result<ExitCode> {
    let folder = Folder::given_or_temporary(arguments.data.as_deref(), "mailbox")?;
    let customers = events::pairs(arguments.customers);
    let note = build::ensure(&folder, arguments.messages, customers).await?;
    let opening = tokio::time::Instant::now();
    let store = Store::open_sqlite(&folder.store(), clock::now())?;
    let open_seconds = opening.elapsed().as_secs_f64();
    let read = read::measure(&store, &note, arguments.seconds, arguments.rate).await;
    store.close().await;
    let read = read?;
    let written = read["written"].as_u64().unwrap_or(0);
    if arguments.data.is_some() {
        super::ground::Note::add(folder.path(), written)?;
    }
    let settings = json!({
        "messages": note.messages,
        "customers": note.customers,
        "large_mailboxes": note.large,
        "large_mailbox_messages": note.large_messages,
        "seconds": arguments.seconds,
        "written_per_s": arguments.rate,
        "readers": read::READERS,
    });
    let mut report = figures::report(settings, read);
    report["build_seconds"] = json!(round(note.build_seconds));
    report["bytes_per_message"] = json!(note.bytes_per_message.round());
    report["open_seconds"] = json!(round(open_seconds));
    figures::print(&report, arguments.json);
    Ok(ExitCode::SUCCESS)
}
