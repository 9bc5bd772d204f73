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
    let place = config::load(&arguments.config)?.store.place();
    let mode = arguments.mode.parse()?;
    let store = place.open(clock::now()).await?;
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
