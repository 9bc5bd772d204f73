//! Failed events, and counts over everything.

use std::collections::BTreeMap;

use model::{Channel, DeliveryState, EventId, FailedEvent, FailureReason, Id, Mode, Sealed};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::rows::{collect, id, instant, maybe_instant, word};
use super::{Shared, Sqlite};
use crate::{Counts, FailedCount, FailedFilter, Result};

const FAILED: &str = "SELECT e.id, e.source, e.event_id, e.type, e.accepted_at, e.mode, f.subject, f.reason, f.detail,
         f.envelope, f.replayed_at
     FROM failed_events f JOIN events e ON e.id = f.event";

impl Sqlite {
    pub(crate) async fn failed_events_like(
        &self,
        filter: FailedFilter,
        before: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<FailedEvent>> {
        self.read(move |connection, shared| {
            let mut statement = connection.prepare_cached(&format!(
                "{FAILED} WHERE f.replayed_at IS NULL AND f.event < ?1 AND (?3 IS NULL OR f.reason = ?3)
                     AND (?4 IS NULL OR e.type = (SELECT id FROM names WHERE name = ?4))
                 ORDER BY f.event DESC LIMIT ?2"
            ))?;
            let mut rows = statement.query(params![
                before.map_or(i64::MAX, EventId::as_i64),
                i64::try_from(limit).unwrap_or(i64::MAX),
                filter.reason.map(FailureReason::number),
                filter.event_type,
            ])?;
            collect(&mut rows, |row| failed(row, shared))
        })
        .await
    }

    pub(crate) async fn failed_counts(&self, limit: usize) -> Result<Vec<FailedCount>> {
        self.read(move |connection, shared| {
            let mut statement = connection.prepare_cached(
                "SELECT f.reason, e.type, count(*) AS n
                 FROM (SELECT event, reason FROM failed_events WHERE replayed_at IS NULL
                     ORDER BY event DESC LIMIT ?1) AS f
                 JOIN events AS e ON e.id = f.event GROUP BY 1, 2",
            )?;
            let mut rows = statement.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
            collect(&mut rows, |row| {
                Ok(FailedCount {
                    reason: word(row, "reason", FailureReason::from_number)?,
                    event_type: shared.names.name(row.get("type")?)?.to_string(),
                    count: row.get::<_, u32>("n")?.into(),
                })
            })
        })
        .await
    }

    pub(crate) async fn failed_among(&self, events: Vec<EventId>) -> Result<Vec<FailedEvent>> {
        self.read(move |connection, shared| {
            let mut statement = connection.prepare_cached(&format!(
                "{FAILED} WHERE f.event = ?1 AND f.replayed_at IS NULL"
            ))?;
            let mut found = Vec::new();
            for event in &events {
                let mut rows = statement.query([event.as_i64()])?;
                if let Some(row) = rows.next()? {
                    found.push(failed(row, shared)?);
                }
            }
            Ok(found)
        })
        .await
    }

    pub(crate) async fn failed_event(&self, event: EventId) -> Result<Option<FailedEvent>> {
        self.read(move |connection, shared| {
            let mut statement =
                connection.prepare_cached(&format!("{FAILED} WHERE f.event = ?1"))?;
            let mut rows = statement.query([event.as_i64()])?;
            rows.next()?.map(|row| failed(row, shared)).transpose()
        })
        .await
    }

    pub(crate) async fn accept_to_carrier(&self) -> Result<Vec<i64>> {
        self.read(|connection, _| {
            let mut statement = connection.prepare(
                "SELECT a.ended_at - e.accepted_at FROM attempts a
                 JOIN deliveries d ON d.id = a.delivery
                 JOIN messages m ON m.id = d.message
                 JOIN events e ON e.id = m.event
                 WHERE a.outcome = 0",
            )?;
            collect(&mut statement.query([])?, |row| Ok(row.get(0)?))
        })
        .await
    }

    pub(crate) async fn counts(&self) -> Result<Counts> {
        self.read(count).await
    }
}

fn failed(row: &Row<'_>, shared: &Shared) -> Result<FailedEvent> {
    Ok(FailedEvent {
        id: id(row, "id")?,
        source: shared.names.name(row.get("source")?)?.to_string(),
        event_id: row.get("event_id")?,
        event_type: shared.names.name(row.get("type")?)?.to_string(),
        subject: row.get("subject")?,
        accepted_at: instant(row, "accepted_at")?,
        mode: word(row, "mode", Mode::from_number)?,
        reason: word(row, "reason", FailureReason::from_number)?,
        detail: row.get("detail")?,
        envelope: Sealed::new(row.get::<_, String>("envelope")?),
        replayed_at: maybe_instant(row, "replayed_at")?,
    })
}

fn count(connection: &Connection, shared: &Shared) -> Result<Counts> {
    let number = |sql: &str| -> Result<u64> {
        let value: i64 = connection
            .prepare_cached(sql)?
            .query_row([], |row| row.get(0))
            .optional()?
            .unwrap_or(0);
        Ok(u64::try_from(value).unwrap_or(0))
    };
    let mut by_type =
        connection.prepare_cached("SELECT type, count(*) AS n FROM messages GROUP BY type")?;
    let messages: BTreeMap<String, u64> = collect(&mut by_type.query([])?, |row| {
        Ok((
            shared.names.name(row.get("type")?)?.to_string(),
            row.get::<_, u32>("n")?.into(),
        ))
    })?
    .into_iter()
    .collect();
    let mut by_state = connection.prepare_cached(
        "SELECT d.channel, CASE WHEN l.delivery IS NULL THEN d.state ELSE ?1 END AS state, count(*) AS n
         FROM deliveries d LEFT JOIN leases l ON l.delivery = d.id GROUP BY 1, 2",
    )?;
    let deliveries = collect(
        &mut by_state.query([DeliveryState::Claimed.number()])?,
        |row| {
            let channel = word(row, "channel", Channel::from_number)?;
            let state = word(row, "state", DeliveryState::from_number)?;
            Ok(((channel, state), row.get::<_, u32>("n")?.into()))
        },
    )?
    .into_iter()
    .collect();
    Ok(Counts {
        events: number("SELECT count(*) FROM events")?,
        messages,
        failed_events: number("SELECT count(*) FROM failed_events WHERE replayed_at IS NULL")?,
        deliveries,
        in_doubt_attempts: number("SELECT count(*) FROM attempts WHERE outcome IN (3, 5)")?,
    })
}
