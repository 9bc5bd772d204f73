//! Many rows by few statements: a statement's fixed cost is paid once for sixteen rows, and
//! keys that grow go to the end of their table without a search.

use std::fmt::Write;

use rusqlite::{CachedStatement, Connection, ToSql};

use crate::Result;

/// Rows of one statement.
const ROWS: usize = 16;

/// An INSERT, for one row and for [`ROWS`].
pub(super) struct Insert {
    one: String,
    many: String,
    width: usize,
}

/// Takes the values of a row, in the order of its columns.
pub(super) struct Values<'s, 'c> {
    statement: &'s mut CachedStatement<'c>,
    at: usize,
}

impl Insert {
    /// `columns` as they stand between the brackets.
    pub(super) fn new(table: &str, columns: &str) -> Self {
        Self::by("INSERT", table, columns)
    }

    /// Leaves a row with the same key as it is.
    pub(super) fn where_missing(table: &str, columns: &str) -> Self {
        Self::by("INSERT OR IGNORE", table, columns)
    }

    fn by(verb: &str, table: &str, columns: &str) -> Self {
        let width = columns.split(',').count();
        let row = format!("({})", vec!["?"; width].join(", "));
        let mut one = String::new();
        // Writing to a String cannot fail.
        let _ = write!(one, "{verb} INTO {table} ({columns}) VALUES {row}");
        let mut many = one.clone();
        (1..ROWS).for_each(|_| {
            let _ = write!(many, ", {row}");
        });
        Self { one, many, width }
    }

    /// Inserts a row for each item.
    pub(super) fn all<I>(
        &self,
        connection: &Connection,
        items: &[I],
        mut row: impl FnMut(&I, &mut Values<'_, '_>) -> Result<()>,
    ) -> Result<()> {
        let (full, rest) = items.as_chunks::<ROWS>();
        let parts = full.iter().map(|part| (&self.many, part.as_slice()));
        let singles = rest
            .iter()
            .map(|one| (&self.one, std::slice::from_ref(one)));
        let mut prepared: Option<(&String, CachedStatement<'_>)> = None;
        for (sql, part) in parts.chain(singles) {
            if prepared.as_ref().is_none_or(|(of, _)| *of != sql) {
                prepared = Some((sql, connection.prepare_cached(sql)?));
            }
            let Some((_, statement)) = &mut prepared else {
                continue;
            };
            let mut values = Values { statement, at: 0 };
            for (number, item) in part.iter().enumerate() {
                row(item, &mut values)?;
                debug_assert_eq!(values.at, (number + 1) * self.width);
            }
            statement.raw_execute()?;
        }
        Ok(())
    }
}

impl Values<'_, '_> {
    pub(super) fn put(&mut self, value: impl ToSql) -> Result<&mut Self> {
        self.at += 1;
        self.statement.raw_bind_parameter(self.at, value)?;
        Ok(self)
    }
}
