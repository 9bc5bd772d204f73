//! Is there money left for it? A budget that is spent stops its purposes on its channel;
//! codes, alerts and what the law requires are sent whatever they cost.

use model::{Channel, PurposeClass};

use super::{Case, Word};

pub(super) fn ask(case: &Case<'_>, channel: Channel) -> Word {
    let purpose = case.terms.purpose;
    if matches!(purpose, PurposeClass::Security | PurposeClass::Legal) {
        return Word::Silent;
    }
    let spent = case.spent.iter().find(|(of, _)| *of == channel);
    spent.map_or(Word::Silent, |(_, budget)| {
        Word::Stop("spent", budget.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::super::Terms;
    use super::super::cases::{case, facts, urgent};
    use super::*;

    #[test]
    fn table() {
        let facts = facts();
        let spent = [(Channel::Sms, "promotions".to_owned())];
        for (purpose, channel, stops) in [
            (PurposeClass::Marketing, Channel::Sms, true),
            (PurposeClass::Transactional, Channel::Sms, true),
            (PurposeClass::Marketing, Channel::Email, false),
            (PurposeClass::Security, Channel::Sms, false),
            (PurposeClass::Legal, Channel::Sms, false),
        ] {
            let terms = Terms {
                purpose,
                ..urgent()
            };
            let asked = ask(
                &Case {
                    spent: &spent,
                    ..case(&facts, &terms)
                },
                channel,
            );
            let expected = match stops {
                true => Word::Stop("spent", "promotions".into()),
                false => Word::Silent,
            };
            assert_eq!(asked, expected, "{purpose} by {channel}");
            assert_eq!(
                ask(&case(&facts, &terms), channel),
                Word::Silent,
                "nothing is spent"
            );
        }
    }
}
