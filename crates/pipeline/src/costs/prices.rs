//! What a text would cost in each country of the rate cards: for whoever writes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Channel, Currency, Instant, Mode, ledger_day};

use super::Costs;

/// What one text costs in one country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextPrice {
    /// The country, as the card names it.
    pub country: Arc<str>,
    /// The currency of the card.
    pub currency: Currency,
    /// The least and the most that a network there asks for, with all parts.
    pub micros: (i64, i64),
}

impl Costs {
    /// What a text costs in each country with the carrier of live deliveries, or of tests
    /// where no card is about that, by country. Empty where none is about either.
    pub fn text_prices(&self, text: &str, at: Instant) -> Vec<TextPrice> {
        let day = ledger_day(at);
        let of = |mode: Mode| {
            let way = self.way(mode, Channel::Sms)?;
            Some((way, self.cards.on(&way.carrier, Channel::Sms, day)?))
        };
        let Some((way, card)) = of(Mode::Live).or_else(|| of(Mode::Test)) else {
            return Vec::new();
        };
        let parts = way.texts.segments(text).parts;
        let parts = i64::try_from(parts).unwrap_or(i64::MAX);
        let mut found: BTreeMap<Arc<str>, (i64, i64)> = BTreeMap::new();
        for rate in card.rates() {
            let micros = rate.micros.saturating_mul(parts);
            let range = found
                .entry(rate.country.clone())
                .or_insert((micros, micros));
            *range = (range.0.min(micros), range.1.max(micros));
        }
        let price = |(country, micros)| TextPrice {
            country,
            currency: card.currency,
            micros,
        };
        found.into_iter().map(price).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::costs::{RateCards, TextRoute, Way, Ways};

    #[test]
    fn each_country_has_its_price_for_all_parts() {
        let card = "carrier = \"sms\"\nchannel = \"sms\"\ncurrency = \"USD\"\nvalid_from = \"2026-01-01\"\n\
            [[rates]]\ncountry = \"US\"\nprefixes = [\"+1\"]\nprice = \"0.008\"\n\
            [[rates]]\ncountry = \"PT\"\nprefixes = [\"+35191\"]\nprice = \"0.02\"\n\
            [[rates]]\ncountry = \"PT\"\nprefixes = [\"+351\"]\nprice = \"0.03\"\n";
        let way = Way {
            channel: Channel::Sms,
            carrier: "sms".into(),
            texts: TextRoute::default(),
        };
        let ways = Ways {
            live: vec![way],
            test: vec![],
        };
        let cards = RateCards::read([("a.toml", card)]).unwrap();
        let costs = Costs::new(cards, ways, vec![]).unwrap();
        let prices = |text: &str, day: &str| -> Vec<(String, (i64, i64))> {
            let at = Instant::parse(&format!("{day}T12:00:00Z")).unwrap();
            let all = costs.text_prices(text, at).into_iter();
            all.map(|p| (p.country.to_string(), p.micros)).collect()
        };
        let long = "a".repeat(161);
        let one = [
            ("PT".to_owned(), (20_000, 30_000)),
            ("US".to_owned(), (8_000, 8_000)),
        ];
        let two = [
            ("PT".to_owned(), (40_000, 60_000)),
            ("US".to_owned(), (16_000, 16_000)),
        ];
        assert_eq!(prices("Hello", "2026-02-01"), one);
        assert_eq!(prices(&long, "2026-02-01"), two);
        assert_eq!(prices("Hello", "2025-02-01"), []);
        assert_eq!(
            Costs::default().text_prices("x", Instant::from_micros(0)),
            []
        );
    }
}
