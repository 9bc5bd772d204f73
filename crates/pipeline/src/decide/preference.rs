//! What the customer switched off stays off, except what protects them or the law wants.

use model::{Channel, PurposeClass};

use super::{Case, Word};

pub(super) fn ask(case: &Case<'_>, channel: Channel) -> Word {
    let switchable = !matches!(
        case.terms.purpose,
        PurposeClass::Security | PurposeClass::Legal
    );
    if switchable
        && case
            .facts
            .customer
            .switched_off(case.terms.category, channel)
    {
        Word::Stop("switched_off", String::new())
    } else {
        Word::Silent
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
        facts.customer.preferences.push(Preference {
            category: Category::Orders,
            channel: Channel::Sms,
            on: false,
        });
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
    }
}
