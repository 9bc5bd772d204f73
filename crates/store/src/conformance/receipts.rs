//! Cases about delivery receipts, in every order they may come in.

use model::{Channel, DeliveryState, Lane, Receipt, ReceiptStatus, Span};

use super::path::state;
use super::world::World;
use crate::{Next, ReceiptMatch, ReceiptRecord};

const PHONE: &str = "+12535550129";

fn receipt(world: &World, status: ReceiptStatus) -> ReceiptRecord {
    ReceiptRecord {
        wished: None,
        carrier: "alpha".into(),
        carrier_id: "c-1".into(),
        delivery: None,
        hint: None,
        receipt: Receipt {
            status,
            code: "X".into(),
            carrier_time: None,
            received_at: world.clock.now(),
        },
    }
}

pub(super) async fn a_receipt_settles_and_a_late_failure_does_not_unsettle(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let event = world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms]);
    world.commit(event.clone()).await;
    let claimed = world.claim(Channel::Sms, 1).await;
    world
        .record(
            &claimed[0],
            Some("c-1"),
            Next::Settle(DeliveryState::Accepted),
        )
        .await;
    for (status, after) in [
        (ReceiptStatus::Intermediate, DeliveryState::Accepted),
        (ReceiptStatus::Failed, DeliveryState::Undelivered),
        (ReceiptStatus::Delivered, DeliveryState::Delivered),
        (ReceiptStatus::Failed, DeliveryState::Delivered),
    ] {
        world
            .store()
            .record_receipts(vec![receipt(world, status)])
            .await
            .unwrap();
        assert_eq!(state(world, &event).await, after);
    }
}

pub(super) async fn a_receipt_before_the_response_is_parked_and_applied(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let event = world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms]);
    world.commit(event.clone()).await;
    let claimed = world.claim(Channel::Sms, 1).await;
    let early = world
        .store()
        .record_receipts(vec![receipt(world, ReceiptStatus::Delivered)])
        .await;
    assert_eq!(early.unwrap(), [ReceiptMatch::Parked]);
    world
        .record(
            &claimed[0],
            Some("c-1"),
            Next::Settle(DeliveryState::Accepted),
        )
        .await;
    assert_eq!(state(world, &event).await, DeliveryState::Delivered);
}

pub(super) async fn a_late_outcome_settles_a_delivery_in_doubt(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let event = world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms]);
    world.commit(event.clone()).await;
    let claimed = world.claim(Channel::Sms, 1).await;
    // The lease ran out, then the answer came after all.
    world.outlive_leases().await;
    let later = |_: Lane, now: model::Instant| now + Span::minutes(15);
    assert_eq!(
        world
            .store()
            .doubt_claims(false, world.clock.now(), later)
            .await
            .unwrap(),
        1
    );
    assert_eq!(world.store().backlog(), 1);
    world
        .record(
            &claimed[0],
            Some("c-1"),
            Next::Settle(DeliveryState::Accepted),
        )
        .await;
    assert_eq!(state(world, &event).await, DeliveryState::Accepted);
    assert_eq!(world.store().backlog(), 0);
    world.clock.advance(Span::hours(1));
    assert!(world.claim(Channel::Sms, 1).await.is_empty());
}

pub(super) async fn a_receipt_that_repeats_our_reference_settles_a_delivery_in_doubt(
    world: &World,
) {
    let facts = world.customer("c-1", PHONE).await;
    let phone = facts.customer.phone.clone().unwrap();
    let later = |_: Lane, now: model::Instant| now + Span::minutes(15);
    // The first receipt comes after the doubt, the second before it.
    for early in [false, true] {
        let event = world.accepted(&facts, &format!("o-{early}"), Lane::Normal, &[Channel::Sms]);
        world.commit(event.clone()).await;
        let claimed = world.claim(Channel::Sms, 1).await;
        let reference = model::Delivery::reference(claimed[0].id);
        let doubt = async || {
            world.clock.advance(Span::minutes(2));
            let now = world.clock.now();
            assert_eq!(
                world.store().doubt_claims(true, now, later).await.unwrap(),
                1
            );
        };
        let told = async |reference| {
            let mut told = receipt(world, ReceiptStatus::Delivered);
            told.hint = Some((phone.clone(), reference));
            world
                .store()
                .record_receipts(vec![told])
                .await
                .unwrap()
                .remove(0)
        };
        if early {
            assert_eq!(told(reference).await, ReceiptMatch::Parked);
            doubt().await;
        } else {
            doubt().await;
            assert_eq!(
                told(reference ^ 1).await,
                ReceiptMatch::Parked,
                "another text's receipt"
            );
            assert_eq!(state(world, &event).await, DeliveryState::InDoubt);
            assert!(matches!(told(reference).await, ReceiptMatch::Matched(..)));
        }
        assert_eq!(state(world, &event).await, DeliveryState::Delivered);
        assert_eq!(world.store().backlog(), 0);
    }
}

