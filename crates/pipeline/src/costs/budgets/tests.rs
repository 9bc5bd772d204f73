//! Budgets: what they refuse, and when their days turn.

use super::*;

fn budget(purposes: &[PurposeClass]) -> Budget {
    Budget {
        name: "promotions".into(),
        per: Per::Day,
        micros: 100,
        currency: "USD".parse().unwrap(),
        purposes: purposes.to_vec(),
        channel: Channel::Sms,
        country: None,
    }
}

#[test]
fn a_budget_never_stops_security_or_law() {
    for owed in [PurposeClass::Security, PurposeClass::Legal] {
        let faults = Budgets::new(vec![budget(&[PurposeClass::Marketing, owed])]).unwrap_err();
        let told = faults[0].to_string();
        assert!(
            told.starts_with("[[budgets]] `promotions`: codes, alerts"),
            "{told}"
        );
        assert!(
            !budget(&[owed]).is_of(owed, Channel::Sms),
            "not even by mistake"
        );
    }
}

#[test]
fn faults_are_named() {
    let good = budget(&[PurposeClass::Marketing]);
    for (bad, word) in [
        (
            Budget {
                name: String::new(),
                ..good.clone()
            },
            "`number 1`: `name`",
        ),
        (
            Budget {
                micros: 0,
                ..good.clone()
            },
            "`amount`",
        ),
        (
            Budget {
                purposes: vec![],
                ..good.clone()
            },
            "names nothing",
        ),
        (
            Budget {
                country: Some("usa".into()),
                ..good.clone()
            },
            "`country`",
        ),
    ] {
        let told = Budgets::new(vec![bad]).unwrap_err()[0].to_string();
        assert!(told.contains(word), "{told}");
    }
    let twice = Budgets::new(vec![good.clone(), good]).unwrap_err();
    assert!(twice[0].reason.contains("another budget"));
}

#[test]
fn months_begin_on_their_first_day() {
    let day = |text: &str| ledger_day(Instant::parse(&format!("{text}T12:00:00Z")).unwrap());
    for (at, first) in [
        ("2026-11-22", "2026-11-01"),
        ("2026-12-01", "2026-12-01"),
        ("2028-02-29", "2028-02-01"),
    ] {
        assert_eq!(Per::Month.begins(day(at)), day(first), "{at}");
        assert_eq!(Per::Day.begins(day(at)), day(at));
    }
}

#[test]
fn what_the_store_counts_replaces_what_was_known_and_days_turn() {
    let now = Instant::parse("2026-11-22T12:00:00Z").unwrap();
    let budgets = Budgets::new(vec![budget(&[PurposeClass::Marketing])]).unwrap();
    let hold = Hold {
        budget: 0,
        kind: 0,
        begins: ledger_day(now),
        micros: 50,
    };
    budgets.change(hold, |sums| sums.held += 50);
    let spent = |micros, mode, purpose| Spent {
        day: ledger_day(now),
        mode,
        channel: Channel::Sms,
        purpose,
        country: "US".into(),
        currency: "USD".parse().unwrap(),
        micros,
    };
    let told = [
        spent(30, Mode::Live, PurposeClass::Marketing),
        spent(10, Mode::Team, PurposeClass::Marketing),
        spent(500, Mode::Live, PurposeClass::Security),
        spent(90, Mode::Test, PurposeClass::Marketing),
    ];
    budgets.learn(&told, now);
    let of = |mode, at| {
        let state = budgets.states(mode, at).remove(0);
        (state.spent, state.nearly, state.over)
    };
    assert_eq!(of(Mode::Live, now), (90, true, false));
    assert_eq!(of(Mode::Test, now), (90, true, false));
    budgets.learn(&[], now);
    assert_eq!(
        of(Mode::Live, now),
        (50, false, false),
        "what is held stays"
    );
    budgets.change(hold, |sums| sums.held += 50);
    assert_eq!(of(Mode::Live, now), (100, true, true));
    let tomorrow = now + model::Span::days(1);
    assert_eq!(of(Mode::Live, tomorrow), (0, false, false));
    // Given back after midnight: of a day that is over.
    budgets.change(hold, |sums| sums.held -= 50);
    assert_eq!(of(Mode::Live, tomorrow), (0, false, false));
}
