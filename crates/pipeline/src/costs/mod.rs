//! What sending costs: rate cards give each delivery a quote before it is committed, and
//! budgets say when there is no money left for a purpose.
//!
//! Reads no clock and writes nothing: the quote goes into the commit, and the store keeps
//! the ledger. A budget never speaks of security or of what the law requires.

mod budgets;
mod cards;
mod estimate;
mod keep;
mod prices;

use std::sync::Arc;

use channels::{National, SmsSegments};
use model::{Channel, ContactPoint, Event, Mode, Quote};
use serde_json::{Map, Value};

pub use budgets::{Budget, BudgetFault, BudgetState, Per};
pub(crate) use budgets::{Budgets, Holds};
pub use cards::{CardFault, CardFaults, RateCards};
pub use estimate::{CategoryTexts, TextsEstimate};
pub use keep::keep;
pub use prices::TextPrice;

/// What is known of prices and budgets. Nothing is known where nothing is configured, and
/// then nothing is quoted.
#[derive(Debug, Default)]
pub struct Costs {
    cards: RateCards,
    ways: Ways,
    pub(crate) budgets: Budgets,
}

/// Which carrier a channel's deliveries are quoted for.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// For live and team deliveries.
    pub live: Vec<Way>,
    /// For test deliveries.
    pub test: Vec<Way>,
}

/// A carrier, as far as its prices go.
#[derive(Clone, Debug)]
pub struct Way {
    /// Its channel.
    pub channel: Channel,
    /// Its name, as attempts and rate cards call it.
    pub carrier: Arc<str>,
    /// How it writes texts.
    pub texts: TextRoute,
}

/// How a route writes texts, which says how many segments they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextRoute {
    /// Whether it replaces typographic punctuation.
    pub smart_punctuation: bool,
    /// The national language tables it may use.
    pub national: National,
}

impl Default for TextRoute {
    fn default() -> Self {
        Self {
            smart_punctuation: true,
            national: National::NONE,
        }
    }
}

impl TextRoute {
    /// What a text takes on it.
    pub fn segments(self, text: &str) -> SmsSegments {
        channels::sms_segments(text, self.smart_punctuation, self.national)
    }
}

/// What a price is asked for: a text as it will leave, or a mail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Priced<'a> {
    pub(crate) mode: Mode,
    pub(crate) contact: &'a ContactPoint,
    /// Of a text: with its code in it.
    pub(crate) text: &'a str,
    /// The day of the ledger.
    pub(crate) day: i32,
}

/// Under what a message is booked besides its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) campaign: String,
    pub(crate) seller: String,
}

impl Costs {
    /// Puts cards, carriers and budgets together.
    ///
    /// # Errors
    /// Every budget that cannot be kept, in words.
    pub fn new(
        cards: RateCards,
        ways: Ways,
        budgets: Vec<Budget>,
    ) -> Result<Self, Vec<BudgetFault>> {
        Ok(Self {
            cards,
            ways,
            budgets: Budgets::new(budgets)?,
        })
    }

    /// Whether anything is ever quoted.
    pub fn quotes(&self) -> bool {
        !self.cards.is_empty()
    }

    fn way(&self, mode: Mode, channel: Channel) -> Option<&Way> {
        let ways = match mode {
            Mode::Live | Mode::Team => &self.ways.live,
            Mode::Test => &self.ways.test,
        };
        ways.iter().find(|way| way.channel == channel)
    }

    /// How the carrier for texts of this mode writes them.
    pub fn text_route(&self, mode: Mode) -> TextRoute {
        let way = self.way(mode, Channel::Sms);
        way.map_or_else(TextRoute::default, |way| way.texts)
    }

    /// What a delivery will cost. `None` where that is nothing, or no card is about its
    /// carrier; a quote of nothing where the card does not know the country, so that the
    /// carrier's price can be booked later.
    pub(crate) fn quote(&self, priced: &Priced<'_>, about: &About) -> Option<Quote> {
        if self.cards.is_empty() {
            return None;
        }
        let channel = priced.contact.channel;
        let way = self.way(priced.mode, channel)?;
        let card = self.cards.on(&way.carrier, channel, priced.day)?;
        let rate = card.rate_of(priced.contact);
        let micros = match rate {
            Some(rate) if rate.micros == 0 => return None,
            Some(rate) => {
                let parts = match channel {
                    Channel::Sms => way.texts.segments(priced.text).parts,
                    Channel::Email => 1,
                };
                let parts = i64::try_from(parts).unwrap_or(i64::MAX);
                rate.micros.saturating_mul(parts)
            }
            None => {
                metrics::counter!("tidings_costs_unknown_total", "channel" => channel.as_str())
                    .increment(1);
                0
            }
        };
        Some(Quote {
            micros,
            currency: card.currency,
            carrier: way.carrier.clone(),
            country: rate.map_or_else(|| "".into(), |rate| rate.country.clone()),
            campaign: about.campaign.clone(),
            seller: about.seller.clone(),
        })
    }

