//! The binary `tidings`: configuration, wiring, life cycle, commands.

mod bench;
mod cli;
mod clock;
mod commands;
mod config;
mod demo;
mod http_client;
mod lifecycle;
mod limits;
mod mail_in;
mod nats;
mod reload;
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

/// What is logged, of what was asked for. The driver of PostgreSQL tells the values of each
/// statement, which are addresses, texts and secrets: whatever is asked for, it may only
/// warn.
fn log_filter(wanted: &str) -> String {
    let told = wanted
        .split(',')
        .filter(|part| !part.contains("tokio_postgres"));
    let mut filter = told.collect::<Vec<_>>().join(",");
    // It tells of each attempt to connect; we tell once that NATS is away.
    if !filter.contains("async_nats") {
        filter.push_str(",async_nats=off");
    }
    filter.push_str(",tokio_postgres=warn");
    filter
}

/// Logs go to stderr; `TIDINGS_LOG` filters them (`warn` unless set).
#[expect(clippy::disallowed_methods, reason = "server reads the environment")]
fn start_logging(json: bool) {
    let wanted = std::env::var("TIDINGS_LOG").unwrap_or_else(|_| "warn".to_owned());
    let filter = tracing_subscriber::EnvFilter::try_new(log_filter(&wanted))
        .unwrap_or_else(|_| log_filter("warn").into());
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

#[cfg(test)]
mod tests {
    use super::log_filter;

    #[test]
    fn the_driver_of_the_database_never_tells_values() {
        for wanted in [
            "debug",
            "tokio_postgres=debug",
            "info,tokio_postgres::query=trace",
            "",
        ] {
            let filter = log_filter(wanted);
            let driver: Vec<&str> = filter
                .split(',')
                .filter(|part| part.contains("tokio_postgres"))
                .collect();
            assert_eq!(driver, ["tokio_postgres=warn"], "{wanted}");
        }
        assert_eq!(
            log_filter("info,async_nats=debug"),
            "info,async_nats=debug,tokio_postgres=warn"
        );
    }
}
