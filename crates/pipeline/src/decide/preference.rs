//! What the customer switched off stays off, except what protects them or the law wants.

use model::{Channel, Frequency, Lane, PurposeClass};

use super::{Case, Word};

pub(super) fn ask(case: &Case<'_>, channel: Channel) -> Word {
    let terms = case.terms;
    if matches!(terms.purpose, PurposeClass::Security | PurposeClass::Legal) {
        return Word::Silent;
    }
    let customer = &case.facts.customer;
    match customer.preference(terms.category, &terms.topic, channel) {
        Some(wanted) if !wanted.on => Word::Stop("switched_off", String::new()),
        Some(wanted) if wanted.frequency == Frequency::Urgent && terms.lane > Lane::Urgent => {
            Word::Stop("urgent_only", String::new())
        }
        _ => Word::Silent,
    }
}

#[cfg(test)]
mod tests {
    use model::{Category, Preference};

    use super::super::Terms;
    use super::super::cases::{case, facts, urgent};
    use super::*;

    #[test]
    fn table() {
        let (mut facts, terms) = (facts(), urgent());
        assert_eq!(ask(&case(&facts, &terms), Channel::Sms), Word::Silent);
        let wish = |topic: &str, on, frequency| Preference {
            category: Category::Orders,
            topic: topic.into(),
            channel: Channel::Sms,
            on,
            frequency,
            chosen: true,
        };
        facts.customer.preferences = vec![wish("", false, Frequency::Each)];
        assert_eq!(
            ask(&case(&facts, &terms), Channel::Sms),
            Word::Stop("switched_off", String::new())
        );
        assert_eq!(ask(&case(&facts, &terms), Channel::Email), Word::Silent);
        let legal = Terms {
            purpose: PurposeClass::Legal,
            ..urgent()
        };
        assert_eq!(ask(&case(&facts, &legal), Channel::Sms), Word::Silent);
        // A topic's own word goes before the one about its category.
        let returns = Terms {
            topic: "returns".into(),
            lane: Lane::Normal,
            ..urgent()
        };
        facts
            .customer
            .preferences
            .push(wish("returns", true, Frequency::Each));
        assert_eq!(ask(&case(&facts, &returns), Channel::Sms), Word::Silent);
        assert_eq!(
            ask(&case(&facts, &terms), Channel::Sms),
            Word::Stop("switched_off", String::new())
        );
        facts.customer.preferences = vec![wish("", true, Frequency::Urgent)];
        assert_eq!(ask(&case(&facts, &terms), Channel::Sms), Word::Silent);
        assert_eq!(
            ask(&case(&facts, &returns), Channel::Sms),
            Word::Stop("urgent_only", String::new())
        );
    }
}
