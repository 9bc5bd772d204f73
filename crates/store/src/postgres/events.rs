//! Failed events, and counts over everything.

use model::{Channel, DeliveryState, EventId, FailedEvent, FailureReason, Id, Mode, Sealed};
use tokio_postgres::Row;

use super::failure::Failure;
use super::open::REPORT;
use super::rows::{Fields, get, named, partition, text, word};
use super::sql::reports::{
    ACCEPT_TO_CARRIER, COUNT_DELIVERIES, COUNT_EVENTS, COUNT_FAILED, COUNT_IN_DOUBT,
    COUNT_MESSAGES, FAILED, FAILED_AMONG, FAILED_COUNTS, FAILED_EVENT,
};
use super::steps::{Steps, ask, begin, params};
use super::{Postgres, Shared, all_partitions};
use crate::{Counts, FailedCount, FailedFilter, Result};

impl Postgres {
    pub(crate) async fn failed_events_like(
        &self,
        filter: FailedFilter,
        before: Option<EventId>,
        limit: usize,
    ) -> Result<Vec<FailedEvent>> {
        let before = before.map_or(i64::MAX, Id::as_i64);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let client = self.shared.reader().await?;
        let params = params![
            all_partitions(),
            before,
            limit,
            filter.reason.map(|reason| i16::from(reason.number())),
            filter.event_type.as_deref().map(text),
        ];
        let rows = ask(&client, FAILED, params).await?.rows;
        drop(client);
        let ids = rows.iter().map(|row| Ok(EventId::from_i64(get(row, 0)?)));
        self.failed_among(ids.collect::<Result<_>>()?).await
    }

    pub(crate) async fn failed_counts(&self, limit: usize) -> Result<Vec<FailedCount>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let params = params![all_partitions(), limit];
        let found = self.ask_one(FAILED_COUNTS, params).await?;
        let read = |row| {
            Ok(FailedCount {
                reason: word(row, 0, FailureReason::from_number)?,
                event_type: get(row, 1)?,
                count: u64::try_from(get::<i64>(row, 2)?).unwrap_or(0),
            })
        };
        found.rows.iter().map(read).collect()
    }

    pub(crate) async fn failed_among(&self, events: Vec<EventId>) -> Result<Vec<FailedEvent>> {
        let partitions: Vec<i16> = events.iter().map(|id| partition(*id)).collect();
        let ids: Vec<i64> = events.iter().map(|id| id.as_i64()).collect();
        let client = self.shared.reader().await?;
        let rows = ask(&client, FAILED_AMONG, params![partitions, ids])
            .await?
            .rows;
        Ok(self.shared.read_failed(&client, &rows).await?)
    }

    pub(crate) async fn failed_event(&self, event: EventId) -> Result<Option<FailedEvent>> {
        let client = self.shared.reader().await?;
        let params = params![partition(event), event.as_i64()];
        let rows = ask(&client, FAILED_EVENT, params).await?.rows;
        Ok(self.shared.read_failed(&client, &rows).await?.pop())
    }

    pub(crate) async fn accept_to_carrier(&self) -> Result<Vec<i64>> {
        let rows = self.shared.report(vec![ACCEPT_TO_CARRIER]).await?.remove(0);
        rows.iter().map(|row| get(row, 0)).collect()
    }

    pub(crate) async fn counts(&self) -> Result<Counts> {
        let all = vec![
            COUNT_EVENTS,
            COUNT_FAILED,
            COUNT_IN_DOUBT,
            COUNT_MESSAGES,
            COUNT_DELIVERIES,
        ];
        let rows = self.shared.report(all).await?;
        let number = |at: usize| -> Result<u64> {
            let value: i64 = rows[at].first().map_or(Ok(0), |row| get(row, 0))?;
            Ok(u64::try_from(value).unwrap_or(0))
        };
        let mut counts = Counts {
            events: number(0)?,
            failed_events: number(1)?,
            in_doubt_attempts: number(2)?,
            ..Counts::default()
        };
        for row in &rows[3] {
            let count = u64::try_from(get::<i64>(row, 1)?).unwrap_or(0);
            counts
                .messages
                .insert(self.shared.names.name(get(row, 0)?)?, count);
        }
        for row in &rows[4] {
            let channel = word(row, 0, Channel::from_number)?;
            let state = word(row, 1, DeliveryState::from_number)?;
            let count = u64::try_from(get::<i64>(row, 2)?).unwrap_or(0);
            counts.deliveries.insert((channel, state), count);
        }
        Ok(counts)
    }
}

impl Shared {
    /// Statements that read everything.
    async fn report(
        &self,
        statements: Vec<&'static str>,
    ) -> std::result::Result<Vec<Vec<Row>>, Failure> {
        let mut client = self.reader().await?;
        let tx = begin(&mut client).await?;
        tx.batch_execute(REPORT).await?;
        let mut steps = Steps::new();
        for sql in statements {
            let params = if sql == COUNT_DELIVERIES {
                params![i16::from(DeliveryState::Claimed.number())]
            } else {
                params![]
            };
            steps.add(sql, params);
        }
        let answers = steps.run_long(&tx).await?;
        for answer in &answers {
            self.names
                .cover(&tx, named(&answer.rows, &["type"]).into_iter())
                .await?;
        }
        Ok(answers.into_iter().map(|answer| answer.rows).collect())
    }

    async fn read_failed(
        &self,
        client: &deadpool_postgres::Object,
        rows: &[Row],
    ) -> std::result::Result<Vec<FailedEvent>, Failure> {
        let names = named(rows, &["source", "type"]);
        self.names.cover(client, names.into_iter()).await?;
        let read = |row| failed(&mut Fields::of(row, &self.names));
        Ok(rows.iter().map(read).collect::<Result<_>>()?)
    }
}

fn failed(fields: &mut Fields<'_>) -> Result<FailedEvent> {
    Ok(FailedEvent {
        id: fields.id()?,
        source: fields.name()?,
        event_id: fields.next()?,
        event_type: fields.name()?,
        accepted_at: fields.instant()?,
        mode: fields.word(Mode::from_number)?,
        subject: fields.next()?,
        reason: fields.word(FailureReason::from_number)?,
        detail: fields.next()?,
        envelope: Sealed::new(fields.next::<String>()?),
        replayed_at: fields.maybe_instant()?,
    })
}
