//! The bounds, lists and rules of the configuration, as the pipeline wants them.

use std::sync::Arc;

use anyhow::{Context, Result};
use model::{ContactPoint, Span};
use pipeline::Limits;
use pipeline::regions::Regions;
use pipeline::send::UnsubscribeLinks;
use pipeline::send::retry::DoubtWait;
use store::Store;

use crate::config::{self, Config};
use crate::mail_in;

/// Reads what the configuration names.
///
/// # Errors
/// Names the section and the setting.
pub fn of(config: &Config, store: &Store) -> Result<Limits> {
    let regions = Regions::load(config.regions.folder.as_deref())
        .context("the rules of places cannot be used")?;
    let public_url = &config.server.public_url;
    let links = web::Links::new(store, public_url);
    Ok(Limits {
        backlog: config.limits.backlog,
        team: team(&config.limits.team)?,
        doubt: doubt_wait(config.limits.doubt_seconds),
        senders: config::senders(config)?,
        costs: config::costs(config)?,
        comes_back: mail_in::comes_back(config, store)?,
        // One POST from a mail program is safe over TLS only (RFC 8058 §3.1).
        unsubscribe: public_url.starts_with("https://").then(|| {
            UnsubscribeLinks::new(move |recipient, what, now| {
                links.unsubscribe_url(recipient, what, now)
            })
        }),
        regions: Arc::new(regions),
        double_opt_in: config.consent.double_opt_in.clone(),
    })
}

fn doubt_wait(seconds: u32) -> DoubtWait {
    let usual = DoubtWait::default();
    let others = Span::secs(seconds.into());
    DoubtWait {
        security: usual.security.min(others),
        others,
    }
}

/// The only addresses that team traffic may reach.
///
/// # Errors
/// One is neither a number nor a mail address.
pub fn team(addresses: &[String]) -> Result<Vec<ContactPoint>> {
    let read = |text: &String| {
        ContactPoint::phone(text).or_else(|_| ContactPoint::email(text)).map_err(|_| {
            anyhow::anyhow!("limits.team: an entry is neither a phone number like +12025550123 nor a mail address")
        })
    };
    addresses.iter().map(read).collect()
}
