//! One recipient's Message Center: pages, counts, changes, flags.
//!
//! Where a revision is given back with rows, the revision is read first: what is committed
//! between the two shows in the rows and again in the next changes, and is never missed.

use model::{Category, Id, Instant, Lane, Message, MessageId, RecipientId};
use tokio_postgres::Row;

use super::commit::news_of;
use super::failure::Failure;
use super::rows::{Fields, get, message, named, order_hash, partition, text, word};
use super::sql::mailbox::{CHANGES, PAGE, PURGE, REVISION, SENDERS, SET_DELETED, SET_READ, UNREAD};
use super::sql::path::MOVE_HEADS;
use super::steps::{Steps, ask, begin, commit, params};
use super::{Postgres, Shared, all_partitions, retrying};
use crate::fold::{fold, matches_all};
use crate::withdrawn::without_words;
use crate::{Changes, FlagChange, MailboxFilter, MailboxPage, Result, UnreadCounts};

/// Rows read at a time where words must be searched in them.
const CHUNK: usize = 500;

impl Postgres {
    pub(crate) async fn mailbox_page(
        &self,
        recipient: RecipientId,
        filter: MailboxFilter,
        cursor: Option<MessageId>,
        limit: usize,
    ) -> Result<MailboxPage> {
        let client = self.shared.reader().await?;
        let revision = self.shared.revision(&client, recipient).await?;
        let scan = Scan {
            recipient,
            filter: &filter,
            enough: limit + 1,
        };
        let mut messages = self.shared.scan(&client, &scan, cursor).await?;
        let next = (messages.len() > limit).then(|| {
            messages.truncate(limit);
            messages.last().map(|message| message.id)
        });
        Ok(MailboxPage {
            messages,
            next: next.flatten(),
            revision,
        })
    }

    pub(crate) async fn unread_counts(&self, recipient: RecipientId) -> Result<UnreadCounts> {
        let client = self.shared.reader().await?;
        let revision = self.shared.revision(&client, recipient).await?;
        let params = params![partition(recipient), recipient.as_i64()];
        let rows = ask(&client, UNREAD, params).await?.rows;
        let mut counts = UnreadCounts {
            revision,
            ..UnreadCounts::default()
        };
        for row in &rows {
            let count = u32::try_from(get::<i64>(row, 1)?).unwrap_or(u32::MAX);
            counts.total += count;
            let category = word(row, 0, Category::from_number)?;
            counts.by_category.insert(category, count);
        }
        Ok(counts)
    }

    pub(crate) async fn senders(&self, recipient: RecipientId) -> Result<Vec<String>> {
        let client = self.shared.reader().await?;
        let params = params![partition(recipient), recipient.as_i64()];
        let rows = ask(&client, SENDERS, params).await?.rows;
        rows.iter().map(|row| get(row, 0)).collect()
    }

    pub(crate) async fn changes_since(
        &self,
        recipient: RecipientId,
        since: i64,
        limit: usize,
    ) -> Result<Changes> {
        let client = self.shared.reader().await?;
        let newest = self.shared.revision(&client, recipient).await?;
        let reset = since > newest;
        let since = if reset { 0 } else { since };
        let wanted = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
        let params = params![partition(recipient), recipient.as_i64(), since, wanted];
        let rows = ask(&client, CHANGES, params).await?.rows;
        let messages = self.shared.read_messages(&client, &rows).await?;
        let mut messages: Vec<Message> = messages.into_iter().map(without_words).collect();
        let more = messages.len() > limit;
        messages.truncate(limit);
        let last = messages.last().map_or(since, |message| message.revision);
        // A snapshot that shows a revision shows all before it: they are given under a
        // lock that is held until the commit.
        let revision = if more { last } else { newest.max(last) };
        Ok(Changes {
            messages,
            revision,
            more,
            reset,
        })
    }

    pub(crate) async fn set_flags(
        &self,
        recipient: RecipientId,
        messages: Vec<MessageId>,
        change: FlagChange,
        now: Instant,
    ) -> Result<usize> {
        let set = || self.shared.set_flags(recipient, &messages, change, now);
        Ok(retrying(set).await?)
    }

    pub(crate) async fn mark_all_read(
        &self,
        recipient: RecipientId,
        filter: MailboxFilter,
        now: Instant,
    ) -> Result<Vec<MessageId>> {
        let filter = MailboxFilter {
            unread: true,
            ..filter
        };
        let scan = Scan {
            recipient,
            filter: &filter,
            enough: usize::MAX,
        };
        let client = self.shared.reader().await?;
        let found = self.shared.scan(&client, &scan, None).await?;
        drop(client);
        let unread: Vec<MessageId> = found.into_iter().map(|message| message.id).collect();
        self.set_flags(recipient, unread.clone(), FlagChange::Read(true), now)
            .await?;
        Ok(unread)
    }

    pub(crate) async fn purge_deleted(&self, before: Instant, limit: usize) -> Result<usize> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let client = self.shared.open(self.shared.pool(Lane::Bulk)).await?;
        let purged = retrying(|| {
            let params = params![all_partitions(), before.as_micros(), limit];
            ask(&client, PURGE, params)
        });
        Ok(usize::try_from(purged.await?.affected).unwrap_or(usize::MAX))
    }
}

