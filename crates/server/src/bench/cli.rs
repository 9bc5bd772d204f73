//! The command line of `tidings bench`.

use std::path::PathBuf;

use clap::{Args, Subcommand, value_parser};

#[derive(Debug, Subcommand)]
pub enum Bench {
    /// The whole path: events over HTTP to texts and mails at sinks, receipts back
    Pipeline(BenchPipeline),
    /// Sign-in codes while bulk runs at full speed with a long backlog
    Codes(BenchCodes),
    /// Reading Message Centers of a large store while it is written to
    Mailbox(BenchMailbox),
    /// Reckons what a number of messages a day needs, from measured figures
    Capacity(BenchCapacity),
    /// What the guard stops: known scams, and of the shipped catalogue nothing
    Guard(BenchGuard),
    /// What is understood of customers' answers: words of stop, and what only sounds like them
    StopWords(BenchStopWords),
    /// (the sinks, in a process of their own)
    #[command(hide = true)]
    Sinks(BenchSinks),
    /// (the load, in a process of its own)
    #[command(hide = true)]
    Load(BenchLoad),
}

impl Bench {
    /// The parts that run beside the server take one thread each: hand-overs between threads
    /// would cost the machine more than they give.
    pub fn takes_one_thread(&self) -> bool {
        matches!(self, Self::Sinks(_) | Self::Load(_))
    }
}

#[derive(Clone, Debug, Args)]
pub struct BenchPipeline {
    /// How many events
    #[arg(long, default_value_t = 300_000, value_parser = value_parser!(u64).range(1..))]
    pub events: u64,
    /// Post for so long, instead of a number of events
    #[arg(long, conflicts_with = "events", value_parser = value_parser!(u64).range(1..))]
    pub seconds: Option<u64>,
    /// Among how many customers
    #[arg(long, default_value_t = 100_000, value_parser = value_parser!(u64).range(2..))]
    pub customers: u64,
    /// How mails are signed: ed25519, rsa2048, none (at the relay). All three if left out, the
    /// last two in shorter runs
    #[arg(long, value_parser = ["ed25519", "rsa2048", "none"])]
    pub dkim: Option<String>,
    /// PEM file of the RSA-2048 key; made by openssl for the run unless given
    #[arg(long, value_name = "FILE")]
    pub rsa_key: Option<PathBuf>,
    /// Events a second at most; 0 for as fast as they are taken
    #[arg(long, default_value_t = 0)]
    pub rate: u64,
    /// End the server while the load is at full speed, look at what it left, start it again
    #[arg(long, requires = "seconds", conflicts_with = "data")]
    pub stop_at_full_load: bool,
    /// Folder for the store, such as one that `bench mailbox` filled; temporary unless given
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// What keeps everything; a PostgreSQL is started for the run
    #[arg(long, default_value = "sqlite")]
    pub store: BenchStore,
    /// How many nodes share the PostgreSQL
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u64).range(1..=16))]
    pub nodes: u64,
    /// Measure afterwards what else could be built: graphile-worker on the same PostgreSQL,
    /// Kannel and Postfix before the same sinks, as far as they are installed
    #[arg(long)]
    pub peers: bool,
    /// The `node_modules` that graphile-worker is installed in
    #[arg(long, value_name = "DIR", requires = "peers")]
    pub node_modules: Option<PathBuf>,
    /// Texts for Kannel and mails for Postfix, each
    #[arg(long, default_value_t = 20_000, value_parser = value_parser!(u64).range(1..=5_000_000))]
    pub peer_messages: u64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum BenchStore {
    Sqlite,
    Postgres,
}

