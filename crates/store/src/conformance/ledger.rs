//! The cost ledger: both sides equal whatever happens, and equal to the deliveries.

use std::collections::BTreeMap;

use model::{
    Account, Channel, CostBy, Currency, DeliveryState, Facts, Lane, Mode, Quote, ReceiptStatus,
    Span,
};

use super::transfer::filled::receipt;
use super::world::World;
use crate::{
    AcceptedEvent, AcceptedResult, ClaimedDelivery, Committed, CostQuery, CostRow, Next,
    PriceMatch, PriceRecord,
};

fn usd() -> Currency {
    "USD".parse().unwrap()
}

pub(in crate::conformance) fn quote(micros: i64) -> Quote {
    Quote {
        micros,
        currency: usd(),
        carrier: "alpha".into(),
        country: "US".into(),
        campaign: String::new(),
        seller: String::new(),
    }
}

/// An accepted event with one text that is expected to cost so much.
pub(in crate::conformance) fn quoted(
    world: &World,
    facts: &Facts,
    id: &str,
    quote: Quote,
) -> AcceptedEvent {
    let mut event = world.accepted(facts, id, Lane::Normal, &[Channel::Sms]);
    if let AcceptedResult::Message { message, .. } = &mut event.result {
        message.deliveries[0].quote = Some(quote);
    }
    event
}

pub(in crate::conformance) fn price(carrier_id: &str, micros: i64, currency: &str) -> PriceRecord {
    PriceRecord {
        carrier: "alpha".into(),
        carrier_id: carrier_id.into(),
        micros,
        currency: currency.parse().unwrap(),
    }
}

async fn costs(world: &World, by: CostBy) -> Vec<CostRow> {
    let today = model::ledger_day(world.clock.now());
    let query = CostQuery {
        from: today - 1,
        to: today + 1,
        modes: Mode::ALL.to_vec(),
        by,
    };
    world.store().costs(query).await.unwrap()
}

/// What stands on each account in dollars, and of how many; looks that the ledger is whole.
pub(super) async fn accounts(world: &World) -> BTreeMap<Account, (i64, i64)> {
    let rows = costs(world, CostBy::Category).await;
    let sum: i64 = rows.iter().map(|row| row.micros).sum();
    let count: i64 = rows.iter().map(|row| row.count).sum();
    assert_eq!((sum, count), (0, 0), "two sides: {rows:?}");
    assert_eq!(world.store().check_ledger().await.unwrap(), vec![]);
    let dollars = rows.into_iter().filter(|row| row.currency == usd());
    let all: BTreeMap<_, _> = dollars
        .map(|row| (row.account, (row.micros, row.count)))
        .collect();
    assert!(
        all.get(&Account::Reserved)
            .is_none_or(|(micros, count)| *micros >= 0 && *count >= 0)
    );
    all
}

pub(super) fn stands(all: &BTreeMap<Account, (i64, i64)>, account: Account) -> (i64, i64) {
    all.get(&account).copied().unwrap_or_default()
}

pub(super) async fn send(world: &World, facts: &Facts, id: &str, micros: i64) -> ClaimedDelivery {
    let event = quoted(world, facts, id, quote(micros));
    assert_eq!(world.commit(event).await, Committed::Accepted);
    world.claim(Channel::Sms, 1).await.remove(0)
}

