//! Statements sent together, answered in order: one wait for many.

use std::pin::pin;

use deadpool_postgres::GenericClient;
use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

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

    /// Sends all and waits for all the answers.
    pub(super) async fn run(&self, client: &impl GenericClient) -> Result<Vec<Answer>, Failure> {
        // Prepared before anything is sent, so that the order on the wire is the order here.
        let mut ready = Vec::with_capacity(self.steps.len());
        for (sql, params) in &self.steps {
            ready.push((client.prepare_cached(sql).await?, params));
        }
        // Up to 30 futures are polled in their order; more would not be.
        debug_assert!(ready.len() <= 30);
        let answers = ready.iter().map(|(statement, params)| async move {
            let params = params.iter().map(|param| &**param as &(dyn ToSql + Sync));
            let mut stream = pin!(client.query_raw(statement, params).await?);
            let mut answer = Answer::default();
            while let Some(row) = stream.try_next().await? {
                answer.rows.push(row);
            }
            answer.affected = stream.rows_affected().unwrap_or(0);
            Ok::<_, tokio_postgres::Error>(answer)
        });
        Ok(try_join_all(answers).await?)
    }
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
