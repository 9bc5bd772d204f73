//! "I did not get it": where a message is on each channel, and what to do now, in a
//! customer's language.
//!
//! Answers from the same trace and states as "why?". Every sentence is a word of the catalogue
//! under `missing`; addresses stand in it masked. Decides nothing.

use jiff::tz::TimeZone;
use model::{Channel, Delivery, DeliveryState, Instant, Rule, Spoke, Trace, Verdict};

use super::Catalogue;
use super::explain::{fill, formats_of};
use super::formats::{DateStyle, Formats, When};

/// Where a message is on a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whereabouts {
    /// The channel.
    pub channel: Channel,
    /// To which address, masked; none where it was never meant to leave.
    pub to: Option<String>,
    /// What became of it: `held`, `waits`, `in_doubt`, `accepted`, `delivered`, `bounced`,
    /// `failed`, `cancelled` or `not_sent`.
    pub outcome: &'static str,
    /// The same in words.
    pub sentence: String,
    /// What to do now.
    pub advice: String,
    /// The rule that held or stopped it, where one did: a choice may govern it.
    pub rule: Option<Rule>,
}

/// What became of a delivery, by its state at a moment.
fn outcome_of(delivery: &Delivery, now: Instant) -> &'static str {
    match delivery.state {
        DeliveryState::Scheduled if delivery.attempts == 0 && delivery.due_at > now => "held",
        DeliveryState::Scheduled | DeliveryState::Claimed => "waits",
        DeliveryState::InDoubt => "in_doubt",
        DeliveryState::Accepted => "accepted",
        DeliveryState::Delivered => "delivered",
        DeliveryState::Undelivered | DeliveryState::Rejected => "bounced",
        DeliveryState::Expired | DeliveryState::GivenUp => "failed",
        DeliveryState::Cancelled => "cancelled",
    }
}

impl Catalogue {
    /// Where a message is on each channel. `locale` is a BCP 47 tag, `zone` an IANA name.
    pub fn whereabouts(
        &self,
        (trace, deliveries): (&Trace, &[&Delivery]),
        (locale, zone): (&str, &str),
        now: Instant,
    ) -> Vec<Whereabouts> {
        let words = self.nearest_locale(locale);
        let formats = formats_of(words, locale);
        let clock = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let on = |channel: &Channel| {
            let of = |delivery: &&&Delivery| delivery.channel() == *channel;
            // Of several, the one that began last.
            match deliveries.iter().rfind(of) {
                Some(delivery) => {
                    let outcome = outcome_of(delivery, now);
                    let (sentence, rule) =
                        self.of_delivery((delivery, outcome), trace, (words, &formats, &clock));
                    Some(Whereabouts {
                        channel: *channel,
                        to: Some(delivery.contact.masked()),
                        outcome,
                        sentence,
                        advice: self.advice(words, outcome, *channel),
                        rule,
                    })
                }
                None => self.never_left(trace, *channel, (words, locale, zone)),
            }
        };
        Channel::ALL.iter().filter_map(on).collect()
    }

    fn of_delivery(
        &self,
        (delivery, outcome): (&Delivery, &str),
        trace: &Trace,
        (words, formats, zone): (&str, &Formats, &TimeZone),
    ) -> (String, Option<Rule>) {
        let at = match outcome {
            "held" => delivery.due_at,
            _ => delivery.changed_at,
        };
        let at = at.to_timestamp();
        let gaps = [
            ("address", delivery.contact.masked()),
            ("date", formats.date(When::At(at), zone, DateStyle::Full)),
            ("time", formats.time(at, zone)),
        ];
        let key = format!("missing.{outcome}_{}", delivery.channel());
        let plain = format!("missing.{outcome}");
        let sentence = self.words.get(words, &key);
        let sentence = sentence.or_else(|| self.words.get(words, &plain));
        let sentence = sentence.and_then(|word| fill(word, &gaps));
        let held = (outcome == "held")
            .then(|| last(trace, delivery.channel(), Verdict::Hold))
            .flatten();
        (sentence.unwrap_or_default(), held.map(|spoke| spoke.rule))
    }

