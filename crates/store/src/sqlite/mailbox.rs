//! One recipient's Message Center: pages, counts, changes, flags.

use std::collections::BTreeMap;

use model::{Category, Id, Instant, Lane, Message, MessageId, RecipientId};
use rusqlite::{Row, params};

use super::commit::order_hash;
use super::fresh::{Entry, Moment};
use super::rows::{CONTENT, MESSAGE, collect, instant, message, word};
use super::search::{blocked_to, drop_blocks, find_in_blocks, search_text};
use super::{Shared, Sqlite};
use crate::fold::{fold, matches_all};
use crate::withdrawn::without_words;
use crate::{Changes, FlagChange, MailboxFilter, MailboxPage, Result, UnreadCounts};

/// Senders that are listed, for one mailbox.
const SENDERS: usize = 200;

impl Sqlite {
    pub(crate) async fn mailbox_page(
        &self,
        recipient: RecipientId,
        filter: MailboxFilter,
        cursor: Option<MessageId>,
        limit: usize,
    ) -> Result<MailboxPage> {
        if filter.query.is_some() {
            self.fill_blocks(recipient).await?;
        }
        self.read(move |connection, shared| {
            let moment = Moment::of(connection, shared, recipient)?;
            let mut messages = Vec::new();
            scan(&moment, shared, &filter, cursor, |found| {
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
                revision: revision(&moment)?,
            })
        })
        .await
    }

    pub(crate) async fn unread_counts(&self, recipient: RecipientId) -> Result<UnreadCounts> {
        self.read(move |connection, shared| {
            let moment = Moment::of(connection, shared, recipient)?;
            let mut statement = moment.snapshot.prepare_cached(
                "SELECT category, count(*) AS n FROM mailbox
                 WHERE recipient = ?1 AND read_at IS NULL AND deleted_at IS NULL GROUP BY category",
            )?;
            let counted: Vec<(Category, u32)> =
                collect(&mut statement.query([recipient.as_i64()])?, |row| {
                    Ok((word(row, "category", Category::from_number)?, row.get("n")?))
                })?;
            let mut by_category: BTreeMap<Category, u32> = counted.into_iter().collect();
            for entry in &moment.fresh {
                *by_category.entry(entry.category).or_default() += 1;
            }
            Ok(UnreadCounts {
                total: by_category.values().sum(),
                by_category,
                revision: revision(&moment)?,
            })
        })
        .await
    }

