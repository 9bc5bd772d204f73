//! graphile-worker: a job queue on PostgreSQL, with one job that does nothing for each
//! delivery. Rendering, sending and recording would still have to be built on it.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::process::Command;

use super::super::database::Database;

use super::{Ours, per_1000, ratio};

const SCRIPT: &str = include_str!("graphile_worker.mjs");

/// As many jobs as our run had deliveries with its fastest settings, and at most `few` with
/// the plain ones.
pub async fn measure(
    folder: &Path,
    database: &Database,
    modules: &Path,
    ours: &Ours,
    few: u64,
) -> Result<Value> {
    if !modules.join("graphile-worker/package.json").exists() {
        return Ok(json!("not installed"));
    }
    let script = folder.join("graphile_worker.mjs");
    std::fs::write(&script, SCRIPT)?;
    let modules = std::path::absolute(modules)?;
    let all = ours.messages.max(1);
    let run = async |jobs: u64, settings: &str| {
        let name = format!("jobs_{settings}");
        database.create(&name)?;
        let before = database.begin(&name)?;
        let output = Command::new("node")
            .arg(&script)
            .args([&jobs.to_string(), settings])
            .env("NODE_PATH", &modules)
            .env("PGHOST", database.host())
            .env("PGUSER", "tidings")
            .env("PGDATABASE", &name)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .context("node cannot be started")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("it ended with an error: {}", said.trim());
        }
        let told =
            serde_json::from_slice(&output.stdout).context("what it printed is not understood")?;
        Ok(figures(
            &told,
            jobs,
            &database.since(&before, &name, jobs)?,
            ours,
        ))
    };
    let mut report = run(all, "tuned").await?;
    report["plain_settings"] = run(all.min(few), "plain").await?;
    Ok(report)
}

fn figures(told: &Value, jobs: u64, used: &Value, ours: &Ours) -> Value {
    let seconds = |name: &str| told[name].as_f64().unwrap_or(0.0).max(0.001);
    let (add, run) = (seconds("add_seconds"), seconds("run_seconds"));
    let per_s = |seconds: f64| (jobs as f64 / seconds).round();
    let both = per_s(add + run);
    json!({
        "version": told["version"],
        "node": told["node"],
        "jobs": jobs,
        "left": told["left"],
        "add_per_s": per_s(add),
        "run_per_s": per_s(run),
        "add_and_run_per_s": both,
        "ours_to_theirs": ratio(ours, both),
        "statements_per_job": used["statements"],
        "transactions_per_job": used["transactions"],
        "wal_bytes_per_job": used["wal_bytes"],
        "postgres_cpu_s_per_1000": used["cpu_s_per_1000"],
        "worker_cpu_s_per_1000": per_1000(seconds("cpu_s"), jobs),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_of_adding_and_running_together() {
        let told = json!({ "add_seconds": 1.0, "run_seconds": 3.0, "cpu_s": 2.0, "left": 0 });
        let ours = Ours {
            messages: 4_000,
            per_s: 5_000.0,
            samples: Value::Null,
        };
        let figures = figures(&told, 4_000, &json!({ "statements": 2.5 }), &ours);
        assert_eq!(figures["add_and_run_per_s"], 1_000.0);
        assert_eq!(figures["ours_to_theirs"], 5.0);
        assert_eq!(figures["worker_cpu_s_per_1000"], 0.5);
        assert_eq!(figures["statements_per_job"], 2.5);
    }
}
