//! Names that repeat on every row, by number; kept in memory whole, for they are few.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use deadpool_postgres::GenericClient;

use super::failure::Failure;
use super::sql::nodes::{NAMES, PUT_NAMES};
use super::steps::{ask, params};
use crate::{Error, Result};

#[derive(Default)]
pub(super) struct Names {
    table: RwLock<Table>,
}

#[derive(Default)]
struct Table {
    by_name: HashMap<Arc<str>, i32>,
    by_id: HashMap<i32, Arc<str>>,
    newest: i32,
}

impl Names {
    fn table(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives numbers to those that have none yet. Outside of any transaction: a name that
    /// nothing uses does no harm, one that is rolled back would.
    pub(super) async fn learn(
        &self,
        client: &impl GenericClient,
        names: impl Iterator<Item = &str>,
    ) -> std::result::Result<(), Failure> {
        let mut unknown: Vec<String> = {
            let table = self.table();
            names
                .filter(|name| !table.by_name.contains_key(*name))
                .map(str::to_owned)
                .collect()
        };
        if unknown.is_empty() {
            return Ok(());
        }
        unknown.sort();
        unknown.dedup();
        ask(client, PUT_NAMES, params![unknown.clone()]).await?;
        self.load(client, unknown).await
    }

    /// Reads what other nodes named, where `ids` are not all known.
    pub(super) async fn cover(
        &self,
        client: &impl GenericClient,
        ids: impl Iterator<Item = i32>,
    ) -> std::result::Result<(), Failure> {
        let unknown = {
            let table = self.table();
            ids.into_iter().any(|id| !table.by_id.contains_key(&id))
        };
        if unknown {
            self.load(client, vec![]).await?;
        }
        Ok(())
    }

    async fn load(
        &self,
        client: &impl GenericClient,
        names: Vec<String>,
    ) -> std::result::Result<(), Failure> {
        // Numbers may become visible out of order: a name asked for is read by itself, and
        // reading by number begins a little before the newest.
        let after = (self.table().newest - 100).max(0);
        let found = ask(client, NAMES, params![after, names]).await?;
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        for row in found.rows {
            let (id, name): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
            let name: Arc<str> = name.into();
            table.by_name.insert(name.clone(), id);
            table.by_id.insert(id, name);
            table.newest = table.newest.max(id);
        }
        Ok(())
    }

    /// The number of a name that was learnt.
    pub(super) fn number(&self, name: &str) -> Result<i32> {
        let number = self.table().by_name.get(name).copied();
        number.ok_or_else(|| Error::Corrupt("names: a name has no number".into()))
    }

    pub(super) fn name(&self, id: i32) -> Result<String> {
        let name = self.table().by_id.get(&id).map(|name| name.to_string());
        name.ok_or_else(|| Error::Corrupt(format!("names: no row {id}")))
    }
}
