//! `tidings move`: a whole embedded store into PostgreSQL.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, json};
use store::{Step, Transfer};

use crate::cli::Move;
use crate::config::StorePlace;
use crate::{clock, lifecycle};

pub async fn run(arguments: Move) -> Result<()> {
    let places = (
        StorePlace::parse(&arguments.from).map_err(|error| error.context("in --from"))?,
        StorePlace::parse(&arguments.to).map_err(|error| error.context("in --to"))?,
    );
    let (StorePlace::Folder(folder), StorePlace::Postgres(url)) = &places else {
        bail!("a store moves from a folder into PostgreSQL: --from sqlite:FOLDER --to postgres://…")
    };
    let interrupted = lifecycle::signalled()?;
    tokio::pin!(interrupted);
    let began = Instant::now();
    let mut transfer = tokio::select! {
        begun = Transfer::begin(folder, url.open(), clock::now()) => begun?,
        () = &mut interrupted => bail!("interrupted before anything was carried"),
    };
    let total: u64 = transfer.tables().iter().map(|(_, rows)| rows).sum();
    let before = transfer.carried();
    if before > 0 && !arguments.json {
        println!("goes on after {before} of {total} rows");
    }
    // Every row is met twice: to be carried, and to be compared.
    let bar = progress(&arguments, total * 2);
    bar.set_position(before);
    loop {
        // A step is never broken off: what it writes is there whole.
        match transfer.step(clock::now()).await? {
            Step::Carried { table, rows } => {
                bar.inc(rows);
                bar.set_message(format!("carrying {table}"));
            }
            Step::Compared { table, rows } => {
                bar.inc(rows);
                bar.set_message(format!("comparing {table}"));
            }
            Step::Done => break,
        }
        if futures_util::poll!(&mut interrupted).is_ready() {
            bar.abandon();
            bail!("interrupted; what was carried stays, the same command goes on from there");
        }
    }
    bar.finish_and_clear();
    print(&arguments, transfer.tables(), began.elapsed());
    Ok(())
}

fn progress(arguments: &Move, rows: u64) -> ProgressBar {
    if arguments.json {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(rows);
    let style = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {msg}  {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn print(arguments: &Move, tables: &[(&'static str, u64)], took: Duration) {
    let rows: u64 = tables.iter().map(|(_, rows)| rows).sum();
    let seconds = (took.as_secs_f64() * 1_000.0).round() / 1_000.0;
    if arguments.json {
        let tables: Map<String, serde_json::Value> = tables
            .iter()
            .map(|(table, rows)| ((*table).to_owned(), json!(rows)))
            .collect();
        println!(
            "{}",
            json!({ "moved": true, "rows": rows, "tables": tables, "seconds": seconds })
        );
        return;
    }
    for (table, rows) in tables {
        println!("{table:<16} {rows:>12}");
    }
    println!("\n{rows} rows moved and compared, all the same, in {seconds:.1} s");
    println!("start with TIDINGS_STORE now, and keep the old folder until you have seen it work");
}
