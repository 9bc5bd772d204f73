//! Messages with the whole of their path, for the API and the console.

use std::collections::HashMap;

use deadpool_postgres::Transaction;
use model::{
    Attempt, Channel, ContactPoint, Delivery, DeliveryId, DeliveryState, Id, Instant, Lane,
    MessageId, Receipt, ReceiptStatus, Sealed,
};
use tokio_postgres::IsolationLevel;

use super::failure::Failure;
use super::outcomes::outcome_word;
use super::rows::{Fields, get, message, named, partition};
use super::sql::mailbox::{ATTEMPTS, DELIVERIES, LATEST, MESSAGE, MESSAGE_OF, RECEIPTS};
use super::steps::{Steps, ask, params};
use super::{Postgres, Shared, all_partitions};
use crate::{DeliveryRecord, EventRecord, MessageRecord, Result};

impl Postgres {
    pub(crate) async fn message(&self, id: MessageId) -> Result<Option<MessageRecord>> {
        Ok(self.shared.read_records(vec![id]).await?.pop())
    }

    pub(crate) async fn message_of(&self, delivery: DeliveryId) -> Result<Option<MessageRecord>> {
        let client = self.shared.reader().await?;
        let named = params![partition(delivery), delivery.as_i64()];
        let rows = ask(&client, MESSAGE_OF, named).await?.rows;
        drop(client);
        match rows.first() {
            Some(row) => self.message(MessageId::from_i64(get(row, 0)?)).await,
            None => Ok(None),
        }
    }

    pub(crate) async fn latest_messages(&self, limit: usize) -> Result<Vec<MessageRecord>> {
        let client = self.shared.reader().await?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        // Ids of different partitions interleave within a millisecond only, so the newest
        // ids are the newest messages.
        let rows = ask(&client, LATEST, params![all_partitions(), limit])
            .await?
            .rows;
        drop(client);
        let ids = rows.iter().map(|row| Ok(MessageId::from_i64(get(row, 0)?)));
        let ids = ids.collect::<Result<_>>()?;
        Ok(self.shared.read_records(ids).await?)
    }
}

impl Shared {
    /// Messages as of one moment; those that do not exist are left out.
    async fn read_records(
        &self,
        ids: Vec<MessageId>,
    ) -> std::result::Result<Vec<MessageRecord>, Failure> {
        let mut client = self.reader().await?;
        let tx = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await?;
        let mut records = Vec::with_capacity(ids.len());
        for id in ids {
            records.extend(self.read_record(&tx, id).await?);
        }
        Ok(records)
    }

    async fn read_record(
        &self,
        tx: &Transaction<'_>,
        wanted: MessageId,
    ) -> std::result::Result<Option<MessageRecord>, Failure> {
        let (at, id) = (partition(wanted), wanted.as_i64());
        let mut steps = Steps::new();
        steps.add(MESSAGE, params![at, id]);
        steps.add(
            DELIVERIES,
            params![at, id, i16::from(DeliveryState::Claimed.number())],
        );
        steps.add(ATTEMPTS, params![at, id]);
        steps.add(RECEIPTS, params![at, id]);
        let answers = steps.run(tx).await?;
        let mut names = named(
            &answers[0].rows,
            &["type", "locale", "source", "event_type"],
        );
        names.extend(named(&answers[2].rows, &["carrier"]));
        self.names.cover(tx, names.into_iter()).await?;
        let Some(row) = answers[0].rows.first() else {
            return Ok(None);
        };
        let mut fields = Fields::of(row, &self.names);
        let message = message(&mut fields)?;
        let event = EventRecord {
            id: message.event,
            source: fields.name()?,
            event_id: fields.next()?,
            event_type: fields.name()?,
            time: fields.instant()?,
            accepted_at: fields.instant()?,
        };
        let customer = fields.next::<Option<String>>()?.unwrap_or_default();
        let mut attempts: HashMap<DeliveryId, Vec<Attempt>> = HashMap::new();
        for row in &answers[2].rows {
            let mut fields = Fields::of(row, &self.names);
            let of = fields.id()?;
            attempts
                .entry(of)
                .or_default()
                .push(read_attempt(&mut fields)?);
        }
        let mut receipts: HashMap<DeliveryId, Vec<Receipt>> = HashMap::new();
        for row in &answers[3].rows {
            let mut fields = Fields::of(row, &self.names);
            let of = fields.id()?;
            receipts
                .entry(of)
                .or_default()
                .push(read_receipt(&mut fields)?);
        }
        let mut deliveries = Vec::with_capacity(answers[1].rows.len());
        for row in &answers[1].rows {
            let delivery = read_delivery(&mut Fields::of(row, &self.names))?;
            deliveries.push(DeliveryRecord {
                attempts: attempts.remove(&delivery.id).unwrap_or_default(),
                receipts: receipts.remove(&delivery.id).unwrap_or_default(),
                delivery,
            });
        }
        Ok(Some(MessageRecord {
            message,
            customer,
            event,
            deliveries,
        }))
    }
}

fn read_delivery(fields: &mut Fields<'_>) -> Result<Delivery> {
    Ok(Delivery {
        id: fields.id()?,
        message: fields.id()?,
        contact: ContactPoint {
            channel: fields.word(Channel::from_number)?,
            address: Sealed::new(fields.next::<String>()?),
        },
        state: fields.word(DeliveryState::from_number)?,
        lane: fields.word(Lane::from_number)?,
        due_at: fields.instant()?,
        expires_at: fields.instant()?,
        attempts: fields.count()?,
        changed_at: fields.instant()?,
    })
}

fn read_attempt(fields: &mut Fields<'_>) -> Result<Attempt> {
    Ok(Attempt {
        number: fields.count()?,
        carrier: fields.name()?,
        started_at: fields.instant()?,
        ended_at: fields.instant()?,
        outcome: outcome_word(fields.next()?),
        code: fields.next()?,
        reason: fields.next()?,
        carrier_id: fields.next()?,
        digest: fields.next()?,
    })
}

fn read_receipt(fields: &mut Fields<'_>) -> Result<Receipt> {
    Ok(Receipt {
        status: fields.word(ReceiptStatus::from_number)?,
        code: fields.next()?,
        carrier_time: fields.next::<Option<i64>>()?.map(Instant::from_micros),
        received_at: fields.instant()?,
    })
}
