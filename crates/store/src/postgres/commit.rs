//! Committing accepted events with all that follows from them.
//!
//! The recipients' narrow rows are locked first, all in one order; under that lock the
//! facts are compared and the mailboxes' revisions given, so that whoever sees a revision
//! sees all before it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use deadpool_postgres::{Pool, Transaction};
use model::{AuditLine, EventId, Id, Lane, RecipientId};

use super::attention::crowded;
use super::audit::add_audit;
use super::failure::Failure;
use super::insert::Insert;
use super::node::{Held, Node};
use super::rows::{get, partition, partition_of, text};
use super::sql::path::{
    CLOSE_FAILED, FAIL_AGAIN, FIND_KEYS, LOCK_FAILED, LOCK_HEADS, LOCK_HEADS_ONE, PUT_KEYS,
};
use super::steps::{Steps, ask, begin, params};
use super::{Postgres, Shared, retrying};
use crate::{AcceptedEvent, AcceptedResult, Committed, Error, MailboxNews, News, Result};

/// A recipient's narrow row, locked.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) version: i64,
    pub(super) revision: i64,
}

pub(super) type Heads = HashMap<RecipientId, Head>;

/// What stands for (partition, source, id).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    partition: i16,
    high: i64,
    low: i64,
}

impl Postgres {
    pub(crate) async fn commit_replayed(
        &self,
        event: AcceptedEvent,
        audit: Option<AuditLine>,
    ) -> Result<Committed> {
        let replayed = retrying(|| self.shared.replayed(&event, audit.as_slice()));
        Ok(replayed.await?)
    }
}

impl Shared {
    pub(super) async fn commit(
        &self,
        pool: &Pool,
        events: Arc<Vec<AcceptedEvent>>,
    ) -> std::result::Result<Vec<Committed>, Failure> {
        let held = self.node.held()?;
        let mut client = self.open(pool).await?;
        self.names.learn(&client, names_of(&events)).await?;
        self.learn_lines(&client, &events).await?;
        let keys: Vec<Key> = events.iter().map(|event| self.key_of(event)).collect();
        let tx = begin(&mut client).await?;
        let recipients = events.iter().filter_map(recipient);
        let mut heads = self.lock_heads(&tx, recipients, held).await?;
        let crowded = crowded(&tx, &events).await?;
        let stale = |event: &AcceptedEvent| is_stale(event, &heads) || crowded.contains(&event.id);
        let committed = answer(&tx, &events, &keys, stale).await?;
        let accepted = events.iter().zip(&committed);
        let accepted = accepted.filter(|(_, committed)| **committed == Committed::Accepted);
        let mut insert = Insert::default();
        for (event, _) in accepted {
            insert.event(event, &self.names)?;
            insert.result(event, (&self.names, &self.lines), &mut heads)?;
        }
        insert.run(&tx, held, &heads).await?;
        let (news, entered) = insert.news(&heads);
        self.end(tx, held, || insert.claimed()).await?;
        self.lines.count(insert.money());
        self.backlog.fetch_add(entered, Ordering::Relaxed);
        self.bells.tell(news);
        Ok(committed)
    }

    async fn replayed(
        &self,
        event: &AcceptedEvent,
        audit: &[AuditLine],
    ) -> std::result::Result<Committed, Failure> {
        let held = self.node.held()?;
        let mut client = self.open(self.pool(Lane::Normal)).await?;
        let one = std::slice::from_ref(event);
        self.names.learn(&client, names_of(one)).await?;
        self.learn_lines(&client, one).await?;
        let tx = begin(&mut client).await?;
        let mut heads = self
            .lock_heads(&tx, recipient(event).into_iter(), held)
            .await?;
        let (at, id) = (partition(event.id), event.id.as_i64());
        let open = ask(&tx, LOCK_FAILED, params![at, id]).await?;
        if open.rows.is_empty() {
            return Ok(Committed::Duplicate(event.id));
        }
        if is_stale(event, &heads) || !crowded(&tx, one).await?.is_empty() {
            return Ok(Committed::Stale);
        }
        let mut insert = Insert::default();
        match &event.result {
            AcceptedResult::Failed { reason, detail, .. } => {
                let params = params![at, id, i16::from(reason.number()), text(detail)];
                ask(&tx, FAIL_AGAIN, params).await?;
            }
            AcceptedResult::Message { .. } => {
                insert.result(event, (&self.names, &self.lines), &mut heads)?;
                insert.run(&tx, held, &heads).await?;
                ask(
                    &tx,
                    CLOSE_FAILED,
                    params![at, id, event.accepted_at.as_micros()],
                )
                .await?;
            }
        }
        let mut steps = Steps::new();
        add_audit(&mut steps, audit);
        steps.run(&tx).await?;
        let (news, entered) = insert.news(&heads);
        self.end(tx, held, || insert.claimed()).await?;
        self.lines.count(insert.money());
        self.backlog.fetch_add(entered, Ordering::Relaxed);
        self.bells.tell(news);
        Ok(Committed::Accepted)
    }

