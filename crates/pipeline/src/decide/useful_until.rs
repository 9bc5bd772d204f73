//! A delivery that comes too late is worse than none: a code dies in minutes, "out for
//! delivery" at midnight. The fact still stands in the Message Center.

use model::{Channel, Span};

use super::{Case, Word};

pub(super) fn ask(case: &Case<'_>, _: Channel) -> Word {
    if left(case) > Span::ZERO {
        Word::Silent
    } else {
        Word::Stop("late", case.event_time.to_string())
    }
}

/// How long a delivery of the case still helps. A fact from the future (a clock that is
/// ahead) counts as one of now.
pub(super) fn left(case: &Case<'_>) -> Span {
    let happened = case.event_time.min(case.at);
    (happened + case.terms.useful_for).since(case.at)
}

#[cfg(test)]
mod tests {
    use super::super::cases::{case, facts, noon, urgent};
    use super::*;

    #[test]
    fn table() {
        let (facts, terms) = (facts(), urgent());
        let at = |hours| Case {
            at: noon() + Span::hours(hours),
            ..case(&facts, &terms)
        };
        assert_eq!(ask(&at(0), Channel::Sms), Word::Silent);
        assert_eq!(ask(&at(11), Channel::Sms), Word::Silent);
        assert_eq!(
            ask(&at(12), Channel::Sms),
            Word::Stop("late", "2026-11-22T12:00:00Z".into())
        );
        assert_eq!(left(&at(-5)), Span::hours(12), "a clock that is ahead");
    }
}
