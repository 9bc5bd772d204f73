//! A store with every kind of row, and all that the API shows of it.

use std::fmt::Write;

use model::{
    Channel, CostBy, Delivery, DeliveryState, Facts, FailureReason, Instant, Lane, Mode, Partition,
    Receipt, ReceiptStatus, RecipientId, Sealed, Span,
};

use crate::conformance::attention::counted;
use crate::conformance::consents::stop_all;
use crate::conformance::digests;
use crate::conformance::ledger::{price, quote, quoted};
use crate::conformance::withdrawn::{message_of, withdraw};
use crate::conformance::world::World;
use crate::{
    AcceptedEvent, AcceptedResult, ApiKey, Committed, CostQuery, FlagChange, InboundText,
    MailboxFilter, Next, PriceMatch, ReceiptMatch, ReceiptRecord, Store,
};

/// What was put into a store, for later questions.
pub(super) struct Put {
    pub(super) recipients: Vec<RecipientId>,
    /// What a device of the first recipient knew before the last flags were changed.
    pub(super) known: i64,
    pub(super) again: AcceptedEvent,
    pub(super) zero: AcceptedEvent,
    pub(super) failed: AcceptedEvent,
    pub(super) reference: u16,
    pub(super) waiting: u16,
}

pub(in crate::conformance) fn receipt(
    world: &World,
    carrier_id: &str,
    status: ReceiptStatus,
) -> ReceiptRecord {
    ReceiptRecord {
        wished: None,
        carrier: "alpha".into(),
        carrier_id: carrier_id.into(),
        delivery: None,
        hint: None,
        receipt: Receipt {
            status,
            code: "000".into(),
            carrier_time: None,
            received_at: world.clock.now(),
        },
    }
}

/// One delivered, with a receipt, and one accepted whose receipt is still to come. Gives the
/// first event.
async fn hand_over(world: &World, facts: &Facts) -> AcceptedEvent {
    let store = world.store();
    let event = |id: &str| quoted(world, facts, id, quote(7_900));
    let again = event("o-1");
    for (id, status) in [
        ("1", ReceiptStatus::Delivered),
        ("2", ReceiptStatus::Intermediate),
    ] {
        let event = if id == "1" {
            again.clone()
        } else {
            event("o-2")
        };
        assert_eq!(world.commit(event).await, Committed::Accepted);
        let claimed = world.claim(Channel::Sms, 1).await.remove(0);
        world
            .record(&claimed, Some(id), Next::Settle(DeliveryState::Accepted))
            .await;
        let told = store
            .record_receipts(vec![receipt(world, id, status)])
            .await;
        assert!(matches!(told.unwrap()[0], ReceiptMatch::Matched(..)));
    }
    let told = store.record_prices(vec![price("1", 6_500, "EUR")]).await;
    assert!(matches!(told.unwrap()[0], PriceMatch::Booked(_)));
    again
}

/// One in doubt, one tried again later, and one in hand of which nobody knows how it ends.
/// Gives their references.
async fn leave_open(world: &World, facts: &Facts) -> Vec<u16> {
    let event = |id: &str| counted(world, facts, id, 9);
    let later = world.clock.now() + Span::hours(1);
    let mut references = Vec::new();
    for next in [Some(Next::Doubt(later)), Some(Next::Retry(later)), None] {
        world
            .commit(event(&format!("o-3-{}", references.len())))
            .await;
        let claimed = world.claim(Channel::Sms, 1).await.remove(0);
        references.push(Delivery::reference(claimed.id));
        if let Some(next) = next {
            world.record(&claimed, None, next).await;
        }
    }
    references
}

/// One that failed, and one that was mended. Gives the first.
async fn fail_some(world: &World, facts: &Facts) -> AcceptedEvent {
    let fail = |id: &str| AcceptedEvent {
        result: AcceptedResult::Failed {
            reason: FailureReason::UnknownType,
            detail: "no type order.comfirmed".into(),
            envelope: Sealed::new("{\"id\":\"f\"}"),
        },
        ..world.accepted(facts, id, Lane::Normal, &[])
    };
    let (failed, mended) = (fail("f-1"), fail("f-2"));
    world.commit(failed.clone()).await;
    world.commit(mended.clone()).await;
    let good = world.accepted(facts, "f-2", Lane::Normal, &[]).result;
    let mended = AcceptedEvent {
        result: good,
        ..mended
    };
    assert_eq!(
        world.store().commit_replayed(mended, None).await.unwrap(),
        Committed::Accepted
    );
    failed
}

