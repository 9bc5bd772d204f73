//! What was taken of recipients' attention.

use std::collections::HashSet;

use deadpool_postgres::{GenericClient, Transaction};
use model::{
    Channel, DeliveryId, DeliveryState, EventId, Id, Instant, PurposeClass, RecipientId, Taken,
};

use super::Postgres;
use super::failure::Failure;
use super::rows::{get, partition, word};
use super::sql::attention::{ATTENTION, LEAVE_ATTENTION};
use super::steps::{ask, params};
use crate::attention::{Crowd, Row, counted_message};
use crate::{AcceptedEvent, Result};

impl Postgres {
    pub(crate) async fn attention(
        &self,
        recipients: Vec<RecipientId>,
        now: Instant,
    ) -> Result<Vec<(RecipientId, Taken)>> {
        if recipients.is_empty() {
            return Ok(Vec::new());
        }
        let client = self.shared.reader().await?;
        let rows = rows(&client, &recipients).await?;
        let counts = rows.iter();
        let counts = counts.filter_map(|row| Some((row.recipient, row.counts(now)?)));
        Ok(counts.collect())
    }
}

async fn rows(
    client: &impl GenericClient,
    recipients: &[RecipientId],
) -> std::result::Result<Vec<Row>, Failure> {
    let partitions: Vec<i16> = recipients.iter().map(|id| partition(*id)).collect();
    let ids: Vec<i64> = recipients.iter().map(|id| id.as_i64()).collect();
    let found = ask(client, ATTENTION, params![partitions, ids]).await?;
    Ok(found.rows.iter().map(row).collect::<Result<_>>()?)
}

fn row(row: &tokio_postgres::Row) -> Result<Row> {
    let is_there = get::<Option<i16>>(row, 5)?.is_some();
    Ok(Row {
        recipient: RecipientId::from_i64(get(row, 0)?),
        taken: Taken {
            delivery: DeliveryId::from_i64(get(row, 1)?),
            purpose: word(row, 2, PurposeClass::from_number)?,
            test: get::<i16>(row, 3)? != 0,
            channel: match is_there {
                true => word(row, 4, Channel::from_number)?,
                false => Channel::Sms,
            },
            at: Instant::from_micros(0),
            left: false,
        },
        became: match is_there {
            true => Some((
                word(row, 5, DeliveryState::from_number)?,
                Instant::from_micros(get(row, 6)?),
                Instant::from_micros(get(row, 7)?),
            )),
            false => None,
        },
    })
}

/// The events of a commit whose messages would be too much for their recipients, whose rows
/// in `heads` are locked: whoever else writes to them waits, and what it has written is seen
/// here. Removes what counts no more on the way. Asks nothing where nothing counts.
pub(super) async fn crowded(
    tx: &Transaction<'_>,
    events: &[AcceptedEvent],
) -> std::result::Result<HashSet<EventId>, Failure> {
    let counted = || {
        events
            .iter()
            .filter_map(|one| Some((one, counted_message(one)?)))
    };
    let mut recipients: Vec<RecipientId> = counted().map(|(_, to)| to.recipient).collect();
    let mut crowded = HashSet::new();
    let Some(now) = counted().map(|(event, _)| event.accepted_at).max() else {
        return Ok(crowded);
    };
    recipients.sort_unstable();
    recipients.dedup();
    let rows = rows(tx, &recipients).await?;
    let over: Vec<&Row> = rows.iter().filter(|row| row.is_over(now)).collect();
    if !over.is_empty() {
        let places: Vec<i16> = over.iter().map(|row| partition(row.recipient)).collect();
        let of: Vec<i64> = over.iter().map(|row| row.recipient.as_i64()).collect();
        let gone: Vec<i64> = over.iter().map(|row| row.taken.delivery.as_i64()).collect();
        ask(tx, LEAVE_ATTENTION, params![places, of, gone]).await?;
    }
    let mut crowd = Crowd::default();
    for row in &rows {
        crowd.learn(row.recipient, row.counts(now).into_iter());
    }
    for (event, message) in counted() {
        // One that turns out to be here already takes its place twice in this commit: what
        // follows it is decided again, and then sees that it did not.
        match crowd.has_room(message) {
            true => crowd.add(message),
            false => drop(crowded.insert(event.id)),
        }
    }
    Ok(crowded)
}
