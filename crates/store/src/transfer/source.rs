//! The embedded store that is carried over: locked, up to date, only read.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use model::{Channel, ContactPoint, Delivery, DeliveryId, Id, Instant, Sealed};
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::Value;

use super::TransferError;
use super::batch::{Batch, Place};
use super::tables::Table;
use crate::postgres::text;
use crate::secret::Secret;
use crate::sqlite::{Quiet, open_quietly};
use crate::{Error, OpenError};

/// Bytes of a batch, about.
const WEIGHT: usize = 8 << 20;

#[derive(Clone)]
pub(super) struct Source {
    quiet: Arc<Mutex<Quiet>>,
    /// Rows of a batch, unless they are wide.
    rows: usize,
}

impl Source {
    pub(super) async fn open(
        folder: &Path,
        rows: usize,
        now: Instant,
    ) -> Result<Self, TransferError> {
        if !folder.join("tidings.db").exists() {
            return Err(TransferError::NoStore {
                path: folder.to_owned(),
            });
        }
        let folder = folder.to_owned();
        let opened = tokio::task::spawn_blocking(move || {
            let quiet = open_quietly(&folder, now)?;
            let made = add_functions(&quiet.connection, &quiet.secret);
            made.map_err(|error| OpenError::Damaged {
                path: folder,
                reason: error.to_string(),
            })?;
            Ok::<_, OpenError>(quiet)
        });
        let quiet = opened.await.map_err(|error| gone(&error))??;
        Ok(Self {
            quiet: Arc::new(Mutex::new(quiet)),
            rows,
        })
    }

    pub(super) fn secret(&self) -> Secret {
        self.quiet
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .secret
            .clone()
    }

    /// Tells this store from every other, and gives nothing of its secret away.
    pub(super) fn mark(&self) -> Vec<u8> {
        self.secret().tag("transfer", &[]).as_ref().to_vec()
    }

    pub(super) async fn count(&self, table: &'static Table) -> Result<u64, TransferError> {
        let count = |connection: &Connection| {
            let count: i64 = connection.query_row(&table.count_here(), [], |row| row.get(0))?;
            Ok(u64::try_from(count).unwrap_or(0))
        };
        self.read(table, count).await
    }

    /// The rows after a place.
    pub(super) async fn batch(
        &self,
        table: &'static Table,
        after: Option<Place>,
    ) -> Result<Batch, TransferError> {
        let rows = self.rows;
        self.read(table, move |connection| {
            batch(connection, table, after, rows)
        })
        .await
    }

    async fn read<T: Send + 'static>(
        &self,
        table: &'static Table,
        work: impl FnOnce(&Connection) -> crate::Result<T> + Send + 'static,
    ) -> Result<T, TransferError> {
        let quiet = self.quiet.clone();
        let task = tokio::task::spawn_blocking(move || {
            let quiet = quiet.lock().unwrap_or_else(PoisonError::into_inner);
            work(&quiet.connection)
        });
        let read = task.await.map_err(|error| gone(&error))?;
        read.map_err(|error| TransferError::Unreadable {
            table: table.name,
            error,
        })
    }
}

fn gone(error: &tokio::task::JoinError) -> TransferError {
    Error::Unavailable(error.to_string()).into()
}

fn batch(
    connection: &Connection,
    table: &'static Table,
    after: Option<Place>,
    most: usize,
) -> crate::Result<Batch> {
    let mut statement = connection.prepare_cached(&table.read(after.is_some()))?;
    let after = after.unwrap_or_default();
    let mut rows = statement.query(rusqlite::params_from_iter(&after))?;
    let mut batch = Batch::of(table);
    loop {
        let Some(row) = rows.next()? else {
            batch.ends = true;
            return Ok(batch);
        };
        batch.add(table, row)?;
        if batch.rows >= most || batch.weight >= WEIGHT {
            let place = (0..table.order.len()).map(|n| row.get::<_, Value>(n));
            batch.last = Some(place.collect::<rusqlite::Result<_>>()?);
            return Ok(batch);
        }
    }
}

/// What [`super::tables::TABLES`] needs beyond SQL.
fn add_functions(connection: &Connection, secret: &Secret) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let events = secret.clone();
    let key = move |context: &Context<'_>| -> rusqlite::Result<(i64, i64)> {
        let partition = partition(context.get(0)?);
        let (source, id) = (context.get_raw(1), context.get_raw(2));
        let bytes = (source.as_bytes()?, id.as_bytes()?);
        Ok(events.event_key(partition, bytes.0, bytes.1))
    };
    connection.create_scalar_function("event_high", 3, flags, {
        let key = key.clone();
        move |c| Ok(key(c)?.0)
    })?;
    connection.create_scalar_function("event_low", 3, flags, move |c| Ok(key(c)?.1))?;
    let addresses = secret.clone();
    connection.create_scalar_function("address_digest", 2, flags, move |c| {
        let number = u8::try_from(c.get::<i64>(0)?).ok();
        let channel = number.and_then(Channel::from_number);
        // As the target keeps it, and will look for it.
        let kept = c.get::<String>(1)?;
        let contact = ContactPoint {
            channel: channel.ok_or_else(|| wrong("no channel has this number"))?,
            address: Sealed::new(text(&kept).into_owned()),
        };
        Ok(addresses.address(&contact))
    })?;
    connection.create_scalar_function("reference", 1, flags, |c| {
        Ok(Delivery::reference(DeliveryId::from_i64(c.get(0)?)))
    })?;
    connection.create_scalar_function("first_byte", 1, flags, |c| {
        let first = c.get_raw(0).as_blob()?.first().copied();
        first.ok_or_else(|| wrong("an empty key"))
    })?;
    connection.create_scalar_function("one_partition", 2, flags, |c| {
        let (one, other) = (partition(c.get(0)?), partition(c.get(1)?));
        match one == other {
            true => Ok(one),
            false => Err(wrong("two ids of one customer carry different partitions")),
        }
    })
}

fn partition(id: i64) -> u8 {
    DeliveryId::from_i64(id).partition().number()
}

fn wrong(what: &str) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(what.into())
}
