//! No text without a consent; no marketing without its own, on any channel.

use model::{Channel, PurposeClass};

use super::{Case, Word};

pub(super) fn ask(case: &Case<'_>, channel: Channel) -> Word {
    let marketing = case.terms.purpose == PurposeClass::Marketing;
    if channel == Channel::Email && !marketing {
        return Word::Pass("not_needed", String::new());
    }
    let purpose = case.terms.purpose.consent_purpose();
    let customer = &case.facts.customer;
    if let Some(consent) = customer.consent(channel, purpose, case.at) {
        return Word::Pass("given", consent.given_at.to_string());
    }
    let withdrawn = customer
        .consents
        .iter()
        .filter(|c| c.channel == channel && c.purpose == purpose)
        .filter_map(|c| c.withdrawn_at)
        .max();
    match withdrawn {
        Some(at) => Word::Stop("withdrawn", at.to_string()),
        None => Word::Stop("missing", String::new()),
    }
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