pub(super) async fn a_quote_is_reserved_charged_and_reconciled(world: &World) {
    let facts = world.customer("c-1", "+12535550129").await;
    let claimed = send(world, &facts, "o-1", 15_800).await;
    let all = accounts(world).await;
    assert_eq!(stands(&all, Account::Quoted), (-15_800, -1));
    assert_eq!(stands(&all, Account::Reserved), (15_800, 1));

    let store = world.store();
    let early = store.record_prices(vec![price("77", 17_000, "USD")]).await;
    assert_eq!(
        early.unwrap(),
        [PriceMatch::Unknown],
        "the carrier's id is not known yet"
    );
    world
        .record(&claimed, Some("77"), Next::Settle(DeliveryState::Accepted))
        .await;
    let all = accounts(world).await;
    assert_eq!(stands(&all, Account::Reserved), (0, 0));
    assert_eq!(stands(&all, Account::Charged), (15_800, 1));

    // The price comes long after the receipt.
    let delivered = receipt(world, "77", ReceiptStatus::Delivered);
    store.record_receipts(vec![delivered]).await.unwrap();
    let other = price("78", 1, "USD");
    let told = store
        .record_prices(vec![price("77", 17_000, "USD"), other])
        .await
        .unwrap();
    assert_eq!(told, [PriceMatch::Booked(claimed.id), PriceMatch::Unknown]);
    assert_eq!(
        stands(&accounts(world).await, Account::Reconciled),
        (1_200, 1)
    );
    let again = store
        .record_prices(vec![price("77", 17_000, "USD")])
        .await
        .unwrap();
    assert_eq!(again, [PriceMatch::Same(claimed.id)]);
    assert_eq!(
        stands(&accounts(world).await, Account::Reconciled),
        (1_200, 1)
    );
    // Corrected, twice in one batch: the last counts.
    let corrected = vec![price("77", 20_000, "USD"), price("77", 15_000, "USD")];
    store.record_prices(corrected).await.unwrap();
    let all = accounts(world).await;
    assert_eq!(stands(&all, Account::Reconciled), (-800, 1));
    assert_eq!(stands(&all, Account::Charged), (15_800, 1));
    let tally = store.cost_tally();
    let into = |account| {
        tally
            .iter()
            .find(|t| t.account == account)
            .map(|t| t.micros)
    };
    assert_eq!(into(Account::Charged), Some(15_800));
    assert_eq!(into(Account::Reserved), Some(15_800));
}

pub(super) async fn what_does_not_leave_is_released(world: &World) {
    let facts = world.customer("c-1", "+12535550129").await;
    let ends = [
        DeliveryState::Rejected,
        DeliveryState::Expired,
        DeliveryState::Cancelled,
        DeliveryState::GivenUp,
    ];
    for (n, end) in ends.into_iter().enumerate() {
        let claimed = send(world, &facts, &format!("o-{n}"), 7_900).await;
        world.record(&claimed, None, Next::Settle(end)).await;
        let released = 7_900 * (n as i64 + 1);
        let all = accounts(world).await;
        assert_eq!(stands(&all, Account::Released), (released, n as i64 + 1));
        assert_eq!(stands(&all, Account::Reserved), (0, 0));
    }
    // A retry keeps what is reserved.
    let claimed = send(world, &facts, "o-9", 7_900).await;
    let later = world.clock.now() + Span::minutes(1);
    world.record(&claimed, None, Next::Retry(later)).await;
    assert_eq!(
        stands(&accounts(world).await, Account::Reserved),
        (7_900, 1)
    );
}

pub(super) async fn a_late_receipt_charges_what_was_released(world: &World) {
    let facts = world.customer("c-1", "+12535550129").await;
    let claimed = send(world, &facts, "o-1", 7_900).await;
    let later = world.clock.now() + Span::hours(1);
    world.record(&claimed, None, Next::Doubt(later)).await;
    let mut late = receipt(world, "late", ReceiptStatus::Delivered);
    let reference = model::Delivery::reference(claimed.id);
    late.hint = Some((facts.customer.phone.clone().unwrap(), reference));
    world.store().record_receipts(vec![late]).await.unwrap();
    let all = accounts(world).await;
    assert_eq!(stands(&all, Account::Charged), (7_900, 1));
    assert_eq!(stands(&all, Account::Reserved), (0, 0));
    // Its answer comes after all that: nothing moves twice.
    world
        .record(&claimed, None, Next::Settle(DeliveryState::GivenUp))
        .await;
    assert_eq!(stands(&accounts(world).await, Account::Charged), (7_900, 1));
}