    pub(crate) async fn senders(&self, recipient: RecipientId) -> Result<Vec<String>> {
        self.read(move |connection, shared| {
            let moment = Moment::of(connection, shared, recipient)?;
            let mut statement = moment.snapshot.prepare_cached(
                "SELECT DISTINCT m.sender FROM mailbox b JOIN messages m ON m.id = b.message
                 WHERE b.recipient = ?1 AND b.withdrawn_at IS NULL ORDER BY m.sender LIMIT 200",
            )?;
            let mut senders: Vec<String> =
                collect(&mut statement.query([recipient.as_i64()])?, |row| {
                    Ok(row.get(0)?)
                })?;
            for entry in &moment.fresh {
                senders.extend(moment.with_row(entry, |row| Ok(row.get("sender")?))?);
            }
            senders.sort_unstable();
            senders.dedup();
            senders.truncate(SENDERS);
            Ok(senders)
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
            let moment = Moment::of(connection, shared, recipient)?;
            let reset = since > moment.revision;
            let since = if reset { 0 } else { since };
            // Which changed, from the narrow index alone; then what they say.
            let mut statement = moment.snapshot.prepare_cached(&format!(
                "SELECT {MESSAGE}, {CONTENT} FROM
                     (SELECT message, revision, read_at, deleted_at, withdrawn_at FROM mailbox
                      WHERE recipient = ?1 AND revision > ?2 ORDER BY revision LIMIT ?3) b
                 CROSS JOIN messages m ON m.id = b.message ORDER BY b.revision"
            ))?;
            let wanted = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
            let mut rows = statement.query(params![recipient.as_i64(), since, wanted])?;
            let mut messages = collect(&mut rows, |row| Ok(without_words(message(row, shared)?)))?;
            for entry in moment.fresh.iter().filter(|entry| entry.revision > since) {
                messages.extend(moment.read(entry, shared)?);
            }
            messages.sort_unstable_by_key(|message| message.revision);
            let more = messages.len() > limit;
            messages.truncate(limit);
            let last = messages.last().map_or(since, |message| message.revision);
            let revision = if more {
                last
            } else {
                revision(&moment)?.max(since)
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
                FlagChange::Deleted(false) => "UPDATE mailbox SET deleted_at = NULL, revision = ?4 WHERE recipient = ?1 AND message = ?2 AND deleted_at IS NOT NULL AND withdrawn_at IS NULL AND ?3 IS NOT NULL",
            };
            let mut changed = 0;
            for message in &messages {
                tx.settle(recipient, *message)?;
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
                let moment = Moment::of(connection, shared, recipient)?;
                let mut ids = Vec::new();
                scan(&moment, shared, &filter, None, |found| {
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
            let ids: Vec<i64> = {
                let mut due = tx.connection.prepare_cached(
                    "SELECT b.message FROM mailbox b JOIN messages m ON m.id = b.message
                     WHERE b.deleted_at < ?1 AND m.data <> '{}' LIMIT ?2",
                )?;
                let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                collect(&mut due.query(params![before.as_micros(), limit])?, |row| Ok(row.get(0)?))?
            };
            let mut empty = tx.connection.prepare_cached(
                "UPDATE messages SET title = '', summary = '', text = '', data = '{}', order_number = NULL
                 WHERE id = ?1",
            )?;
            let mut done = 0;
            for id in &ids {
                done += empty.execute([id])?;
                drop_blocks(tx, *id)?;
            }
            Ok(done)
        })
        .await
    }
}

/// The newest revision of a mailbox.
fn revision(moment: &Moment<'_>) -> Result<i64> {
    let mut statement = moment
        .snapshot
        .prepare_cached("SELECT max(revision) FROM mailbox WHERE recipient = ?1")?;
    let newest: Option<i64> = statement.query_row([moment.recipient.as_i64()], |row| row.get(0))?;
    let fresh = moment.fresh.iter().map(|entry| entry.revision).max();
    Ok(newest.max(fresh).unwrap_or(0))
}

/// Walks a mailbox from the newest, past `cursor`, giving what the filter shows until
/// `take` has enough. The narrow index decides all it can before content is read, and the
/// blocks of words which messages are read at all.
fn scan(
    moment: &Moment<'_>,
    shared: &Shared,
    filter: &MailboxFilter,
    cursor: Option<MessageId>,
    mut take: impl FnMut(Message) -> bool,
) -> Result<()> {
    let words: Vec<String> = filter
        .query
        .as_deref()
        .map(|query| fold(query).split_whitespace().map(str::to_owned).collect())
        .unwrap_or_default();
    let before = cursor.map_or(i64::MAX, MessageId::as_i64);
    let looking = Looking {
        moment,
        shared,
        filter,
        sender: filter.sender.as_deref().map(fold),
    };
    if words.is_empty() {
        looking.walk(0, before, &[], &mut take)?;
        return Ok(());
    }
    let (snapshot, recipient) = (&moment.snapshot, moment.recipient);
    let blocked = blocked_to(snapshot, recipient)?;
    if !looking.walk(blocked.saturating_add(1), before, &words, &mut take)? {
        return Ok(());
    }
    for id in find_in_blocks(snapshot, recipient, &words)? {
        if id < before && !looking.walk(id, id.saturating_add(1), &[], &mut take)? {
            break;
        }
    }
    Ok(())
}

struct Looking<'a> {
    moment: &'a Moment<'a>,
    shared: &'a Shared,
    filter: &'a MailboxFilter,
    sender: Option<String>,
}

impl Looking<'_> {
    /// Messages `from..before` that the filter shows and that hold all the words. `false`
    /// when `take` has enough.
    fn walk(
        &self,
        from: i64,
        before: i64,
        words: &[String],
        take: &mut impl FnMut(Message) -> bool,
    ) -> Result<bool> {
        let (filter, moment) = (self.filter, self.moment);
        let may_show =
            |entry: &&Entry| (from..before).contains(&entry.message) && self.may_show(entry);
        let mut fresh = moment.fresh.iter().rev().filter(may_show).peekable();
        let mut newer_than = |id: i64, take: &mut dyn FnMut(Message) -> bool| {
            while let Some(entry) = fresh.next_if(|entry| entry.message > id) {
                let shown = moment.with_row(entry, |row| {
                    let shown = self.is_in_time(row)? && self.shows(row, words)?;
                    shown.then(|| message(row, self.shared)).transpose()
                })?;
                if let Some(shown) = shown.flatten()
                    && !take(shown)
                {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        let mut statement = moment.snapshot.prepare_cached(&format!(
            "SELECT {MESSAGE}, {CONTENT} FROM mailbox b JOIN messages m ON m.id = b.message
             WHERE b.recipient = ?1 AND b.message < ?2 AND b.message >= ?9
                 AND (b.deleted_at IS NOT NULL) = ?3 AND b.withdrawn_at IS NULL
                 AND (?4 IS NULL OR b.category = ?4)
                 AND (?5 = 0 OR b.read_at IS NULL)
                 AND (?6 = 0 OR b.order_hash = ?6)
                 AND (?7 IS NULL OR m.at >= ?7) AND (?8 IS NULL OR m.at < ?8)
             ORDER BY b.message DESC"
        ))?;
        let mut rows = statement.query(params![
            moment.recipient.as_i64(),
            before,
            filter.deleted,
            filter.category.map(Category::number),
            filter.unread,
            filter.order.as_deref().map_or(0, order_hash),
            filter.since.map(Instant::as_micros),
            filter.until.map(Instant::as_micros),
            from,
        ])?;
        while let Some(row) = rows.next()? {
            if !newer_than(row.get("id")?, take)?
                || (self.shows(row, words)? && !take(message(row, self.shared)?))
            {
                return Ok(false);
            }
        }
        newer_than(i64::MIN, take)
    }

    /// What of the filter the narrow index tells, of a message that is not in its table.
    fn may_show(&self, entry: &Entry) -> bool {
        let filter = self.filter;
        !filter.deleted
            && filter
                .category
                .is_none_or(|category| entry.category == category)
            && filter
                .order
                .as_deref()
                .is_none_or(|order| entry.order_hash == order_hash(order))
    }

    fn is_in_time(&self, row: &Row<'_>) -> Result<bool> {
        let (filter, at) = (self.filter, instant(row, "at")?);
        Ok(filter.since.is_none_or(|since| at >= since)
            && filter.until.is_none_or(|until| at < until))
    }

    /// What only the content tells, without reading all of it.
    fn shows(&self, row: &Row<'_>, words: &[String]) -> Result<bool> {
        let filter = self.filter;
        if words.is_empty() && !filter.deleted && filter.order.is_none() && self.sender.is_none() {
            return Ok(true);
        }
        let title: String = row.get("title")?;
        let sender: String = row.get("sender")?;
        let order: Option<String> = row.get("order_number")?;
        // A purged stub has nothing to show.
        let shown = !(filter.deleted && title.is_empty())
            && filter
                .order
                .as_ref()
                .is_none_or(|wanted| order.as_ref() == Some(wanted))
            && self
                .sender
                .as_ref()
                .is_none_or(|wanted| fold(&sender) == *wanted);
        if !shown || words.is_empty() {
            return Ok(shown);
        }
        let (summary, text): (String, String) = (row.get("summary")?, row.get("text")?);
        let text = search_text(&title, &summary, &text, &sender, order.as_deref());
        Ok(matches_all(words, &text))
    }
}
