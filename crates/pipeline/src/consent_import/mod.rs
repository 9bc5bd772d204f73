//! Import of consents that the marketplace kept before, from CSV: each line is taken whole or
//! refused with its line, column and reason. The same file twice changes nothing, and an older
//! "yes" undoes no newer "no".
//!
//! `table` reads records, `row` reads words out of them, `apply` says what a word makes of a
//! profile; here they are put together, a bounded number of lines at a time.

mod apply;
mod row;
mod table;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use futures_util::StreamExt as _;
use futures_util::stream::iter;
use model::{Act, ConsentLine, ConsentPurpose, Facts, Instant, RecipientId, Wish};
use serde::Serialize;
use store::{CustomerChange, Store};

use crate::Pipeline;
use crate::send::{Reach, Whose};
use apply::{Applied, apply};
use row::{Fault, Header, Row};
use table::{Record, Table, TooLong};

/// Lines of one import.
pub const LINES_AT_MOST: u64 = 200_000;
/// Refused lines that a report lists.
const LISTED_AT_MOST: usize = 10_000;
/// Lines that are done at once.
const CHUNK: usize = 500;
/// Profiles that are written at once.
const AT_ONCE: usize = 128;
/// So often a profile is read again that somebody else changed meanwhile.
const TRIES: usize = 8;

/// What became of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Lines that were taken.
    pub taken: u64,
    /// Lines that were known already, or from which nothing follows.
    pub unchanged: u64,
    /// Lines that were refused.
    pub refused_total: u64,
    /// The first 10,000 of them.
    pub refused: Vec<Refused>,
}

/// A line that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Counted from 1; where a record has several, its first.
    pub line: u64,
    /// The column; empty where it is about the whole line.
    pub column: String,
    /// Why, in a sentence.
    pub reason: String,
}

impl Report {
    /// As CSV: line, column, reason.
    pub fn to_csv(&self) -> String {
        let mut text = "line,column,reason\r\n".to_owned();
        for Refused {
            line,
            column,
            reason,
        } in &self.refused
        {
            let reason = reason.replace('"', "\"\"");
            text.push_str(&format!("{line},{column},\"{reason}\"\r\n"));
        }
        text
    }

    fn refuse(&mut self, line: u64, (column, reason): Fault) {
        self.refused_total += 1;
        if self.refused.len() < LISTED_AT_MOST {
            self.refused.push(Refused {
                line,
                column: column.to_owned(),
                reason,
            });
        }
    }
}

/// Why an import went no further; what was read before is done.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The first line does not say what the columns are.
    #[error("line 1: {0}")]
    Header(String),
    /// A line that is longer than any can be.
    #[error(
        "line {0}: it is longer than 16 KiB or has more than 64 fields; is a quote not closed?"
    )]
    TooLong(u64),
    /// More lines than one import may have.
    #[error("line {0}: an import has at most 200,000 lines; send the rest in another one")]
    TooMany(u64),
    /// The store would not.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// An import under way.
#[derive(Default)]
pub struct ConsentImport {
    table: Table,
    records: Vec<Record>,
    header: Option<Header>,
    rows: Vec<(u64, Row)>,
    report: Report,
    /// Where the process sends too: it hears of what is taken back.
    pipeline: Option<Pipeline>,
}

impl ConsentImport {
    /// One beside a running pipeline, which then sends nothing against it.
    pub fn beside(pipeline: Pipeline) -> Self {
        Self {
            pipeline: Some(pipeline),
            ..Self::default()
        }
    }

    /// What became of it so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Takes the next piece of the file.
    ///
    /// # Errors
    /// [`ImportError`]; the report says what was done before.
    pub async fn push(
        &mut self,
        store: &Store,
        piece: &[u8],
        now: Instant,
    ) -> Result<(), ImportError> {
        let read = self.table.push(piece, &mut self.records);
        self.work(store, read, now).await
    }

    /// The file has ended.
    ///
    /// # Errors
    /// [`ImportError`]; the report says what was done before.
    pub async fn end(&mut self, store: &Store, now: Instant) -> Result<(), ImportError> {
        let read = self.table.end(&mut self.records);
        self.work(store, read, now).await?;
        if self.header.is_none() {
            return Err(ImportError::Header("the file is empty".to_owned()));
        }
        self.flush(store, now).await
    }

    async fn work(
        &mut self,
        store: &Store,
        read: Result<(), TooLong>,
        now: Instant,
    ) -> Result<(), ImportError> {
        for record in std::mem::take(&mut self.records) {
            if record.line > LINES_AT_MOST + 1 {
                self.flush(store, now).await?;
                return Err(ImportError::TooMany(record.line));
            }
            self.record(record, now)?;
            if self.rows.len() >= CHUNK {
                self.flush(store, now).await?;
            }
        }
        if let Err(TooLong(line)) = read {
            self.flush(store, now).await?;
            return Err(ImportError::TooLong(line));
        }
        Ok(())
    }

