//! Who wants less never gets more.
//!
//! "More" is: a delivery by a way, or to an address, that the same message would not take
//! without the stricter choice; one that leaves sooner; one that may leave later; or one that
//! is let go at the hand-over where the other is stopped. There is no other way out that takes
//! the place of one that is barred: the Message Center has the message either way.

use model::{Chosen as Own, PlannedDelivery, QuietHours};

use super::*;
use crate::decide::still_allowed;

/// A choice that wants less than there is.
#[derive(Clone, Debug)]
enum Stricter {
    Off(Row),
    UrgentOnly(Row),
    /// Wider quiet hours, or some where there were none.
    Quieter(u16, u16),
    Wish(Channel, Wish),
    NotAllowed(Channel),
    StopOffers,
    Unsubscribe(Row),
    Suppressed(Channel),
}

/// What may follow for both: nothing of it is a "yes" of the customer, who may undo their own
/// choice.
#[derive(Clone, Debug)]
enum Later {
    Put(Vec<Consent>),
    Wish(Channel, Wish),
    Off(Row),
    Suppressed(Channel),
}

fn stricter() -> impl Strategy<Value = Stricter> {
    let channel = || any_of(Channel::ALL.to_vec());
    let stop = || any_of(vec![Wish::StopAll, Wish::StopMarketing]);
    prop_oneof![
        any_of(table()).prop_map(Stricter::Off),
        any_of(table()).prop_map(Stricter::UrgentOnly),
        (0..1440_u16, 0..1440_u16).prop_map(|(a, b)| Stricter::Quieter(a, b)),
        (channel(), stop()).prop_map(|(channel, wish)| Stricter::Wish(channel, wish)),
        channel().prop_map(Stricter::NotAllowed),
        Just(Stricter::StopOffers),
        any_of(table()).prop_map(Stricter::Unsubscribe),
        channel().prop_map(Stricter::Suppressed),
    ]
}

fn later() -> impl Strategy<Value = Later> {
    let channel = || any_of(Channel::ALL.to_vec());
    prop_oneof![
        proptest::collection::vec(consent(), 0..4).prop_map(Later::Put),
        (channel(), any_of(vec![Wish::StopAll, Wish::StopMarketing]))
            .prop_map(|(c, w)| Later::Wish(c, w)),
        any_of(table()).prop_map(Later::Off),
        channel().prop_map(Later::Suppressed),
    ]
}

fn said_at(hours: i64) -> Said {
    Said {
        at: noon() + Span::hours(hours),
        ..said()
    }
}

fn choose(facts: &mut Facts, choice: &Choice, said: &Said) {
    facts.customer = apply(facts, &table(), choice, said).unwrap().customer;
}

fn off(row: &Row) -> Choice {
    topics(vec![TopicChoice {
        category: row.category,
        topic: row.topic.clone(),
        channel: row.channel,
        on: false,
        frequency: Frequency::Each,
    }])
}

impl Stricter {
    fn of(&self, facts: &mut Facts, said: &Said) {
        match self {
            Self::Off(row) | Self::UrgentOnly(row) if row.always_on => {}
            Self::Off(row) => choose(facts, &off(row), said),
            // Less only where everything was wanted.
            Self::UrgentOnly(row) if wanted(&facts.customer, row) != Some(Frequency::Each) => {}
            Self::UrgentOnly(row) => {
                let Choice::Form(mut form) = off(row) else {
                    return;
                };
                (form.topics[0].on, form.topics[0].frequency) = (true, Frequency::Urgent);
                // The category as a whole is more than a row.
                if !row.topic.is_empty() {
                    choose(facts, &Choice::Form(form), said);
                }
            }
            Self::Quieter(a, b) => {
                let own = facts.customer.quiet_hours;
                let wider = own.map_or((*a, *b), |own| {
                    let free = (own.from + 1440 - own.to) % 1440;
                    let (before, after) = (a % free.max(1), b % 1440);
                    let after = after.min(free.saturating_sub(before + 1));
                    ((own.from + 1440 - before) % 1440, (own.to + after) % 1440)
                });
                let quiet = QuietHours {
                    from: wider.0,
                    to: wider.1,
                };
                if quiet.is_whole() {
                    facts.customer.quiet_hours = Some(quiet);
                }
            }
            Self::Wish(channel, wish) => {
                facts.customer.wish(*channel, *wish, said);
            }
            Self::NotAllowed(channel) => {
                choose(
                    facts,
                    &super::super::channel(*channel, Some(false), None),
                    said,
                );
            }
            Self::StopOffers => choose(facts, &Choice::StopOffers, said),
            Self::Unsubscribe(row) => {
                let choice = Choice::Unsubscribe {
                    category: row.category,
                    topic: row.topic.clone(),
                    channel: row.channel,
                };
                choose(facts, &choice, said);
            }
            Self::Suppressed(channel) => {
                facts.suppressed.push((*channel, "asked by letter".into()))
            }
        }
    }
}

