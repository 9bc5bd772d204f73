//! Idempotency keys: which event has a source's id, within a customer's partition.

use model::{EventId, EventKey, Id, Partition};
use rusqlite::OptionalExtension;

use super::rows::stable_hash;
use super::tx::Tx;
use crate::{AcceptedEvent, Result};

/// An event that is new, with the slot its key took.
pub(super) type Taken<'a> = (&'a AcceptedEvent, i64);

fn key_hash(partition: Partition, key: &EventKey) -> i64 {
    stable_hash(&[
        &[partition.number()],
        key.source.as_bytes(),
        key.id.as_bytes(),
    ])
}

/// Takes the event's idempotency key and gives its slot, or says which event has it. `batch`
/// are the events that took theirs in this call: their rows are not written yet.
pub(super) fn take_key(
    tx: &mut Tx<'_>,
    accepted: &AcceptedEvent,
    batch: &[Taken<'_>],
) -> Result<std::result::Result<i64, EventId>> {
    let found = find_key(tx, accepted, batch)?;
    if let Ok(slot) = found {
        tx.take_slot(slot, accepted.id.as_i64());
    }
    Ok(found)
}

/// The event that has the key of this one, if there is one.
pub(super) fn known(
    tx: &Tx<'_>,
    accepted: &AcceptedEvent,
    batch: &[Taken<'_>],
) -> Result<Option<EventId>> {
    Ok(find_key(tx, accepted, batch)?.err())
}

/// The free slot for an event's key, or the event that has the key.
fn find_key(
    tx: &Tx<'_>,
    accepted: &AcceptedEvent,
    batch: &[Taken<'_>],
) -> Result<std::result::Result<i64, EventId>> {
    // Two keys with one hash take neighbouring slots; keys are never deleted, so there are
    // no gaps.
    let mut slot = key_hash(accepted.event.partition(), &accepted.event.key);
    while let Some((event, same)) = holder(tx, slot, accepted, batch)? {
        if same {
            return Ok(Err(event));
        }
        slot = slot.wrapping_add(1);
    }
    Ok(Ok(slot))
}

/// The event that has a slot, and whether its whole key is this event's.
fn holder(
    tx: &Tx<'_>,
    hash: i64,
    accepted: &AcceptedEvent,
    batch: &[Taken<'_>],
) -> Result<Option<(EventId, bool)>> {
    let found: Option<i64> = match tx.shared.fresh.holder(hash) {
        Some(event) => Some(event),
        None => tx
            .connection
            .prepare_cached("SELECT event FROM event_keys WHERE hash = ?1")?
            .query_row([hash], |row| row.get(0))
            .optional()?,
    };
    let Some(event) = found.map(EventId::from_i64) else {
        return Ok(None);
    };
    let partition = accepted.event.partition();
    if let Some((other, _)) = batch.iter().find(|(other, _)| other.id == event) {
        let same = other.event.key == accepted.event.key && other.event.partition() == partition;
        return Ok(Some((event, same)));
    }
    let mut full = tx
        .connection
        .prepare_cached("SELECT source, event_id FROM events WHERE id = ?1")?;
    let (source, id): (i64, String) =
        full.query_row([event.as_i64()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let same = id == accepted.event.key.id
        && event.partition() == partition
        && *tx.shared.names.name(source)? == *accepted.event.key.source;
    Ok(Some((event, same)))
}
