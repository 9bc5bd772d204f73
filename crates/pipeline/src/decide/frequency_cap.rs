//! Has the customer had enough lately? Over the limit it is held until there is room again, at
//! an hour that is allowed; if that is too late to be of use, it is not made. The Message
//! Center has it either way.
//!
//! A decision takes its place at the commit, which asks again under the customer's lock. What
//! then waits longer than planned is counted once more at the hand-over.

use model::{Cap, Channel, Counts, Instant};

use super::{Case, TOO_LATE, Word, quiet_hours};
use crate::attention::Kind;
use crate::regions::Place;

/// A limit that allows nothing at all.
const NEVER: &str = "never";

/// So often is a moment with room moved on for the hour it lies at: further ahead nothing is
/// of use any more.
const ROUNDS: usize = 32;

pub(super) fn ask(case: &Case<'_>, channel: Channel) -> Word {
    let Some(counts) = counts(case, channel) else {
        return Word::Silent;
    };
    let Some(cap) = counts.broken(case.taken, case.now) else {
        return Word::Silent;
    };
    let mut from = case.now;
    for _ in 0..ROUNDS {
        let Some(room) = counts.room(case.taken, from) else {
            return Word::Stop(NEVER, said(cap));
        };
        match quiet_hours::ask(&Case { now: room, ..*case }, channel) {
            Word::Hold(until, ..) => from = until,
            Word::Stop(..) => return Word::Stop(TOO_LATE, said(cap)),
            Word::Silent | Word::Pass(..) | Word::Collect(..) => {
                return Word::Hold(room, cap.why, with(room, cap));
            }
        }
    }
    Word::Stop(TOO_LATE, said(cap))
}

/// What a delivery of the case counts as, and the limits it keeps to.
pub(crate) fn counts(case: &Case<'_>, channel: Channel) -> Option<Counts> {
    let (attention, kind) = (case.attention?, Kind::of(case.terms));
    if !attention.may_concern(case.regions, kind, channel) {
        return None;
    }
    let place = Place::of(&case.facts.customer);
    let about = (kind, channel, case.mode);
    attention.counts(case.regions, about, &place, case.now)
}

/// When there is room, and how many there may be or which rule says so.
pub(crate) fn with(room: Instant, cap: &Cap) -> String {
    format!("{room} {}", said(cap))
}