    /// The country that a card sees in an address, for budgets of one country.
    pub(crate) fn country(&self, mode: Mode, contact: &ContactPoint, day: i32) -> Option<Arc<str>> {
        let way = self.way(mode, contact.channel)?;
        let card = self.cards.on(&way.carrier, contact.channel, day)?;
        Some(card.rate_of(contact)?.country.clone())
    }
}

/// The campaign and the seller that an event names in its data, before it is told apart
/// what of that a message keeps.
pub(crate) fn about(event: &Event) -> About {
    About {
        campaign: name_in(&event.data, "campaign"),
        seller: name_in(&event.data, "seller"),
    }
}

/// A name, or the `id` or `name` of an object.
fn name_in(data: &Map<String, Value>, key: &str) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let Some(value) = data.get(key) else {
        return String::new();
    };
    let inside = |name: &str| value.get(name).and_then(text);
    text(value)
        .or_else(|| inside("id"))
        .or_else(|| inside("name"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use channels::Language;
    use model::{Instant, ledger_day};
    use serde_json::json;

    use super::*;

    const CARD: &str = r#"
carrier = "sms"
channel = "sms"
currency = "USD"
valid_from = "2026-01-01"
[[rates]]
country = "US"
prefixes = ["+1"]
price = "0.0079"
[[rates]]
country = "DO"
prefixes = ["+1809", "+1829"]
price = "0.05"
[[rates]]
country = "PT"
prefixes = ["+351"]
price = "0"
"#;

    fn costs() -> Costs {
        let newer = CARD
            .replace("2026-01-01", "2026-06-01")
            .replace("0.0079", "0.01");
        let way = Way {
            channel: Channel::Sms,
            carrier: "sms".into(),
            texts: TextRoute {
                national: [Language::Portuguese].into_iter().collect(),
                ..TextRoute::default()
            },
        };
        let cards = RateCards::read([("a.toml", CARD), ("b.toml", &newer)]).unwrap();
        let ways = Ways {
            live: vec![way],
            test: vec![],
        };
        Costs::new(cards, ways, vec![]).unwrap()
    }

    fn quote(phone: &str, text: &str, day: &str, mode: Mode) -> Option<(i64, String)> {
        let contact = ContactPoint::phone(phone).unwrap();
        let priced = Priced {
            mode,
            contact: &contact,
            text,
            day: ledger_day(Instant::parse(&format!("{day}T12:00:00Z")).unwrap()),
        };
        let quote = costs().quote(&priced, &About::default())?;
        Some((quote.micros, quote.country.to_string()))
    }

    #[test]
    fn what_texts_cost() {
        let long = "a".repeat(161);
        let table = [
            ("+12535550129", "Hello", "2026-03-01", Some((7_900, "US"))),
            ("+12535550129", &long, "2026-03-01", Some((15_800, "US"))),
            // Typographic punctuation is replaced; what is left outside GSM costs more.
            (
                "+12535550129",
                "It’s here",
                "2026-03-01",
                Some((7_900, "US")),
            ),
            (
                "+12535550129",
                "荷物が届きました",
                "2026-03-01",
                Some((7_900, "US")),
            ),
            // One part with a table that the route allows; three in UCS-2.
            (
                "+12535550129",
                &"Não está. ".repeat(15),
                "2026-03-01",
                Some((7_900, "US")),
            ),
            // The longest prefix that fits.
            ("+18095550129", "Hello", "2026-03-01", Some((50_000, "DO"))),
            ("+18295550129", "Hello", "2026-03-01", Some((50_000, "DO"))),
            // The newest card that is valid.
            ("+12535550129", "Hello", "2026-05-31", Some((7_900, "US"))),
            ("+12535550129", "Hello", "2026-06-01", Some((10_000, "US"))),
            ("+12535550129", "Hello", "2025-12-31", None),
            // Free, and not known.
            ("+351912345678", "Hello", "2026-03-01", None),
            ("+5511912345678", "Hello", "2026-03-01", Some((0, ""))),
        ];
        for (phone, text, day, expected) in table {
            let expected = expected.map(|(micros, country)| (micros, country.to_owned()));
            assert_eq!(
                quote(phone, text, day, Mode::Live),
                expected,
                "{phone} {day}"
            );
        }
        assert_eq!(
            quote("+12535550129", "Hello", "2026-03-01", Mode::Test),
            None,
            "no carrier"
        );
        let none = Costs::default();
        assert!(!none.quotes());
    }

    #[test]
    fn names_are_found_in_data() {
        for (data, campaign, seller) in [
            (json!({}), "", ""),
            (json!({"campaign": "autumn"}), "autumn", ""),
            (json!({"campaign": {"id": 7, "name": "x"}}), "7", ""),
            (
                json!({"seller": {"name": "Maison Verte"}}),
                "",
                "Maison Verte",
            ),
            (
                json!({"seller": {"id": "s-1", "name": "x"}, "campaign": [1]}),
                "",
                "s-1",
            ),
            (json!({"seller": null}), "", ""),
        ] {
            let data = data.as_object().unwrap();
            assert_eq!(name_in(data, "campaign"), campaign);
            assert_eq!(name_in(data, "seller"), seller);
        }
    }
}
