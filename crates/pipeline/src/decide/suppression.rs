//! An address that must not be written to is not written to, whatever the ground.
//!
//! One text may answer a customer's own stop (47 CFR 64.1200(a)(12)): it confirms it. What
//! somebody else suppressed gets no answer either.

use model::{Channel, is_own_stop};

use super::{Case, Word};
use crate::contacts::is_health;

pub(super) fn ask(case: &Case<'_>, channel: Channel) -> Word {
    // Each entry holds by itself: what passes one may be stopped by the next.
    let mut word = Word::Silent;
    for reason in case.facts.suppressions_at(channel, case.now) {
        if case.terms.answers && is_own_stop(reason) {
            word = Word::Pass("answers", reason.to_owned());
        } else if !(case.terms.proves && is_health(reason)) {
            // The rule about health has spoken of what proves.
            return Word::Stop("suppressed", reason.to_owned());
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::super::cases::{case, facts, urgent};
    use super::*;

    #[test]
    fn table() {
        let (mut facts, terms) = (facts(), urgent());
        assert_eq!(ask(&case(&facts, &terms), Channel::Sms), Word::Silent);
        facts.suppressed.push((Channel::Sms, "keyword_stop".into()));
        assert_eq!(
            ask(&case(&facts, &terms), Channel::Sms),
            Word::Stop("suppressed", "keyword_stop".into())
        );
        assert_eq!(ask(&case(&facts, &terms), Channel::Email), Word::Silent);
        let answer = super::super::Terms {
            answers: true,
            ..urgent()
        };
        assert_eq!(
            ask(&case(&facts, &answer), Channel::Sms),
            Word::Pass("answers", "keyword_stop".into())
        );
        facts.suppressed = vec![(Channel::Sms, "asked by letter".into())];
        assert_eq!(
            ask(&case(&facts, &answer), Channel::Sms),
            Word::Stop("suppressed", "asked by letter".into())
        );
    }
}
