//! What was taken of a customer's attention: never more than there is, however many take it.

use futures_util::future::join_all;
use model::{Cap, Channel, Counts, DeliveryState, Facts, Lane, PurposeClass, Span, Taken};

use super::world::World;
use crate::{AcceptedEvent, AcceptedResult, Committed, Next};

const PHONE: &str = "+12535550129";

/// An accepted event with a text that counts: at most so many in a day.
pub(in crate::conformance) fn counted(
    world: &World,
    facts: &Facts,
    id: &str,
    most: u32,
) -> AcceptedEvent {
    let mut event = world.accepted(facts, id, Lane::Bulk, &[Channel::Sms]);
    if let AcceptedResult::Message { message, .. } = &mut event.result {
        message.deliveries[0].counts = Some(Counts {
            purpose: PurposeClass::Marketing,
            test: true,
            caps: vec![Cap {
                channel: Channel::Sms,
                purposes: vec![PurposeClass::Marketing],
                most,
                within: Span::days(1),
                why: "offers_day",
                rule: String::new(),
            }],
        });
    }
    event
}

async fn taken(world: &World, facts: &Facts) -> Vec<Taken> {
    let store = world.store();
    let taken = store.attention(vec![facts.recipient], world.clock.now());
    taken
        .await
        .unwrap()
        .into_iter()
        .map(|(_, one)| one)
        .collect()
}

pub(super) async fn what_would_be_too_much_is_decided_again(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let other = world.customer("c-2", "+12535550130").await;
    let batch: Vec<AcceptedEvent> = (0..4)
        .map(|n| counted(world, &facts, &format!("o-{n}"), 2))
        .chain([counted(world, &other, "o-9", 2)])
        .collect();
    let again = batch[0].clone();
    let committed = world.store().commit_accepted(Lane::Bulk, batch).await;
    let committed: Vec<Committed> = committed.unwrap().into_iter().map(|(_, c)| c).collect();
    use Committed::{Accepted, Stale};
    assert_eq!(committed, [Accepted, Accepted, Stale, Stale, Accepted]);
    assert_eq!(taken(world, &facts).await.len(), 2);
    // One that is here already is told so, though there is no room.
    let id = again.id;
    assert_eq!(world.commit(again).await, Committed::Duplicate(id));
    assert_eq!(world.commit(counted(world, &facts, "o-5", 2)).await, Stale);
    // What does not count needs no room.
    let plain = world.accepted(&facts, "o-6", Lane::Normal, &[Channel::Sms]);
    assert_eq!(world.commit(plain).await, Accepted);
    assert_eq!(taken(world, &facts).await.len(), 2);
}

pub(super) async fn what_did_not_leave_gives_its_place_back(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    for (n, (to, leaves)) in [
        (DeliveryState::Accepted, true),
        (DeliveryState::Rejected, false),
        (DeliveryState::Expired, false),
        (DeliveryState::Cancelled, false),
        (DeliveryState::GivenUp, false),
    ]
    .into_iter()
    .enumerate()
    {
        let before = taken(world, &facts).await.len();
        let event = counted(world, &facts, &format!("o-{n}"), 9);
        assert_eq!(world.commit(event).await, Committed::Accepted);
        let planned = taken(world, &facts).await;
        assert_eq!(planned.len(), before + 1);
        assert!(planned.iter().any(|one| !one.left));
        let claimed = world.claim(Channel::Sms, 1).await.remove(0);
        world.clock.advance(Span::minutes(5));
        let id = format!("{n}");
        world.record(&claimed, Some(&id), Next::Settle(to)).await;
        let after = taken(world, &facts).await;
        assert_eq!(after.len(), before + usize::from(leaves), "{to}");
        assert!(after.iter().all(|one| one.left));
    }
    // It counts from when it left, not from when it was planned.
    let left = taken(world, &facts).await.remove(0);
    assert_eq!(left.purpose, PurposeClass::Marketing);
    assert!(left.test && left.channel == Channel::Sms);
    assert_eq!(world.clock.now().since(left.at), Span::minutes(20));
}

pub(super) async fn what_is_tried_again_counts_from_then(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    world.commit(counted(world, &facts, "o-1", 1)).await;
    let claimed = world.claim(Channel::Sms, 1).await.remove(0);
    let later = world.clock.now() + Span::minutes(90);
    world.record(&claimed, None, Next::Retry(later)).await;
    assert_eq!(taken(world, &facts).await[0].at, later);
    // What is late leaves now at the earliest.
    world.clock.advance(Span::hours(3));
    assert_eq!(taken(world, &facts).await[0].at, world.clock.now());
}

pub(super) async fn what_counts_no_more_leaves(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    for day in 0..12 {
        let event = counted(world, &facts, &format!("o-{day}"), 1);
        assert_eq!(world.commit(event).await, Committed::Accepted, "{day}");
        let claimed = world.claim(Channel::Sms, 1).await.remove(0);
        let id = format!("{day}");
        let next = Next::Settle(DeliveryState::Accepted);
        world.record(&claimed, Some(&id), next).await;
        assert!(taken(world, &facts).await.len() <= 7);
        world.clock.advance(Span::days(1));
    }
    let rows = world.rows_of_attention().await;
    assert!((7..=10).contains(&rows), "{rows} rows are kept");
}

/// Many callers at once, each with an event of its own for one customer.
pub(super) async fn of_many_at_once_no_more_are_accepted_than_there_is_room(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let commits = (0..40).map(|n| world.commit(counted(world, &facts, &format!("o-{n}"), 3)));
    let committed = join_all(commits).await;
    let accepted = committed.iter().filter(|one| **one == Committed::Accepted);
    assert_eq!(accepted.count(), 3);
    assert_eq!(taken(world, &facts).await.len(), 3);
}

pub(super) async fn two_nodes_never_take_more_than_there_is(world: &World) {
    let other = world.beside().await;
    for round in 0..6 {
        let facts = world.customer(&format!("c-{round}"), PHONE).await;
        let most = 1 + round % 3;
        let commits = (0..24).map(|n| {
            let from = if n % 2 == 0 { world } else { &other };
            from.commit(counted(from, &facts, &format!("o-{round}-{n}"), most))
        });
        let committed = join_all(commits).await;
        let accepted = committed.iter().filter(|one| **one == Committed::Accepted);
        assert_eq!(accepted.count(), most as usize);
        assert_eq!(taken(&other, &facts).await.len(), most as usize);
    }
    other.store().close().await;
}
