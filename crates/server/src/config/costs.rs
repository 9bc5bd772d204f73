//! `[costs]` and `[[budgets]]`: what carriers ask for, and how much may be spent.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use channels::National;
use model::{Channel, Currency, PurposeClass, micros_of};
use pipeline::costs::{Costs, Per, RateCards, TextRoute, Way, Ways};
use serde::Deserialize;

use super::Config;

/// `[costs]`: what carriers ask for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rates {
    /// A folder of rate cards; without it nothing is quoted.
    pub rate_cards: Option<PathBuf>,
    /// The demo's own cards, each with its name.
    #[serde(skip)]
    pub made_up: Vec<(&'static str, &'static str)>,
}

/// `[[budgets]]`: how much may be spent on some purposes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Its name, in logs and answers.
    pub name: String,
    /// Over which time: `day` or `month`, by UTC.
    pub per: Per,
    /// How much, as text.
    pub amount: String,
    /// The money.
    pub currency: Currency,
    /// What it is for; never security or legal.
    pub purposes: Vec<PurposeClass>,
    /// On this channel.
    pub channel: Channel,
    /// Only to this country.
    #[serde(default)]
    pub country: Option<String>,
}

/// The names of the carriers, as attempts and rate cards call them.
pub const LIVE_SMS: &str = "sms";
/// The mail server.
pub const LIVE_EMAIL: &str = "email";
/// The sandbox's carrier of texts.
pub const TEST_SMS: &str = "sandbox-sms";
/// The sandbox's mail server.
pub const TEST_EMAIL: &str = "sandbox-mail";

/// Reads rate cards and budgets.
///
/// # Errors
/// Names file and line of a card, and the budget.
pub fn costs(config: &Config) -> Result<Arc<Costs>> {
    let cards = match &config.costs.rate_cards {
        Some(folder) => RateCards::load(folder).context("the rate cards cannot be used")?,
        None => RateCards::read(config.costs.made_up.iter().copied())
            .context("the rate cards cannot be used")?,
    };
    if cards.is_empty() && !config.budgets.is_empty() {
        bail!(
            "[[budgets]] need prices to count: set `rate_cards` in [costs] to a folder with at least one card"
        );
    }
    let known = [
        (Channel::Sms, LIVE_SMS),
        (Channel::Sms, TEST_SMS),
        (Channel::Email, LIVE_EMAIL),
        (Channel::Email, TEST_EMAIL),
    ];
    for (channel, carrier) in cards.carriers() {
        if !known.contains(&(channel, carrier)) {
            let of = |wanted| {
                let names = known.iter().filter(move |(channel, _)| *channel == wanted);
                names
                    .map(|(_, name)| format!("`{name}`"))
                    .collect::<Vec<_>>()
            };
            bail!(
                "a rate card for {channel} names the carrier `{carrier}`, which is none here; the carriers are {}",
                of(channel).join(" and ")
            );
        }
    }
    let way = |channel, carrier: &str, national| Way {
        channel,
        carrier: carrier.into(),
        texts: TextRoute {
            national,
            ..TextRoute::default()
        },
    };
    let text = |carrier, national| way(Channel::Sms, carrier, national);
    let mail = |carrier| way(Channel::Email, carrier, National::NONE);
    let live = config.sms.as_ref().map(|sms| sms.national_tables);
    let test = config.sandbox.national_tables;
    let ways = Ways {
        live: vec![text(LIVE_SMS, live.unwrap_or_default()), mail(LIVE_EMAIL)],
        test: vec![text(TEST_SMS, test), mail(TEST_EMAIL)],
    };
    let mut budgets = Vec::with_capacity(config.budgets.len());
    for budget in &config.budgets {
        let micros = micros_of(&budget.amount)
            .with_context(|| format!("[[budgets]] `{}`: `amount`", budget.name))?;
        budgets.push(pipeline::costs::Budget {
            name: budget.name.clone(),
            per: budget.per,
            micros,
            currency: budget.currency,
            purposes: budget.purposes.clone(),
            channel: budget.channel,
            country: budget.country.clone(),
        });
    }
    match Costs::new(cards, ways, budgets) {
        Ok(costs) => Ok(Arc::new(costs)),
        Err(faults) => {
            let all: Vec<String> = faults.iter().map(ToString::to_string).collect();
            bail!("{}", all.join("\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    const BRAND: &str = "[brand]\nname = 'Marigold'\ndomain = 'marigold.example'\nurl = 'https://marigold.example'\nsupport = 'help@marigold.example'\nsms_sender = 'Marigold'\n";
    const BUDGET: &str = "[[budgets]]\nname = 'promotions'\nper = 'month'\namount = '250.00'\ncurrency = 'EUR'\npurposes = ['marketing']\nchannel = 'sms'\n";

    fn told(budget: &str, cards: bool) -> String {
        let folder = tempfile::tempdir().unwrap();
        let card = include_str!("../../../../docs/reference/rate-card.toml");
        std::fs::write(folder.path().join("card.toml"), card).unwrap();
        let rates = match cards {
            true => format!("[costs]\nrate_cards = '{}'\n", folder.path().display()),
            false => String::new(),
        };
        let config = parse(&format!("{BRAND}{rates}{budget}"));
        let read = config.and_then(|config| costs(&config));
        read.err()
            .map(|error| format!("{error:#}"))
            .unwrap_or_default()
    }

    #[test]
    fn budgets_are_read_and_faults_say_what_to_do() {
        assert_eq!(told(BUDGET, true), "");
        assert_eq!(told("", false), "");
        for (from, to, expected) in [
            (
                "['marketing']",
                "['marketing', 'security']",
                "take `security` and `legal` out",
            ),
            (
                "['marketing']",
                "['promotions']",
                "unknown variant `promotions`",
            ),
            ("'250.00'", "'250,00'", "an amount is a number with a point"),
            ("'250.00'", "'-1'", "`amount` is more than nothing"),
            ("'month'", "'week'", "unknown variant `week`"),
            ("'EUR'", "'euro'", "a currency has three capital letters"),
        ] {
            let told = told(&BUDGET.replace(from, to), true);
            assert!(told.contains(expected), "{to}: {told}");
        }
        let without = told(BUDGET, false);
        assert!(without.contains("need prices to count"), "{without}");
    }
}
