//! Cases about claims: who sends what is due, and what becomes of it.

use model::{Channel, DeliveryState, Lane, Rule, Span, Spoke, Verdict};

use super::path::{record_of, state};
use super::world::World;
use crate::{AcceptedResult, Next};

const PHONE: &str = "+12535550129";

pub(super) async fn a_delivery_is_claimed_once(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    for n in 0..10 {
        world
            .commit(world.accepted(&facts, &format!("o-{n}"), Lane::Normal, &[Channel::Sms]))
            .await;
    }
    assert_eq!(world.store().backlog(), 10);
    let (a, b) = tokio::join!(world.claim(Channel::Sms, 6), world.claim(Channel::Sms, 6));
    let mut ids: Vec<_> = a.iter().chain(&b).map(|claimed| claimed.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), a.len() + b.len()), (10, 10));
    assert!(world.claim(Channel::Email, 6).await.is_empty());
    assert_eq!(world.store().backlog(), 0);
}

pub(super) async fn urgent_lanes_are_claimed_first(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    for (id, lane) in [
        ("bulk", Lane::Bulk),
        ("normal", Lane::Normal),
        ("code", Lane::Security),
    ] {
        world
            .commit(world.accepted(&facts, id, lane, &[Channel::Sms]))
            .await;
        world.clock.advance(Span::secs(1));
    }
    let order: Vec<_> = world
        .claim(Channel::Sms, 3)
        .await
        .into_iter()
        .map(|c| c.lane)
        .collect();
    assert_eq!(order, [Lane::Security, Lane::Normal, Lane::Bulk]);
}

pub(super) async fn a_retry_is_due_again_when_it_says(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    world
        .commit(world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms]))
        .await;
    let claimed = world.claim(Channel::Sms, 1).await;
    let again = world.clock.now() + Span::secs(30);
    world.record(&claimed[0], None, Next::Retry(again)).await;
    assert!(world.claim(Channel::Sms, 1).await.is_empty());
    assert_eq!(
        world.store().next_due(Channel::Sms).await.unwrap(),
        Some(again)
    );
    world.clock.advance(Span::secs(30));
    assert_eq!(world.claim(Channel::Sms, 1).await[0].attempt, 2);
}

pub(super) async fn what_is_held_is_no_try_and_its_message_says_why(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let event = world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms, Channel::Email]);
    world.commit(event.clone()).await;
    let before = record_of(world, &event).await;
    let until = world.clock.now() + Span::hours(8);
    let said = |channel| Spoke {
        rule: Rule::QuietHours,
        verdict: Verdict::Hold,
        channel: Some(channel),
        why: "own".into(),
        with: until.to_string(),
    };
    for channel in [Channel::Sms, Channel::Email] {
        let claimed = world.claim(channel, 1).await;
        let next = Next::Hold(until);
        world
            .record_said(&claimed[0], None, next, Some(said(channel)))
            .await;
        assert!(world.claim(channel, 1).await.is_empty());
        let due = world.store().next_due(channel).await.unwrap();
        assert_eq!(due, Some(until));
    }
    let held = record_of(world, &event).await;
    let mut trace = before.message.trace.0;
    trace.extend([said(Channel::Sms), said(Channel::Email)]);
    assert_eq!(held.message.trace.0, trace);
    for delivery in &held.deliveries {
        assert_eq!(delivery.delivery.state, DeliveryState::Scheduled);
        assert_eq!(
            (delivery.delivery.attempts, delivery.attempts.len()),
            (0, 0)
        );
        assert_eq!(delivery.delivery.due_at, until);
    }
    world.clock.advance(Span::hours(8));
    assert_eq!(world.claim(Channel::Sms, 1).await[0].attempt, 1);
}

