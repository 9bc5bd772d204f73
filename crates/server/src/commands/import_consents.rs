//! `tidings import-consents`: consents that the marketplace kept before, from a CSV file.

use std::fs::File;
use std::io::Read as _;
use std::time::Instant as Timer;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use pipeline::consent_import::ConsentImport;
use serde_json::json;
use store::Store;

use crate::cli::ImportConsents;
use crate::{clock, config};

/// So much of the file is in memory.
const PIECE: usize = 64 * 1024;
/// Refused lines that are printed; the rest stand in the file of `--refused`.
const PRINTED: usize = 20;

pub async fn run(arguments: ImportConsents) -> Result<()> {
    let config = config::load(&arguments.config)?;
    let file = File::open(&arguments.file)
        .with_context(|| format!("cannot read {}", arguments.file.display()))?;
    let store = config.store.place().open(clock::now()).await?;
    let begun = Timer::now();
    let mut import = ConsentImport::default();
    let done = read(&store, &mut import, file).await;
    store.close().await;
    let seconds = begun.elapsed().as_secs_f64();
    show(&arguments, &import, seconds)?;
    done
}

async fn read(store: &Store, import: &mut ConsentImport, mut file: File) -> Result<()> {
    let size = file.metadata().map_or(0, |known| known.len());
    let bar = ProgressBar::new(size).with_style(
        ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let mut piece = vec![0; PIECE];
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            break;
        }
        import.push(store, &piece[..count], clock::now()).await?;
        bar.inc(count as u64);
    }
    import.end(store, clock::now()).await?;
    bar.finish_and_clear();
    Ok(())
}

fn show(arguments: &ImportConsents, import: &ConsentImport, seconds: f64) -> Result<()> {
    let report = import.report();
    if let Some(file) = &arguments.refused {
        std::fs::write(file, report.to_csv())
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    let lines = report.taken + report.unchanged + report.refused_total;
    let each_second = lines as f64 / seconds.max(0.001);
    if arguments.json {
        let mut shown = json!(report);
        shown["lines_each_second"] = json!(each_second.round());
        println!("{shown}");
        return Ok(());
    }
    println!(
        "{} taken, {} unchanged, {} refused; {each_second:.0} lines a second",
        report.taken, report.unchanged, report.refused_total
    );
    for refused in report.refused.iter().take(PRINTED) {
        let column = match refused.column.as_str() {
            "" => String::new(),
            column => format!(", {column}"),
        };
        println!("  line {}{column}: {}", refused.line, refused.reason);
    }
    if report.refused.len() > PRINTED {
        println!("  … more with --refused FILE.csv or --json");
    }
    Ok(())
}
