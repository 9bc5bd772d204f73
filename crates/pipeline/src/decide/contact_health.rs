//! An address at which nothing arrives gets nothing more, until it is another or is proved to
//! work: it costs money and the good name of our senders, and a number that was given to
//! somebody else must not get a customer's news. What other addresses get is not touched, so
//! what protects the customer goes out on those.

use model::Channel;

use super::{Case, Word};

pub(super) fn ask(case: &Case<'_>, channel: Channel) -> Word {
    let health = case.facts.health_at(channel, case.now);
    if health.reason().is_none() {
        return Word::Silent;
    }
    if case.terms.proves {
        return Word::Pass("proves", String::new());
    }
    Word::Stop(health.as_str(), String::new())
}

#[cfg(test)]
mod tests {
    use super::super::cases::{case, facts, noon, urgent};
    use super::super::{Terms, decide};
    use super::*;

    #[test]
    fn table() {
        let (mut facts, terms) = (facts(), urgent());
        let code = Terms {
            proves: true,
            ..urgent()
        };
        assert_eq!(ask(&case(&facts, &terms), Channel::Sms), Word::Silent);
        for (reason, why) in [
            ("hard_bounce", "bounced"),
            ("blocked", "blocked"),
            ("recycled", "recycled"),
        ] {
            facts.suppressed = vec![(Channel::Sms, reason.into())];
            let stop = Word::Stop(why, String::new());
            assert_eq!(ask(&case(&facts, &terms), Channel::Sms), stop);
            assert_eq!(ask(&case(&facts, &terms), Channel::Email), Word::Silent);
            let pass = Word::Pass("proves", String::new());
            assert_eq!(ask(&case(&facts, &code), Channel::Sms), pass);
        }
        // A person's word is the suppression rule's.
        for reason in ["keyword_stop", "complaint", "asked by letter"] {
            facts.suppressed = vec![(Channel::Sms, reason.into())];
            assert_eq!(ask(&case(&facts, &terms), Channel::Sms), Word::Silent);
            assert!(
                decide(&case(&facts, &code))
                    .deliveries
                    .iter()
                    .all(|d| d.contact.channel != Channel::Sms)
            );
        }
    }

    #[test]
    fn what_protects_goes_out_on_the_other_channel() {
        let mut facts = facts();
        let alert = Terms {
            purpose: model::PurposeClass::Security,
            ..urgent()
        };
        for (bad, good) in [
            (Channel::Sms, Channel::Email),
            (Channel::Email, Channel::Sms),
        ] {
            facts.suppressed = vec![(bad, "hard_bounce".into())];
            let decision = decide(&case(&facts, &alert));
            let out: Vec<_> = decision
                .deliveries
                .iter()
                .map(|d| d.contact.channel)
                .collect();
            assert_eq!(out, [good]);
            assert_eq!(decision.deliveries[0].due_at, noon());
        }
    }
}
