//! A PostgreSQL of the measurement's own, and what it is asked about itself. It syncs every
//! commit to disk, as in service; its other settings are those of `local_postgres`.

use anyhow::{Context, Result, bail};
use local_postgres::{Durability, LocalPostgres};
use serde_json::{Value, json};

use super::process;

/// Counts statements inside the server.
const COUNTER: &str = "pg_stat_statements";
/// Questions are asked from this database, so that they do not count in the one measured.
const ASIDE: &str = "postgres";
/// Statements that are shown one by one: those that took the most time.
const SHOWN: u64 = 10;

pub struct Database {
    server: LocalPostgres,
    counts_statements: bool,
}

/// What a database and its server have used so far.
#[derive(Clone, Debug, Default)]
pub struct Used {
    transactions: f64,
    bytes: f64,
    wal_bytes: f64,
    cpu_seconds: f64,
}

impl Database {
    pub fn start() -> Result<Self> {
        if LocalPostgres::programs().is_none() {
            bail!("--store postgres needs PostgreSQL 15 or newer installed: initdb and postgres");
        }
        let counts_statements = LocalPostgres::has_library(COUNTER);
        let mut settings = vec!["synchronous_commit=on"];
        let preload = format!("shared_preload_libraries={COUNTER}");
        if counts_statements {
            settings.push(&preload);
        }
        let server = LocalPostgres::start_with(Durability::Full, &settings)
            .context("a PostgreSQL for the measurement cannot start")?;
        if counts_statements {
            server.query(ASIDE, &format!("CREATE EXTENSION {COUNTER}"))?;
        }
        Ok(Self {
            server,
            counts_statements,
        })
    }

    /// The URL of the database that the nodes share.
    pub fn url(&self) -> String {
        self.server.url("tidings")
    }

    /// The folder of its socket, by which other clients name it.
    pub fn host(&self) -> String {
        self.server.folder().display().to_string()
    }

    pub fn create(&self, database: &str) -> Result<()> {
        Ok(self.server.create_database(database, "template1")?)
    }

    pub fn version(&self) -> Result<String> {
        let version = self.server.query(ASIDE, "SHOW server_version")?;
        Ok(version.trim().to_owned())
    }

    pub fn bytes(&self, database: &str) -> Result<u64> {
        Ok(self.used(database)?.bytes as u64)
    }

    /// Begins to count, from nothing.
    pub fn begin(&self, database: &str) -> Result<Used> {
        if self.counts_statements {
            self.server
                .query(ASIDE, &format!("SELECT {COUNTER}_reset()"))?;
        }
        self.used(database)
    }

    fn used(&self, database: &str) -> Result<Used> {
        let sql = format!(
            "SELECT json_build_object('transactions', xact_commit, 'bytes', pg_database_size(datname), \
             'wal_bytes', pg_current_wal_lsn() - '0/0') FROM pg_stat_database WHERE datname = '{database}'"
        );
        let told = self.ask(&sql)?;
        let number = |name: &str| told[name].as_f64().unwrap_or(0.0);
        Ok(Used {
            transactions: number("transactions"),
            bytes: number("bytes"),
            wal_bytes: number("wal_bytes"),
            cpu_seconds: process::cpu_seconds_of_tree(self.server.pid()?),
        })
    }

    /// What was used since, for each of `count` things. The clients must have ended: an open
    /// connection has not told all its transactions.
    pub fn since(&self, before: &Used, database: &str, count: u64) -> Result<Value> {
        self.wait_for_ends(database)?;
        let now = self.used(database)?;
        let each = |value: f64| value / count.max(1) as f64;
        let statements = if self.counts_statements {
            self.statements(database, count)?
        } else {
            json!({ "each": "not counted: the contrib module pg_stat_statements is not installed" })
        };
        Ok(json!({
            "statements": statements["each"],
            "transactions": fine(each(now.transactions - before.transactions)),
            "disk_bytes": each(now.bytes - before.bytes).round(),
            "wal_bytes": each(now.wal_bytes - before.wal_bytes).round(),
            "cpu_s_per_1000": fine(each(now.cpu_seconds - before.cpu_seconds) * 1_000.0),
            "most_time": statements["most_time"],
        }))
    }

    /// The server's side of a connection ends a moment after the client's.
    fn wait_for_ends(&self, database: &str) -> Result<()> {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND backend_type = 'client backend'"
        );
        for _ in 0..100 {
            if self.ask(&sql)? == 0 {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        bail!("connections to the measured database stay open")
    }

    fn statements(&self, database: &str, count: u64) -> Result<Value> {
        let ours = format!(
            "{COUNTER} s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = '{database}'"
        );
        let told = self.ask(&format!("SELECT coalesce(sum(calls), 0) FROM {ours}"))?;
        let most = self.ask(&format!(
            "SELECT coalesce(json_agg(t), '[]') FROM (SELECT calls, rows, round(total_exec_time) AS ms, \
             left(regexp_replace(query, '\\s+', ' ', 'g'), 120) AS sql FROM {ours} \
             ORDER BY total_exec_time DESC LIMIT {SHOWN}) t"
        ))?;
        let each = told.as_f64().unwrap_or(0.0) / count.max(1) as f64;
        Ok(json!({ "each": fine(each), "most_time": most }))
    }

    fn ask(&self, sql: &str) -> Result<Value> {
        let told = self.server.query(ASIDE, sql)?;
        serde_json::from_str(told.trim()).context("PostgreSQL's answer is not understood")
    }
}

/// To four places: shares of a statement are small.
fn fine(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_and_transactions_are_counted_by_database() {
        if LocalPostgres::programs().is_none() {
            return;
        }
        let database = Database::start().unwrap();
        database.create("other").unwrap();
        let before = database.begin("other").unwrap();
        for _ in 0..4 {
            database.server.query("other", "SELECT 1").unwrap();
        }
        database.server.query("tidings", "SELECT 2").unwrap();
        let used = database.since(&before, "other", 2).unwrap();
        if database.counts_statements {
            assert_eq!(used["statements"], 2.0, "{used}");
            assert_eq!(used["most_time"][0]["calls"], 4, "{used}");
        }
        // A session begins with a transaction of its own.
        assert!(used["transactions"].as_f64().unwrap() >= 4.0, "{used}");
        assert!(used["cpu_s_per_1000"].as_f64().unwrap() >= 0.0, "{used}");
        assert!(database.bytes("other").unwrap() > 1_000_000);
    }
}
