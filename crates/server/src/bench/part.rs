//! A child process of a measurement: the server, the sinks or the load, spoken to by lines.

use std::ffi::OsStr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

pub struct Part {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Part {
    /// Starts this program again with other arguments and, in its environment, what must not
    /// stand among them. Ends with the value.
    pub fn start<S: AsRef<OsStr>>(arguments: &[S], secrets: &[(&str, &str)]) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(arguments)
            .envs(secrets.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .context("a part of the measurement cannot start")?;
        let stdout = child.stdout.take().ok_or_else(|| anyhow!("no stdout"))?;
        Ok(Self {
            stdin: child.stdin.take(),
            child,
            lines: BufReader::new(stdout).lines(),
        })
    }

    /// The next line it prints. Safe to cancel.
    pub async fn line(&mut self) -> Result<String> {
        let line = self.lines.next_line().await?;
        line.ok_or_else(|| anyhow!("a part of the measurement ended early; see its words above"))
    }

    /// The next line, which is JSON. Safe to cancel.
    pub async fn json(&mut self) -> Result<Value> {
        Ok(serde_json::from_str(&self.line().await?)?)
    }

    pub async fn ask(&mut self, question: &str) -> Result<Value> {
        let stdin = self.stdin.as_mut().ok_or_else(|| anyhow!("no stdin"))?;
        stdin.write_all(format!("{question}\n").as_bytes()).await?;
        stdin.flush().await?;
        self.json().await
    }

    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// Asks it to end in order, as an init system would, and waits for it.
    pub async fn terminate(&mut self) -> Result<()> {
        let pid = self.pid().to_string();
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .await
            .context("cannot run kill")?;
        let ended = tokio::time::timeout(Duration::from_secs(60), self.child.wait()).await;
        ended.map_err(|_| anyhow!("the server did not end within a minute"))??;
        Ok(())
    }
}
