//! Names that repeat on every row, by number; kept in memory whole, for they are few.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::Connection;

use crate::{Error, Result};

#[derive(Default)]
pub(super) struct Names {
    table: RwLock<Table>,
}

#[derive(Default)]
struct Table {
    by_name: HashMap<Arc<str>, i64>,
    by_id: HashMap<i64, Arc<str>>,
}

impl Names {
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut table = Table::default();
        let mut statement = connection.prepare("SELECT id, name FROM names")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            table.put(row.get(0)?, &row.get::<_, String>(1)?);
        }
        Ok(Self {
            table: RwLock::new(table),
        })
    }

    /// The number of a name, given to it now if it is new. Only the writer calls this, and
    /// after a rollback it calls [`Names::reload`], for the number may be gone again.
    pub(super) fn number(&self, connection: &Connection, name: &str) -> Result<i64> {
        if let Some(id) = self
            .table
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .by_name
            .get(name)
        {
            return Ok(*id);
        }
        let mut statement =
            connection.prepare_cached("INSERT INTO names (name) VALUES (?1) RETURNING id")?;
        let id = statement.query_row([name], |row| row.get(0))?;
        self.table
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .put(id, name);
        Ok(id)
    }

    /// Drops what memory holds and reads the table again: after a rollback.
    pub(super) fn reload(&self, connection: &Connection) {
        if let Ok(fresh) = Self::load(connection) {
            let fresh = fresh
                .table
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner);
            *self.table.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
    }

    pub(super) fn name(&self, id: i64) -> Result<Arc<str>> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        table
            .by_id
            .get(&id)
            .cloned()
            .ok_or_else(|| Error::Corrupt(format!("names: no row {id}")))
    }
}

impl Table {
    fn put(&mut self, id: i64, name: &str) {
        let name: Arc<str> = name.into();
        self.by_name.insert(name.clone(), id);
        self.by_id.insert(id, name);
    }
}
