//! Statements sent together, answered in order: one wait for many.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::{GenericClient, Metrics, Object, Transaction};
use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::failure::Failure;

/// A database that says nothing for so long counts as gone, though its connection stands.
const ANSWER_WITHIN: Duration = Duration::from_secs(12);

/// When the database last was silent for too long.
static SILENT: Mutex<Option<Instant>> = Mutex::new(None);

/// Waits for an answer, but not for ever.
async fn in_time<T, E>(answer: impl Future<Output = Result<T, E>>) -> Result<T, Failure>
where
    Failure: From<E>,
{
    match tokio::time::timeout(ANSWER_WITHIN, answer).await {
        Ok(answered) => Ok(answered?),
        Err(_) => {
            *SILENT.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            Err(Failure::Silent)
        }
    }
}

/// Whether a pooled connection was in use when the database fell silent: then an answer
/// may still be owed on it, and it is not used again.
pub(super) fn may_be_silent(connection: &Metrics) -> bool {
    let silent = *SILENT.lock().unwrap_or_else(PoisonError::into_inner);
    silent.is_some_and(|silent| connection.recycled.unwrap_or(connection.created) <= silent)
}

/// Begins a transaction.
pub(super) async fn begin(client: &mut Object) -> Result<Transaction<'_>, Failure> {
    in_time(client.transaction()).await
}

/// Ends a transaction well. [`Failure::leaves_open`] tells whether an error says that it
/// did not happen.
pub(super) async fn commit(tx: Transaction<'_>) -> Result<(), Failure> {
    in_time(tx.commit()).await
}

pub(super) type Param<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// The parameters of a statement, of whatever types they are.
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        vec![$(Box::new($value) as crate::postgres::steps::Param<'_>),*]
    };
}
pub(super) use params;

/// What one statement gave.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) rows: Vec<Row>,
    /// Rows it wrote or removed.
    pub(super) affected: u64,
}

/// Statements that wait to be sent. They run one after the other on the server, each with
/// its own view of the data; the first that fails fails all.
#[derive(Default)]
pub(super) struct Steps<'a> {
    steps: Vec<(&'static str, Vec<Param<'a>>)>,
}

impl<'a> Steps<'a> {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn add(&mut self, sql: &'static str, params: Vec<Param<'a>>) -> &mut Self {
        self.steps.push((sql, params));
        self
    }

    /// Adds a statement about rows by (partition, key): one for all, or, by `apart`, one a
    /// partition, in the order of the partitions. Gives how many.
    pub(super) fn add_keyed<K>(
        &mut self,
        (all, one): (&'static str, &'static str),
        apart: bool,
        partitions: &[i16],
        keys: &[K],
    ) -> usize
    where
        K: ToSql + Sync + Send + Clone + 'a,
    {
        if !apart {
            self.add(all, params![partitions.to_vec(), keys.to_vec()]);
            return 1;
        }
        let mut groups: BTreeMap<i16, Vec<K>> = BTreeMap::new();
        for (partition, key) in partitions.iter().zip(keys) {
            groups.entry(*partition).or_default().push(key.clone());
        }
        let count = groups.len();
        for (partition, keys) in groups {
            self.add(one, params![partition, keys]);
        }
        count
    }

    /// Sends all and waits for all the answers.
    pub(super) async fn run(&self, client: &impl GenericClient) -> Result<Vec<Answer>, Failure> {
        in_time(self.run_long(client)).await
    }

    /// The same for what may take long.
    pub(super) async fn run_long(
        &self,
        client: &impl GenericClient,
    ) -> Result<Vec<Answer>, Failure> {
        // Prepared before anything is sent, so that the order on the wire is the order here.
        let mut ready = Vec::with_capacity(self.steps.len());
        for (sql, params) in &self.steps {
            ready.push((client.prepare_cached(sql).await?, params));
        }
        let mut answers = Vec::with_capacity(ready.len());
        // Up to 30 futures are polled, and so sent, in their order.
        for part in ready.chunks(30) {
            let part = part
                .iter()
                .map(|(statement, params)| send(client, statement, params));
            answers.extend(try_join_all(part).await?);
        }
        Ok(answers)
    }
}

async fn send(
    client: &impl GenericClient,
    statement: &Statement,
    params: &[Param<'_>],
) -> Result<Answer, tokio_postgres::Error> {
    let params = params.iter().map(|param| &**param as &(dyn ToSql + Sync));
    let mut stream = pin!(client.query_raw(statement, params).await?);
    let mut answer = Answer::default();
    while let Some(row) = stream.try_next().await? {
        answer.rows.push(row);
    }
    answer.affected = stream.rows_affected().unwrap_or(0);
    Ok(answer)
}

/// The rows of the first answers, which are taken out.
pub(super) fn first_rows(answers: &mut Vec<Answer>, count: usize) -> Vec<Row> {
    answers
        .drain(..count)
        .flat_map(|answer| answer.rows)
        .collect()
}

/// One statement.
pub(super) async fn ask(
    client: &impl GenericClient,
    sql: &'static str,
    params: Vec<Param<'_>>,
) -> Result<Answer, Failure> {
    let mut steps = Steps::new();
    steps.add(sql, params);
    let mut answers = steps.run(client).await?;
    Ok(answers.pop().unwrap_or_default())
}
