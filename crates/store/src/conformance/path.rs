//! Cases about the path of a message.

use super::consents::stop_all;
use model::{Channel, DeliveryState, FailureReason, Lane, Sealed};

use super::world::World;
use crate::{AcceptedEvent, AcceptedResult, Committed, InboundText, MessageRecord, Next};

const PHONE: &str = "+12535550129";

pub(super) async fn record_of(world: &World, event: &AcceptedEvent) -> MessageRecord {
    let AcceptedResult::Message { message, .. } = &event.result else {
        panic!("a message")
    };
    world.store().message(message.id).await.unwrap().unwrap()
}

pub(super) async fn state(world: &World, event: &AcceptedEvent) -> DeliveryState {
    record_of(world, event).await.deliveries[0].delivery.state
}

pub(super) async fn an_event_is_accepted_once(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let first = world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms]);
    let again = world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms]);
    let id = first.id;
    assert_eq!(world.commit(first).await, Committed::Accepted);
    assert_eq!(world.commit(again).await, Committed::Duplicate(id));
    let counts = world.store().counts().await.unwrap();
    assert_eq!((counts.events, counts.messages["order.confirmed"]), (1, 1));
    assert_eq!(
        counts.deliveries[&(Channel::Sms, DeliveryState::Scheduled)],
        1
    );
}

pub(super) async fn the_same_id_from_another_source_is_another_event(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let first = world.accepted(&facts, "o-1", Lane::Normal, &[]);
    let mut other = world.accepted(&facts, "o-1", Lane::Normal, &[]);
    other.event.key.source = "/other".into();
    assert_eq!(world.commit(first).await, Committed::Accepted);
    assert_eq!(world.commit(other).await, Committed::Accepted);
}

pub(super) async fn outdated_facts_are_stale_and_write_nothing(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let event = world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms]);
    world.customer("c-1", "+12535550130").await;
    assert_eq!(world.commit(event).await, Committed::Stale);
    assert_eq!(world.store().counts().await.unwrap().events, 0);
    let fresh = world.accepted(
        &world.facts("c-1").await,
        "o-1",
        Lane::Normal,
        &[Channel::Sms],
    );
    assert_eq!(world.commit(fresh).await, Committed::Accepted);
}

pub(super) async fn a_secret_is_destroyed_when_the_delivery_settles(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    world
        .commit(world.accepted(&facts, "code", Lane::Security, &[Channel::Sms]))
        .await;
    let claimed = world.claim(Channel::Sms, 1).await;
    assert_eq!(claimed[0].secret, Some(Sealed::new("123456")));
    world
        .record(&claimed[0], None, Next::Retry(world.clock.now()))
        .await;
    let again = world.claim(Channel::Sms, 1).await;
    assert_eq!(again[0].secret, Some(Sealed::new("123456")));
    world
        .record(
            &again[0],
            Some("c-1"),
            Next::Settle(DeliveryState::Accepted),
        )
        .await;
    assert!(!world.holds("123456").await, "the code is still there");
}

pub(super) async fn a_failed_event_is_listed_and_replayed_once(world: &World) {
    let mut failed = world.accepted(
        &world.customer("c-1", PHONE).await,
        "o-1",
        Lane::Normal,
        &[],
    );
    let good = failed.result.clone();
    failed.result = AcceptedResult::Failed {
        reason: FailureReason::UnknownType,
        detail: "no type order.comfirmed".into(),
        envelope: Sealed::new("{}"),
    };
    assert_eq!(world.commit(failed.clone()).await, Committed::Accepted);
    let listed = world.store().failed_events(None, 10).await.unwrap();
    assert_eq!(
        (listed.len(), listed[0].id, listed[0].reason),
        (1, failed.id, FailureReason::UnknownType)
    );
    let replay = AcceptedEvent {
        result: good,
        ..failed
    };
    assert_eq!(
        world
            .store()
            .commit_replayed(replay.clone(), None)
            .await
            .unwrap(),
        Committed::Accepted
    );
    assert!(matches!(
        world.store().commit_replayed(replay, None).await.unwrap(),
        Committed::Duplicate(_)
    ));
    assert!(
        world
            .store()
            .failed_events(None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        world.store().counts().await.unwrap().messages["order.confirmed"],
        1
    );
}

pub(super) async fn a_stop_suppresses_every_owner_of_the_number(world: &World) {
    let one = world.customer("c-1", PHONE).await;
    world.customer("c-2", PHONE).await;
    world.customer("c-3", "+12535550130").await;
    world
        .commit(world.accepted(&one, "o-1", Lane::Normal, &[Channel::Sms]))
        .await;
    let now = world.clock.now();
    let stop = InboundText {
        id: world.store().ids().next(model::Partition::new(0), now),
        carrier: "alpha".into(),
        from: one.customer.phone.clone().unwrap(),
        to: "62422".into(),
        text: Sealed::new("STOP"),
        received_at: now,
        wished: Some(stop_all(world.clock.now())),
        answer: Some(model::Answer::Stopped),
    };
    world.store().record_inbound(vec![stop]).await.unwrap();
    assert_eq!(
        world.facts("c-1").await.suppression(Channel::Sms),
        Some("keyword_stop")
    );
    assert_eq!(
        world.facts("c-2").await.suppression(Channel::Sms),
        Some("keyword_stop")
    );
    assert_eq!(world.facts("c-2").await.suppression(Channel::Email), None);
    assert_eq!(world.facts("c-3").await.suppression(Channel::Sms), None);
    assert!(
        world.claim(Channel::Sms, 1).await[0].facts_changed,
        "what is queued is asked again"
    );
    let store = world.store();
    let [stopped, other] =
        [PHONE, "+12535550199"].map(|n| store.digest(&model::ContactPoint::phone(n).unwrap()));
    let found = store
        .suppressed_among(vec![other, stopped], now)
        .await
        .unwrap();
    assert_eq!(found, [stopped]);
}

pub(super) async fn the_case_of_a_mail_address_hides_it_from_no_stop(world: &World) {
    world.customer("c-1", PHONE).await;
    let shouted = model::ContactPoint::email("C-1@CUSTOMERS.EXAMPLE").unwrap();
    let now = world.clock.now();
    world
        .store()
        .suppress(shouted, "asked".into(), now)
        .await
        .unwrap();
    assert_eq!(
        world.facts("c-1").await.suppression(Channel::Email),
        Some("asked")
    );
    assert_eq!(world.facts("c-1").await.suppression(Channel::Sms), None);
}

pub(super) async fn a_reopened_store_has_everything(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let event = world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms, Channel::Email]);
    let id = event.id;
    world.commit(event).await;
    world.reopen().await;
    let again = world.accepted(&facts, "o-1", Lane::Normal, &[]);
    assert_eq!(world.commit(again.clone()).await, Committed::Duplicate(id));
    assert!(again.id > id, "ids never go back");
    assert_eq!(world.store().backlog(), 2);
    assert_eq!(world.claim(Channel::Email, 5).await.len(), 1);
}

