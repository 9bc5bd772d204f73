//! From columns to the words of `model`; a value that does not read is `Corrupt`, with its
//! column named.

use model::{
    Category, Channel, ContactPoint, Flags, Id, Instant, Lane, Message, MessageContent, Mode,
    PurposeClass, Sealed, Trace,
};
use rusqlite::Row;

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

/// The columns [`content`] reads.
pub(super) const CONTENT: &str = "m.type, m.category, m.purpose, m.lane AS message_lane, m.locale, m.template_version, m.sender, m.title, m.summary, m.text, m.order_number, m.data";

pub(super) fn content(row: &Row<'_>, shared: &Shared) -> Result<MessageContent> {
    let data = row
        .get_ref("data")?
        .as_str()
        .map_err(|e| Error::Corrupt(format!("data: {e}")))?;
    Ok(MessageContent {
        message_type: shared.names.name(row.get("type")?)?.to_string(),
        category: word(row, "category", Category::from_number)?,
        purpose: word(row, "purpose", PurposeClass::from_number)?,
        lane: word(row, "message_lane", Lane::from_number)?,
        locale: shared.names.name(row.get("locale")?)?.to_string(),
        template_version: row.get("template_version")?,
        sender: row.get("sender")?,
        title: row.get("title")?,
        summary: row.get("summary")?,
        text: row.get("text")?,
        order: row.get("order_number")?,
        data: serde_json::from_str(data).map_err(|e| Error::Corrupt(format!("data: {e}")))?,
    })
}

/// The columns [`message`] reads besides [`CONTENT`].
pub(super) const MESSAGE: &str =
    "m.id, m.recipient, m.event, m.at, m.mode, m.trace, b.revision, b.read_at, b.deleted_at";

pub(super) fn message(row: &Row<'_>, shared: &Shared) -> Result<Message> {
    Ok(Message {
        id: id(row, "id")?,
        recipient: id(row, "recipient")?,
        event: id(row, "event")?,
        at: instant(row, "at")?,
        mode: word(row, "mode", Mode::from_number)?,
        content: content(row, shared)?,
        trace: Trace::from_compact(&row.get::<_, String>("trace")?),
        flags: Flags {
            read_at: maybe_instant(row, "read_at")?,
            deleted_at: maybe_instant(row, "deleted_at")?,
        },
        revision: row.get("revision")?,
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
