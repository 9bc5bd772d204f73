//! From columns to the words of `model`; a value that does not read is `Corrupt`, with its
//! column named.

use model::{
    Category, Channel, ContactPoint, Flags, Id, Instant, Lane, Message, MessageContent, Mode,
    PurposeClass, Sealed, Trace,
};
use rusqlite::Row;
use rusqlite::types::FromSql;
use serde_json::{Map, Value};

use super::Shared;
use crate::{Error, Result};

/// A vocabulary's word from its number.
pub(super) fn word<T>(row: &Row<'_>, column: &'static str, read: fn(u8) -> Option<T>) -> Result<T> {
    let number: i64 = row.get(column)?;
    u8::try_from(number)
        .ok()
        .and_then(read)
        .ok_or_else(|| Error::Corrupt(format!("{column}: no word has the number {number}")))
}

pub(super) fn id<I: Id>(row: &Row<'_>, column: &'static str) -> Result<I> {
    Ok(I::from_i64(row.get(column)?))
}

pub(super) fn instant(row: &Row<'_>, column: &'static str) -> Result<Instant> {
    Ok(Instant::from_micros(row.get(column)?))
}

pub(super) fn maybe_instant(row: &Row<'_>, column: &'static str) -> Result<Option<Instant>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Instant::from_micros))
}

pub(super) fn contact(row: &Row<'_>) -> Result<ContactPoint> {
    let channel = word(row, "channel", Channel::from_number)?;
    Ok(ContactPoint {
        channel,
        address: Sealed::new(row.get::<_, String>("address")?),
    })
}

/// Reads a row's columns in their order: looking columns up by name costs more than all
/// else where rows are wide and many.
pub(super) struct Fields<'r> {
    row: &'r Row<'r>,
    at: usize,
}

impl<'r> Fields<'r> {
    pub(super) fn of(row: &'r Row<'r>) -> Self {
        Self { row, at: 0 }
    }

    pub(super) fn next<T: FromSql>(&mut self) -> Result<T> {
        let value = self.row.get(self.at)?;
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

    pub(super) fn word<T>(&mut self, read: fn(u8) -> Option<T>) -> Result<T> {
        let number: i64 = self.next()?;
        u8::try_from(number).ok().and_then(read).ok_or_else(|| {
            let column = self.row.as_ref().column_name(self.at - 1).unwrap_or("?");
            Error::Corrupt(format!("{column}: no word has the number {number}"))
        })
    }

    pub(super) fn name(&mut self, shared: &Shared) -> Result<String> {
        Ok(shared.names.name(self.next()?)?.to_string())
    }

    fn json(&mut self) -> Result<Map<String, Value>> {
        let text = self.row.get_ref(self.at)?.as_str();
        self.at += 1;
        let text = text.map_err(|e| Error::Corrupt(format!("data: {e}")))?;
        serde_json::from_str(text).map_err(|e| Error::Corrupt(format!("data: {e}")))
    }
}

/// The columns [`content`] reads, in its order.
macro_rules! content_columns {
    () => {
        "m.type, m.category, m.purpose, m.lane AS message_lane, m.locale, m.template_version, m.sender,
         m.title, m.summary, m.text, m.order_number, m.data"
    };
}
pub(super) use content_columns;

/// [`content_columns`] as text, for statements that are put together.
pub(super) const CONTENT: &str = content_columns!();

pub(super) fn content(fields: &mut Fields<'_>, shared: &Shared) -> Result<MessageContent> {
    Ok(MessageContent {
        message_type: fields.name(shared)?,
        category: fields.word(Category::from_number)?,
        purpose: fields.word(PurposeClass::from_number)?,
        lane: fields.word(Lane::from_number)?,
        locale: fields.name(shared)?,
        template_version: fields.next()?,
        sender: fields.next()?,
        title: fields.next()?,
        summary: fields.next()?,
        text: fields.next()?,
        order: fields.next()?,
        data: fields.json()?,
    })
}

/// The columns [`message`] reads before [`CONTENT`], in its order.
pub(super) const MESSAGE: &str =
    "m.id, m.recipient, m.event, m.at, m.mode, m.trace, b.revision, b.read_at, b.deleted_at,
     b.withdrawn_at";

pub(super) fn message(row: &Row<'_>, shared: &Shared) -> Result<Message> {
    let mut fields = Fields::of(row);
    Ok(Message {
        id: fields.id()?,
        recipient: fields.id()?,
        event: fields.id()?,
        at: fields.instant()?,
        mode: fields.word(Mode::from_number)?,
        trace: Trace::from_compact(&fields.next::<String>()?),
        revision: fields.next()?,
        flags: Flags {
            read_at: fields.maybe_instant()?,
            deleted_at: fields.maybe_instant()?,
            withdrawn_at: fields.maybe_instant()?,
        },
        content: content(&mut fields, shared)?,
    })
}

/// Collects a statement's rows.
pub(super) fn collect<T>(
    rows: &mut rusqlite::Rows<'_>,
    mut read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(read(row)?);
    }
    Ok(all)
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