/// What to look for, newest first.
struct Scan<'a> {
    recipient: RecipientId,
    filter: &'a MailboxFilter,
    enough: usize,
}

impl Shared {
    async fn revision(
        &self,
        client: &deadpool_postgres::Object,
        recipient: RecipientId,
    ) -> std::result::Result<i64, Failure> {
        let params = params![partition(recipient), recipient.as_i64()];
        let rows = ask(client, REVISION, params).await?.rows;
        Ok(rows.first().map_or(Ok(0), |row| get(row, 0))?)
    }

    pub(super) async fn read_messages(
        &self,
        client: &deadpool_postgres::Object,
        rows: &[Row],
    ) -> std::result::Result<Vec<Message>, Failure> {
        let names = named(rows, &["type", "locale"]);
        self.names.cover(client, names.into_iter()).await?;
        let read = |row| message(&mut Fields::of(row, &self.names));
        Ok(rows.iter().map(read).collect::<Result<_>>()?)
    }

    async fn scan(
        &self,
        client: &deadpool_postgres::Object,
        scan: &Scan<'_>,
        cursor: Option<MessageId>,
    ) -> std::result::Result<Vec<Message>, Failure> {
        let filter = scan.filter;
        let shown = Shown::of(filter);
        let chunk = if shown.needs_words() {
            CHUNK
        } else {
            scan.enough.min(CHUNK)
        };
        let mut after = cursor.map_or(i64::MAX, Id::as_i64);
        let mut found = Vec::new();
        loop {
            let params = params![
                partition(scan.recipient),
                scan.recipient.as_i64(),
                after,
                filter.deleted,
                filter.category.map(|category| i16::from(category.number())),
                filter.unread,
                filter.order.as_deref().map_or(0, order_hash),
                filter.since.map(Instant::as_micros),
                filter.until.map(Instant::as_micros),
                chunk as i64,
            ];
            let rows = ask(client, PAGE, params).await?.rows;
            let messages = self.read_messages(client, &rows).await?;
            let read = messages.len();
            if let Some(last) = messages.last() {
                after = last.id.as_i64();
            }
            found.extend(messages.into_iter().filter(|message| shown.shows(message)));
            if found.len() >= scan.enough {
                found.truncate(scan.enough);
                return Ok(found);
            }
            if read < chunk {
                return Ok(found);
            }
        }
    }

    async fn set_flags(
        &self,
        recipient: RecipientId,
        messages: &[MessageId],
        change: FlagChange,
        now: Instant,
    ) -> std::result::Result<usize, Failure> {
        let held = self.node.held()?;
        let mut ids: Vec<i64> = messages.iter().map(|id| id.as_i64()).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut client = self.open(self.pool(Lane::Urgent)).await?;
        let tx = begin(&mut client).await?;
        let mut heads = self
            .lock_heads(&tx, std::iter::once(recipient), held)
            .await?;
        let Some(head) = heads.get_mut(&recipient) else {
            return Ok(0);
        };
        // Each message its own revision: a device that asks for a few at a time stops
        // between any two.
        let given: Vec<i64> = (1..).map(|n| head.revision + n).take(ids.len()).collect();
        head.revision += ids.len() as i64;
        let (at, owner) = (partition(recipient), recipient.as_i64());
        let (sql, set) = match change {
            FlagChange::Read(set) => (SET_READ, set),
            FlagChange::Deleted(set) => (SET_DELETED, set),
        };
        let mut steps = Steps::new();
        steps.add(sql, params![at, owner, now.as_micros(), set, &ids, &given]);
        let changed = steps.run(&tx).await?[0].affected;
        if changed == 0 {
            return Ok(0);
        }
        let params = params![vec![at], vec![owner], vec![head.revision]];
        ask(&tx, MOVE_HEADS, params).await?;
        commit(tx).await?;
        let moved = std::iter::once(recipient);
        self.bells.tell(news_of(vec![], moved, &heads));
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }
}

/// What of a filter is decided here, for it needs the text.
struct Shown<'a> {
    filter: &'a MailboxFilter,
    words: Vec<String>,
    sender: Option<String>,
    order: Option<String>,
}

impl<'a> Shown<'a> {
    fn of(filter: &'a MailboxFilter) -> Self {
        let query = filter.query.as_deref().map(fold).unwrap_or_default();
        Self {
            filter,
            words: query.split_whitespace().map(str::to_owned).collect(),
            sender: filter.sender.as_deref().map(fold),
            order: filter
                .order
                .as_deref()
                .map(|order| text(order).into_owned()),
        }
    }

    fn needs_words(&self) -> bool {
        !self.words.is_empty() || self.sender.is_some()
    }

    fn shows(&self, message: &Message) -> bool {
        let content = &message.content;
        // A purged stub has nothing to show.
        !(self.filter.deleted && content.title.is_empty())
            && (self.order.is_none() || content.order == self.order)
            && self
                .sender
                .as_ref()
                .is_none_or(|sender| fold(&content.sender) == *sender)
            && (self.words.is_empty() || matches_all(&self.words, &search_text(message)))
    }
}

fn search_text(message: &Message) -> String {
    let content = &message.content;
    let order = content.order.as_deref().unwrap_or_default();
    let parts = [
        content.title.as_str(),
        &content.summary,
        &content.text,
        &content.sender,
        order,
    ];
    fold(&parts.join("\n"))
}
