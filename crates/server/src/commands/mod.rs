//! One file a command.

mod api_key;
mod check;
mod check_proof;
mod dkim_key;
mod import_consents;
mod migrate;
mod move_store;
mod replay;
mod senders;
mod serve;
mod signed;
mod staff;

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::{Bench, Command};
use crate::{bench, demo};

/// Runs a command; the exit code says whether all was well.
pub async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Demo(arguments) => demo::run(arguments).await?,
        Command::Serve(arguments) => serve::run(arguments).await?,
        Command::Replay(arguments) => replay::run(arguments).await?,
        Command::Migrate(arguments) => migrate::run(arguments).await?,
        Command::Move(arguments) => move_store::run(arguments).await?,
        Command::Check(arguments) => return check::run(arguments).await,
        Command::ApiKey(arguments) => api_key::run(arguments).await?,
        Command::Staff(arguments) => staff::run(arguments).await?,
        Command::Senders(arguments) => senders::run(&arguments)?,
        Command::CheckProof(arguments) => check_proof::run(&arguments)?,
        Command::ImportConsents(arguments) => import_consents::run(arguments).await?,
        Command::DkimKey(arguments) => dkim_key::run(arguments)?,
        Command::Bench(Bench::Pipeline(arguments)) => return bench::pipeline::run(arguments).await,
        Command::Bench(Bench::Codes(arguments)) => return bench::codes::run(arguments).await,
        Command::Bench(Bench::Mailbox(arguments)) => return bench::mailbox::run(arguments).await,
        Command::Bench(Bench::Capacity(arguments)) => return bench::capacity::run(&arguments),
        Command::Bench(Bench::Guard(arguments)) => return bench::guard::run(&arguments),
        Command::Bench(Bench::StopWords(arguments)) => return bench::stop_words::run(&arguments),
        Command::Bench(Bench::Sinks(arguments)) => bench::sinks::run(arguments).await?,
        Command::Bench(Bench::Load(arguments)) => bench::load::run(arguments).await?,
    }
    Ok(ExitCode::SUCCESS)
}
