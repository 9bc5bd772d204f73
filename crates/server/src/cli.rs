//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use crate::bench::cli::Bench;

/// Every message between a marketplace and its customers.
#[derive(Debug, Parser)]
#[command(name = "tidings", version, about, arg_required_else_help = true)]
pub struct Arguments {
    /// Write logs as JSON, one object a line
    #[arg(long, global = true)]
    pub log_json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// A made-up marketplace on this machine: open the pages it prints
    Demo(Demo),
    /// Serve the API and the pages
    Serve(Serve),
    /// Send a file of events through the whole path
    Replay(Replay),
    /// Bring the store's schema up to date
    Migrate(Migrate),
    /// Carry a whole store over into PostgreSQL; can be stopped and gone on with
    Move(Move),
    /// Look for problems in configuration, catalogue, store and carriers
    Check(Check),
    /// Make an API key for a store that is not running
    ApiKey(ApiKey),
    /// Look after the accounts of those who use the console
    #[command(subcommand)]
    Staff(Staff),
    /// List whom messages may come from, or check a published list
    Senders(Senders),
    /// Import consents that were kept before, from a CSV file
    ImportConsents(ImportConsents),
    /// Check a signed proof of consent, without a network
    CheckProof(Signed),
    /// Make an Ed25519 key that signs mail, and print its DNS record
    DkimKey(DkimKey),
    /// Measure
    #[command(subcommand)]
    Bench(Bench),
}

#[derive(Debug, Args)]
pub struct Demo {
    /// Port of the pages and the API
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Folder for the store; made if missing
    #[arg(long, default_value = "tidings-demo", value_name = "DIR")]
    pub data: PathBuf,
    /// How fast the made-up marketplace lives: 1 is an event every few seconds
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (0.01..=1_000.0).contains(&speed) => Ok(speed),
        _ => Err("a speed is a number from 0.01 to 1000".into()),
    }
}

#[derive(Debug, Args)]
pub struct Serve {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
}

#[derive(Debug, Args)]
pub struct Replay {
    /// CloudEvents, one JSON object a line
    #[arg(value_name = "EVENTS.jsonl")]
    pub events: PathBuf,
    /// The customers they are for, one JSON object a line; put first
    #[arg(long, value_name = "CUSTOMERS.jsonl")]
    pub customers: Option<PathBuf>,
    /// A local store, with the sandbox carriers
    #[arg(
        long,
        value_name = "DIR",
        required_unless_present = "url",
        conflicts_with = "url"
    )]
    pub data: Option<PathBuf>,
    /// A running server: http://host:port
    #[arg(long, requires = "key")]
    pub url: Option<String>,
    /// An API key of that server; a test key unless --live
    #[arg(long, env = "TIDINGS_API_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// Decide as of now instead of each event's own time
    #[arg(long)]
    pub live: bool,
    /// Print the summary as JSON, and no progress
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Migrate {
    /// The configuration file; TIDINGS_STORE stands above it, and does without it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The folder of an embedded store, instead of a configuration
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    pub data: Option<PathBuf>,
    /// Spread the tables of a PostgreSQL over the machines of its Citus cluster (experimental)
    #[arg(long)]
    pub distribute: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Move {
    /// The store to move: sqlite:FOLDER
    #[arg(long, value_name = "PLACE")]
    pub from: String,
    /// Where to: postgres://user:password@host/database, empty
    #[arg(long, value_name = "PLACE")]
    pub to: String,
    /// Print the result as JSON, and no progress
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Check {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Print the findings as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ApiKey {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// What the key is for
    #[arg(long)]
    pub name: String,
    /// live reaches real carriers, test only the sandbox, team only the team's addresses
    #[arg(long, default_value = "test", value_parser = ["live", "test", "team"])]
    pub mode: String,
}

/// Accounts of staff; with an embedded store, while no server runs on it.
#[derive(Debug, Subcommand)]
pub enum Staff {
    /// Add an account, and print the link with which its person sets it up
    Add(AddStaff),
    /// List the accounts
    List(ListStaff),
    /// Keep somebody out, and sign them out everywhere
    Disable(OneStaff),
    /// Take password and codes away, and print a new link
    Reset(OneStaff),
}

#[derive(Debug, Args)]
pub struct AddStaff {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Their name
    #[arg(long)]
    pub name: String,
    /// The mail address they sign in with
    #[arg(long)]
    pub email: String,
    /// What they may do; give it again for more
    #[arg(long = "role", required = true, value_parser = ["operator", "marketer", "support", "trust", "auditor"])]
    pub roles: Vec<String>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ListStaff {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct OneStaff {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// The mail address they sign in with
    #[arg(long)]
    pub email: String,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Senders {
    #[command(subcommand)]
    pub command: Option<SendersCommand>,
    /// The configuration file
    #[arg(long, value_name = "FILE", required = true)]
    pub config: Option<PathBuf>,
    /// Print the list as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum SendersCommand {
    /// Check a list that somebody published, without a network
    Verify(Signed),
}

/// Consents from CSV; with an embedded store, while no server runs on it.
#[derive(Debug, Args)]
pub struct ImportConsents {
    /// The file: UTF-8, the names of the columns in its first line
    #[arg(value_name = "FILE.csv")]
    pub file: PathBuf,
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Where to write what was refused, as CSV
    #[arg(long, value_name = "FILE.csv")]
    pub refused: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

/// A document that a server published with its detached signature.
#[derive(Debug, Args)]
pub struct Signed {
    /// The document, exactly as it was served
    #[arg(value_name = "FILE.json")]
    pub document: PathBuf,
    /// Its signature: of a list, /.well-known/message-senders.jws; of a proof, the header
    /// Consent-Signature
    #[arg(value_name = "FILE.jws")]
    pub signature: PathBuf,
    /// The keys, from /.well-known/message-senders-jwks.json
    #[arg(long, value_name = "FILE")]
    pub jwks: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct DkimKey {
    /// The domain that signs
    #[arg(long)]
    pub domain: String,
    /// Its selector, any DNS label
    #[arg(long)]
    pub selector: String,
    /// Where the private key goes; never overwritten
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}
