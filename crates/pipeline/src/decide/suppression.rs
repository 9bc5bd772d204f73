//! An address that must not be written to is not written to, whatever the ground.
//!
//! One text may answer a customer's own stop (47 CFR 64.1200(a)(12)): it confirms it. What
//! somebody else suppressed gets no answer either.

use model::Channel;
use store::is_own_stop;

use super::{Case, Word};
use crate::contacts::is_health;

pub(super) fn ask(case: &Case<'_>, channel: Channel) -> Word {
    match case.facts.suppression(channel) {
        Some(reason) if case.terms.answers && is_own_stop(reason) => {
            Word::Pass("answers", reason.to_owned())
        }
        // The rule about health has spoken.
        Some(reason) if case.terms.proves && is_health(reason) => Word::Silent,
        Some(reason) => Word::Stop("suppressed", reason.to_owned()),
        None => Word::Silent,
    }
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
