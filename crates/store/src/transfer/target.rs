//! The PostgreSQL that a store is carried into: nobody else works on it, and it keeps how
//! far the move has come beside the rows themselves.

use std::collections::{BTreeMap, HashSet};

use model::Instant;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::TransferError;
use super::batch::{Batch, Place, read_place, write_place};
use super::tables::{TABLES, Table};
use crate::Error;
use crate::postgres::{connect_quietly, describe, migrate, read_url};

/// Whoever moves a store here holds this advisory lock ("movehere" in ASCII).
const MOVING: i64 = 0x6d6f_7665_6865_7265;

/// How far a table has come.
#[derive(Clone, Default)]
pub(super) struct Progress {
    pub(super) after: Option<Place>,
    pub(super) rows: u64,
    pub(super) done: bool,
}

pub(super) struct Target {
    client: Client,
}

impl From<tokio_postgres::Error> for TransferError {
    fn from(error: tokio_postgres::Error) -> Self {
        Error::Unavailable(describe(&error)).into()
    }
}

impl Target {
    /// Connects, and takes the database for this move alone.
    pub(super) async fn open(url: &str, now: Instant) -> Result<Self, TransferError> {
        let config = read_url(url)?;
        migrate(&config, now).await?;
        let client = connect_quietly(&config).await?;
        // A move that was just broken off leaves within a moment.
        let lock = format!(
            "SET lock_timeout = '5s'; SELECT pg_advisory_lock({MOVING}); RESET lock_timeout"
        );
        match client.batch_execute(&lock).await {
            Ok(()) => Ok(Self { client }),
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                Err(TransferError::AnotherMove)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Begins the move of a store, or finds how far it came before.
    pub(super) async fn begin(
        &mut self,
        mark: &[u8],
        secret: [u8; 32],
        now: Instant,
    ) -> Result<BTreeMap<String, Progress>, TransferError> {
        let tx = self.client.transaction().await?;
        // Nobody is given a node's number until it stands here that a move is on.
        tx.batch_execute("LOCK TABLE nodes IN EXCLUSIVE MODE")
            .await?;
        let begun = tx
            .query("SELECT source, finished_at FROM transfer", &[])
            .await?;
        if let Some(row) = begun.first() {
            if row.try_get::<_, Option<i64>>(1)?.is_some() {
                return Err(TransferError::Finished);
            }
            if row.try_get::<_, &[u8]>(0)? != mark {
                return Err(TransferError::OtherSource);
            }
        }
        // One that stopped without a word may still have a commit on its way.
        let living =
            "SELECT count(*) FROM nodes WHERE until > clock_timestamp() - interval '30 seconds'";
        let nodes: i64 = tx.query_one(living, &[]).await?.try_get(0)?;
        if nodes > 0 {
            return Err(TransferError::NodesRun(nodes));
        }
        if begun.is_empty() {
            for table in TABLES.iter().filter(|table| table.name != "names") {
                let any = format!("SELECT 1 FROM \"{}\" LIMIT 1", table.name);
                if !tx.query(&any, &[]).await?.is_empty() {
                    return Err(TransferError::Occupied { table: table.name });
                }
            }
            // What a node that only looked left here: nothing refers to it.
            tx.execute("DELETE FROM names", &[]).await?;
            let put = "INSERT INTO meta (key, value) VALUES ('secret', $1)
                ON CONFLICT (key) DO UPDATE SET value = excluded.value";
            tx.execute(put, &[&secret.as_slice()]).await?;
            let put = "INSERT INTO transfer (source, began_at) VALUES ($1, $2)";
            tx.execute(put, &[&mark, &now.as_micros()]).await?;
        }
        let rows = tx
            .query("SELECT name, after, rows, done FROM transfer_tables", &[])
            .await?;
        tx.commit().await?;
        let mut found = BTreeMap::new();
        for row in &rows {
            let progress = Progress {
                after: read_place(row.try_get(1)?),
                rows: u64::try_from(row.try_get::<_, i64>(2)?).unwrap_or(0),
                done: row.try_get(3)?,
            };
            found.insert(row.try_get(0)?, progress);
        }
        Ok(found)
    }

    /// Writes rows, and that they are written, as one.
    pub(super) async fn write(
        &mut self,
        table: &Table,
        batch: &Batch,
        progress: &Progress,
    ) -> Result<(), TransferError> {
        let tx = self.client.transaction().await?;
        if batch.rows > 0 {
            let statement = tx.prepare(&table.write()).await?;
            tx.execute(&statement, &batch.params()).await?;
        }
        let put = "INSERT INTO transfer_tables (name, after, rows, done) VALUES ($1, $2, $3, $4)
            ON CONFLICT (name) DO UPDATE SET after = excluded.after, rows = excluded.rows, done = excluded.done";
        let after = progress.after.as_ref().map(write_place).unwrap_or_default();
        let rows = i64::try_from(progress.rows).unwrap_or(i64::MAX);
        tx.execute(put, &[&table.name, &after, &rows, &progress.done])
            .await?;
        Ok(tx.commit().await?)
    }

    /// Compares rows with what stands here, every column.
    pub(super) async fn compare(&self, table: &Table, batch: &Batch) -> Result<(), TransferError> {
        if batch.rows == 0 {
            return Ok(());
        }
        let statement = self.client.prepare(&table.compare()).await?;
        let rows = self.client.query(&statement, &batch.params()).await?;
        if rows.len() == batch.rows {
            return Ok(());
        }
        let mut same = HashSet::new();
        for row in &rows {
            same.insert(row.try_get::<_, i64>(0)?);
        }
        let first = (1..).zip(0..batch.rows).find(|(n, _)| !same.contains(n));
        Err(TransferError::Differs {
            table: table.name,
            key: batch.name(table, first.map_or(0, |(_, row)| row)),
        })
    }

    pub(super) async fn count(&self, table: &Table) -> Result<u64, TransferError> {
        let row = self.client.query_one(&table.count_there(), &[]).await?;
        Ok(u64::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0))
    }

    /// Lets nodes start.
    pub(super) async fn finish(&mut self, now: Instant) -> Result<(), TransferError> {
        let tx = self.client.transaction().await?;
        for table in ["names", "cost_lines"] {
            let next = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest((SELECT max(id) FROM {table}), 1))"
            );
            tx.execute(&next, &[]).await?;
        }
        // The first statements are planned with the tables as they are now.
        let names: Vec<String> = TABLES.iter().map(|t| format!("\"{}\"", t.name)).collect();
        tx.batch_execute(&format!("ANALYZE {}", names.join(", ")))
            .await?;
        tx.execute("UPDATE transfer SET finished_at = $1", &[&now.as_micros()])
            .await?;
        Ok(tx.commit().await?)
    }
}
