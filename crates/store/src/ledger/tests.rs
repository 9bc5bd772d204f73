//! What holds for every sequence of movements.

use proptest::prelude::*;

use super::*;

/// A delivery as the store has it: line, quote, state, and the carrier's price.
type Row = (i32, i64, DeliveryState, Option<(i32, i64)>);

/// What may happen to a delivery: it goes to a state, if it may, or its price comes.
#[derive(Clone, Copy, Debug)]
enum Step {
    Goes(usize, usize),
    Costs(usize, i32, i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..12_usize, 0..DeliveryState::ALL.len()).prop_map(|(of, to)| Step::Goes(of, to)),
        1 => (0..12_usize, 0..4_i32, 0..50_000_i64).prop_map(|(of, line, price)| Step::Costs(of, line, price)),
    ]
}

fn recount(rows: &[Row]) -> Recount {
    let mut recount = Recount::default();
    for (line, quote, state, price) in rows {
        recount.deliveries(*line, *state, (*quote, 1));
        if let Some((price_line, price)) = price {
            recount.prices((*line, *quote), (*price_line, *price, 1));
        }
    }
    recount
}

proptest! {
    #[test]
    fn both_sides_are_equal_and_the_deliveries_say_the_same(
        quotes in proptest::collection::vec((0..4_i32, 0..50_000_i64), 1..12),
        steps in proptest::collection::vec(step(), 0..80),
    ) {
        let mut moved = Moved::default();
        let mut rows: Vec<Row> = Vec::new();
        for (line, quote) in quotes {
            moved.reserve(line, quote);
            rows.push((line, quote, DeliveryState::Scheduled, None));
        }
        for step in steps {
            match step {
                Step::Goes(of, to) => {
                    let Some(row) = rows.get_mut(of) else { continue };
                    if let Ok(to) = row.2.to(DeliveryState::ALL[to]) {
                        moved.went((row.0, row.1), row.2, to);
                        row.2 = to;
                    }
                }
                Step::Costs(of, line, price) => {
                    let Some(row) = rows.get_mut(of) else { continue };
                    // A carrier names what it took, and nothing else.
                    if row.2.account() == Account::Charged && row.3 != Some((line, price)) {
                        moved.priced((row.0, row.1), row.3, (line, price));
                        row.3 = Some((line, price));
                    }
                }
            }
        }
        let balances: Balances = moved.changes().map(|(key, change)| (key, (change.amount, change.count))).collect();
        let sum = balances.values().fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
        prop_assert_eq!(sum, (0, 0));
        for line in 0..4 {
            let of = balances.iter().filter(|((own, _), _)| *own == line);
            prop_assert_eq!(of.map(|(_, (amount, _))| amount).sum::<i64>(), 0);
            let (amount, count) = balances.get(&(line, Account::Reserved)).copied().unwrap_or_default();
            prop_assert!(amount >= 0 && count >= 0);
        }
        prop_assert_eq!(recount(&rows).compare(&balances), vec![]);
    }
}

#[test]
fn a_wrong_balance_is_found() {
    let rows = [(1, 500, DeliveryState::Accepted, None)];
    let mut ledger = Balances::from([
        ((1, Account::Quoted), (-500, -1)),
        ((1, Account::Charged), (500, 1)),
    ]);
    assert_eq!(recount(&rows).compare(&ledger), vec![]);
    ledger.insert((1, Account::Charged), (499, 1));
    ledger.insert((2, Account::Reserved), (-7, 0));
    let found = recount(&rows).compare(&ledger);
    assert_eq!(
        found,
        vec![
            ((1, Account::Charged), ((499, 1), (500, 1))),
            ((2, Account::Reserved), ((-7, 0), (0, 0))),
        ]
    );
}

#[test]
fn lines_are_bounded_by_the_day() {
    let lines = Lines::default();
    let line = |seller: String| CostLine {
        day: 1,
        mode: model::Mode::Live,
        channel: model::Channel::Sms,
        category: model::Category::Orders,
        purpose: PurposeClass::Transactional,
        currency: "USD".parse().unwrap(),
        carrier: "sms".into(),
        country: "US".into(),
        campaign: "".into(),
        seller: seller.into(),
    };
    for n in 0..LINES_A_DAY {
        let number = i32::try_from(n).unwrap();
        lines.put(number, lines.booked(line(format!("s-{n}"))));
    }
    assert_eq!(&*lines.booked(line("s-7".into())).seller, "s-7");
    assert_eq!(&*lines.booked(line("new".into())).seller, OTHERS);
    let tomorrow = CostLine {
        day: 2,
        ..line("new".into())
    };
    assert_eq!(&*lines.booked(tomorrow).seller, "new");
    let odd = format!("a\nb{}", "é".repeat(80));
    let clean = Lines::default().booked(line(odd)).seller;
    assert!(clean.len() <= NAME && clean.starts_with("abé"), "{clean}");
}