impl Later {
    fn of(&self, facts: &mut Facts, said: &Said) {
        match self {
            Self::Put(consents) => {
                let sent = Customer {
                    consents: consents.clone(),
                    preferences: vec![],
                    chosen: Own::default(),
                    ..facts.customer.clone()
                };
                facts.customer = sent.put_over(Some(&facts.customer), said.at).0;
            }
            Self::Wish(channel, wish) => {
                facts.customer.wish(*channel, *wish, said);
            }
            Self::Off(row) if row.always_on => {}
            Self::Off(row) => choose(facts, &off(row), said),
            Self::Suppressed(channel) => facts.suppressed.push((*channel, "hard_bounce".into())),
        }
    }
}

fn asked<'a>(facts: &'a Facts, terms: &'a Terms, now: Instant) -> Case<'a> {
    Case {
        event_time: now,
        at: now,
        now,
        ..case(facts, terms)
    }
}

fn planned(facts: &Facts, terms: &Terms, now: Instant) -> Vec<PlannedDelivery> {
    decide(&asked(facts, terms, now)).deliveries
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(10_000) })]

    #[test]
    fn a_stricter_choice_never_sends_more(
        facts in anyone(), choice in stricter(), then in proptest::collection::vec(later(), 0..4),
        quiet in proptest::option::of((0..1440_u16, 0..1440_u16)), row in any_of(table()),
        lane in any_of(Lane::ALL.to_vec()), purpose in any_of(PurposeClass::ALL.to_vec()),
        hours in proptest::collection::vec(0..400_i64, 1..4),
    ) {
        let mut loose = facts;
        for preference in &mut loose.customer.preferences {
            // What a profile says of topics may be stricter or not; here all is the customer's.
            preference.chosen = true;
        }
        for consent in &mut loose.customer.consents {
            // A customer's own word does not lie ahead; what was stated may.
            if consent.given_at > noon() || consent.withdrawn_at.is_some_and(|end| end > noon()) {
                (consent.how, consent.ended) = (How::Import, How::Import);
            }
        }
        let quiet = quiet.map(|(from, to)| QuietHours { from, to });
        loose.customer.quiet_hours = quiet.filter(|quiet| quiet.is_whole());
        let mut strict = loose.clone();
        choice.of(&mut strict, &said());
        let terms = Terms { category: row.category, topic: row.topic, purpose, lane, ..urgent() };
        let protects = matches!(purpose, PurposeClass::Security | PurposeClass::Legal);
        // What protects comes by the way that was turned down where the other one ends: that is
        // no more than came before.
        let moves = |facts: &Facts, channel| {
            let mut said = facts.customer.preferences.iter();
            protects && said.any(|p| p.channel == channel && !p.on)
        };
        for step in 0..=then.len() {
            for hours in &hours {
                let now = noon() + Span::hours(*hours) + Span::minutes(*hours);
                let without = planned(&loose, &terms, now);
                for delivery in planned(&strict, &terms, now) {
                    if moves(&loose, delivery.contact.channel) {
                        continue;
                    }
                    let same = without.iter().find(|other| other.contact == delivery.contact);
                    prop_assert!(same.is_some(), "{:?} is new", delivery.contact.channel);
                    let same = same.unwrap();
                    prop_assert!(same.due_at <= delivery.due_at && delivery.expires_at <= same.expires_at);
                }
                for contact in [&loose.customer.phone, &loose.customer.email].into_iter().flatten() {
                    let allowed = |facts| still_allowed(&asked(facts, &terms, now), contact).is_none();
                    let moves = moves(&loose, contact.channel);
                    prop_assert!(moves || !allowed(&strict) || allowed(&loose), "{:?} is let go", contact.channel);
                }
            }
            if let Some(then) = then.get(step) {
                let said = said_at(i64::try_from(step).unwrap() + 1);
                then.of(&mut loose, &said);
                then.of(&mut strict, &said);
            }
        }
    }
}
