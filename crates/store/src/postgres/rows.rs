//! From columns to the words of `model`; a value that does not read is `Corrupt`, with its
//! column named. And the other way: what PostgreSQL cannot keep in a text.

use std::borrow::Cow;

use model::{
    Category, Flags, Id, Instant, Lane, Message, MessageContent, Mode, PurposeClass, Trace,
};
use serde_json::{Map, Value};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::names::Names;
use crate::{Error, Result};

/// A column's value.
pub(super) fn get<'r, T: FromSql<'r>>(row: &'r Row, at: usize) -> Result<T> {
    row.try_get(at).map_err(|_| {
        let column = row.columns().get(at).map_or("?", |column| column.name());
        Error::Corrupt(format!("{column}: not of its type"))
    })
}

/// A vocabulary's word from its number.
pub(super) fn word<T>(row: &Row, at: usize, read: fn(u8) -> Option<T>) -> Result<T> {
    let number: i16 = get(row, at)?;
    u8::try_from(number).ok().and_then(read).ok_or_else(|| {
        let column = row.columns().get(at).map_or("?", |column| column.name());
        Error::Corrupt(format!("{column}: no word has the number {number}"))
    })
}

/// A text as PostgreSQL can keep it: it has no zero character.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The partition an id carries.
pub(super) fn partition(id: impl Id) -> i16 {
    i16::from(id.partition().number())
}

/// The partition of a raw id.
pub(super) fn partition_of(raw: i64) -> i16 {
    partition(model::MessageId::from_i64(raw))
}

/// Reads a row's columns in their order.
pub(super) struct Fields<'r> {
    row: &'r Row,
    names: &'r Names,
    at: usize,
}

impl<'r> Fields<'r> {
    pub(super) fn of(row: &'r Row, names: &'r Names) -> Self {
        Self { row, names, at: 0 }
    }

    pub(super) fn next<T: FromSql<'r>>(&mut self) -> Result<T> {
        let value = get(self.row, self.at)?;
        self.at += 1;
        Ok(value)
    }

    pub(super) fn id<I: Id>(&mut self) -> Result<I> {
        Ok(I::from_i64(self.next()?))
    }

    pub(super) fn instant(&mut self) -> Result<Instant> {
        Ok(Instant::from_micros(self.next()?))
    }

    pub(super) fn maybe_instant(&mut self) -> Result<Option<Instant>> {
        Ok(self.next::<Option<i64>>()?.map(Instant::from_micros))
    }

    pub(super) fn count(&mut self) -> Result<u32> {
        let number: i32 = self.next()?;
        u32::try_from(number).map_err(|_| Error::Corrupt("a count below zero".into()))
    }

    pub(super) fn word<T>(&mut self, read: fn(u8) -> Option<T>) -> Result<T> {
        let word = word(self.row, self.at, read)?;
        self.at += 1;
        Ok(word)
    }

    pub(super) fn name(&mut self) -> Result<String> {
        self.names.name(self.next()?)
    }

    fn json(&mut self) -> Result<Map<String, Value>> {
        let text: &str = self.next()?;
        serde_json::from_str(text).map_err(|e| Error::Corrupt(format!("data: {e}")))
    }
}

/// Reads the content columns.
pub(super) fn content(fields: &mut Fields<'_>) -> Result<MessageContent> {
    Ok(MessageContent {
        message_type: fields.name()?,
        category: fields.word(Category::from_number)?,
        purpose: fields.word(PurposeClass::from_number)?,
        lane: fields.word(Lane::from_number)?,
        locale: fields.name()?,
        template_version: fields.count()?,
        sender: fields.next()?,
        title: fields.next()?,
        summary: fields.next()?,
        text: fields.next()?,
        order: fields.next()?,
        data: fields.json()?,
    })
}

/// The names a message's row refers to, before it is read.
pub(super) fn named(rows: &[Row], columns: &[&str]) -> Vec<i32> {
    let of = |row: &Row| -> Vec<i32> {
        let number = |column: &&str| row.try_get::<_, i32>(*column).ok();
        columns.iter().filter_map(number).collect()
    };
    rows.iter().flat_map(of).collect()
}

/// Reads the message columns.
pub(super) fn message(fields: &mut Fields<'_>) -> Result<Message> {
    Ok(Message {
        id: fields.id()?,
        recipient: fields.id()?,
        event: fields.id()?,
        at: fields.instant()?,
        mode: fields.word(Mode::from_number)?,
        trace: Trace::from_compact(fields.next::<&str>()?),
        revision: fields.next()?,
        flags: Flags {
            read_at: fields.maybe_instant()?,
            deleted_at: fields.maybe_instant()?,
            withdrawn_at: fields.maybe_instant()?,
        },
        content: content(fields)?,
    })
}

/// A 64-bit hash that never changes, for keys whose full form is kept beside it: FNV-1a
/// with a final mix, so that near keys lie far apart.
pub(super) fn stable_hash(parts: &[&[u8]]) -> i64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        for byte in part.iter().chain(&[0xff]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    (hash ^ hash >> 33).cast_signed()
}

/// Never 0, which stands for "no order".
pub(super) fn order_hash(order: &str) -> i64 {
    stable_hash(&[order.as_bytes()]) | 1
}
