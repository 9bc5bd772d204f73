//! May it come at this hour? Not against the law where the customer is, and not in the hours
//! for which they asked for quiet. What may not is held until it may. What protects the
//! customer, and what the law requires, comes at any hour.

use model::{Channel, Lane, PurposeClass, QuietHours, Spoke, Verdict};

use super::{Case, TOO_LATE, Word};
use crate::regions::{Allowed, OWN, Place, Question, Regions};

/// The customer's own choice bars it.
const BY_CHOICE: &str = "own";
/// The law of a place bars it.
const BY_LAW: &str = "region";

pub(super) fn ask(case: &Case<'_>, channel: Channel) -> Word {
    let customer = &case.facts.customer;
    let about = (case.terms.purpose, case.terms.lane, channel);
    if !may_concern(case.regions, about, customer.quiet_hours) {
        return Word::Silent;
    }
    let question = question(Place::of(customer), about, customer.quiet_hours);
    word(case.regions.answer(&question, case.now))
}

/// Whether any hour may be wrong for a message: told without a look at clocks or maps.
pub(crate) fn may_concern(
    regions: &Regions,
    (purpose, lane, channel): (PurposeClass, Lane, Channel),
    own: Option<QuietHours>,
) -> bool {
    let exempt =
        lane == Lane::Security || matches!(purpose, PurposeClass::Security | PurposeClass::Legal);
    !exempt && ((rings(channel) && own.is_some()) || regions.concerns(purpose, channel))
}

/// The question about a message.
pub(crate) fn question(
    place: Place<'_>,
    (purpose, _, channel): (PurposeClass, Lane, Channel),
    own: Option<QuietHours>,
) -> Question<'_> {
    Question {
        place,
        purpose,
        channel,
        own: own.filter(|_| rings(channel)),
    }
}

/// Whether what comes makes a noise: a customer's own quiet hours are about that.
fn rings(channel: Channel) -> bool {
    match channel {
        Channel::Sms => true,
        Channel::Email => false,
    }
}

/// What an answer means to a delivery.
fn word(answer: Allowed<'_>) -> Word {
    match answer {
        Allowed::Now => Word::Silent,
        Allowed::From { at, rule: OWN } => Word::Hold(at, BY_CHOICE, at.to_string()),
        Allowed::From { at, rule } => Word::Hold(at, BY_LAW, format!("{at} {rule}")),
        Allowed::Never { rule } => Word::Stop(TOO_LATE, rule.to_owned()),
    }
}

/// The same in the words of a trace, with the moment until which it holds; none where it
/// may come.
pub(crate) fn spoke(
    answer: Allowed<'_>,
    channel: Channel,
) -> Option<(Spoke, Option<model::Instant>)> {
    let (verdict, why, with, until) = match word(answer) {
        Word::Silent | Word::Pass(..) | Word::Collect(..) => return None,
        Word::Stop(why, with) => (Verdict::Stop, why, with, None),
        Word::Hold(until, why, with) => (Verdict::Hold, why, with, Some(until)),
    };
    let spoke = Spoke {
        rule: model::Rule::QuietHours,
        verdict,
        channel: Some(channel),
        why: why.into(),
        with,
    };
    Some((spoke, until))
}

#[cfg(test)]
mod tests {
    use model::{Consent, ConsentPurpose, Facts, Instant, Rule, Span};

    use super::super::cases::{case, facts, urgent};
    use super::super::{Terms, UsefulFor, decide};
    use super::*;

    /// Twenty to midnight in Orlando.
    const LATE: &str = "2026-11-24T04:40:00Z";
    const MORNING: &str = "2026-11-24T13:00:00Z";