pub(super) async fn a_doubt_keeps_its_reservation(world: &World) {
    let facts = world.customer("c-1", "+12535550129").await;
    send(world, &facts, "o-1", 7_900).await;
    world.outlive_leases().await;
    let now = world.clock.now();
    let again = |_, now| now + Span::hours(1);
    assert_eq!(
        world.store().doubt_claims(true, now, again).await.unwrap(),
        1
    );
    assert_eq!(
        stands(&accounts(world).await, Account::Reserved),
        (7_900, 1)
    );
    world.clock.advance(Span::hours(2));
    let claimed = world.claim(Channel::Sms, 1).await.remove(0);
    world
        .record(&claimed, Some("5"), Next::Settle(DeliveryState::Accepted))
        .await;
    assert_eq!(stands(&accounts(world).await, Account::Charged), (7_900, 1));
}

pub(super) async fn a_price_in_other_money_is_booked_in_that(world: &World) {
    let facts = world.customer("c-1", "+12535550129").await;
    let claimed = send(world, &facts, "o-1", 7_900).await;
    world
        .record(&claimed, Some("1"), Next::Settle(DeliveryState::Accepted))
        .await;
    let store = world.store();
    store
        .record_prices(vec![price("1", 6_500, "EUR")])
        .await
        .unwrap();
    let reconciled = |rows: Vec<CostRow>| -> Vec<(String, i64)> {
        let rows = rows
            .into_iter()
            .filter(|row| row.account == Account::Reconciled);
        rows.map(|row| (row.currency.to_string(), row.micros))
            .collect()
    };
    let rows = costs(world, CostBy::Channel).await;
    assert_eq!(
        reconciled(rows),
        [("EUR".into(), 6_500), ("USD".into(), -7_900)]
    );
    accounts(world).await;
    // And back in the first money.
    store
        .record_prices(vec![price("1", 8_000, "USD")])
        .await
        .unwrap();
    let rows = costs(world, CostBy::Channel).await;
    assert_eq!(reconciled(rows), [("EUR".into(), 0), ("USD".into(), 100)]);
    accounts(world).await;
}

pub(super) async fn what_is_not_accepted_reserves_nothing(world: &World) {
    let facts = world.customer("c-1", "+12535550129").await;
    let event = quoted(world, &facts, "o-1", quote(7_900));
    assert_eq!(world.commit(event.clone()).await, Committed::Accepted);
    assert!(matches!(world.commit(event).await, Committed::Duplicate(_)));
    let stale = quoted(
        world,
        &Facts {
            version: 99,
            ..facts
        },
        "o-2",
        quote(7_900),
    );
    assert_eq!(world.commit(stale).await, Committed::Stale);
    assert_eq!(
        stands(&accounts(world).await, Account::Reserved),
        (7_900, 1)
    );
}

pub(super) async fn without_quotes_nothing_is_booked(world: &World) {
    let facts = world.customer("c-1", "+12535550129").await;
    let event = world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms, Channel::Email]);
    world.commit(event).await;
    let claimed = world.claim(Channel::Sms, 1).await.remove(0);
    world
        .record(&claimed, Some("1"), Next::Settle(DeliveryState::Accepted))
        .await;
    assert_eq!(costs(world, CostBy::Day).await, vec![]);
    let told = world
        .store()
        .record_prices(vec![price("1", 5, "USD")])
        .await
        .unwrap();
    assert_eq!(told, [PriceMatch::Unknown]);
    assert_eq!(world.store().check_ledger().await.unwrap(), vec![]);
}