    /// Locks the recipients' narrow rows and proves this node's number on the way.
    pub(super) async fn lock_heads(
        &self,
        tx: &Transaction<'_>,
        recipients: impl Iterator<Item = RecipientId>,
        held: Held,
    ) -> std::result::Result<Heads, Failure> {
        let mut ids: Vec<i64> = recipients.map(Id::as_i64).collect();
        ids.sort_unstable();
        ids.dedup();
        let partitions: Vec<i16> = ids.iter().map(|id| partition_of(*id)).collect();
        let mut steps = Steps::new();
        Node::prove(&mut steps, held);
        let both = (LOCK_HEADS, LOCK_HEADS_ONE);
        steps.add_keyed(both, self.distributed, &partitions, &ids);
        let answers = steps.run(tx).await?;
        self.node.proved(&answers[0].rows, held)?;
        let read = |row| {
            let head = Head {
                version: get(row, 1)?,
                revision: get(row, 2)?,
            };
            Ok((RecipientId::from_i64(get(row, 0)?), head))
        };
        let locked = answers[1..].iter().flat_map(|answer| &answer.rows);
        locked.map(read).collect()
    }

    pub(super) fn key_of(&self, event: &AcceptedEvent) -> Key {
        let key = &event.event.key;
        let partition = event.event.partition().number();
        let (source, id) = (key.source.as_bytes(), key.id.as_bytes());
        let (high, low) = self.secret.event_key(partition, source, id);
        Key {
            partition: i16::from(partition),
            high,
            low,
        }
    }
}

/// The names an event's rows refer to.
pub(super) fn names_of(events: &[AcceptedEvent]) -> impl Iterator<Item = &str> {
    events.iter().flat_map(|accepted| {
        let content = match &accepted.result {
            AcceptedResult::Message { message, .. } => Some(&message.content),
            AcceptedResult::Failed { .. } => None,
        };
        let event = &accepted.event;
        [
            Some(event.key.source.as_str()),
            Some(event.event_type.as_str()),
            content.map(|content| content.message_type.as_str()),
            content.map(|content| content.locale.as_str()),
        ]
        .into_iter()
        .flatten()
    })
}

fn recipient(event: &AcceptedEvent) -> Option<RecipientId> {
    match &event.result {
        AcceptedResult::Message { message, .. } => Some(message.recipient),
        AcceptedResult::Failed { .. } => None,
    }
}

pub(super) fn is_stale(event: &AcceptedEvent, heads: &Heads) -> bool {
    match &event.result {
        AcceptedResult::Message {
            facts_version,
            message,
        } => {
            let head = heads.get(&message.recipient);
            head.map(|head| head.version) != Some(*facts_version)
        }
        AcceptedResult::Failed { .. } => false,
    }
}

/// Takes the keys of the events that may be written, and says what each event is.
pub(super) async fn answer(
    tx: &Transaction<'_>,
    events: &[AcceptedEvent],
    keys: &[Key],
    is_stale: impl Fn(&AcceptedEvent) -> bool,
) -> std::result::Result<Vec<Committed>, Failure> {
    let mut wanted: Vec<(Key, EventId)> = Vec::with_capacity(events.len());
    let mut asked: HashSet<Key> = HashSet::with_capacity(events.len());
    for (event, key) in events.iter().zip(keys) {
        if !is_stale(event) && asked.insert(*key) {
            wanted.push((*key, event.id));
        }
    }
    // In one order, for two nodes that bring the same events.
    wanted.sort_unstable_by_key(|(key, _)| *key);
    let params = params![
        wanted
            .iter()
            .map(|(key, _)| key.partition)
            .collect::<Vec<_>>(),
        wanted.iter().map(|(key, _)| key.high).collect::<Vec<_>>(),
        wanted.iter().map(|(key, _)| key.low).collect::<Vec<_>>(),
        wanted.iter().map(|(_, id)| id.as_i64()).collect::<Vec<_>>(),
    ];
    let put = ask(tx, PUT_KEYS, params).await?;
    let read = |row| get::<i64>(row, 0).map(EventId::from_i64);
    let mut put: HashSet<EventId> = put.rows.iter().map(read).collect::<Result<_>>()?;
    let mut owners: HashMap<Key, EventId> = HashMap::with_capacity(wanted.len());
    let (own, other): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|(_, id)| put.contains(id));
    owners.extend(own);
    let mut unknown: HashSet<Key> = other.into_iter().map(|(key, _)| key).collect();
    unknown.extend(keys.iter().filter(|key| !owners.contains_key(key)));
    if !unknown.is_empty() {
        let unknown: Vec<Key> = unknown.into_iter().collect();
        let params = params![
            unknown.iter().map(|key| key.partition).collect::<Vec<_>>(),
            unknown.iter().map(|key| key.high).collect::<Vec<_>>(),
            unknown.iter().map(|key| key.low).collect::<Vec<_>>(),
        ];
        for row in ask(tx, FIND_KEYS, params).await?.rows {
            let event = EventId::from_i64(get(&row, 2)?);
            let key = Key {
                partition: partition(event),
                high: get(&row, 0)?,
                low: get(&row, 1)?,
            };
            owners.insert(key, event);
        }
    }
    let committed = events.iter().zip(keys).map(|(event, key)| {
        Ok(match owners.get(key) {
            Some(_) if put.remove(&event.id) => Committed::Accepted,
            Some(owner) => Committed::Duplicate(*owner),
            None if is_stale(event) => Committed::Stale,
            None => return Err(Error::Corrupt("event_keys: a key is gone".into()).into()),
        })
    });
    committed.collect()
}

/// What a commit tells: the queues that grew and the mailboxes that moved.
pub(super) fn news_of(
    due: Vec<(model::Channel, Lane)>,
    moved: impl Iterator<Item = RecipientId>,
    heads: &Heads,
) -> News {
    let mailboxes = moved.filter_map(|recipient| {
        Some(MailboxNews {
            recipient,
            revision: heads.get(&recipient)?.revision,
        })
    });
    News {
        due,
        mailboxes: mailboxes.collect(),
    }
}
