use super::*;
use crate::customer::tests::ines;
use crate::{Category, Chosen, ContactPoint, Frequency, Preference};
use proptest::prelude::*;

fn at(second: i64) -> Instant {
    Instant::from_micros(second * 1_000_000)
}

fn said(second: i64, how: How) -> Said {
    Said {
        at: at(second),
        how,
        source: "test".into(),
        wording: String::new(),
        locale: String::new(),
        by: String::new(),
    }
}

fn stated(purpose: ConsentPurpose, given: i64, withdrawn: Option<i64>) -> Consent {
    Consent {
        channel: Channel::Sms,
        purpose,
        given_at: at(given),
        source: "checkout".into(),
        withdrawn_at: withdrawn.map(at),
        contact: Sealed::new(""),
        how: How::Import,
        ended: How::Import,
    }
}

fn with(consents: Vec<Consent>) -> Customer {
    Customer { consents, ..ines() }
}

fn holds(customer: &Customer, purpose: ConsentPurpose, second: i64) -> bool {
    customer
        .consent(Channel::Sms, purpose, at(second))
        .is_some()
}

use ConsentPurpose::{Marketing, Transactional};

#[test]
fn a_stop_ends_everything_and_a_start_begins_what_orders_cause() {
    let (mut customer, lines) = with(vec![
        stated(Transactional, 1, None),
        stated(Marketing, 2, None),
    ])
    .put_over(None, at(3));
    assert_eq!(lines.len(), 2);
    let lines = customer.wish(Channel::Sms, Wish::StopAll, &said(10, How::Keyword));
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| line.act == Act::Withdrawn));
    assert!(
        lines
            .iter()
            .all(|line| line.contact.open() == "+12535550129")
    );
    assert!(!holds(&customer, Transactional, 10) && holds(&customer, Transactional, 9));
    assert_eq!(
        customer.withdrawn(Channel::Sms, Marketing, at(11)),
        Some(at(10))
    );
    // Said again, it says nothing new.
    let again = customer.wish(Channel::Sms, Wish::StopAll, &said(11, How::Keyword));
    assert_eq!(again, []);
    let lines = customer.wish(Channel::Sms, Wish::Start, &said(20, How::Keyword));
    assert_eq!(lines.len(), 1);
    assert!(holds(&customer, Transactional, 20) && !holds(&customer, Marketing, 20));
}

#[test]
fn a_stop_of_what_was_never_given_is_kept() {
    let mut customer = ines();
    let lines = customer.wish(
        Channel::Email,
        Wish::StopMarketing,
        &said(5, How::Unsubscribe),
    );
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].contact.open(), "ines@customers.example");
    assert_eq!(
        customer.withdrawn(Channel::Email, Marketing, at(6)),
        Some(at(5))
    );
}

#[test]
fn the_customers_no_outlives_every_older_statement() {
    let profile = || with(vec![stated(Marketing, 1, None)]);
    let (mut customer, _) = profile().put_over(None, at(2));
    customer.wish(Channel::Sms, Wish::StopMarketing, &said(10, How::Page));
    // The same statement, and another that is older than the "no".
    for given in [1, 7] {
        let sent = with(vec![stated(Marketing, given, None)]);
        let (after, _) = sent.put_over(Some(&customer), at(20));
        assert!(!holds(&after, Marketing, 21), "given at {given}");
    }
    // One that is newer gives it again.
    let sent = with(vec![
        stated(Marketing, 1, None),
        stated(Marketing, 15, None),
    ]);
    let (after, lines) = sent.put_over(Some(&customer), at(20));
    assert!(holds(&after, Marketing, 21));
    assert_eq!(
        lines.iter().filter(|line| line.act == Act::Given).count(),
        1
    );
}

#[test]
fn a_no_said_again_holds_against_what_was_given_between() {
    let (mut customer, _) = with(vec![stated(Marketing, 1, None)]).put_over(None, at(2));
    for second in [10, 30, 40, 50] {
        let lines = customer.wish(
            Channel::Sms,
            Wish::StopMarketing,
            &said(second, How::Keyword),
        );
        assert_eq!(lines.len(), usize::from(second == 10), "{second}");
    }
    assert!(customer.consents.len() <= 4, "{:?}", customer.consents);
    let sent = with(vec![stated(Marketing, 20, None)]);
    let (kept, _) = sent.put_over(Some(&customer), at(60));
    assert!(!holds(&kept, Marketing, 60));
    // It was given between the two, and ends with the second.
    assert!(holds(&kept, Marketing, 20) && holds(&kept, Marketing, 29));
    for second in [10, 30, 35, 60] {
        assert!(!holds(&kept, Marketing, second), "{second}");
        let no = kept.withdrawn(Channel::Sms, Marketing, at(second));
        assert!(no.is_some(), "{second}");
    }
    let sent = with(vec![stated(Marketing, 55, None)]);
    let (kept, _) = sent.put_over(Some(&customer), at(60));
    assert!(holds(&kept, Marketing, 60));
}