    fn moment(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    fn orlando() -> Facts {
        let mut facts = facts();
        facts.customer.country = "US".into();
        facts.customer.region = "US-FL".into();
        facts.customer.time_zone = "America/New_York".into();
        facts.customer.consents.push(Consent {
            channel: Channel::Sms,
            purpose: ConsentPurpose::Marketing,
            given_at: moment(LATE) - Span::days(300),
            source: "checkout".into(),
            withdrawn_at: None,
            contact: model::Sealed::new("+12535550129"),
            how: model::How::Import,
            ended: model::How::Import,
        });
        facts
    }

    fn of(purpose: PurposeClass, lane: Lane) -> Terms {
        Terms {
            purpose,
            lane,
            useful_for: UsefulFor::Span(Span::days(2)),
            ..urgent()
        }
    }

    fn asked(facts: &Facts, terms: &Terms, channel: Channel) -> Word {
        let late = moment(LATE);
        let case = Case {
            event_time: late,
            at: late,
            now: late,
            ..case(facts, terms)
        };
        ask(&case, channel)
    }

    #[test]
    fn table() {
        use Lane::{Bulk, Normal, Security as Codes, Urgent};
        use PurposeClass::{Legal, Marketing, Security, Service, Transactional};

        let night = QuietHours::parse("22:00", "07:30").ok();
        let by_law = || {
            Word::Hold(
                moment(MORNING),
                BY_LAW,
                format!("{MORNING} us-federal-hours"),
            )
        };
        let seven = moment("2026-11-24T12:30:00Z");
        let by_choice = || Word::Hold(seven, BY_CHOICE, seven.to_string());
        for (purpose, lane, own, channel, expected) in [
            (Marketing, Bulk, None, Channel::Sms, by_law()),
            // The later end counts.
            (Marketing, Bulk, night, Channel::Sms, by_law()),
            (Marketing, Bulk, night, Channel::Email, Word::Silent),
            (Transactional, Urgent, None, Channel::Sms, Word::Silent),
            (Transactional, Urgent, night, Channel::Sms, by_choice()),
            (Transactional, Urgent, night, Channel::Email, Word::Silent),
            (Service, Normal, night, Channel::Sms, by_choice()),
            (Security, Normal, night, Channel::Sms, Word::Silent),
            (Legal, Normal, night, Channel::Sms, Word::Silent),
            (Service, Codes, night, Channel::Sms, Word::Silent),
        ] {
            let mut facts = orlando();
            facts.customer.quiet_hours = own;
            let terms = of(purpose, lane);
            assert_eq!(
                asked(&facts, &terms, channel),
                expected,
                "{purpose} {lane} {channel}"
            );
        }
    }

    #[test]
    fn a_held_delivery_is_due_when_it_may_leave_or_is_not_made() {
        let (facts, mut terms) = (orlando(), of(PurposeClass::Marketing, Lane::Bulk));
        let late = moment(LATE);
        let made = |terms: &Terms| {
            decide(&Case {
                event_time: late,
                at: late,
                now: late,
                ..case(&facts, terms)
            })
        };
        terms.channels = vec![Channel::Sms];
        let held = made(&terms);
        assert_eq!(held.deliveries[0].due_at, moment(MORNING));
        assert_eq!(held.deliveries[0].expires_at, late + Span::days(2));
        let hold = held
            .trace
            .0
            .iter()
            .find(|spoke| spoke.verdict == Verdict::Hold)
            .unwrap();
        assert_eq!((hold.rule, hold.why.as_str()), (Rule::QuietHours, BY_LAW));

        terms.useful_for = UsefulFor::Span(moment(MORNING).since(late));
        let too_late = made(&terms);
        assert!(too_late.deliveries.is_empty());
        let last = too_late
            .trace
            .0
            .iter()
            .rfind(|s| s.channel == Some(Channel::Sms))
            .unwrap();
        let said = (last.rule, last.verdict, last.why.as_str());
        assert_eq!(said, (Rule::QuietHours, Verdict::Stop, TOO_LATE));
    }

    #[test]
    fn hours_without_a_common_minute_make_no_delivery() {
        let (mut facts, terms) = (orlando(), of(PurposeClass::Marketing, Lane::Bulk));
        facts.customer.quiet_hours = QuietHours::parse("08:00", "20:00").ok();
        let never = asked(&facts, &terms, Channel::Sms);
        assert_eq!(never, Word::Stop(TOO_LATE, "us-federal-hours".into()));
    }

    #[test]
    fn a_replay_keeps_the_hours_of_today() {
        let (facts, terms) = (orlando(), of(PurposeClass::Marketing, Lane::Bulk));
        let noon = moment("2026-11-20T17:00:00Z");
        let replay = Case {
            event_time: noon,
            at: noon,
            now: moment(LATE),
            ..case(&facts, &terms)
        };
        assert!(matches!(ask(&replay, Channel::Sms), Word::Hold(..)));
    }
}
