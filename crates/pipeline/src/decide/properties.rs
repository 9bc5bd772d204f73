//! What holds for every customer, message type and moment.

use model::{
    Category, Channel, Consent, ConsentPurpose, ContactPoint, Facts, Frequency, How, Lane, Mode,
    Preference, PurposeClass, QuietHours, Rule, Sealed, Span, Verdict,
};
use proptest::prelude::*;

use super::cases::{REGIONS, facts, noon};
use super::{Case, Standing, Terms, UsefulFor, Word, decide, quiet_hours};
use crate::catalogue::tests::explanations::CODES;

fn any_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    (0..all.len()).prop_map(move |place| all[place])
}

fn topic() -> impl Strategy<Value = &'static str> {
    any_of(&["", "returns", "delivery"])
}

prop_compose! {
    fn consent()(
        channel in any_of(Channel::ALL),
        purpose in any_of(ConsentPurpose::ALL),
        given in -100..100_i64,
        withdrawn in proptest::option::of(-100..100_i64),
    ) -> Consent {
        Consent {
            channel,
            purpose,
            given_at: noon() + Span::hours(given),
            source: "checkout".into(),
            withdrawn_at: withdrawn.map(|hours| noon() + Span::hours(hours)),
            contact: Sealed::new(""),
            how: How::Import,
            ended: How::Import,
        }
    }
}

prop_compose! {
    fn preference()(
        category in any_of(Category::ALL), topic in topic(), channel in any_of(Channel::ALL), on in any::<bool>(),
        frequency in any_of(Frequency::ALL),
    ) -> Preference {
        Preference { category, topic: topic.into(), channel, on, frequency, chosen: false }
    }
}

prop_compose! {
    fn anyone()(
        phone in any::<bool>(),
        email in any::<bool>(),
        consents in proptest::collection::vec(consent(), 0..6),
        preferences in proptest::collection::vec(preference(), 0..6),
        suppressed in proptest::collection::vec(any_of(Channel::ALL), 0..2),
        quiet in proptest::option::of((0..1440_u16, 0..1440_u16)),
        (country, region, zone) in proptest::sample::select(vec![
            ("BR", "", "America/Sao_Paulo"), ("US", "US-FL", "America/New_York"), ("US", "", "UTC"),
            ("FR", "", "Europe/Paris"), ("AU", "AU-NSW", "Australia/Lord_Howe"), ("", "", "Asia/Kathmandu"),
        ]),
    ) -> Facts {
        let mut facts = facts();
        facts.customer.phone = facts.customer.phone.filter(|_| phone);
        facts.customer.email = facts.customer.email.filter(|_| email);
        facts.customer.consents = consents;
        facts.customer.preferences = preferences;
        let quiet = quiet.map(|(from, to)| QuietHours { from, to });
        facts.customer.quiet_hours = quiet.filter(|quiet| quiet.is_whole());
        facts.customer.country = country.into();
        facts.customer.region = region.into();
        facts.customer.time_zone = zone.into();
        facts.suppressed = suppressed.into_iter().map(|c| (c, "keyword_stop".into())).collect();
        facts
    }
}

prop_compose! {
    fn terms()(
        category in any_of(Category::ALL),
        topic in topic(),
        purpose in any_of(PurposeClass::ALL),
        lane in any_of(Lane::ALL),
        sms in any::<bool>(),
        email in any::<bool>(),
        hours in 0..48_i64,
    ) -> Terms {
        let mut channels = Vec::new();
        channels.extend(sms.then_some(Channel::Sms));
        channels.extend(email.then_some(Channel::Email));
        Terms { category, topic: topic.into(), answers: false, digest: false, proves: false, purpose, lane, channels, useful_for: UsefulFor::Span(Span::hours(hours)) }
    }
}

/// The ways out, now or with others.
fn routes(case: &Case<'_>) -> Vec<Channel> {
    let decision = decide(case);
    let routes = decision.deliveries.iter().map(|d| d.contact.channel);
    let collected = decision.collected.iter().map(|c| c.channel);
    routes.chain(collected).collect()
}

