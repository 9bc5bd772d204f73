//! Messages that wait for a summary.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use model::{Channel, Id, Instant, Lane, Message, MessageId, RecipientId, Span, Trace};

use super::attention::crowded;
use super::commit::{answer, is_stale, names_of};
use super::failure::Failure;
use super::insert::Insert;
use super::rows::{get, partition, text, word};
use super::sql::digests::{
    ADD_TO_TRACES_OF, CLAIM_DIGESTS, DUE_DIGESTS, LEAVE_COLLECTED, MESSAGES_OF,
};
use super::steps::{Steps, ask, begin, params};
use super::{Postgres, Shared, all_partitions, retrying};
use crate::{Committed, DigestCommitted, DigestSettled, DueDigest, Result};

impl Postgres {
    pub(crate) async fn claim_digests(
        &self,
        now: Instant,
        limit: usize,
        lease: Span,
    ) -> Result<Vec<DueDigest>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let params = params![all_partitions(), now.as_micros(), limit];
        let found = self.ask_one(DUE_DIGESTS, params).await?.rows;
        if found.is_empty() {
            return Ok(vec![]);
        }
        let (mut partitions, mut moments) = (Vec::new(), Vec::new());
        let (mut owners, mut channels) = (Vec::new(), Vec::new());
        for row in &found {
            partitions.push(get::<i16>(row, 0)?);
            moments.push(get::<i64>(row, 1)?);
            owners.push(get::<i64>(row, 2)?);
            channels.push(get::<i16>(row, 3)?);
        }
        let claimed = retrying(|| async {
            let client = self.shared.reader().await?;
            let params = params![&partitions, &moments, &owners, &channels, lease.as_micros()];
            ask(&client, CLAIM_DIGESTS, params).await
        })
        .await?;
        let mut due: BTreeMap<(i64, RecipientId, Channel), Vec<MessageId>> = BTreeMap::new();
        for row in &claimed.rows {
            let recipient = RecipientId::from_i64(get(row, 1)?);
            let key = (get(row, 0)?, recipient, word(row, 2, Channel::from_number)?);
            let message = MessageId::from_i64(get(row, 3)?);
            due.entry(key).or_default().push(message);
        }
        let due = due.into_iter();
        let digest = |((due_at, recipient, channel), mut messages): (_, Vec<MessageId>)| {
            messages.sort_unstable();
            DueDigest {
                recipient,
                channel,
                due_at: Instant::from_micros(due_at),
                messages,
            }
        };
        Ok(due.map(digest).collect())
    }

    pub(crate) async fn settle_digest(&self, settled: DigestSettled) -> Result<DigestCommitted> {
        Ok(retrying(|| self.shared.settle_waited(&settled)).await?)
    }

    pub(crate) async fn messages_of(
        &self,
        recipient: RecipientId,
        messages: Vec<MessageId>,
    ) -> Result<Vec<Message>> {
        let ids: Vec<i64> = messages.iter().map(|id| id.as_i64()).collect();
        let client = self.shared.reader().await?;
        let params = params![partition(recipient), recipient.as_i64(), ids];
        let rows = ask(&client, MESSAGES_OF, params).await?.rows;
        Ok(self.shared.read_messages(&client, &rows).await?)
    }
}

impl Shared {
    async fn settle_waited(
        &self,
        settled: &DigestSettled,
    ) -> std::result::Result<DigestCommitted, Failure> {
        let held = self.node.held()?;
        let (waited, events) = (&settled.waited, settled.event.as_slice());
        let mut client = self.open(self.pool(Lane::Normal)).await?;
        self.names.learn(&client, names_of(events)).await?;
        self.learn_lines(&client, events).await?;
        let tx = begin(&mut client).await?;
        let owner = std::iter::once(waited.recipient);
        let mut heads = self.lock_heads(&tx, owner, held).await?;
        let ids: Vec<i64> = waited.messages.iter().map(|id| id.as_i64()).collect();
        let at = partition(waited.recipient);
        let params = params![
            at,
            waited.due_at.as_micros(),
            waited.recipient.as_i64(),
            i16::from(waited.channel.number()),
            ids
        ];
        let gone = ask(&tx, LEAVE_COLLECTED, params).await?.affected;
        if gone != waited.messages.len() as u64 {
            return Ok(DigestCommitted::Gone);
        }
        let is_crowded = !crowded(&tx, events).await?.is_empty();
        if is_crowded || events.iter().any(|event| is_stale(event, &heads)) {
            return Ok(DigestCommitted::Stale);
        }
        let keys: Vec<_> = events.iter().map(|event| self.key_of(event)).collect();
        let committed = match events {
            [] => vec![],
            _ => answer(&tx, events, &keys, |_| false).await?,
        };
        let mut insert = Insert::default();
        let new = events.iter().zip(&committed);
        // One that was made before is not made again; what it told waits no longer.
        for (event, _) in new.filter(|(_, made)| **made == Committed::Accepted) {
            insert.event(event, &self.names)?;
            insert.result(event, (&self.names, &self.lines), &mut heads)?;
        }
        insert.run(&tx, held, &heads).await?;
        if !settled.said.is_empty() {
            let said = settled.said.iter();
            let (ids, lines): (Vec<i64>, Vec<String>) = said
                .map(|(id, spoke)| {
                    let line = Trace(vec![spoke.clone()]).to_compact();
                    (id.as_i64(), text(&line).into_owned())
                })
                .unzip();
            let mut steps = Steps::new();
            steps.add(ADD_TO_TRACES_OF, params![at, ids, lines]);
            steps.run(&tx).await?;
        }
        let (news, entered) = insert.news(&heads);
        self.end(tx, held, || insert.claimed()).await?;
        self.lines.count(insert.money());
        self.backlog.fetch_add(entered, Ordering::Relaxed);
        self.bells.tell(news);
        Ok(DigestCommitted::Settled)
    }
}
