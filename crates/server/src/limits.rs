//! The bounds, lists and rules of the configuration, as the pipeline wants them.

use std::sync::Arc;

use anyhow::{Context, Result};
use model::{ContactPoint, Span};
use pipeline::Limits;
use pipeline::attention::Attention;
use pipeline::regions::Regions;
use pipeline::send::ReaderLinks;
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
    let choices = links.clone();
    Ok(Limits {
        backlog: config.limits.backlog,
        team: team(&config.limits.team)?,
        doubt: doubt_wait(config.limits.doubt_seconds),
        senders: config::senders(config)?,
        costs: config::costs(config)?,
        comes_back: mail_in::comes_back(config, store)?,
        links: Some(ReaderLinks::new(
            move |recipient, what, now| links.unsubscribe_url(recipient, what, now),
            move |recipient, now| choices.preferences_url(recipient, now),
            // One POST from a mail program is safe over TLS only (RFC 8058 §3.1).
            public_url.starts_with("https://"),
        )),
        regions: Arc::new(regions.revoking_all_from(revoke_all_from(config)?)),
        message_center: public_url
            .starts_with("https://")
            .then(|| public_url.clone()),
        attention: attention(&config.attention),
        double_opt_in: config.consent.double_opt_in.clone(),
    })
}

/// The day from which one stop ends everything, wherever the customer is.
///
/// # Errors
/// It is no day.
pub fn revoke_all_from(config: &Config) -> Result<Option<jiff::civil::Date>> {
    let day = config.regions.revoke_all_from.as_deref();
    let read = |day: &str| {
        day.parse()
            .map_err(|_| anyhow::anyhow!("regions.revoke_all_from is a day like `2026-04-11`"))
    };
    day.map(read).transpose()
}

const fn attention(own: &config::Attention) -> Attention {
    Attention {
        offer_texts_a_day: own.offer_texts_a_day,
        offer_texts_a_week: own.offer_texts_a_week,
        offer_mails_a_day: own.offer_mails_a_day,
        offer_mails_a_week: own.offer_mails_a_week,
        texts_a_day: own.texts_a_day,
    }
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
