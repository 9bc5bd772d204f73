//! What holds of every form and every profile.

use proptest::prelude::*;

use super::*;

mod stricter;

fn any_of<T: Clone + std::fmt::Debug + 'static>(all: Vec<T>) -> impl Strategy<Value = T> {
    (0..all.len()).prop_map(move |at| all[at].clone())
}

prop_compose! {
    fn consent()(
        channel in any_of(Channel::ALL.to_vec()),
        purpose in any_of(ConsentPurpose::ALL.to_vec()),
        given in -50..50_i64, ends in proptest::option::of(-50..50_i64),
        imported in any::<bool>(), known in any::<bool>(),
    ) -> Consent {
        let how = if imported { How::Import } else { How::Page };
        let address = if known && channel == Channel::Sms { "+12535550129" } else { "" };
        Consent {
            channel, purpose,
            given_at: noon() + Span::hours(given),
            source: "checkout".into(),
            withdrawn_at: ends.map(|end| noon() + Span::hours(end.max(given))),
            contact: Sealed::new(address),
            how,
            ended: how,
        }
    }
}

prop_compose! {
    fn anyone()(
        phone in any::<bool>(), email in any::<bool>(), stopped in proptest::option::of(any_of(Channel::ALL.to_vec())),
        consents in proptest::collection::vec(consent(), 0..5),
        words in proptest::collection::vec((any_of(table()), any::<bool>(), any_of(Frequency::ALL.to_vec()), any::<bool>()), 0..6),
    ) -> Facts {
        let mut facts = facts();
        facts.customer.phone = facts.customer.phone.filter(|_| phone);
        facts.customer.email = facts.customer.email.filter(|_| email);
        facts.customer.consents = consents;
        facts.suppressed = stopped.map(|channel| (channel, "keyword_stop".into())).into_iter().collect();
        facts.customer.preferences = words.into_iter().map(|(row, on, frequency, chosen)| Preference {
            category: row.category, topic: row.topic, channel: row.channel, on, frequency, chosen,
        }).collect();
        facts
    }
}

/// A form without faults, and one that wants less or the same everywhere.
fn two_forms(
    facts: &Facts,
    wants: &[(Row, u8, u8)],
    ways: &[(bool, bool, bool, bool)],
) -> [Choice; 2] {
    let make = |strict: bool| {
        let mut form = Choices::default();
        for (channel, (allowed, offers, drop, drop_offers)) in Channel::ALL.iter().zip(ways) {
            let open =
                facts.customer.contact(*channel).is_some() && facts.suppression(*channel).is_none();
            let allowed = *allowed && open && !(strict && *drop);
            let offers = *offers && open && !(strict && *drop_offers);
            form.channels.push(ChannelChoice {
                channel: *channel,
                allowed: Some(allowed),
                offers: Some(offers),
            });
        }
        for (row, want, less) in wants {
            let level = if strict { (*want).min(*less) } else { *want };
            let level = if row.always_on { 2 } else { level };
            form.topics.push(TopicChoice {
                category: row.category,
                topic: row.topic.clone(),
                channel: row.channel,
                on: level > 0,
                frequency: if level == 1 {
                    Frequency::Urgent
                } else {
                    Frequency::Each
                },
            });
        }
        form
    };
    [Choice::Form(make(false)), Choice::Form(make(true))]
}

proptest! {
    #[test]
    fn a_stricter_form_never_adds_a_route(
        facts in anyone(),
        wants in proptest::collection::vec((any_of(table()), 0..3_u8, 0..3_u8), 0..8),
        ways in proptest::collection::vec(any::<(bool, bool, bool, bool)>(), 2),
        row in any_of(table()),
        lane in any_of(Lane::ALL.to_vec()), purpose in any_of(PurposeClass::ALL.to_vec()),
    ) {
        let terms = Terms { category: row.category, topic: row.topic, purpose, lane, ..urgent() };
        let [loose, strict] = two_forms(&facts, &wants, &ways);
        let of = |choice| apply(&facts, &table(), choice, &said()).map(|chosen| {
            routes(&Facts { customer: chosen.customer, ..facts.clone() }, &terms)
        });
        let (loose, strict) = (of(&loose).unwrap(), of(&strict).unwrap());
        // What cannot be switched off takes the other way where the chosen one is closed.
        let protects = matches!(purpose, PurposeClass::Security | PurposeClass::Legal);
        for route in strict {
            prop_assert!(loose.contains(&route) || (protects && !loose.is_empty()), "{route}");
        }
    }

    #[test]
    fn what_protects_has_a_way_whatever_was_chosen_of_it(
        facts in anyone(), row in any_of(table()), lane in any_of(Lane::ALL.to_vec()),
        purpose in any_of(vec![PurposeClass::Security, PurposeClass::Legal]),
    ) {
        let terms = Terms { category: row.category, topic: row.topic, purpose, lane, ..urgent() };
        let mut silent = facts.clone();
        silent.customer.preferences.clear();
        let (chosen, all) = (routes(&facts, &terms), routes(&silent, &terms));
        prop_assert_eq!(chosen.is_empty(), all.is_empty());
        for route in chosen {
            prop_assert!(all.contains(&route));
        }
    }

    #[test]
    fn what_was_stopped_stays_stopped(facts in anyone(), purpose in any_of(PurposeClass::ALL.to_vec()), row in any_of(table())) {
        let off = form(Choices {
            channels: Channel::ALL.iter().map(|channel| ChannelChoice { channel: *channel, allowed: Some(false), offers: None }).collect(),
            ..Choices::default()
        });
        let chosen = apply(&facts, &table(), &off, &said()).unwrap();
        let terms = Terms { category: row.category, topic: row.topic, purpose, ..urgent() };
        let after = Facts { customer: chosen.customer, ..facts };
        let protects = matches!(purpose, PurposeClass::Security | PurposeClass::Legal);
        for route in routes(&after, &terms) {
            prop_assert!(protects && route == Channel::Email);
        }
    }

    #[test]
    fn without_offers_nothing_of_the_kind_leaves(facts in anyone(), row in any_of(table())) {
        let chosen = apply(&facts, &table(), &Choice::StopOffers, &said()).unwrap();
        let after = Facts { customer: chosen.customer, ..facts };
        let terms = Terms { category: row.category, topic: row.topic, purpose: PurposeClass::Marketing, ..urgent() };
        prop_assert_eq!(routes(&after, &terms), vec![]);
    }
}