/// Every kind of row there is.
pub(super) async fn fill(world: &World) -> Put {
    let mut facts = Vec::new();
    for n in 1..=4 {
        let phone = format!("+1253555013{n}");
        facts.push(world.customer(&format!("c-{n}"), &phone).await);
    }
    let store = world.store();
    let phone = facts[0].customer.phone.clone().unwrap();
    let again = hand_over(world, &facts[0]).await;
    let references = leave_open(world, &facts[0]).await;
    let mut zero = world.accepted(&facts[0], "o-4", Lane::Normal, &[Channel::Sms]);
    zero.event.key.id = "o-4\0".into();
    world.commit(zero.clone()).await;
    world.clock.advance(Span::minutes(1));
    world
        .commit(world.accepted(&facts[1], "s-1", Lane::Security, &[Channel::Sms]))
        .await;
    let taken_back = world.accepted(&facts[1], "s-2", Lane::Bulk, &[Channel::Email]);
    world.commit(taken_back.clone()).await;
    assert!(withdraw(world, message_of(&taken_back)).await);
    digests::wait(world, &facts[1], "w-1").await;
    let failed = fail_some(world, &facts[2]).await;

    let mut waits = receipt(world, "unknown-1", ReceiptStatus::Delivered);
    waits.hint = Some((phone, references[2]));
    let waits = vec![waits, receipt(world, "unknown-2", ReceiptStatus::Failed)];
    let parked = store.record_receipts(waits).await.unwrap();
    assert_eq!(parked, [ReceiptMatch::Parked, ReceiptMatch::Parked]);
    small(
        world,
        &facts[3].customer.phone.clone().unwrap(),
        facts[0].recipient,
    )
    .await;

    let first = facts[0].recipient;
    let page = store
        .mailbox_page(first, MailboxFilter::default(), None, 9)
        .await
        .unwrap();
    let known = page.revision;
    let (now, all) = (world.clock.now(), &page.messages);
    store
        .set_flags(
            first,
            vec![all[1].id, all[3].id],
            FlagChange::Read(true),
            now,
        )
        .await
        .unwrap();
    store
        .set_flags(first, vec![all[2].id], FlagChange::Deleted(true), now)
        .await
        .unwrap();
    Put {
        recipients: facts.iter().map(|facts| facts.recipient).collect(),
        known,
        again,
        zero,
        failed,
        reference: references[0],
        waiting: references[2],
    }
}

/// A stop, keys, a token, a session.
async fn small(world: &World, phone: &model::ContactPoint, recipient: RecipientId) {
    let (store, now) = (world.store(), world.clock.now());
    let stop = InboundText {
        id: store.ids().next(Partition::new(9), now),
        carrier: "alpha".into(),
        from: phone.clone(),
        to: "62422".into(),
        text: Sealed::new("STOP"),
        received_at: now,
        wished: Some(stop_all(world.clock.now())),
        answer: Some(model::Answer::Stopped),
    };
    store.record_inbound(vec![stop]).await.unwrap();
    for n in [1, 2] {
        let key = ApiKey {
            id: store.ids().next(Partition::new(0), now),
            name: format!("shop {n}"),
            mode: Mode::Live,
            hash: [n; 32],
            created_at: now,
            revoked_at: (n == 1).then_some(now),
        };
        store.put_api_key(key).await.unwrap();
    }
    crate::conformance::staff::fill(world).await;
    crate::conformance::desk::fill(world).await;
    crate::conformance::contacts::fill(world, recipient).await;
    for n in 0..5 {
        assert!(
            store
                .use_token([n; 16], now + Span::days(1), now)
                .await
                .unwrap()
        );
        store
            .put_session([n + 100; 32], recipient, now + Span::days(1))
            .await
            .unwrap();
    }
}

/// All that the API shows of a store, with what is sealed.
pub(super) async fn look(store: &Store, put: &Put, now: Instant) -> String {
    let mut seen = String::new();
    let mut see = |what: &dyn std::fmt::Debug| writeln!(seen, "{what:?}").unwrap();
    see(&store.counts().await.unwrap());
    see(&store.latest_messages(100).await.unwrap());
    let customers = store.customers(None, 100).await.unwrap();
    see(&customers
        .iter()
        .map(|c| serde_json::to_string(c).unwrap())
        .collect::<Vec<_>>());
    see(&store.facts_of(put.recipients.clone()).await.unwrap());
    see(&store.facts(vec!["c-3".into(), "c-4".into()]).await.unwrap());
    for recipient in &put.recipients {
        for deleted in [false, true] {
            let filter = MailboxFilter {
                deleted,
                ..MailboxFilter::default()
            };
            see(&store
                .mailbox_page(*recipient, filter, None, 50)
                .await
                .unwrap());
        }
        see(&store.unread_counts(*recipient).await.unwrap());
        let known = if *recipient == put.recipients[0] {
            put.known
        } else {
            0
        };
        for since in [0, known, 1_000_000] {
            see(&store.changes_since(*recipient, since, 50).await.unwrap());
        }
    }
    for failed in store.failed_events(None, 10).await.unwrap() {
        see(&(failed.envelope.open().to_owned(), failed));
    }
    see(&store.api_keys().await.unwrap());
    see(&crate::conformance::staff::look(store, now).await);
    see(&crate::conformance::desk::look(store).await);
    see(&store.contact_points(put.recipients[0]).await.unwrap());
    see(&store.due_contact_changes(9).await.unwrap());
    let all = CostQuery {
        from: 0,
        to: i32::MAX,
        modes: Mode::ALL.to_vec(),
        by: CostBy::Seller,
    };
    see(&store.costs(all).await.unwrap());
    see(&store.check_ledger().await.unwrap());
    for n in 99..106 {
        see(&store.session([n; 32], now).await.unwrap());
    }
    for channel in Channel::ALL {
        see(&store.next_due(*channel).await.unwrap());
    }
    see(&(
        store.key("x"),
        store.backlog(),
        store.newest_accepted_at().await.unwrap(),
    ));
    seen
}
