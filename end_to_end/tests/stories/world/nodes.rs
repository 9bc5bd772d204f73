//! Several nodes on one PostgreSQL, with NATS or without; each a real `tidings serve`. The
//! carriers live in the test's process.

use std::path::PathBuf;
use std::sync::Arc;

use local_postgres::{Durability, LocalPostgres};
use tempfile::TempDir;
use tokio::process::Command;

use super::{Http, Program, binary, missing, program, write_config};

/// What nodes share, and how they are configured.
pub(crate) struct Cluster {
    pub(crate) postgres: Arc<LocalPostgres>,
    config: PathBuf,
    url: String,
    nats: Option<String>,
    /// A live key.
    pub(crate) key: String,
    _folder: TempDir,
}

/// Whether PostgreSQL is there; says so if not.
pub(crate) fn postgres_runs_here() -> bool {
    let here = LocalPostgres::programs().is_some();
    if !here {
        missing("PostgreSQL 15 or newer");
    }
    here
}

impl Cluster {
    /// A PostgreSQL of its own, and a configuration with some sections.
    pub(crate) async fn new(sections: &str, nats: Option<String>) -> Self {
        // As in operation: a commit waits for its disk.
        let start = || LocalPostgres::start(Durability::Full).unwrap();
        let postgres = tokio::task::spawn_blocking(start).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = write_config(folder.path(), sections);
        let mut cluster = Self {
            url: postgres.url("tidings"),
            postgres: Arc::new(postgres),
            config,
            nats,
            key: String::new(),
            _folder: folder,
        };
        cluster.key = cluster.make_key().await;
        cluster
    }

    /// Reaches the database by another way from now on.
    pub(crate) fn by(mut self, url: String) -> Self {
        self.url = url;
        self
    }

    async fn make_key(&self) -> String {
        let command = self.command(&["api-key", "--name", "story", "--mode", "live"]);
        let made = Program::start_by(command).ended().await;
        assert!(made.status.success(), "{made:?}");
        made.stdout.trim().to_owned()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary::path());
        command
            .args(arguments)
            .arg("--config")
            .arg(&self.config)
            .env("TIDINGS_LOG", program::LOG)
            .env("TIDINGS_STORE", &self.url);
        if let Some(nats) = &self.nats {
            command.env("TIDINGS_NATS", nats);
        }
        command
    }

    /// Starts a node; gives it and a client that speaks to it.
    pub(crate) async fn serve(&self) -> (Program, Http) {
        let mut program = Program::start_by(self.command(&["serve"]));
        let address = program.line_with("listening on ").await;
        (program, Http::new(&address, &self.key))
    }

    /// Runs a command to its end on the shared database; gives what it printed.
    pub(crate) async fn run(&self, arguments: &[&str]) -> String {
        let ended = Program::start_by(self.command(arguments)).ended().await;
        assert!(ended.status.success(), "{ended:?}");
        ended.stdout
    }

    /// Starts a node while the database may be away: tries until one lives.
    pub(crate) async fn serve_some_day(&self) -> (Program, Http) {
        loop {
            let mut program = Program::start_by(self.command(&["serve"]));
            if let Some(address) = program.line_if_it_lives("listening on ").await {
                return (program, Http::new(&address, &self.key));
            }
            program.kill().await;
        }
    }

    /// Ends all of PostgreSQL's processes with SIGKILL.
    pub(crate) async fn crash_postgres(&self) {
        let postgres = Arc::clone(&self.postgres);
        let crashed = tokio::task::spawn_blocking(move || postgres.crash());
        crashed.await.unwrap().unwrap();
    }

    /// Starts it again.
    pub(crate) async fn start_postgres(&self) {
        let postgres = Arc::clone(&self.postgres);
        let started = tokio::task::spawn_blocking(move || postgres.start_again());
        started.await.unwrap().unwrap();
    }

    /// Sends a signal to all of PostgreSQL's processes.
    pub(crate) async fn signal_postgres(&self, signal: &str) {
        const SEND: &str =
            r#"read -r pid < "$1"; kill "-$0" "$pid" $(cat "/proc/$pid/task/$pid/children")"#;
        let pid = self.postgres.folder().join("data/postmaster.pid");
        let sent = Command::new("sh")
            .args(["-c", SEND, signal])
            .arg(pid)
            .status()
            .await;
        assert!(sent.unwrap().success());
    }
}
