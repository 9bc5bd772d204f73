//! Carries a whole embedded store over into PostgreSQL, in steps that can be broken off
//! between any two and gone on with later.
//!
//! Each batch is one transaction together with how far the move has come. At the end every
//! row of both sides is compared. No node starts before that; nothing of the source changes
//! but its schema, which is brought up to date.

mod batch;
mod source;
mod tables;
mod target;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::Instant;

use crate::{Error, OpenError};
use source::Source;
use tables::{TABLES, Table};
use target::{Progress, Target};

/// Rows of a batch: enough that what each costs by itself does not count.
const ROWS: usize = 4_000;

/// Why a store is not moved.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// One of the two does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Reading or writing failed; the move can be gone on with.
    #[error(transparent)]
    Store(#[from] Error),
    /// A table of the source does not read as it should.
    #[error("{table}: {error}")]
    Unreadable {
        /// The table, as the target calls it.
        table: &'static str,
        /// What is wrong.
        error: Error,
    },
    /// There is nothing to move.
    #[error("there is no store in {path}: nothing to move")]
    NoStore {
        /// The folder.
        path: PathBuf,
    },
    /// Somebody uses the target.
    #[error(
        "{0} nodes run on the database, or stopped without a word less than a minute ago. Stop them first"
    )]
    NodesRun(i64),
    /// Somebody else moves a store there now.
    #[error("another move into this database is running")]
    AnotherMove,
    /// The target has what no move put there.
    #[error(
        "the database holds a store already (table {table} is not empty). Move into an empty database"
    )]
    Occupied {
        /// The first such table.
        table: &'static str,
    },
    /// The move that was begun is another store's.
    #[error(
        "the move into this database was begun from another store. Go on from that one, or take an empty database"
    )]
    OtherSource,
    /// It is there already.
    #[error("a store was moved into this database before, and the move is finished: start on it")]
    Finished,
    /// A row is not what it is in the source.
    #[error(
        "the two stores differ at {table} ({key}): was the source used after the move began? Begin again with an empty database"
    )]
    Differs {
        /// The table, as the target calls it.
        table: &'static str,
        /// The row's key there.
        key: String,
    },
    /// One side has more rows.
    #[error(
        "the two stores differ: {table} has {source_rows} rows in the source and {target_rows} in the database. Begin again with an empty database"
    )]
    Counts {
        /// The table, as the target calls it.
        table: &'static str,
        /// So many here.
        source_rows: u64,
        /// So many there.
        target_rows: u64,
    },
}

/// The tables that are carried, as the target calls them.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.name)
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Rows of a table were written.
    Carried {
        /// The table, as the target calls it.
        table: &'static str,
        /// How many.
        rows: u64,
    },
    /// Rows of a table were found the same on both sides.
    Compared {
        /// The table, as the target calls it.
        table: &'static str,
        /// How many.
        rows: u64,
    },
    /// The move is finished.
    Done,
}

/// A move under way.
pub struct Transfer {
    source: Source,
    target: Target,
    found: BTreeMap<String, Progress>,
    counts: Vec<(&'static str, u64)>,
    carried: u64,
    /// Tables of which all is written, or, after that, compared.
    passed: usize,
    comparing: bool,
    /// Where the comparison of the table at hand is.
    compared: Progress,
}

impl Transfer {
    /// Begins to move the store of a folder into a database, or goes on with it.
    ///
    /// # Errors
    /// [`TransferError`]; nothing was written, but the schemas are up to date.
    pub async fn begin(folder: &Path, url: &str, now: Instant) -> Result<Self, TransferError> {
        Self::begin_by(ROWS, folder, url, now).await
    }

    /// The same by other batches.
    pub(crate) async fn begin_by(
        rows: usize,
        folder: &Path,
        url: &str,
        now: Instant,
    ) -> Result<Self, TransferError> {
        let source = Source::open(folder, rows, now).await?;
        let mut target = Target::open(url, now).await?;
        let found = target
            .begin(&source.mark(), source.secret().octets(), now)
            .await?;
        let mut counts = Vec::with_capacity(TABLES.len());
        for table in TABLES {
            counts.push((table.name, source.count(table).await?));
        }
        Ok(Self {
            carried: found.values().map(|progress| progress.rows).sum(),
            source,
            target,
            found,
            counts,
            passed: 0,
            comparing: false,
            compared: Progress::default(),
        })
    }

    /// How many rows there are to carry, by table in their order.
    pub fn tables(&self) -> &[(&'static str, u64)] {
        &self.counts
    }

    /// How many rows have been carried, by this move and those it goes on with.
    pub fn carried(&self) -> u64 {
        self.carried
    }

    /// Does the next piece of work: some thousand rows, whole or not at all. `now` dates
    /// the end.
    ///
    /// # Errors
    /// [`TransferError`]; what was carried before stays.
    pub async fn step(&mut self, now: Instant) -> Result<Step, TransferError> {
        loop {
            match (TABLES.get(self.passed), self.comparing) {
                (Some(table), false) => {
                    if let Some(rows) = self.carry(table).await? {
                        let table = table.name;
                        return Ok(Step::Carried { table, rows });
                    }
                }
                (Some(table), true) => {
                    let rows = self.compare(table).await?;
                    let table = table.name;
                    return Ok(Step::Compared { table, rows });
                }
                (None, false) => (self.passed, self.comparing) = (0, true),
                (None, true) => {
                    self.target.finish(now).await?;
                    return Ok(Step::Done);
                }
            }
        }
    }

    /// Carries the next rows of a table; `None` where all were carried before.
    async fn carry(&mut self, table: &'static Table) -> Result<Option<u64>, TransferError> {
        let before = self.found.get(table.name).cloned().unwrap_or_default();
        if before.done {
            self.passed += 1;
            return Ok(None);
        }
        let batch = self.source.batch(table, before.after).await?;
        let rows = batch.rows as u64;
        let progress = Progress {
            after: batch.last.clone(),
            rows: before.rows + rows,
            done: batch.ends,
        };
        self.target.write(table, &batch, &progress).await?;
        self.carried += rows;
        self.found.insert(table.name.to_owned(), progress);
        Ok(Some(rows))
    }

    /// Compares the next rows of a table; after the last, how many there are.
    async fn compare(&mut self, table: &'static Table) -> Result<u64, TransferError> {
        let after = self.compared.after.take();
        let batch = self.source.batch(table, after).await?;
        self.target.compare(table, &batch).await?;
        let rows = batch.rows as u64;
        self.compared.rows += rows;
        self.compared.after = batch.last;
        if batch.ends {
            let target_rows = self.target.count(table).await?;
            let source_rows = self.compared.rows;
            if source_rows != target_rows {
                return Err(TransferError::Counts {
                    table: table.name,
                    source_rows,
                    target_rows,
                });
            }
            self.passed += 1;
            self.compared = Progress::default();
        }
        Ok(rows)
    }
}
