//! One recipient's Message Center: pages, counts, changes, flags.

use model::{Category, Id, Instant, Lane, Message, MessageId, RecipientId};
use rusqlite::{Connection, OptionalExtension, params};

use super::commit::order_hash;
use super::rows::{CONTENT, MESSAGE, collect, message, word};
use super::{Shared, Sqlite};
use crate::fold::{fold, matches_all};
use crate::{Changes, FlagChange, MailboxFilter, MailboxPage, Result, UnreadCounts};

impl Sqlite {
    pub(crate) async fn mailbox_page(
        &self,
        recipient: RecipientId,
        filter: MailboxFilter,
        cursor: Option<MessageId>,
        limit: usize,
    ) -> Result<MailboxPage> {
        self.read(move |connection, shared| {
            let snapshot = connection.unchecked_transaction()?;
            let mut messages = Vec::new();
            scan(&snapshot, shared, recipient, &filter, cursor, |found| {
                messages.push(found);
                messages.len() <= limit
            })?;
            let next = (messages.len() > limit).then(|| {
                messages.truncate(limit);
                messages.last().map(|message| message.id)
            });
            Ok(MailboxPage {
                messages,
                next: next.flatten(),
                revision: revision(&snapshot, recipient)?,
            })
        })
        .await
    }

    pub(crate) async fn unread_counts(&self, recipient: RecipientId) -> Result<UnreadCounts> {
        self.read(move |connection, _| {
            let snapshot = connection.unchecked_transaction()?;
            let mut statement = snapshot.prepare_cached(
                "SELECT category, count(*) AS n FROM mailbox
                 WHERE recipient = ?1 AND read_at IS NULL AND deleted_at IS NULL GROUP BY category",
            )?;
            let by_category: Vec<(Category, u32)> =
                collect(&mut statement.query([recipient.as_i64()])?, |row| {
                    Ok((word(row, "category", Category::from_number)?, row.get("n")?))
                })?;
            Ok(UnreadCounts {
                total: by_category.iter().map(|(_, n)| n).sum(),
                by_category: by_category.into_iter().collect(),
                revision: revision(&snapshot, recipient)?,
            })
        })
        .await
    }

    pub(crate) async fn senders(&self, recipient: RecipientId) -> Result<Vec<String>> {
        self.read(move |connection, _| {
            let mut statement = connection.prepare_cached(
                "SELECT DISTINCT m.sender FROM mailbox b JOIN messages m ON m.id = b.message
                 WHERE b.recipient = ?1 ORDER BY m.sender LIMIT 200",
            )?;
            collect(&mut statement.query([recipient.as_i64()])?, |row| {
                Ok(row.get(0)?)
            })
        })
        .await
    }

    pub(crate) async fn changes_since(
        &self,
        recipient: RecipientId,
        since: i64,
        limit: usize,
    ) -> Result<Changes> {
        self.read(move |connection, shared| {
            let snapshot = connection.unchecked_transaction()?;
            let newest: Option<i64> = snapshot
                .prepare_cached("SELECT value FROM meta WHERE key = 'revision'")?
                .query_row([], |row| row.get(0))
                .optional()?;
            let reset = since > newest.unwrap_or(0);
            let since = if reset { 0 } else { since };
            let mut statement = snapshot.prepare_cached(&format!(
                "SELECT {MESSAGE}, {CONTENT} FROM mailbox b JOIN messages m ON m.id = b.message
                 WHERE b.recipient = ?1 AND b.revision > ?2 ORDER BY b.revision LIMIT ?3"
            ))?;
            let wanted = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
            let mut rows = statement.query(params![recipient.as_i64(), since, wanted])?;
            let mut messages = collect(&mut rows, |row| message(row, shared))?;
            let more = messages.len() > limit;
            messages.truncate(limit);
            let last = messages.last().map_or(since, |message| message.revision);
            let revision = if more {
                last
            } else {
                revision(&snapshot, recipient)?.max(since)
            };
            Ok(Changes {
                messages,
                revision,
                more,
                reset,
            })
        })
        .await
    }