    fn record(&mut self, record: Record, now: Instant) -> Result<(), ImportError> {
        let Record { line, fields } = record;
        let no_text = "it is no UTF-8";
        let Some(header) = &self.header else {
            let fields = fields.ok_or_else(|| ImportError::Header(no_text.to_owned()))?;
            self.header = Some(Header::read(&fields).map_err(ImportError::Header)?);
            return Ok(());
        };
        let row = fields.ok_or_else(|| ("", no_text.to_owned()));
        match row.and_then(|fields| header.row(&fields, now)) {
            Ok(row) => self.rows.push((line, row)),
            Err(fault) => self.report.refuse(line, fault),
        }
        Ok(())
    }

    /// Does what was read: the lines of one customer in their order, customers side by side.
    async fn flush(&mut self, store: &Store, now: Instant) -> Result<(), ImportError> {
        let mut groups: Vec<(String, Vec<(u64, Row)>)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for (line, row) in self.rows.drain(..) {
            let place = *places.entry(row.customer.clone()).or_insert_with(|| {
                groups.push((row.customer.clone(), Vec::new()));
                groups.len() - 1
            });
            groups[place].1.push((line, row));
        }
        let names = groups.iter().map(|(name, _)| name.clone()).collect();
        let known = store.facts(names).await?;
        let work = groups.into_iter().zip(known);
        let work = work.map(|((_, rows), facts)| one_customer(store, rows, facts, now));
        let mut done = iter(work).buffered(AT_ONCE);
        while let Some(done) = done.next().await {
            let done = done?;
            for (line, became) in done.lines {
                match became {
                    Ok(Applied::Taken(_)) => self.report.taken += 1,
                    Ok(Applied::Unchanged) => self.report.unchanged += 1,
                    Err(fault) => self.report.refuse(line, fault),
                }
            }
            if let (Some(pipeline), Some(recipient)) = (&self.pipeline, done.recipient) {
                note(pipeline, recipient, &done.taken);
            }
        }
        // In the order of the file, whatever was found wrong first.
        self.report.refused.sort_by_key(|refused| refused.line);
        Ok(())
    }
}

/// What became of the lines of one customer.
#[derive(Default)]
struct Done {
    lines: Vec<(u64, Result<Applied, Fault>)>,
    recipient: Option<RecipientId>,
    taken: Vec<ConsentLine>,
}

async fn one_customer(
    store: &Store,
    rows: Vec<(u64, Row)>,
    mut facts: Option<Facts>,
    now: Instant,
) -> Result<Done, store::Error> {
    let all = |fault: Fault| {
        let lines = rows.iter().map(|(line, _)| (*line, Err(fault.clone())));
        Done {
            lines: lines.collect(),
            ..Done::default()
        }
    };
    for _ in 0..TRIES {
        let Some(known) = facts else {
            return Ok(all(("customer", "there is no such customer".to_owned())));
        };
        let mut customer = known.customer.clone();
        let mut done = Done {
            recipient: Some(known.recipient),
            ..Done::default()
        };
        for (line, row) in &rows {
            let became = apply(&known, &mut customer, row, now);
            if let Ok(Applied::Taken(line)) = &became {
                done.taken.push((**line).clone());
            }
            done.lines.push((*line, became));
        }
        if done.taken.is_empty() {
            return Ok(done);
        }
        let change = CustomerChange {
            recipient: known.recipient,
            version: known.version,
            customer,
            lines: done.taken.clone(),
            now,
        };
        if store.change_customer(change).await? {
            return Ok(done);
        }
        let again = store.facts_of(vec![known.recipient]).await?;
        facts = again.into_iter().next().flatten();
    }
    let why = "others kept changing this customer; send the line again";
    Ok(all(("customer", why.to_owned())))
}

/// What was taken back must not leave either where it was claimed already.
fn note(pipeline: &Pipeline, recipient: RecipientId, taken: &[ConsentLine]) {
    for line in taken.iter().filter(|line| line.act == Act::Withdrawn) {
        let wish = match line.purpose {
            ConsentPurpose::Transactional => Wish::StopAll,
            ConsentPurpose::Marketing => Wish::StopMarketing,
        };
        let whose = Whose::Customer(recipient, line.channel);
        let reach = Reach::of(line.channel, wish);
        pipeline.stops().note(whose, reach, pipeline.clock().now());
    }
}
