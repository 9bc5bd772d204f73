//! Statements sent together, answered in order: one wait for many.

use std::collections::BTreeMap;
use std::pin::pin;

use deadpool_postgres::GenericClient;
use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::failure::Failure;

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
