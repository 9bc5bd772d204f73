//! What runs beside the calls: the number's renewal, news from other nodes, the backlog,
//! receipts that a crash left parked.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use deadpool_postgres::GenericClient;
use model::{Id, RecipientId};
use tokio::task::AbortHandle;

use super::failure::Failure;
use super::rows::{get, partition};
use super::sql::claims::{BACKLOG, BACKLOG_ESTIMATE};
use super::sql::mailbox::REVISIONS;
use super::steps::{ask, params};
use super::{Shared, all_partitions};
use crate::{MailboxNews, News};

const NEWS_EVERY: Duration = Duration::from_secs(1);
const COUNT_EVERY: Duration = Duration::from_secs(5);
/// Parked receipts are looked through once in so many partitions at a time.
const SWEEP: i16 = 32;
/// A queue longer than this is estimated from here on.
const COUNTED: i64 = 100_000;

pub(super) fn start(shared: &Arc<Shared>) -> Vec<AbortHandle> {
    vec![
        tokio::spawn(renew(shared.clone())).abort_handle(),
        tokio::spawn(listen(shared.clone())).abort_handle(),
        tokio::spawn(look_after(shared.clone())).abort_handle(),
        tokio::spawn(give_back(shared.clone())).abort_handle(),
    ]
}

async fn renew(shared: Arc<Shared>) {
    loop {
        shared.node.wait().await;
        let renewed = async {
            let client = shared.open(&shared.pools.urgent).await?;
            shared.node.renew(&client, &shared.ids).await
        };
        note("the node's number could not be renewed", renewed.await);
        if shared.node.held().is_err() {
            // All numbers taken, or the database gone: not in a tight loop.
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

/// Hears of mailboxes that other nodes moved. Their own bells ring only on their node.
async fn listen(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(NEWS_EVERY).await;
        let watched = shared.bells.watched();
        if watched.is_empty() {
            continue;
        }
        note(
            "mailboxes were not looked at",
            ask_revisions(&shared, watched).await,
        );
    }
}

async fn ask_revisions(shared: &Shared, watched: Vec<RecipientId>) -> Result<(), Failure> {
    let partitions: Vec<i16> = watched.iter().map(|id| partition(*id)).collect();
    let ids: Vec<i64> = watched.iter().map(|id| id.as_i64()).collect();
    let client = shared.reader().await?;
    let found = ask(&client, REVISIONS, params![partitions, ids]).await?;
    let mailboxes = found.rows.iter().map(|row| {
        Ok(MailboxNews {
            recipient: RecipientId::from_i64(get(row, 0)?),
            revision: get(row, 1)?,
        })
    });
    let mailboxes = mailboxes.collect::<Result<_, crate::Error>>()?;
    shared.bells.hear(&News {
        due: vec![],
        mailboxes,
    });
    Ok(())
}

/// Gives back claims that were made without our hearing of it.
async fn give_back(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(NEWS_EVERY).await;
        note(
            "claims that nobody heard of were not given back yet",
            shared.give_back_unheard().await,
        );
    }
}

async fn look_after(shared: Arc<Shared>) {
    let mut next = 0;
    loop {
        tokio::time::sleep(COUNT_EVERY).await;
        note(
            "the backlog was not counted",
            correct_backlog(&shared).await,
        );
        let partitions: Vec<i16> = (next..next + SWEEP).collect();
        next = (next + SWEEP) % 256;
        note(
            "parked receipts were not looked at",
            shared.sweep_parked(partitions).await,
        );
    }
}

async fn correct_backlog(shared: &Shared) -> Result<(), Failure> {
    let client = shared.reader().await?;
    let before = shared.backlog.load(Ordering::Relaxed);
    let counted = count_backlog(&client).await?;
    // What changed while we counted stays counted.
    shared
        .backlog
        .fetch_add(counted - before, Ordering::Relaxed);
    Ok(())
}

/// How many deliveries wait: exact while they are few.
pub(super) async fn count_backlog(client: &impl GenericClient) -> Result<i64, Failure> {
    let counted = ask(client, BACKLOG, params![all_partitions(), COUNTED]).await?;
    let counted: i64 = counted.rows.first().map_or(Ok(0), |row| get(row, 0))?;
    if counted < COUNTED {
        return Ok(counted);
    }
    let estimate = ask(client, BACKLOG_ESTIMATE, params![]).await?;
    let estimate: i64 = estimate.rows.first().map_or(Ok(0), |row| get(row, 0))?;
    Ok(estimate.max(counted))
}

fn note(what: &'static str, result: Result<(), Failure>) {
    if let Err(failure) = result {
        tracing::warn!(error = %crate::Error::from(failure), "{what}");
    }
}