#[test]
fn what_the_marketplace_leaves_out_is_withdrawn_and_what_the_customer_gave_is_not() {
    let (mut customer, _) = with(vec![stated(Transactional, 1, None)]).put_over(None, at(2));
    customer.give(Channel::Sms, Marketing, &said(5, How::Page));
    let (after, lines) = with(vec![]).put_over(Some(&customer), at(10));
    assert!(!holds(&after, Transactional, 10) && holds(&after, Marketing, 10));
    assert_eq!((lines.len(), lines[0].act), (1, Act::Withdrawn));
    let (_, lines) = with(vec![]).put_over(Some(&after), at(11));
    assert_eq!(lines, []);
    // Stated again, it holds again.
    let sent = with(vec![stated(Transactional, 1, None)]);
    let (again, lines) = sent.put_over(Some(&after), at(12));
    assert!(holds(&again, Transactional, 12));
    assert_eq!((lines.len(), lines[0].act), (1, Act::Given));
}

#[test]
fn marketing_is_allowed_for_one_number() {
    let (customer, _) = with(vec![
        stated(Transactional, 1, None),
        stated(Marketing, 1, None),
    ])
    .put_over(None, at(2));
    let moved = Customer {
        phone: ContactPoint::phone("+12535550130").ok(),
        ..with(vec![
            stated(Transactional, 1, None),
            stated(Marketing, 1, None),
        ])
    };
    let (moved, _) = moved.put_over(Some(&customer), at(3));
    assert!(holds(&moved, Transactional, 4) && !holds(&moved, Marketing, 4));
}

#[test]
fn what_the_customer_chose_no_profile_replaces() {
    let wish = |topic: &str, on, chosen| Preference {
        category: Category::Orders,
        topic: topic.into(),
        channel: Channel::Sms,
        on,
        frequency: Frequency::Each,
        chosen,
    };
    let before = Customer {
        locale: "ja".into(),
        time_zone: "Asia/Tokyo".into(),
        preferences: vec![wish("", false, true), wish("returns", false, false)],
        chosen: Chosen {
            locale: true,
            time_zone: false,
            quiet_hours: true,
        },
        ..ines()
    };
    let sent = Customer {
        preferences: vec![wish("", true, false), wish("delivery", false, false)],
        ..ines()
    };
    let (after, _) = sent.put_over(Some(&before), at(1));
    assert_eq!(
        (after.locale.as_str(), after.time_zone.as_str()),
        ("ja", "America/Sao_Paulo")
    );
    assert_eq!(
        after.preferences,
        [wish("delivery", false, false), wish("", false, true)]
    );
    let word = |topic| {
        after
            .preference(Category::Orders, topic, Channel::Sms)
            .unwrap()
            .on
    };
    assert!(!word("delivery") && !word("returns") && !word(""));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]
    /// Whatever came before and whatever older statements come after: who says stop is left
    /// alone until they or a newer statement say otherwise.
    #[test]
    fn after_a_stop_nothing_older_allows(
        before in proptest::collection::vec((any::<bool>(), 0_i64..50, proptest::option::of(0_i64..50)), 0..6),
        after in proptest::collection::vec(proptest::collection::vec((any::<bool>(), 0_i64..50), 0..4), 0..4),
    ) {
        let purpose = |marketing| if marketing { Marketing } else { Transactional };
        let first = before.iter().map(|(m, given, back)| {
            stated(purpose(*m), *given, back.map(|back| back.max(*given)))
        });
        let (mut customer, _) = with(first.collect()).put_over(None, at(50));
        customer.wish(Channel::Sms, Wish::StopAll, &said(50, How::Keyword));
        for profile in after {
            let sent = profile.iter().map(|(m, given)| stated(purpose(*m), *given, None));
            customer = with(sent.collect()).put_over(Some(&customer), at(60)).0;
            prop_assert!(!holds(&customer, Marketing, 70) && !holds(&customer, Transactional, 70));
        }
    }
}

#[test]
fn a_consent_that_names_its_address_comes_before_one_that_does_not() {
    let mut customer = ines();
    customer.consents = vec![
        stated(Marketing, 1, None),
        Consent {
            contact: customer.phone.clone().unwrap().address,
            ..stated(Marketing, 5, None)
        },
    ];
    let given = |second| {
        Some(
            customer
                .consent(Channel::Sms, Marketing, at(second))?
                .given_at,
        )
    };
    assert_eq!((given(2), given(6)), (Some(at(1)), Some(at(5))));
}

#[test]
fn a_stop_in_the_moment_of_the_consent_holds_against_older_ones() {
    let (mut customer, _) = with(vec![stated(Marketing, 10, None)]).put_over(None, at(10));
    customer.wish(Channel::Sms, Wish::StopMarketing, &said(10, How::Keyword));
    let (kept, _) = with(vec![stated(Marketing, 1, None)]).put_over(Some(&customer), at(10));
    assert!(!holds(&kept, Marketing, 10) && !holds(&kept, Marketing, 20));
}
