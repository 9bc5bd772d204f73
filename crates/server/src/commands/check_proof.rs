//! `tidings check-proof`: whether a proof of consent is genuine and whole.

use anyhow::{Result, anyhow};
use serde_json::json;

use super::signed;
use crate::cli::Signed;

pub fn run(arguments: &Signed) -> Result<()> {
    let (document, key) = signed::read(arguments)?;
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