pub(super) async fn a_receipt_while_a_doubtful_delivery_is_claimed_again_is_not_overtaken(
    world: &World,
) {
    let facts = world.customer("c-1", PHONE).await;
    let phone = facts.customer.phone.clone().unwrap();
    let later = |_: Lane, now: model::Instant| now + Span::minutes(15);
    // The second hand-over ends with an answer, or with another crash.
    for crashes in [false, true] {
        let event = world.accepted(
            &facts,
            &format!("o-{crashes}"),
            Lane::Normal,
            &[Channel::Sms],
        );
        world.commit(event.clone()).await;
        world.claim(Channel::Sms, 1).await;
        let now = world.clock.now();
        let doubted = world.store().doubt_claims(true, now, later).await;
        assert_eq!(doubted.unwrap(), 1);
        world.clock.advance(Span::minutes(16));
        let again = world.claim(Channel::Sms, 1).await;
        assert!(again[0].was_in_doubt);
        let mut told = receipt(world, ReceiptStatus::Delivered);
        told.carrier_id = format!("c-{crashes}");
        told.hint = Some((phone.clone(), model::Delivery::reference(again[0].id)));
        let carrier_id = told.carrier_id.clone();
        let found = world.store().record_receipts(vec![told]).await.unwrap();
        assert_eq!(found, [ReceiptMatch::Parked]);
        if crashes {
            let now = world.clock.now();
            let doubted = world.store().doubt_claims(true, now, later).await;
            assert_eq!(doubted.unwrap(), 1);
        } else {
            let accepted = Next::Settle(DeliveryState::Accepted);
            world.record(&again[0], Some(&carrier_id), accepted).await;
        }
        assert_eq!(state(world, &event).await, DeliveryState::Delivered);
        assert_eq!(world.store().backlog(), 0);
    }
}

pub(super) async fn a_receipt_and_its_response_in_one_moment_find_each_other(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let mut events = Vec::new();
    for n in 0..30 {
        let event = world.accepted(&facts, &format!("o-{n}"), Lane::Normal, &[Channel::Sms]);
        world.commit(event.clone()).await;
        events.push(event);
    }
    let claimed = world.claim(Channel::Sms, 30).await;
    let both = claimed.iter().enumerate().map(|(n, claimed)| async move {
        let id = format!("c-{n}");
        let mut told = receipt(world, ReceiptStatus::Delivered);
        told.carrier_id = id.clone();
        let store = world.store();
        let accepted = Next::Settle(DeliveryState::Accepted);
        let (receipt, ()) = tokio::join!(
            store.record_receipts(vec![told]),
            world.record(claimed, Some(&id), accepted),
        );
        receipt.unwrap();
    });
    futures_util::future::join_all(both).await;
    for event in &events {
        assert_eq!(state(world, event).await, DeliveryState::Delivered);
    }
}

/// Mail is not entered by its carrier's id: what comes back of it names the delivery.
pub(super) async fn a_receipt_that_names_a_delivery_needs_no_id(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let event = world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Email]);
    world.commit(event.clone()).await;
    let claimed = world.claim(Channel::Email, 1).await;
    let delivery = claimed[0].id;
    let accepted = Next::Settle(DeliveryState::Accepted);
    world.record(&claimed[0], Some("m-1"), accepted).await;
    let store = world.store();
    let found = store.message_of(delivery).await.unwrap().unwrap();
    assert_eq!(found.message.id, claimed[0].message);
    assert_eq!(found.deliveries[0].delivery.contact, claimed[0].contact);
    let unknown = model::Id::from_i64(model::Id::as_i64(delivery) + 1);
    assert_eq!(store.message_of(unknown).await.unwrap(), None);

    let mut told = receipt(world, ReceiptStatus::Failed);
    told.carrier_id = String::new();
    told.delivery = Some(delivery);
    let matched = store.record_receipts(vec![told]).await.unwrap();
    let expected = ReceiptMatch::Matched(delivery, ReceiptStatus::Failed);
    assert_eq!(matched, [expected]);
    assert_eq!(state(world, &event).await, DeliveryState::Undelivered);
    let record = store.message_of(delivery).await.unwrap().unwrap();
    assert_eq!(record.deliveries[0].receipts.len(), 1);
}
