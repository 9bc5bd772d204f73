//! A text carrier and a mail server that run in-process, for the demo, for tests,
//! and for anyone who wants to try a sender without writing to real people.
//!
//! Everything they take is kept and shown: on screens under `/sandbox` (a phone, an
//! inbox, the faults) and over a control API under `/sandbox/api`. On demand they do
//! what real carriers do on bad days, see [`Faults`]. Nothing is ever passed on.
//!
//! ```no_run
//! use sandbox::{Sandbox, SandboxConfig};
//!
//! # async fn example(now: fn() -> i64) -> std::io::Result<()> {
//! let sandbox = Sandbox::start(SandboxConfig::new(now)).await?;
//! // Point the sender at sandbox.smsc_addr() and sandbox.smtp_addr(), then:
//! let app: axum::Router = sandbox.router();
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! axum::serve(listener, app).await?;
//! # Ok(()) }
//! ```

mod civil_time;
mod config;
mod counts;
mod faults;
mod http;
mod kept;
mod sandbox;
mod shared;
mod smsc;
mod smtp;

pub use config::{Observer, Part, Received, SandboxConfig};
pub use counts::Counts;
pub use faults::{
    FaultProblem, Faults, LONGEST_DELAY_MS, MOST_UNKNOWN_RECIPIENTS, MailFaults, TextFaults,
};
pub use sandbox::Sandbox;
