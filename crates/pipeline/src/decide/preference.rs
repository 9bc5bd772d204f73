//! What the customer switched off stays off, except what protects them or the law wants.

use model::{Channel, Frequency, Lane, PurposeClass};

use super::{Case, Word, reaches};

/// What the customer switched off, and for what cannot be: the way they chose. It is left out
/// of one channel only where another takes it now, so that it always comes.
pub(super) fn ask_first(case: &Case<'_>, channel: Channel) -> Word {
    let (terms, customer) = (case.terms, &case.facts.customer);
    let elsewhere = |channel| customer.wants_elsewhere(terms.category, &terms.topic, channel);
    if cannot_be_switched(terms.purpose) && elsewhere(channel) {
        let mut others = terms.channels.iter().filter(|other| **other != channel);
        return match others.any(|other| !elsewhere(*other) && reaches(case, *other)) {
            true => Word::Stop("elsewhere", String::new()),
            false => Word::Silent,
        };
    }
    ask(case, channel)
}

const fn cannot_be_switched(purpose: PurposeClass) -> bool {
    matches!(purpose, PurposeClass::Security | PurposeClass::Legal)
}

/// Asked just before a hand-over: the way was chosen when it was decided.
pub(super) fn ask(case: &Case<'_>, channel: Channel) -> Word {
    let terms = case.terms;
    if cannot_be_switched(terms.purpose) {
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

    #[test]
    fn what_protects_takes_the_way_that_was_chosen_and_always_one() {
        let (mut facts, mut alert) = (facts(), urgent());
        alert.purpose = PurposeClass::Security;
        alert.topic = "security".into();
        let off = |channel, chosen| Preference {
            category: Category::Orders,
            topic: "security".into(),
            channel,
            on: false,
            frequency: Frequency::Each,
            chosen,
        };
        let elsewhere = || Word::Stop("elsewhere", String::new());
        facts.customer.preferences = vec![off(Channel::Sms, true)];
        assert_eq!(ask_first(&case(&facts, &alert), Channel::Sms), elsewhere());
        assert_eq!(
            ask_first(&case(&facts, &alert), Channel::Email),
            Word::Silent
        );
        // What was decided by text before the choice still leaves.
        assert_eq!(ask(&case(&facts, &alert), Channel::Sms), Word::Silent);
        // A code has no other way, and neither has who has no address, or a lost one.
        let code = Terms {
            channels: vec![Channel::Sms],
            ..alert.clone()
        };
        assert_eq!(ask_first(&case(&facts, &code), Channel::Sms), Word::Silent);
        let mut lost = facts.clone();
        lost.suppressed = vec![(Channel::Email, "hard_bounce".into())];
        assert_eq!(ask_first(&case(&lost, &alert), Channel::Sms), Word::Silent);
        lost.suppressed.clear();
        lost.customer.email = None;
        assert_eq!(ask_first(&case(&lost, &alert), Channel::Sms), Word::Silent);
        // Both switched off is neither; and only the customer's own word counts.
        facts.customer.preferences.push(off(Channel::Email, true));
        for channel in Channel::ALL {
            assert_eq!(
                ask_first(&case(&facts, &alert), *channel),
                Word::Silent,
                "{channel}"
            );
        }
        facts.customer.preferences = vec![off(Channel::Sms, false)];
        assert_eq!(ask_first(&case(&facts, &alert), Channel::Sms), Word::Silent);
    }
}