    pub(crate) async fn set_flags(
        &self,
        recipient: RecipientId,
        messages: Vec<MessageId>,
        change: FlagChange,
        now: Instant,
    ) -> Result<usize> {
        self.write(Lane::Urgent, messages.len(), move |tx| {
            // Only rows whose flag really changes get a new revision.
            let sql = match change {
                FlagChange::Read(true) => "UPDATE mailbox SET read_at = ?3, revision = ?4 WHERE recipient = ?1 AND message = ?2 AND read_at IS NULL",
                FlagChange::Read(false) => "UPDATE mailbox SET read_at = NULL, revision = ?4 WHERE recipient = ?1 AND message = ?2 AND read_at IS NOT NULL AND ?3 IS NOT NULL",
                FlagChange::Deleted(true) => "UPDATE mailbox SET deleted_at = ?3, revision = ?4 WHERE recipient = ?1 AND message = ?2 AND deleted_at IS NULL",
                FlagChange::Deleted(false) => "UPDATE mailbox SET deleted_at = NULL, revision = ?4 WHERE recipient = ?1 AND message = ?2 AND deleted_at IS NOT NULL AND ?3 IS NOT NULL",
            };
            let mut changed = 0;
            for message in &messages {
                let revision = tx.next_revision(recipient);
                changed += tx.connection.prepare_cached(sql)?.execute(params![
                    recipient.as_i64(),
                    message.as_i64(),
                    now.as_micros(),
                    revision,
                ])?;
            }
            Ok(changed)
        })
        .await
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
        let unread = self
            .read(move |connection, shared| {
                let mut ids = Vec::new();
                scan(connection, shared, recipient, &filter, None, |found| {
                    ids.push(found.id);
                    true
                })?;
                Ok(ids)
            })
            .await?;
        self.set_flags(recipient, unread.clone(), FlagChange::Read(true), now)
            .await?;
        Ok(unread)
    }

    pub(crate) async fn purge_deleted(&self, before: Instant, limit: usize) -> Result<usize> {
        self.write(Lane::Bulk, limit, move |tx| {
            // A purged stub keeps its row in both tables: counts and digests stay. Emptied
            // data marks it as done.
            let done = tx
                .connection
                .prepare_cached(
                    "UPDATE messages SET title = '', summary = '', text = '', data = '{}', order_number = NULL
                     WHERE id IN (
                         SELECT b.message FROM mailbox b JOIN messages m ON m.id = b.message
                         WHERE b.deleted_at < ?1 AND m.data <> '{}' LIMIT ?2)",
                )?
                .execute(params![before.as_micros(), i64::try_from(limit).unwrap_or(i64::MAX)])?;
            Ok(done)
        })
        .await
    }
}

fn revision(connection: &Connection, recipient: RecipientId) -> Result<i64> {
    let mut statement =
        connection.prepare_cached("SELECT max(revision) FROM mailbox WHERE recipient = ?1")?;
    let newest: Option<i64> = statement.query_row([recipient.as_i64()], |row| row.get(0))?;
    Ok(newest.unwrap_or(0))
}

/// Walks a mailbox from the newest, past `cursor`, giving what the filter shows until
/// `take` has enough. The narrow index decides all it can before content is read.
fn scan(
    connection: &Connection,
    shared: &Shared,
    recipient: RecipientId,
    filter: &MailboxFilter,
    cursor: Option<MessageId>,
    mut take: impl FnMut(Message) -> bool,
) -> Result<()> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {MESSAGE}, {CONTENT} FROM mailbox b JOIN messages m ON m.id = b.message
         WHERE b.recipient = ?1 AND b.message < ?2
             AND (b.deleted_at IS NOT NULL) = ?3
             AND (?4 IS NULL OR b.category = ?4)
             AND (?5 = 0 OR b.read_at IS NULL)
             AND (?6 = 0 OR b.order_hash = ?6)
             AND (?7 IS NULL OR m.at >= ?7) AND (?8 IS NULL OR m.at < ?8)
         ORDER BY b.message DESC"
    ))?;
    let mut rows = statement.query(params![
        recipient.as_i64(),
        cursor.map_or(i64::MAX, MessageId::as_i64),
        filter.deleted,
        filter.category.map(Category::number),
        filter.unread,
        filter.order.as_deref().map_or(0, order_hash),
        filter.since.map(Instant::as_micros),
        filter.until.map(Instant::as_micros),
    ])?;
    let words: Vec<String> = filter
        .query
        .as_deref()
        .map(|query| fold(query).split_whitespace().map(str::to_owned).collect())
        .unwrap_or_default();
    let sender = filter.sender.as_deref().map(fold);
    while let Some(row) = rows.next()? {
        let found = message(row, shared)?;
        let content = &found.content;
        // A purged stub has nothing to show.
        let shown = !(filter.deleted && content.title.is_empty())
            && filter
                .order
                .as_ref()
                .is_none_or(|order| content.order.as_ref() == Some(order))
            && sender
                .as_ref()
                .is_none_or(|sender| fold(&content.sender) == *sender)
            && (words.is_empty() || matches_all(&words, &search_text(&found)));
        if shown && !take(found) {
            break;
        }
    }
    Ok(())
}

fn search_text(message: &Message) -> String {
    let content = &message.content;
    let order = content.order.as_deref().unwrap_or_default();
    fold(
        &[
            content.title.as_str(),
            &content.summary,
            &content.text,
            &content.sender,
            order,
        ]
        .join("\n"),
    )
}
