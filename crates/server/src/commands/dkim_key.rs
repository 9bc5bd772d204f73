//! `tidings dkim-key`.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use anyhow::{Context, Result, anyhow, bail};
use channels::DkimKey;
use ring::rand::{SecureRandom, SystemRandom};

use crate::cli;

pub fn run(arguments: cli::DkimKey) -> Result<()> {
    for (name, text) in [
        ("domain", &arguments.domain),
        ("selector", &arguments.selector),
    ] {
        let label = |l: &str| {
            (1..=63).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if !text.split('.').all(label) {
            bail!(
                "--{name} `{text}` cannot stand in DNS: letters, digits and hyphens, with dots between"
            );
        }
    }
    if arguments.out.exists() {
        bail!(
            "{} exists already, and a key is never overwritten: choose another file",
            arguments.out.display()
        );
    }
    let mut seed = [0; 32];
    SystemRandom::new()
        .fill(&mut seed)
        .map_err(|_| anyhow!("the system gave no random numbers"))?;
    let pem = DkimKey::new_ed25519_pem(&seed);
    let key = DkimKey::from_pem(&pem).context("the new key does not read back")?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&arguments.out)
        .with_context(|| format!("cannot make {}", arguments.out.display()))?;
    file.write_all(pem.as_bytes())?;
    file.sync_all()?;
    println!(
        "The private key is in {}. Publish this DNS record:",
        arguments.out.display()
    );
    println!(
        "{}._domainkey.{}. TXT \"{}\"",
        arguments.selector,
        arguments.domain,
        key.dns_record()
    );
    Ok(())
}