pub(super) async fn what_a_crash_left_claimed_is_in_doubt_and_due_later(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let event = world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms]);
    world.commit(event.clone()).await;
    world.claim(Channel::Sms, 1).await;
    world.reopen().await;
    let later = |_: Lane, now: model::Instant| now + Span::minutes(15);
    assert_eq!(
        world
            .store()
            .doubt_claims(true, world.clock.now(), later)
            .await
            .unwrap(),
        1
    );
    assert_eq!(state(world, &event).await, DeliveryState::InDoubt);
    assert!(world.claim(Channel::Sms, 1).await.is_empty());
    world.clock.advance(Span::minutes(15));
    let claimed = world.claim(Channel::Sms, 1).await;
    assert!(claimed[0].was_in_doubt);
    assert_eq!(claimed[0].attempt, 2);
    assert_eq!(world.store().counts().await.unwrap().in_doubt_attempts, 1);
}

pub(super) async fn a_delivery_claimed_by_its_commit_is_not_due(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let mut event = world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms]);
    let AcceptedResult::Message { message, .. } = &mut event.result else {
        panic!("a message")
    };
    message.deliveries[0].lease = Some(Span::minutes(1));
    world.commit(event.clone()).await;
    assert_eq!(world.store().backlog(), 0);
    assert!(world.claim(Channel::Sms, 1).await.is_empty());
    // Its process dies before the hand-over: in doubt like any claim.
    world.reopen().await;
    let at_once = |_: Lane, now: model::Instant| now;
    let doubted = world
        .store()
        .doubt_claims(true, world.clock.now(), at_once)
        .await;
    assert_eq!(doubted.unwrap(), 1);
    assert_eq!(state(world, &event).await, DeliveryState::InDoubt);
    assert!(world.claim(Channel::Sms, 1).await[0].was_in_doubt);
}

pub(super) async fn a_renewed_claim_is_not_in_doubt(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let event = world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms]);
    world.commit(event.clone()).await;
    world.claim(Channel::Sms, 1).await;
    let later = |_: Lane, now: model::Instant| now;
    // Slow work, or a clock that was set ahead: its node lives and says so.
    world.clock.advance(Span::hours(2));
    let (store, now) = (world.store(), world.clock.now());
    let lease = Span::minutes(10);
    assert_eq!(store.renew_claims(now, lease).await.unwrap(), 1);
    assert_eq!(
        store.renew_claims(now, lease).await.unwrap(),
        0,
        "young still"
    );
    assert_eq!(store.doubt_claims(false, now, later).await.unwrap(), 0);
    assert_eq!(state(world, &event).await, DeliveryState::Claimed);
    world.clock.advance(lease);
    world.outlive_leases().await;
    let silent = world.clock.now();
    assert_eq!(store.doubt_claims(false, silent, later).await.unwrap(), 1);
}

pub(super) async fn what_was_due_is_due_when_the_clock_is_set_back(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let mut event = 0;
    let mut waits_until = async |at: model::Instant| {
        event += 1;
        let id = format!("o-{event}");
        world
            .commit(world.accepted(&facts, &id, Lane::Normal, &[Channel::Sms]))
            .await;
        let claimed = world.claim(Channel::Sms, 1).await;
        world.record(&claimed[0], None, Next::Retry(at)).await;
    };
    let now = world.clock.now();
    let before = now + Span::hours(2);
    assert_eq!(world.store().newest_accepted_at().await.unwrap(), None);
    waits_until(before + Span::hours(8)).await;
    waits_until(before + Span::secs(30)).await;
    for _ in 0..120 {
        waits_until(before).await;
    }
    assert!(world.claim(Channel::Sms, 9_999).await.is_empty());
    let newest = world.store().newest_accepted_at().await.unwrap();
    assert_eq!(newest, Some(now));
    let moved = world.store().clock_set_back(now, before).await.unwrap();
    assert_eq!(moved, 121);
    assert_eq!(world.claim(Channel::Sms, 9_999).await.len(), 120);
    world.clock.advance(Span::secs(30));
    assert_eq!(world.claim(Channel::Sms, 9_999).await.len(), 1);
    world.clock.advance(Span::hours(9));
    assert!(world.claim(Channel::Sms, 9_999).await.is_empty());
    world.clock.advance(Span::hours(1));
    assert_eq!(world.claim(Channel::Sms, 9_999).await.len(), 1);
}
