//! Search in one mailbox: in blocks of folded words that are kept for it, then in what is
//! newer than they are. Blocks are made when a mailbox is searched, never on the path of a
//! message.

use std::sync::atomic::Ordering;

use model::{Id, Instant, MessageId, RecipientId, Span};
use rusqlite::{Connection, params};

use super::fresh::Moment;
use super::rows::{Fields, collect};
use super::tx::Tx;
use super::writer::Order;
use super::{Shared, Sqlite};
use crate::Result;
use crate::fold::{fold, matches_all};

/// Messages of one block.
const BLOCK: usize = 64;
/// Blocks made at once: searching a very large mailbox for the first time takes several
/// rounds.
const BLOCKS_AT_ONCE: usize = 64;
/// Ids are drawn some time before their commit; only what is older than this is put into
/// blocks, so that no message comes late to a block that is full.
const SETTLED: Span = Span::minutes(5);

/// Words of a block, and the newest message in it.
type Block = (i64, String);

/// Blocks that are made and not written yet.
struct Made {
    /// Where the blocks ended before.
    from: i64,
    /// How often content had been destroyed.
    destroyed: u64,
    blocks: Vec<Block>,
    more: bool,
}

impl Sqlite {
    /// Puts what has settled in a mailbox and is in no block yet into blocks. Reading and
    /// folding is done beside the writer, which only checks that nothing changed.
    pub(super) async fn fill_blocks(&self, recipient: RecipientId) -> Result<()> {
        loop {
            let made = self
                .read(move |connection, shared| make_blocks(connection, shared, recipient))
                .await?;
            if made.blocks.is_empty() {
                return Ok(());
            }
            let more = made.more;
            let put = move |made: &Made, tx: &mut Tx<'_>| put_blocks(tx, recipient, made);
            let weight = made.blocks.len() * 4;
            self.write_with(Order::New, weight, made, put).await?;
            if !more {
                return Ok(());
            }
        }
    }
}

fn make_blocks(connection: &Connection, shared: &Shared, recipient: RecipientId) -> Result<Made> {
    let destroyed = shared.destroyed.load(Ordering::SeqCst);
    let moment = Moment::of(connection, shared, recipient)?;
    let from = blocked_to(&moment.snapshot, recipient)?;
    let waiting = unblocked(&moment, from)?;
    let full = waiting.as_chunks::<BLOCK>().0;
    let blocks = full.iter().map(|part| make_block(&moment.snapshot, part));
    Ok(Made {
        from,
        destroyed,
        blocks: blocks.collect::<Result<_>>()?,
        more: waiting.len() == BLOCK * BLOCKS_AT_ONCE,
    })
}

/// Writes blocks, unless another search did, or content was destroyed since they were made:
/// it may stand in them. The next search makes them anew.
fn put_blocks(tx: &mut Tx<'_>, recipient: RecipientId, made: &Made) -> Result<()> {
    let unchanged = tx.destroyed() == Some(made.destroyed)
        && blocked_to(tx.connection, recipient)? == made.from;
    if !unchanged {
        return Ok(());
    }
    let mut put = tx
        .connection
        .prepare_cached("INSERT INTO search_blocks (recipient, last, words) VALUES (?1, ?2, ?3)")?;
    for (last, words) in &made.blocks {
        put.execute(params![recipient.as_i64(), last, words])?;
    }
    Ok(())
}

/// The newest message that stands in a block of a mailbox; 0 when there is none.
pub(super) fn blocked_to(connection: &Connection, recipient: RecipientId) -> Result<i64> {
    let newest: Option<i64> = connection
        .prepare_cached("SELECT max(last) FROM search_blocks WHERE recipient = ?1")?
        .query_row([recipient.as_i64()], |row| row.get(0))?;
    Ok(newest.unwrap_or(0))
}

/// Messages of a mailbox that could go into blocks, oldest first, as many as go at once.
fn unblocked(moment: &Moment<'_>, from: i64) -> Result<Vec<i64>> {
    let newest: Option<i64> = moment
        .snapshot
        .prepare_cached("SELECT max(id) FROM messages")?
        .query_row([], |row| row.get(0))?;
    let now = newest.map_or(Instant::from_micros(0), |id| {
        MessageId::from_i64(id).created_at()
    });
    let mut statement = moment.snapshot.prepare_cached(
        "SELECT message FROM mailbox WHERE recipient = ?1 AND message > ?2 ORDER BY message LIMIT ?3",
    )?;
    let most = BLOCK * BLOCKS_AT_ONCE;
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![moment.recipient.as_i64(), from, limit])?;
    let mut ids: Vec<i64> = collect(&mut rows, |row| Ok(row.get(0)?))?;
    let fresh = moment.fresh.iter().map(|entry| entry.message);
    ids.extend(fresh.filter(|id| *id > from));
    ids.sort_unstable();
    ids.truncate(most);
    ids.retain(|id| MessageId::from_i64(*id).created_at() + SETTLED <= now);
    Ok(ids)
}

/// A line a message: its id, a tab, its words.
fn make_block(connection: &Connection, messages: &[i64; BLOCK]) -> Result<Block> {
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
    Ok((messages[BLOCK - 1], words))
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
pub(super) fn drop_blocks(tx: &mut Tx<'_>, message: i64) -> Result<()> {
    tx.destroys();
    tx.connection
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