proptest! {
    #[test]
    fn no_marketing_and_no_text_without_consent(
        facts in anyone(), terms in terms(), mode in any_of(Mode::ALL), age in -5..50_i64,
        no_sender in proptest::collection::vec(any_of(Channel::ALL), 0..2),
    ) {
        let at = noon();
        let team: Vec<ContactPoint> = facts.customer.email.iter().cloned().collect();
        let case = Case { event_time: at - Span::hours(age), at, now: at, facts: &facts, terms: &terms, standing: Standing::Newest, mode, team: &team, spent: &[], no_sender: &no_sender, regions: &REGIONS, attention: None, taken: &[] };
        for channel in routes(&case) {
            let has = |purpose| facts.customer.consents.iter().any(|c| {
                c.channel == channel && c.purpose == purpose && c.given_at <= at
                    && c.withdrawn_at.is_none_or(|w| w > at)
            });
            if terms.purpose == PurposeClass::Marketing {
                prop_assert!(has(ConsentPurpose::Marketing));
            } else if channel == Channel::Sms {
                prop_assert!(has(ConsentPurpose::Transactional));
            }
            prop_assert!(facts.suppression(channel).is_none());
            let collected = decide(&case).collected.iter().any(|c| c.channel == channel);
            // A summary asks for its sender itself.
            prop_assert!(collected || !no_sender.contains(&channel));
            prop_assert!(terms.channels.contains(&channel));
            prop_assert!(mode != Mode::Team || channel == Channel::Email);
        }
    }

    #[test]
    fn the_same_facts_give_the_same_decision(facts in anyone(), terms in terms()) {
        let case = Case { event_time: noon(), at: noon(), now: noon(), facts: &facts, terms: &terms, standing: Standing::Newest, mode: Mode::Live, team: &[], spent: &[], no_sender: &[], regions: &REGIONS, attention: None, taken: &[] };
        prop_assert_eq!(decide(&case), decide(&case));
    }

    #[test]
    fn a_stricter_preference_never_adds_a_route(
        facts in anyone(), terms in terms(), category in any_of(Category::ALL), channel in any_of(Channel::ALL),
        (one, other) in (0..=Frequency::ALL.len(), 0..=Frequency::ALL.len()),
    ) {
        // The last is off.
        let wish = |strictness: usize| {
            let frequency = Frequency::ALL.get(strictness);
            let mut facts = facts.clone();
            facts.customer.preferences.retain(|p| !(p.category == category && p.channel == channel));
            facts.customer.preferences.push(Preference {
                category, topic: String::new(), channel, on: frequency.is_some(),
                frequency: frequency.copied().unwrap_or(Frequency::Each), chosen: true,
            });
            facts
        };
        let (facts, stricter) = (wish(one.min(other)), wish(one.max(other)));
        let case = Case { event_time: noon(), at: noon(), now: noon(), facts: &facts, terms: &terms, standing: Standing::Newest, mode: Mode::Live, team: &[], spent: &[], no_sender: &[], regions: &REGIONS, attention: None, taken: &[] };
        let before = routes(&case);
        for route in routes(&Case { facts: &stricter, ..case }) {
            prop_assert!(before.contains(&route));
        }
        // And nothing that waited leaves by itself.
        let (loose, strict) = (decide(&case), decide(&Case { facts: &stricter, ..case }));
        for planned in strict.deliveries {
            prop_assert!(loose.deliveries.iter().any(|other| other.contact == planned.contact));
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn every_channel_is_explained_and_nothing_is_held_back_silently(
        facts in anyone(), terms in terms(), mode in any_of(Mode::ALL), age in -5..50_i64, hours in 0..9_000_i64,
        answers in any::<bool>(),
        standing in any_of(&[Standing::Newest, Standing::Newest, Standing::Newest, Standing::Late, Standing::Told]),
        no_sender in proptest::collection::vec(any_of(Channel::ALL), 0..2),
        spent in proptest::collection::vec(any_of(Channel::ALL), 0..2),
    ) {
        let now = noon() + Span::hours(hours);
        let team: Vec<ContactPoint> = facts.customer.email.iter().cloned().collect();
        let spent: Vec<_> = spent.into_iter().map(|channel| (channel, "texts".to_owned())).collect();
        let terms = Terms { answers, ..terms };
        let case = Case { event_time: now - Span::hours(age), at: now, now, facts: &facts, terms: &terms, standing, mode, team: &team, spent: &spent, no_sender: &no_sender, regions: &REGIONS, attention: None, taken: &[] };
        let decision = decide(&case);
        for channel in Channel::ALL {
            let went = decision.deliveries.iter().any(|d| d.contact.channel == *channel);
            let stopped = decision.trace.0.iter().filter(|s| s.channel == Some(*channel) && s.verdict == Verdict::Stop).count();
            let routed = decision.trace.0.iter().any(|s| s.channel == Some(*channel) && s.rule == Rule::Route);
            let waits = decision.collected.iter().any(|c| c.channel == *channel);
            let held = decision.trace.0.iter().any(|s| s.channel == Some(*channel) && s.rule == Rule::Digest && s.verdict == Verdict::Hold);
            prop_assert_eq!(waits, held);
            prop_assert_eq!((went, routed, stopped), if went { (true, true, 0) } else { (false, false, usize::from(!waits)) });
            prop_assert!(!(went && waits));
        }
        // Each word has a sentence of its own: which one is in every language stands with them.
        for spoke in &decision.trace.0 {
            let known = CODES.iter().any(|(rule, verdict, why, _)| (*rule, *verdict, *why) == (spoke.rule, spoke.verdict, &*spoke.why));
            prop_assert!(known, "{spoke:?}");
        }
    }

    #[test]
    fn what_is_due_may_leave_and_what_is_held_says_until_when(facts in anyone(), terms in terms(), hours in 0..9_000_i64) {
        let now = noon() + Span::hours(hours);
        let case = Case { event_time: now, at: now, now, facts: &facts, terms: &terms, standing: Standing::Newest, mode: Mode::Live, team: &[], spent: &[], no_sender: &[], regions: &REGIONS, attention: None, taken: &[] };
        let decision = decide(&case);
        for delivery in &decision.deliveries {
            let channel = delivery.contact.channel;
            let then = Case { now: delivery.due_at, ..case };
            prop_assert_eq!(quiet_hours::ask(&then, channel), Word::Silent);
            prop_assert!(delivery.due_at < delivery.expires_at);
            let held = decision.trace.0.iter().find(|s| s.channel == Some(channel) && s.verdict == Verdict::Hold);
            prop_assert_eq!(held.is_some(), delivery.due_at > now);
            if let Some(held) = held {
                let until = held.with.split(' ').next().unwrap_or_default();
                prop_assert_eq!(until, delivery.due_at.to_string());
            }
            let exempt = matches!(terms.purpose, PurposeClass::Security | PurposeClass::Legal) || terms.lane == Lane::Security;
            prop_assert!(held.is_none() || (channel == Channel::Sms && !exempt));
        }
    }

    #[test]
    fn quiet_hours_of_ones_own_never_add_or_hasten(facts in anyone(), terms in terms(), hours in 0..9_000_i64) {
        let now = noon() + Span::hours(hours);
        let mut free = facts.clone();
        free.customer.quiet_hours = None;
        let case = Case { event_time: now, at: now, now, facts: &free, terms: &terms, standing: Standing::Newest, mode: Mode::Live, team: &[], spent: &[], no_sender: &[], regions: &REGIONS, attention: None, taken: &[] };
        let before = decide(&case).deliveries;
        for delivery in decide(&Case { facts: &facts, ..case }).deliveries {
            let other = before.iter().find(|other| other.contact == delivery.contact);
            prop_assert!(other.is_some_and(|other| other.due_at <= delivery.due_at));
        }
    }
}
