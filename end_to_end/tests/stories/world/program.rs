//! The program, running: its lines, its end.

use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{PATIENCE, binary};

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// What the product itself says; enough of it to find what must not stand there.
pub(super) const LOG: &str = "info,web=debug,pipeline=debug,store=debug,channels=debug,smpp=debug";

/// A program that runs. It is killed when this is dropped.
pub(crate) struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    seen: String,
    /// Read all the time, so that the program never waits for us.
    log: JoinHandle<String>,
}

/// Runs a command to its end.
pub(crate) async fn run(arguments: &[&str]) -> Ended {
    Program::start(arguments).ended().await
}

impl Program {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(binary::path());
        command.args(arguments).env("TIDINGS_LOG", LOG);
        Self::start_by(command)
    }

    /// Starts it by a command that becomes the program: its process is the same one.
    pub(crate) fn start_by(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = tokio::spawn(async move {
            let mut octets = Vec::new();
            let _ = stderr.read_to_end(&mut octets).await;
            String::from_utf8_lossy(&octets).into_owned()
        });
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines,
            seen: String::new(),
            log,
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Waits for a line that holds `mark`; gives what follows it.
    pub(crate) async fn line_with(&mut self, mark: &str) -> String {
        loop {
            let line = timeout(PATIENCE, self.lines.next_line()).await;
            let line = line.unwrap_or_else(|_| panic!("no line with {mark:?}: {}", self.seen));
            let Some(line) = line.unwrap() else {
                let log = timeout(PATIENCE, &mut self.log).await.unwrap().unwrap();
                panic!(
                    "it ended without a line with {mark:?}: {}\n{log}",
                    self.seen
                );
            };
            self.seen.push_str(&line);
            self.seen.push('\n');
            if let Some((_, rest)) = line.split_once(mark) {
                return rest.trim().to_owned();
            }
        }
    }

    /// The same of a program that may end, or be ended, before it says it.
    pub(crate) async fn line_if_it_lives(&mut self, mark: &str) -> Option<String> {
        loop {
            let line = timeout(PATIENCE, self.lines.next_line()).await.ok()?;
            if let Some((_, rest)) = line.ok()??.split_once(mark) {
                return Some(rest.trim().to_owned());
            }
        }
    }

    /// Sends Ctrl-C and waits for the end.
    pub(crate) async fn interrupt(self) -> Ended {
        let id = self.id().to_string();
        let sent = Command::new("sh")
            .args(["-c", "kill -INT \"$0\"", &id])
            .status()
            .await;
        assert!(sent.unwrap().success());
        self.ended().await
    }

    /// Kills it with SIGKILL and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits for the end.
    pub(crate) async fn ended(mut self) -> Ended {
        let ending = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                self.seen.push_str(&line);
                self.seen.push('\n');
            }
            (self.child.wait().await.unwrap(), self.log.await.unwrap())
        };
        let (status, stderr) = timeout(PATIENCE, ending).await.expect("it ends in time");
        Ended {
            status,
            stdout: self.seen,
            stderr,
        }
    }
}
