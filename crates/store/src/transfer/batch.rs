//! Rows on their way, column by column as the target takes them, and the place they end at.

use rusqlite::types::{Value, ValueRef};
use tokio_postgres::types::ToSql;

use super::tables::{Kind, Table};
use crate::postgres::text;
use crate::{Error, Result};

/// A row's key in the source.
pub(super) type Place = Vec<Value>;

/// One column of some rows.
enum Values {
    Small(Vec<Option<i16>>),
    Int(Vec<Option<i32>>),
    Big(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Values {
    fn param(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Small(all) => all,
            Self::Int(all) => all,
            Self::Big(all) => all,
            Self::Text(all) => all,
            Self::Bytes(all) => all,
        }
    }
}

/// Some rows of a table, as they stand or shall stand in the target.
pub(super) struct Batch {
    columns: Vec<Values>,
    pub(super) rows: usize,
    /// About so many bytes.
    pub(super) weight: usize,
    /// The last row's key in the source.
    pub(super) last: Option<Place>,
    /// There are none after it.
    pub(super) ends: bool,
}

impl Batch {
    pub(super) fn of(table: &Table) -> Self {
        let columns = table.columns.iter().map(|column| match column.kind {
            Kind::Small => Values::Small(vec![]),
            Kind::Int => Values::Int(vec![]),
            Kind::Big => Values::Big(vec![]),
            Kind::Text => Values::Text(vec![]),
            Kind::Bytes => Values::Bytes(vec![]),
        });
        Self {
            columns: columns.collect(),
            rows: 0,
            weight: 0,
            last: None,
            ends: false,
        }
    }

    /// Adds a row, whose columns begin after those that name its place.
    pub(super) fn add(&mut self, table: &Table, row: &rusqlite::Row<'_>) -> Result<()> {
        let skip = table.order.len();
        for (n, values) in self.columns.iter_mut().enumerate() {
            let value = row.get_ref(skip + n)?;
            let column = || format!("{}.{}", table.name, table.columns[n].name);
            let wrong = || Error::Corrupt(format!("{}: not of its type", column()));
            self.weight += 8;
            match (values, value) {
                (Values::Small(all), ValueRef::Null) => all.push(None),
                (Values::Int(all), ValueRef::Null) => all.push(None),
                (Values::Big(all), ValueRef::Null) => all.push(None),
                (Values::Text(all), ValueRef::Null) => all.push(None),
                (Values::Bytes(all), ValueRef::Null) => all.push(None),
                (Values::Small(all), ValueRef::Integer(number)) => {
                    all.push(Some(i16::try_from(number).map_err(|_| wrong())?));
                }
                (Values::Int(all), ValueRef::Integer(number)) => {
                    all.push(Some(i32::try_from(number).map_err(|_| wrong())?));
                }
                (Values::Big(all), ValueRef::Integer(number)) => all.push(Some(number)),
                (Values::Text(all), ValueRef::Text(bytes)) => {
                    let kept = std::str::from_utf8(bytes).map_err(|_| wrong())?;
                    self.weight += bytes.len();
                    all.push(Some(text(kept).into_owned()));
                }
                (Values::Bytes(all), ValueRef::Blob(bytes)) => {
                    self.weight += bytes.len();
                    all.push(Some(bytes.to_vec()));
                }
                _ => return Err(wrong()),
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// The columns as parameters of a statement.
    pub(super) fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.columns.iter().map(Values::param).collect()
    }

    /// A row's key in the target, in words that give nothing of its content away.
    pub(super) fn name(&self, table: &Table, row: usize) -> String {
        let parts = self.columns.iter().zip(table.columns).take(table.key);
        let parts = parts.map(|(values, column)| {
            let number = match values {
                Values::Small(all) => all.get(row).copied().flatten().map(i64::from),
                Values::Int(all) => all.get(row).copied().flatten().map(i64::from),
                Values::Big(all) => all.get(row).copied().flatten(),
                Values::Text(_) | Values::Bytes(_) => None,
            };
            let number = number.map_or_else(|| "…".to_owned(), |number| number.to_string());
            format!("{} {number}", column.name)
        });
        parts.collect::<Vec<_>>().join(", ")
    }
}

/// Writes a place down.
pub(super) fn write_place(place: &Place) -> String {
    let parts = place.iter().map(|value| match value {
        Value::Integer(number) => number.to_string(),
        Value::Blob(bytes) => {
            let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
            format!("x{}", digits.collect::<String>())
        }
        Value::Null | Value::Real(_) | Value::Text(_) => String::new(),
    });
    parts.collect::<Vec<_>>().join(" ")
}

/// Reads what [`write_place`] wrote.
pub(super) fn read_place(written: &str) -> Option<Place> {
    let part = |part: &str| match part.strip_prefix('x') {
        None => part.parse().ok().map(Value::Integer),
        Some(digits) => {
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
            let bytes: Option<Vec<u8>> = digits.as_bytes().chunks(2).map(byte).collect();
            bytes.map(Value::Blob)
        }
    };
    written.split(' ').map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        for place in [
            vec![Value::Integer(-7), Value::Integer(i64::MAX)],
            vec![Value::Blob(vec![0, 7, 255])],
        ] {
            assert_eq!(read_place(&write_place(&place)), Some(place));
        }
        for wrong in ["", "7 ", "seven", "xz0"] {
            assert_eq!(read_place(wrong), None, "{wrong}");
        }
    }
}