pub(super) async fn an_event_twice_in_a_batch_is_accepted_once(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let first = world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms]);
    let again = world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms]);
    let other = world.accepted(&facts, "o-2", Lane::Normal, &[Channel::Sms]);
    let id = first.id;
    let committed = world
        .store()
        .commit_accepted(Lane::Normal, vec![first, again, other])
        .await
        .unwrap();
    let answers: Vec<_> = committed.iter().map(|(_, answer)| *answer).collect();
    assert_eq!(
        answers,
        [
            Committed::Accepted,
            Committed::Duplicate(id),
            Committed::Accepted
        ]
    );
    assert_eq!(world.claim(Channel::Sms, 9).await.len(), 2);
}

pub(super) async fn many_callers_at_once_each_get_their_own_answer(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let calls = (0..40).map(|n| {
        let event = world.accepted(
            &facts,
            &format!("o-{}", n % 20),
            Lane::Normal,
            &[Channel::Sms],
        );
        let store = world.store();
        tokio::spawn(async move {
            let own = event.id;
            let mut done = store
                .commit_accepted(Lane::Normal, vec![event])
                .await
                .unwrap();
            let (event, committed) = done.remove(0);
            assert_eq!(event.id, own);
            committed
        })
    });
    let calls: Vec<_> = calls.collect();
    let mut accepted = 0;
    for call in calls {
        accepted += usize::from(call.await.unwrap() == Committed::Accepted);
    }
    assert_eq!(accepted, 20);
    assert_eq!(world.store().backlog(), 20);
}

pub(super) async fn a_zero_character_stops_nothing(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let mut event = world.accepted(&facts, "o\0-1", Lane::Normal, &[Channel::Sms]);
    if let AcceptedResult::Message { message, .. } = &mut event.result {
        message.content.title = "a\0b".into();
    }
    let again = event.clone();
    assert_eq!(world.commit(event).await, Committed::Accepted);
    assert!(matches!(world.commit(again).await, Committed::Duplicate(_)));
    assert_eq!(world.claim(Channel::Sms, 1).await.len(), 1);
}

pub(super) async fn a_bad_batch_takes_nothing_else_with_it(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let first = world.accepted(&facts, "o-first", Lane::Normal, &[Channel::Sms]);
    world.commit(first.clone()).await;
    let calls = (0..20).map(|n| {
        let mut event = world.accepted(&facts, &format!("o-{n}"), Lane::Normal, &[Channel::Sms]);
        if n == 7 {
            // Its message is there already: no backend can keep it twice.
            event.result = first.result.clone();
        }
        let store = world.store();
        tokio::spawn(async move {
            store
                .commit_accepted(Lane::Normal, vec![event])
                .await
                .is_ok()
        })
    });
    let calls: Vec<_> = calls.collect();
    let mut kept = Vec::new();
    for call in calls {
        kept.push(call.await.unwrap());
    }
    assert!(!kept[7]);
    assert_eq!(kept.iter().filter(|kept| **kept).count(), 19);
    assert_eq!(world.store().counts().await.unwrap().events, 20);
}