#[derive(Clone, Debug, Args)]
pub struct BenchCodes {
    /// For how long codes are sent
    #[arg(long, default_value_t = 60, value_parser = value_parser!(u64).range(1..=3_600))]
    pub seconds: u64,
    /// Codes a second
    #[arg(long, default_value_t = 50, value_parser = value_parser!(u64).range(1..=250))]
    pub rate: u64,
    /// Events of bulk a second at most; 0 for as fast as they are taken
    #[arg(long, default_value_t = 0)]
    pub bulk_rate: u64,
    /// Messages that wait to be sent when the measurement begins
    #[arg(long, default_value_t = 1_000_000, value_parser = value_parser!(u64).range(..=20_000_000))]
    pub backlog: u64,
    /// Messages that were delivered before; they are made first where the folder has none
    #[arg(long, default_value_t = 0)]
    pub stored: u64,
    /// Among how many customers
    #[arg(long, default_value_t = 100_000, value_parser = value_parser!(u64).range(2..))]
    pub customers: u64,
    /// Folder for the store, such as one that `bench mailbox` filled; temporary unless given
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
pub struct BenchMailbox {
    /// Delivered messages in the store
    #[arg(long, default_value_t = 10_000_000, value_parser = value_parser!(u64).range(100..))]
    pub messages: u64,
    /// Among how many customers
    #[arg(long, default_value_t = 1_000_000, value_parser = value_parser!(u64).range(2..))]
    pub customers: u64,
    /// How long each kind of reading is measured together
    #[arg(long, default_value_t = 30, value_parser = value_parser!(u64).range(1..=3_600))]
    pub seconds: u64,
    /// Messages written each second meanwhile
    #[arg(long, default_value_t = 2_000)]
    pub rate: u64,
    /// Folder for the store: kept, and used again by a later run; temporary unless given
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
pub struct BenchGuard {
    /// Labelled messages, one JSON object a line: `label`, `kind`, `lang`, `text`
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// Name on stderr what it should have stopped, and what it should not
    #[arg(long)]
    pub list: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Args)]
pub struct BenchStopWords {
    /// Labelled answers to read instead of those in the binary; parted by tabs: text, label
    /// (stop_all, stop_marketing, start, yes, help, doubtful, none), part (keyword, free,
    /// negative), language
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BenchSinks {
    /// Time only messages from this number on
    #[arg(long, default_value_t = 0)]
    pub timed_from: u64,
}

#[derive(Debug, Args)]
pub struct BenchLoad {
    /// The server's address, host:port; several, with commas between, take turns
    #[arg(long, required = true, value_delimiter = ',')]
    pub to: Vec<String>,
    #[arg(long, env = "TIDINGS_API_KEY", hide_env_values = true)]
    pub key: String,
    /// The number of the first event
    #[arg(long, default_value_t = 0)]
    pub first: u64,
    /// How many events
    #[arg(long, required_unless_present = "seconds")]
    pub events: Option<u64>,
    /// For how long
    #[arg(long)]
    pub seconds: Option<u64>,
    #[arg(long)]
    pub customers: u64,
    #[arg(long, default_value_t = 0)]
    pub rate: u64,
}

/// `tidings bench capacity`.
#[derive(Debug, Clone, Args)]
pub struct BenchCapacity {
    /// Messages a day
    #[arg(long, default_value_t = 10e9)]
    pub messages_per_day: f64,
    /// The busiest second beside the mean one
    #[arg(long, default_value_t = 3.0)]
    pub peak: f64,
    /// The share of its limit at which each part is planned to run
    #[arg(long, default_value_t = 0.6)]
    pub load: f64,
    /// Messages a second that a node of two cores carries beside a database elsewhere
    #[arg(long, default_value_t = 8_000.0)]
    pub node_messages_per_s: f64,
    /// Connections of a node to each shard
    #[arg(long, default_value_t = 18.0)]
    pub node_connections: f64,
    /// Messages a second that a database shard of two cores bears
    #[arg(long, default_value_t = 10_000.0)]
    pub shard_messages_per_s: f64,
    /// Bytes that a message takes in the database, indexes included
    #[arg(long, default_value_t = 2_000.0)]
    pub bytes_per_message: f64,
    /// Days that messages are kept
    #[arg(long, default_value_t = 365.0)]
    pub days_kept: f64,
    /// Terabytes that one shard keeps
    #[arg(long, default_value_t = 16.0)]
    pub shard_terabytes: f64,
    /// Events a second that one JetStream group of three servers takes
    #[arg(long, default_value_t = 50_000.0)]
    pub nats_events_per_s: f64,
    /// Price of a node, and of a NATS server, a month
    #[arg(long, default_value_t = 60.0)]
    pub node_price: f64,
    /// Price of a database server a month, without its disk
    #[arg(long, default_value_t = 300.0)]
    pub shard_price: f64,
    /// Price of a gigabyte of fast disk a month
    #[arg(long, default_value_t = 0.08)]
    pub gigabyte_price: f64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
