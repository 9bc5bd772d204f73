//! The binary `tidings`: configuration, wiring, life cycle, commands.

mod bench;
mod cli;
mod clock;
mod commands;
mod config;
mod demo;
mod http_client;
mod lifecycle;
mod nats;
mod serving;
mod wiring;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;

/// Most of the work is small, short-lived allocations on several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    start_logging(arguments.log_json);
    let mut threads = match &arguments.command {
        cli::Command::Bench(part) if part.takes_one_thread() => {
            tokio::runtime::Builder::new_current_thread()
        }
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = match threads.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::anyhow!("the async runtime cannot start: {error}")),
    };
    match runtime.block_on(commands::run(arguments.command)) {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

/// Says what went wrong on stderr: the sentence and what caused it, no backtrace.
fn fail(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "tidings: {error:#}");
    ExitCode::FAILURE
}

/// Logs go to stderr; `TIDINGS_LOG` filters them (`warn` unless set).
#[expect(clippy::disallowed_methods, reason = "server reads the environment")]
fn start_logging(json: bool) {
    let mut filter = std::env::var("TIDINGS_LOG").unwrap_or_else(|_| "warn".to_owned());
    // It tells of each attempt to connect; we tell once that NATS is away.
    if !filter.contains("async_nats") {
        filter.push_str(",async_nats=off");
    }
    let filter = tracing_subscriber::EnvFilter::try_new(&filter).unwrap_or_else(|_| "warn".into());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    if json {
        builder.json().init();
    } else {
        builder.init();
    }
}
