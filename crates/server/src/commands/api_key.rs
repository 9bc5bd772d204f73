//! `tidings api-key`: the first key of a store, before a server runs on it.

use anyhow::{Result, bail};
use ring::rand::SystemRandom;

use crate::cli::ApiKey;
use crate::{clock, config};

pub async fn run(arguments: ApiKey) -> Result<()> {
    let name = arguments.name.trim();
    if name.is_empty() || name.len() > 200 || name.chars().any(char::is_control) {
        bail!("--name says what the key is for: 1 to 200 bytes, no control characters");
    }
    let folder = config::load(&arguments.config)?.store.folder;
    let mode = arguments.mode.parse()?;
    let store = store::Store::open_sqlite(&folder, clock::now())?;
    let made = web::create_api_key(
        &store,
        &SystemRandom::new(),
        &arguments.name,
        mode,
        clock::now(),
    )
    .await;
    store.close().await;
    let (_, secret) = made?;
    println!("{}", secret.open());
    eprintln!("This {mode} key is shown only now; the store keeps its hash.");
    Ok(())
}
