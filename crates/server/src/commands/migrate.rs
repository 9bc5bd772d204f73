//! `tidings migrate`.

use anyhow::{Result, bail};
use serde_json::json;
use store::Distribution;

use crate::cli::Migrate;
use crate::clock;
use crate::config::{self, StorePlace};

pub async fn run(arguments: Migrate) -> Result<()> {
    let place = match (arguments.data, arguments.config) {
        (Some(folder), _) => StorePlace::Folder(folder),
        (None, Some(file)) => config::load(&file)?.store.place(),
        (None, None) => config::store_of_environment()?,
    };
    if let Some(folder) = place.folder()
        && !folder.join("tidings.db").exists()
    {
        bail!(
            "there is no store in {}: nothing to migrate. A server makes one when it starts",
            folder.display()
        );
    }
    // Opening migrates: a server does the same when it starts.
    place.open(clock::now()).await?.close().await;
    let distributed = match (arguments.distribute, &place) {
        (false, _) => None,
        (true, StorePlace::Postgres(url)) => Some(store::Store::distribute(url.open()).await?),
        (true, StorePlace::Folder(_)) => {
            bail!("an embedded store stays in its folder: only a PostgreSQL can be distributed")
        }
    };
    if arguments.json {
        let folder = place.folder();
        let distributed = distributed.map(|done| match done {
            Distribution::Done => "done",
            Distribution::Already => "already",
            Distribution::NoCitus => "no_citus",
        });
        let said = json!({ "folder": folder, "up_to_date": true, "distributed": distributed });
        println!("{said}");
        return Ok(());
    }
    println!("{place} is up to date");
    match distributed {
        None => {}
        Some(Distribution::Done) => println!("its tables are distributed now (experimental)"),
        Some(Distribution::Already) => println!("its tables were distributed before"),
        Some(Distribution::NoCitus) => {
            println!("it has no Citus extension: nothing was distributed");
        }
    }
    Ok(())
}