fn said(cap: &Cap) -> String {
    match cap.rule.as_str() {
        "" => cap.most.to_string(),
        rule => rule.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use model::{Category, DeliveryId, Id, Lane, Mode, PurposeClass, Rule, Span, Taken, Verdict};
    use proptest::prelude::*;

    use super::super::cases::{REGIONS, case, facts, noon, urgent};
    use super::super::{Terms, UsefulFor, decide};
    use super::*;
    use crate::attention::Attention;

    fn offer() -> Terms {
        Terms {
            category: Category::Promotions,
            purpose: PurposeClass::Marketing,
            lane: Lane::Bulk,
            useful_for: UsefulFor::Span(Span::days(3)),
            ..urgent()
        }
    }

    fn taken(channel: Channel, purpose: PurposeClass, hours_ago: i64) -> Taken {
        Taken {
            delivery: DeliveryId::from_i64(hours_ago),
            channel,
            purpose,
            test: false,
            at: noon() - Span::hours(hours_ago),
            left: true,
        }
    }

    fn asked(terms: &Terms, taken: &[Taken], attention: &Attention) -> Word {
        let facts = facts();
        let case = Case {
            attention: Some(attention),
            taken,
            ..case(&facts, terms)
        };
        ask(&case, Channel::Email)
    }

    #[test]
    fn table() {
        use PurposeClass::{Legal, Marketing, Security, Service, Transactional};
        let house = Attention::default();
        let mail = |hours| taken(Channel::Email, Marketing, hours);
        let until = |hours, why, most: u32| {
            let room = noon() + Span::hours(hours);
            Word::Hold(room, why, format!("{room} {most}"))
        };
        for (before, expected) in [
            (vec![], Word::Silent),
            (vec![mail(1)], until(23, "offers_day", 1)),
            (vec![mail(24)], Word::Silent),
            (
                vec![mail(150), mail(100), mail(50)],
                until(18, "offers_week", 3),
            ),
            (
                vec![mail(150), mail(100), mail(5)],
                until(19, "offers_day", 1),
            ),
            // Other ways, other grounds and tests take nothing of it.
            (vec![taken(Channel::Sms, Marketing, 1)], Word::Silent),
            (vec![taken(Channel::Email, Service, 1)], Word::Silent),
            (
                vec![Taken {
                    test: true,
                    ..mail(1)
                }],
                Word::Silent,
            ),
        ] {
            assert_eq!(asked(&offer(), &before, &house), expected, "{before:?}");
        }
        for purpose in [Security, Legal, Transactional, Service] {
            let terms = Terms { purpose, ..offer() };
            assert_eq!(asked(&terms, &[mail(1)], &house), Word::Silent, "{purpose}");
        }
        let free = Attention {
            offer_mails_a_day: 0,
            offer_mails_a_week: 0,
            ..house
        };
        assert_eq!(asked(&offer(), &[mail(1), mail(2)], &free), Word::Silent);
    }

    #[test]
    fn texts_that_are_not_urgent_share_one_limit() {
        let facts = facts();
        let house = Attention {
            texts_a_day: 2,
            ..Attention::default()
        };
        let before = [3, 5].map(|hours| taken(Channel::Sms, PurposeClass::Service, hours));
        let word = |terms: &Terms| {
            let case = Case {
                attention: Some(&house),
                taken: &before,
                ..case(&facts, terms)
            };
            ask(&case, Channel::Sms)
        };
        let calm = Terms {
            lane: Lane::Normal,
            ..urgent()
        };
        assert!(matches!(word(&calm), Word::Hold(_, "texts_day", _)));
        assert_eq!(word(&urgent()), Word::Silent, "news of an order is urgent");
        let talk = Terms {
            category: Category::Support,
            ..calm.clone()
        };
        assert_eq!(word(&talk), Word::Silent, "a conversation goes on");
        let answer = Terms {
            answers: true,
            ..calm
        };
        assert_eq!(word(&answer), Word::Silent);
    }

    #[test]
    fn the_law_of_a_place_limits_texts_that_sell() {
        let house = Attention {
            offer_texts_a_day: 0,
            offer_texts_a_week: 0,
            texts_a_day: 0,
            ..Attention::default()
        };
        let before = [1, 2, 3].map(|hours| taken(Channel::Sms, PurposeClass::Marketing, hours));
        let word = |country: &str, region: &str| {
            let mut facts = facts();
            facts.customer.country = country.into();
            facts.customer.region = region.into();
            facts.customer.time_zone = "America/New_York".into();
            let terms = offer();
            let case = Case {
                attention: Some(&house),
                taken: &before,
                ..case(&facts, &terms)
            };
            ask(&case, Channel::Sms)
        };
        // Room at nine in the morning of the next day in New York, which is no quiet hour.
        let Word::Hold(until, "region", with) = word("US", "US-FL") else {
            panic!("three in 24 hours are enough in Florida");
        };
        assert!(until >= noon() + Span::hours(21), "{until}");
        assert!(with.ends_with("us-fl-count"), "{with}");
        assert_eq!(word("BR", "BR-SP"), Word::Silent);
        assert_eq!(word("US", "US-CA"), Word::Silent);
        // Somewhere in the United States: it may be Florida.
        assert!(matches!(word("US", ""), Word::Hold(..)));
    }

    #[test]
    fn what_finds_no_room_in_time_is_not_made_and_says_so() {
        let (facts, mut terms) = (facts(), offer());
        terms.channels = vec![Channel::Email];
        let mut facts = facts;
        facts.customer.consents[0].channel = Channel::Email;
        facts.customer.consents[0].purpose = model::ConsentPurpose::Marketing;
        let before = [taken(Channel::Email, PurposeClass::Marketing, 1)];
        let house = Attention::default();
        let made = |terms: &Terms| {
            decide(&Case {
                attention: Some(&house),
                taken: &before,
                ..case(&facts, terms)
            })
        };
        let held = made(&terms);
        assert_eq!(held.deliveries[0].due_at, noon() + Span::hours(23));
        terms.useful_for = UsefulFor::Span(Span::hours(23));
        let none = made(&terms);
        assert!(none.deliveries.is_empty());
        let last = none.trace.0.last().unwrap();
        let said = (last.rule, last.verdict, last.why.as_str());
        assert_eq!(said, (Rule::FrequencyCap, Verdict::Stop, TOO_LATE));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn what_is_planned_one_after_the_other_never_exceeds_a_limit(
            starts in proptest::collection::vec(0..300_i64, 1..8),
            day in 1..3_u32,
            week in 1..5_u32,
            florida in any::<bool>(),
        ) {
            let house = Attention { offer_texts_a_day: day, offer_texts_a_week: week, ..Attention::default() };
            let mut facts = facts();
            if florida {
                facts.customer.country = "US".into();
                facts.customer.region = "US-FL".into();
                facts.customer.time_zone = "America/New_York".into();
            }
            let terms = offer();
            let mut all: Vec<Taken> = Vec::new();
            for (number, start) in (1..).zip(starts) {
                let now = noon() + Span::hours(start);
                let one = Case { attention: Some(&house), taken: &all, now, at: now, event_time: now, mode: Mode::Live, regions: &REGIONS, ..case(&facts, &terms) };
                // As `decide` asks: what the hours hold is looked at where they end.
                let from = match quiet_hours::ask(&one, Channel::Sms) {
                    Word::Hold(until, ..) => until,
                    _ => now,
                };
                let one = Case { now: from, ..one };
                let at = match ask(&one, Channel::Sms) {
                    Word::Silent => from,
                    Word::Hold(until, ..) => until,
                    _ => continue,
                };
                prop_assert_eq!(quiet_hours::ask(&Case { now: at, ..one }, Channel::Sms), Word::Silent);
                all.push(Taken { delivery: DeliveryId::from_i64(number), at, ..taken(Channel::Sms, PurposeClass::Marketing, 0) });
            }
            for (most, within) in [(day, Span::days(1)), (week, Span::days(7))] {
                for first in &all {
                    let inside = all.iter().filter(|one| one.at >= first.at && one.at.since(first.at) < within);
                    prop_assert!(inside.count() <= most as usize);
                }
            }
        }

        #[test]
        fn more_before_never_brings_it_sooner(hours in proptest::collection::vec(-100..160_i64, 0..8), more in -100..160_i64) {
            let (facts, terms, house) = (facts(), offer(), Attention::default());
            let mut before: Vec<Taken> = hours.iter().map(|ago| taken(Channel::Email, PurposeClass::Marketing, *ago)).collect();
            let room = |taken: &[Taken]| match ask(&Case { attention: Some(&house), taken, ..case(&facts, &terms) }, Channel::Email) {
                Word::Hold(until, ..) => Some(until),
                Word::Silent => Some(noon()),
                _ => None,
            };
            let without = room(&before);
            before.push(taken(Channel::Email, PurposeClass::Marketing, more));
            prop_assert!(room(&before) >= without);
        }
    }
}