pub(super) async fn costs_are_told_apart_as_asked(world: &World) {
    let facts = world.customer("c-1", "+12535550129").await;
    for (n, (campaign, seller)) in [("autumn", "s-1"), ("autumn", "s-2"), ("", "s-1")]
        .iter()
        .enumerate()
    {
        let of = Quote {
            campaign: (*campaign).into(),
            seller: (*seller).into(),
            ..quote(100 * (n as i64 + 1))
        };
        world
            .commit(quoted(world, &facts, &format!("o-{n}"), of))
            .await;
    }
    let keys = async |by| -> Vec<(String, i64, i64)> {
        let rows = costs(world, by).await.into_iter();
        let reserved = rows.filter(|row| row.account == Account::Reserved);
        reserved
            .map(|row| (row.key, row.micros, row.count))
            .collect()
    };
    let day = model::ledger_day(world.clock.now()).to_string();
    assert_eq!(keys(CostBy::Day).await, [(day, 600, 3)]);
    assert_eq!(
        keys(CostBy::Campaign).await,
        [(String::new(), 300, 1), ("autumn".into(), 300, 2)]
    );
    assert_eq!(
        keys(CostBy::Seller).await,
        [("s-1".into(), 400, 2), ("s-2".into(), 200, 1)]
    );
    assert_eq!(keys(CostBy::Country).await, [("US".into(), 600, 3)]);
    assert_eq!(keys(CostBy::Carrier).await, [("alpha".into(), 600, 3)]);
    for by in [CostBy::Category, CostBy::Channel] {
        assert_eq!(keys(by).await, [("1".into(), 600, 3)], "{by}");
    }
    assert_eq!(keys(CostBy::Purpose).await, [("3".into(), 600, 3)]);
    let spent = world
        .store()
        .spent(model::ledger_day(world.clock.now()))
        .await
        .unwrap();
    assert_eq!(spent.iter().map(|spent| spent.micros).sum::<i64>(), 600);
    let tomorrow = model::ledger_day(world.clock.now()) + 1;
    assert_eq!(world.store().spent(tomorrow).await.unwrap(), vec![]);
}

pub(super) async fn a_reopened_store_goes_on_booking(world: &World) {
    let facts = world.customer("c-1", "+12535550129").await;
    send(world, &facts, "o-1", 7_900).await;
    world.reopen().await;
    world.outlive_leases().await;
    let again = |_, now: model::Instant| now;
    let now = world.clock.now();
    world.store().doubt_claims(true, now, again).await.unwrap();
    let claimed = world.claim(Channel::Sms, 1).await.remove(0);
    world
        .record(&claimed, Some("1"), Next::Settle(DeliveryState::Accepted))
        .await;
    assert_eq!(stands(&accounts(world).await, Account::Charged), (7_900, 1));
    let second = quoted(world, &world.facts("c-1").await, "o-2", quote(100));
    world.commit(second).await;
    assert_eq!(stands(&accounts(world).await, Account::Reserved), (100, 1));
    let told = world
        .store()
        .record_prices(vec![price("1", 7_800, "USD")])
        .await
        .unwrap();
    assert_eq!(told, [PriceMatch::Booked(claimed.id)]);
    accounts(world).await;
}

/// Two nodes book on one line; each in rows of its own connections.
pub(super) async fn two_nodes_keep_one_ledger(world: &World) {
    let other = world.beside().await;
    let facts = world.customer("c-1", "+12535550129").await;
    let mut events = Vec::new();
    for n in 0..40 {
        let from = if n % 2 == 0 { world } else { &other };
        events.push((from, quoted(from, &facts, &format!("o-{n}"), quote(100))));
    }
    let commits = events.into_iter().map(|(from, event)| from.commit(event));
    futures_util::future::join_all(commits).await;
    assert_eq!(
        stands(&accounts(world).await, Account::Reserved),
        (4_000, 40)
    );
    // The one charges what the other reserved.
    for claimed in other.claim(Channel::Sms, 40).await {
        other
            .record(
                &claimed,
                Some(&claimed.id.to_string()),
                Next::Settle(DeliveryState::Accepted),
            )
            .await;
    }
    assert_eq!(
        stands(&accounts(world).await, Account::Charged),
        (4_000, 40)
    );
    other.store().close().await;
}
