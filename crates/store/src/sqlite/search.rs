//! Search in one mailbox: in blocks of folded words that are kept for it, then in what is
//! newer than they are. Blocks are made when a mailbox is searched, never on the path of a
//! message.

use model::{Id, Instant, Lane, MessageId, RecipientId, Span};
use rusqlite::{Connection, params};

use super::rows::{Fields, collect};
use super::tx::Tx;
use super::{Shared, Sqlite};
use crate::Result;
use crate::fold::{fold, matches_all};

/// Messages of one block.
const BLOCK: usize = 64;
/// Blocks made by one write: searching a large mailbox for the first time takes several.
const BLOCKS_AT_ONCE: usize = 16;
/// Ids are drawn some time before their commit; only what is older than this is put into
/// blocks, so that no message comes late to a block that is full.
const SETTLED: Span = Span::minutes(5);

impl Sqlite {
    /// Puts what has settled in a mailbox and is in no block yet into blocks.
    pub(super) async fn fill_blocks(&self, recipient: RecipientId) -> Result<()> {
        loop {
            let waiting = self
                .read(move |connection, shared| unblocked(connection, shared, recipient))
                .await?;
            if waiting.len() < BLOCK {
                return Ok(());
            }
            let fold = move |tx: &mut Tx<'_>| {
                let waiting = unblocked(tx.connection, tx.shared, recipient)?;
                for part in waiting.as_chunks::<BLOCK>().0 {
                    write_block(tx.connection, recipient, part)?;
                }
                Ok(waiting.len())
            };
            let filled = self.write(Lane::Bulk, BLOCK * BLOCKS_AT_ONCE, fold).await?;
            if filled < BLOCK * BLOCKS_AT_ONCE {
                return Ok(());
            }
        }
    }
}

/// The newest message that stands in a block of a mailbox; 0 when there is none.
pub(super) fn blocked_to(connection: &Connection, recipient: RecipientId) -> Result<i64> {
    let newest: Option<i64> = connection
        .prepare_cached("SELECT max(last) FROM search_blocks WHERE recipient = ?1")?
        .query_row([recipient.as_i64()], |row| row.get(0))?;
    Ok(newest.unwrap_or(0))
}

/// Messages of a mailbox that could go into blocks, oldest first, as many as go at once.
fn unblocked(connection: &Connection, shared: &Shared, recipient: RecipientId) -> Result<Vec<i64>> {
    let newest: Option<i64> = connection
        .prepare_cached("SELECT max(id) FROM messages")?
        .query_row([], |row| row.get(0))?;
    let now = newest.map_or(Instant::from_micros(0), |id| {
        MessageId::from_i64(id).created_at()
    });
    let mut statement = connection.prepare_cached(
        "SELECT message FROM mailbox WHERE recipient = ?1 AND message > ?2 ORDER BY message LIMIT ?3",
    )?;
    let limit = i64::try_from(BLOCK * BLOCKS_AT_ONCE).unwrap_or(i64::MAX);
    let from = blocked_to(connection, recipient)?;
    let mut rows = statement.query(params![recipient.as_i64(), from, limit])?;
    let mut ids: Vec<i64> = collect(&mut rows, |row| Ok(row.get(0)?))?;
    // What is not in the table yet is in no block, so the blocks end before it.
    let end = shared.fresh.oldest(recipient).unwrap_or(i64::MAX);
    ids.retain(|id| *id < end && MessageId::from_i64(*id).created_at() + SETTLED <= now);
    Ok(ids)
}

/// A line a message: its id, a tab, its words.
fn write_block(connection: &Connection, recipient: RecipientId, messages: &[i64]) -> Result<()> {
    let mut words = String::new();
    let mut read = connection.prepare_cached(
        "SELECT title, summary, text, sender, order_number FROM messages WHERE id = ?1",
    )?;
    for message in messages {
        let mut rows = read.query([message])?;
        let Some(row) = rows.next()? else { continue };
        let mut fields = Fields::of(row);
        let text = search_text(
            &fields.next::<String>()?,
            &fields.next::<String>()?,
            &fields.next::<String>()?,
            &fields.next::<String>()?,
            fields.next::<Option<String>>()?.as_deref(),
        );
        words.push_str(&message.to_string());
        words.push('\t');
        words.extend(text.chars().map(|c| if c == '\n' { ' ' } else { c }));
        words.push('\n');
    }
    connection
        .prepare_cached("INSERT INTO search_blocks (recipient, last, words) VALUES (?1, ?2, ?3)")?
        .execute(params![recipient.as_i64(), messages.last(), words])?;
    Ok(())
}

/// The messages in a mailbox's blocks that hold all the (folded) words, newest first.
pub(super) fn find_in_blocks(
    connection: &Connection,
    recipient: RecipientId,
    words: &[String],
) -> Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(
        "SELECT words FROM search_blocks WHERE recipient = ?1 ORDER BY last DESC",
    )?;
    let mut rows = statement.query([recipient.as_i64()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let block = row.get_ref(0)?.as_str().unwrap_or_default();
        let lines = block.lines().rev().filter_map(|line| {
            let (id, text) = line.split_once('\t')?;
            matches_all(words, text).then(|| id.parse::<i64>().ok())?
        });
        found.extend(lines);
    }
    Ok(found)
}

/// Drops the blocks of mailboxes that lost content; the next search makes them anew.
pub(super) fn drop_blocks(connection: &Connection, message: i64) -> Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM search_blocks
             WHERE recipient = (SELECT recipient FROM messages WHERE id = ?1)",
        )?
        .execute([message])?;
    Ok(())
}

/// The text that search looks at, folded.
pub(super) fn search_text(
    title: &str,
    summary: &str,
    text: &str,
    sender: &str,
    order: Option<&str>,
) -> String {
    fold(&[title, summary, text, sender, order.unwrap_or_default()].join("\n"))
}
