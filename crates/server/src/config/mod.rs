//! The configuration file: one TOML document, unknown keys are errors that name the near
//! miss. `docs/reference/tidings.toml` lists every key with its default; a test reads it.

mod costs;
mod mail_in;
mod national;
mod nats;
mod near_miss;
mod sections;
mod senders;
mod store;
mod validate;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use toml::Spanned;

pub use costs::{Budget, LIVE_EMAIL, LIVE_SMS, Rates, TEST_EMAIL, TEST_SMS, costs};
pub use mail_in::{MailIn, Verify};
pub use nats::Nats;
pub use sections::{
    Attention, Brand, Catalogue, Consent, Dkim, Email, EmailTls, Guard, Limits, Regions, Sandbox,
    Server, Sms,
};
pub use senders::{Sender, senders};
pub use store::{Store, StorePlace, store_of_environment};

/// The whole configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where it listens.
    #[serde(default)]
    pub server: Server,
    /// Where everything is kept.
    #[serde(default)]
    pub store: Store,
    /// Whom messages speak for.
    pub brand: Brand,
    /// Message types of one's own.
    #[serde(default)]
    pub catalogue: Catalogue,
    /// What the law of places says.
    #[serde(default)]
    pub regions: Regions,
    /// How much of a person's attention may be taken.
    #[serde(default)]
    pub attention: Attention,
    /// How consents to offers come about.
    #[serde(default)]
    pub consent: Consent,
    /// What links and numbers in messages may be.
    #[serde(default)]
    pub guard: Guard,
    /// Whom messages may come from.
    #[serde(default)]
    pub senders: Vec<Spanned<Sender>>,
    /// Bounds.
    #[serde(default)]
    pub limits: Limits,
    /// What carriers ask for.
    #[serde(default)]
    pub costs: Rates,
    /// How much may be spent.
    #[serde(default)]
    pub budgets: Vec<Budget>,
    /// The carrier of texts, for live traffic.
    #[serde(default)]
    pub sms: Option<Sms>,
    /// The mail server, for live traffic.
    #[serde(default)]
    pub email: Option<Email>,
    /// Mail that comes back.
    #[serde(default)]
    pub mail_in: Option<MailIn>,
    /// Events from JetStream, doorbells between nodes.
    #[serde(default)]
    pub nats: Option<Nats>,
    /// The sandbox carriers, for test traffic.
    #[serde(default)]
    pub sandbox: Sandbox,
}

/// Reads a configuration file. Relative paths in it count from its own folder.
///
/// # Errors
/// A sentence with the file, the line and, for an unknown key, the near miss.
pub fn load(path: &Path) -> Result<Config> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        anyhow!(
            "cannot read the configuration {}: {error}. Write one from docs/reference/tidings.toml",
            path.display()
        )
    })?;
    let mut config = parse(&text).with_context(|| format!("in {}", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let anchor = |path: &mut PathBuf| {
        if path.is_relative() {
            *path = folder.join(&*path);
        }
    };
    anchor(&mut config.store.folder);
    config.catalogue.folder.as_mut().map(anchor);
    config.regions.folder.as_mut().map(anchor);
    config.costs.rate_cards.as_mut().map(anchor);
    if let Some(sms) = &mut config.sms {
        sms.password_file.as_mut().map(anchor);
        sms.roots_file.as_mut().map(anchor);
    }
    if let Some(email) = &mut config.email {
        email.anchor(anchor);
    }
    if let Some(mail_in) = &mut config.mail_in {
        mail_in.anchor(anchor);
    }
    if let Some(nats) = &mut config.nats {
        nats.anchor(anchor);
    }
    store::apply_environment(&mut config.store)?;
    nats::apply_environment(&mut config)?;
    Ok(config)
}

/// Reads a configuration from text.
///
/// # Errors
/// A sentence with the line and, for an unknown key, the near miss.
pub fn parse(text: &str) -> Result<Config> {
    let config = toml::from_str(text).map_err(|error| {
        let hint = near_miss::hint(error.message());
        anyhow!("{}{hint}", error.to_string().trim_end())
    })?;
    let faults = validate::faults(&config, text);
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(config)
}

/// The content of a file that holds a secret, without the newline at its end.
///
/// # Errors
/// Names the file.
pub fn read_secret(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| anyhow!("cannot read the secret in {}: {error}", path.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_a_configuration() {
        let config = parse(include_str!("../../../../docs/reference/tidings.toml")).unwrap();
        assert_eq!(
            config.server.listen.to_string(),
            Server::default().listen.to_string()
        );
        assert!(config.sms.is_some() && config.email.is_some());
    }

    #[test]
    fn an_unknown_key_names_the_near_miss_and_the_line() {
        let text = "[brand]\nname = 'Marigold'\ndomain = 'marigold.example'\nurl = 'https://marigold.example'\nsupport = 'x'\nsms_sneder = 'Marigold'\n";
        let error = format!("{:#}", parse(text).unwrap_err());
        assert!(error.contains("line 6"), "{error}");
        assert!(error.contains("did you mean `sms_sender`"), "{error}");
        let error = format!("{:#}", parse("[stroe]\n").unwrap_err());
        assert!(error.contains("did you mean `store`"), "{error}");
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = format!("{:#}", parse("").unwrap_err());
        assert!(error.contains("missing field `brand`"), "{error}");
    }
}