    /// The word of the rule that kept it from a channel; none where no rule spoke of it.
    fn never_left(
        &self,
        trace: &Trace,
        channel: Channel,
        (words, locale, zone): (&str, &str, &str),
    ) -> Option<Whereabouts> {
        let spoke = last(trace, channel, Verdict::Stop)?;
        let said = self.explain(&Trace(vec![spoke.clone()]), locale, zone);
        Some(Whereabouts {
            channel,
            to: None,
            outcome: "not_sent",
            sentence: said.into_iter().next()?.text,
            advice: self.advice(words, "not_sent", channel),
            rule: Some(spoke.rule),
        })
    }

    fn advice(&self, words: &str, outcome: &str, channel: Channel) -> String {
        let own = format!("missing.do_{outcome}_{channel}");
        let word = self.words.get(words, &own);
        let word = word.or_else(|| self.words.get(words, &format!("missing.do_{outcome}")));
        word.unwrap_or_default().to_owned()
    }
}

fn last(trace: &Trace, channel: Channel, verdict: Verdict) -> Option<&Spoke> {
    let of = |spoke: &&Spoke| spoke.channel == Some(channel) && spoke.verdict == verdict;
    trace.0.iter().rfind(of)
}

#[cfg(test)]
mod tests {
    use model::{ContactPoint, Id, Lane, Span};

    use super::*;
    use crate::catalogue::Catalogue;

    fn delivery(state: DeliveryState) -> Delivery {
        let at = Instant::parse("2026-11-22T12:00:00Z").unwrap();
        Delivery {
            id: model::DeliveryId::from_i64(1),
            message: model::MessageId::from_i64(1),
            contact: ContactPoint::phone("+12535550129").unwrap(),
            state,
            lane: Lane::Normal,
            due_at: at,
            expires_at: at + Span::days(1),
            attempts: 0,
            changed_at: at,
        }
    }

    #[test]
    fn each_outcome_has_its_words_in_every_language() {
        let catalogue = Catalogue::load(None).unwrap();
        let due = Instant::parse("2026-11-22T12:00:00Z").unwrap();
        let trace = Trace(vec![Spoke {
            rule: Rule::Consent,
            verdict: Verdict::Stop,
            channel: Some(Channel::Email),
            why: "missing".into(),
            with: String::new(),
        }]);
        for locale in [
            "en-US", "de-DE", "es-ES", "fr-FR", "ja-JP", "pt-BR", "ar-EG",
        ] {
            let mut seen = std::collections::BTreeSet::new();
            for state in DeliveryState::ALL {
                for now in [due, due - Span::hours(9)] {
                    for contact in [
                        ContactPoint::phone("+12535550129"),
                        ContactPoint::email("ines@customers.example"),
                    ] {
                        let mut one = delivery(*state);
                        one.contact = contact.unwrap();
                        let masked = one.contact.masked();
                        let told = catalogue.whereabouts(
                            (&Trace::default(), &[&one]),
                            (locale, "America/Sao_Paulo"),
                            now,
                        );
                        assert_eq!(told.len(), 1);
                        let told = &told[0];
                        seen.insert(told.outcome);
                        assert!(told.sentence.contains(&masked), "{locale} {told:?}");
                        assert!(!told.sentence.contains('{') && !told.advice.is_empty());
                        assert!(
                            !told.sentence.contains("ines@") && !told.sentence.contains("5550")
                        );
                    }
                }
            }
            let told = catalogue.whereabouts((&trace, &[]), (locale, "UTC"), due);
            assert_eq!(told.len(), 1, "of texts no rule spoke");
            assert_eq!(
                (told[0].outcome, told[0].rule),
                ("not_sent", Some(Rule::Consent))
            );
            assert!(!told[0].sentence.is_empty() && !told[0].advice.is_empty());
            assert_eq!(seen.len(), 8, "{seen:?}");
        }
        let held = delivery(DeliveryState::Scheduled);
        let told = catalogue.whereabouts(
            (&Trace::default(), &[&held]),
            ("en-US", "America/New_York"),
            due - Span::hours(9),
        );
        assert!(
            told[0].sentence.contains("on November 22, 2026, 7:00"),
            "{}",
            told[0].sentence
        );
    }
}
