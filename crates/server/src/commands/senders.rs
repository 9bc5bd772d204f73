//! `tidings senders`: whom messages may come from; and whether a published list is genuine.

use std::path::Path;

use anyhow::{Context, Result, bail};
use model::Instant;
use pipeline::senders::{Identity, Kind, Standing};
use serde_json::{Value, json};

use super::signed;
use crate::cli::{Senders, SendersCommand, Signed};
use crate::{clock, config};

pub fn run(arguments: &Senders) -> Result<()> {
    match (&arguments.command, &arguments.config) {
        (Some(SendersCommand::Verify(arguments)), _) => verify(arguments),
        (None, Some(config)) => list(config, arguments.json),
        (None, None) => bail!("--config names the configuration file"),
    }
}

fn list(config: &Path, as_json: bool) -> Result<()> {
    let config = config::load(config)?;
    let senders = config::senders(&config)?;
    let now = clock::now();
    if as_json {
        let all = senders.identities().iter();
        let all: Vec<Value> = all.map(|identity| row(identity, now)).collect();
        println!("{}", json!({ "senders": all }));
        return Ok(());
    }
    for kind in Kind::ALL {
        let all = senders.identities().iter();
        for identity in all.filter(|identity| identity.kind == kind) {
            println!("{}", line(identity, now));
        }
    }
    Ok(())
}

const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Ahead => "ahead",
        Standing::Ours => "valid",
        Standing::Ended => "ended",
    }
}

fn row(identity: &Identity, now: Instant) -> Value {
    let countries = identity.countries.iter();
    json!({
        "kind": identity.kind.as_str(),
        "value": identity.value,
        "countries": countries.map(|country| country.as_str()).collect::<Vec<_>>(),
        "valid_from": identity.from,
        "valid_until": identity.until,
        "about": identity.about,
        "state": word(identity.standing(now)),
    })
}

fn line(identity: &Identity, now: Instant) -> String {
    let countries: Vec<&str> = identity.countries.iter().map(|c| c.as_str()).collect();
    let place = match countries.is_empty() {
        true => "everywhere".to_owned(),
        false => countries.join(" "),
    };
    let from = identity.from.map(|from| format!(", from {from}"));
    let until = identity.until.map(|until| format!(", until {until}"));
    format!(
        "{:<6}{:<12} {:<28} {place}{}{}",
        word(identity.standing(now)),
        identity.kind.as_str(),
        identity.value,
        from.unwrap_or_default(),
        until.unwrap_or_default(),
    )
}

fn verify(arguments: &Signed) -> Result<()> {
    let (document, key) = signed::read(arguments)?;
    let said: Value = serde_json::from_str(&document)
        .context("the signature holds, but the document is no JSON")?;
    let text = |name: &str| said[name].as_str().unwrap_or_default();
    let expires_at = Instant::parse(text("expires_at"));
    let expires_at = expires_at
        .map_err(anyhow::Error::msg)
        .context("in `expires_at`")?;
    if clock::now() >= expires_at {
        bail!("the signature holds, but the list expired at {expires_at}: fetch it again");
    }
    let senders = said["senders"].as_array().map_or(0, Vec::len);
    if arguments.json {
        println!(
            "{}",
            json!({
                "issuer": text("issuer"), "brand": text("brand"), "key": key,
                "issued_at": text("issued_at"), "expires_at": text("expires_at"), "senders": senders,
            })
        );
    } else {
        println!(
            "genuine: {senders} senders of {} ({}), as of {}, signed by the key {key}",
            text("brand"),
            text("issuer"),
            text("issued_at"),
        );
    }
    Ok(())
}
