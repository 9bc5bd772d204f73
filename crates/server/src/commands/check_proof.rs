//! `tidings check-proof`: whether a proof of consent is genuine and whole.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use serde_json::json;

use crate::cli::CheckProof;

pub fn run(arguments: &CheckProof) -> Result<()> {
    let read = |path: &Path| {
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let document = read(&arguments.document)?;
    let key = web::senders::verify(
        document.as_bytes(),
        &read(&arguments.signature)?,
        &read(&arguments.jwks)?,
    )?;
    let proven = web::check_consent(&document)
        .map_err(|wrong| anyhow!("the signature holds, but {wrong}"))?;
    if arguments.json {
        println!(
            "{}",
            json!({
                "customer": proven.customer, "at": proven.at, "standing": proven.standing,
                "lines": proven.lines, "key": key,
            })
        );
        return Ok(());
    }
    println!(
        "genuine: what {} had allowed as of {}, from {} lines, signed by the key {key}",
        proven.customer, proven.at, proven.lines
    );
    for line in proven.standing {
        println!("  {line}");
    }
    Ok(())
}
