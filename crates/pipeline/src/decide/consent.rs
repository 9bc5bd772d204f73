//! No text without a consent, but for the one that answers the customer's own; no marketing
//! without its own, on any channel, and for the very address where the law of a place wants
//! that (47 CFR 64.1200(a)(2) and (f)(9)).

use model::{Channel, PurposeClass, Span};

use super::{Case, Word};
use crate::regions::Place;

pub(super) fn ask(case: &Case<'_>, channel: Channel) -> Word {
    let class = case.terms.purpose;
    if case.terms.answers {
        return Word::Pass("answers", String::new());
    }
    let purpose = class.consent_purpose();
    let customer = &case.facts.customer;
    if let Some(consent) = customer.consent(channel, purpose, case.at) {
        // One for another address is none; one that names no address is from before we asked.
        let unnamed = class == PurposeClass::Marketing && consent.contact.open().is_empty();
        let place = || Place::of(customer);
        let about = (class, channel);
        let law = unnamed.then(|| case.regions.express_consent(&place(), about, case.at));
        if let Some(rule) = law.flatten() {
            return Word::Stop("number_unknown", rule.id.clone());
        }
        return Word::Pass("given", consent.given_at.to_string());
    }
    let needed = channel != Channel::Email || class == PurposeClass::Marketing;
    let protects = matches!(class, PurposeClass::Security | PurposeClass::Legal);
    // Mail that needs no consent may still be stopped, but for what protects the customer.
    match customer.withdrawn(channel, purpose, case.at) {
        Some(at) if needed || !protects => Word::Stop("withdrawn", at.to_string()),
        None if needed => Word::Stop("missing", String::new()),
        _ => Word::Pass("not_needed", String::new()),
    }
}

/// How long the consent still stands that a delivery rests on; none where it rests on none, or
/// on one without an end. What waits longer than that has lost it.
pub(super) fn left(case: &Case<'_>, channel: Channel) -> Option<Span> {
    let class = case.terms.purpose;
    let protects = matches!(class, PurposeClass::Security | PurposeClass::Legal);
    if case.terms.answers || (protects && channel == Channel::Email) {
        return None;
    }
    let customer = &case.facts.customer;
    let standing = |at| customer.consent(channel, class.consent_purpose(), at);
    let mut end = standing(case.at)?.withdrawn_at?;
    // Where one ends another may stand.
    while let Some(next) = standing(end) {
        end = next.withdrawn_at?;
    }
    Some(end.since(case.at))
}

#[cfg(test)]
mod tests {
    use model::Span;

    use super::super::Terms;
    use super::super::cases::{case, facts, noon, urgent};
    use super::*;

    #[test]
    fn table() {
        let (mut facts, terms) = (facts(), urgent());
        let marketing = Terms {
            purpose: PurposeClass::Marketing,
            ..urgent()
        };
        let given = "2026-10-23T12:00:00Z".to_owned();
        assert_eq!(
            ask(&case(&facts, &terms), Channel::Sms),
            Word::Pass("given", given)
        );
        assert_eq!(
            ask(&case(&facts, &terms), Channel::Email),
            Word::Pass("not_needed", String::new())
        );
        for channel in Channel::ALL {
            assert_eq!(
                ask(&case(&facts, &marketing), *channel),
                Word::Stop("missing", String::new())
            );
        }
        facts.customer.consents[0].withdrawn_at = Some(noon() - Span::days(1));
        assert_eq!(
            ask(&case(&facts, &terms), Channel::Sms),
            Word::Stop("withdrawn", "2026-11-21T12:00:00Z".into())
        );
        facts.customer.consents.clear();
        assert_eq!(
            ask(&case(&facts, &terms), Channel::Sms),
            Word::Stop("missing", String::new())
        );
    }

    #[test]
    fn the_law_of_a_place_wants_a_consent_for_that_very_number() {
        let mut facts = facts();
        let marketing = Terms {
            purpose: PurposeClass::Marketing,
            ..urgent()
        };
        let own = facts.customer.phone.clone().unwrap().address;
        let other = model::Sealed::new("+12535550100");
        let none = model::Sealed::new("");
        facts.customer.consents[0].purpose = model::ConsentPurpose::Marketing;
        for (country, contact, expected) in [
            ("US", &own, "given"),
            ("US", &other, "missing"),
            ("US", &none, "number_unknown"),
            ("DE", &none, "number_unknown"),
            ("CH", &own, "given"),
            ("CH", &none, "given"),
            ("CH", &other, "missing"),
        ] {
            facts.customer.country = country.into();
            facts.customer.consents[0].contact = contact.clone();
            let (Word::Pass(why, _) | Word::Stop(why, _)) =
                ask(&case(&facts, &marketing), Channel::Sms)
            else {
                panic!("the rule always speaks of texts");
            };
            assert_eq!(why, expected, "{country}");
            // Other grounds need no more than before.
            facts.customer.consents[0].purpose = model::ConsentPurpose::Transactional;
            let word = ask(&case(&facts, &urgent()), Channel::Sms);
            assert!(matches!(word, Word::Pass("given", _)), "{country}");
            facts.customer.consents[0].purpose = model::ConsentPurpose::Marketing;
        }
    }

    #[test]
    fn mail_may_be_stopped_but_for_what_protects() {
        let mut facts = facts();
        let said = model::Said {
            at: noon() - Span::days(1),
            how: model::How::FreeWords,
            source: "reply".into(),
            wording: String::new(),
            locale: String::new(),
            by: String::new(),
        };
        facts
            .customer
            .wish(Channel::Email, model::Wish::StopAll, &said);
        for (purpose, stops) in [
            (PurposeClass::Security, false),
            (PurposeClass::Legal, false),
            (PurposeClass::Transactional, true),
            (PurposeClass::Service, true),
            (PurposeClass::Marketing, true),
        ] {
            let terms = Terms {
                purpose,
                ..urgent()
            };
            let word = ask(&case(&facts, &terms), Channel::Email);
            assert_eq!(
                matches!(word, Word::Stop("withdrawn", _)),
                stops,
                "{purpose}"
            );
        }
    }

    #[test]
    fn a_delivery_is_of_use_no_longer_than_the_consent_it_rests_on() {
        let (mut facts, terms) = (facts(), urgent());
        assert_eq!(left(&case(&facts, &terms), Channel::Sms), None);
        facts.customer.consents[0].withdrawn_at = Some(noon() + Span::hours(2));
        let case = case(&facts, &terms);
        assert_eq!(left(&case, Channel::Sms), Some(Span::hours(2)));
        assert_eq!(left(&case, Channel::Email), None);
        let decision = super::super::decide(&case);
        let ends: Vec<_> = decision.deliveries.iter().map(|d| d.expires_at).collect();
        assert_eq!(ends, [noon() + Span::hours(2), noon() + Span::hours(12)]);
    }

    #[test]
    fn a_consent_given_after_the_moment_does_not_count() {
        let (facts, terms) = (facts(), urgent());
        let before = Case {
            at: noon() - Span::days(31),
            ..case(&facts, &terms)
        };
        assert_eq!(
            ask(&before, Channel::Sms),
            Word::Stop("missing", String::new())
        );
    }
}
