//! `tidings migrate`.

use anyhow::{Result, bail};

use crate::cli::Migrate;
use crate::{clock, config};

pub async fn run(arguments: Migrate) -> Result<()> {
    let folder = match (arguments.data, arguments.config) {
        (Some(folder), _) => folder,
        (None, Some(file)) => config::load(&file)?.store.folder,
        (None, None) => unreachable!("clap asks for one of them"),
    };
    if !folder.join("tidings.db").exists() {
        bail!(
            "there is no store in {}: nothing to migrate. A server makes one when it starts",
            folder.display()
        );
    }
    // Opening migrates: a server does the same when it starts.
    let store = store::Store::open_sqlite(&folder, clock::now())?;
    store.close().await;
    if arguments.json {
        println!(
            "{}",
            serde_json::json!({ "folder": folder, "up_to_date": true })
        );
    } else {
        println!("the store in {} is up to date", folder.display());
    }
    Ok(())
}
