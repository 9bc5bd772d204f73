//! A whole store is carried over: what the public API shows is the same on both sides.

use std::collections::BTreeSet;
use std::fmt::Write;

use model::{
    Channel, Delivery, DeliveryState, FailureReason, Id, Instant, Lane, Mode, Partition, Receipt,
    ReceiptStatus, RecipientId, Sealed, Span,
};

use super::database;
use super::world::World;
use crate::postgres::{PARTITIONED, PARTITIONED_ALONE};
use crate::{
    AcceptedEvent, AcceptedResult, ApiKey, Committed, FlagChange, InboundText, MailboxFilter, Next,
    OpenError, ReceiptMatch, ReceiptRecord, Step, Store, Transfer, TransferError,
};

const PHONE: &str = "+12535550129";
const SECRET: &str = "135791";

/// What was put into a store, for later questions.
struct Put {
    recipients: Vec<RecipientId>,
    /// What a device of the first recipient knew before the last flags were changed.
    known: i64,
    again: AcceptedEvent,
    zero: AcceptedEvent,
    failed: AcceptedEvent,
    reference: u16,
    waiting: u16,
}

fn receipt(world: &World, carrier_id: &str, status: ReceiptStatus) -> ReceiptRecord {
    ReceiptRecord {
        carrier: "alpha".into(),
        carrier_id: carrier_id.into(),
        hint: None,
        receipt: Receipt {
            status,
            code: "000".into(),
            carrier_time: None,
            received_at: world.clock.now(),
        },
    }
}

/// Every kind of row there is.
async fn fill(world: &World) -> Put {
    let mut facts = Vec::new();
    for n in 1..=4 {
        let phone = format!("+1253555013{n}");
        facts.push(world.customer(&format!("c-{n}"), &phone).await);
    }
    let event = |id: &str| world.accepted(&facts[0], id, Lane::Normal, &[Channel::Sms]);
    let store = world.store();
    let phone = facts[0].customer.phone.clone().unwrap();

    // Delivered, with a receipt, and accepted with one still to come.
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
    // In doubt; tried again later; one that nobody knows how it ends; one that waits.
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
    let mut zero = event("o-4");
    zero.event.key.id = "o-4\0".into();
    world.commit(zero.clone()).await;
    world.clock.advance(Span::minutes(1));
    world
        .commit(world.accepted(&facts[1], "s-1", Lane::Security, &[Channel::Sms]))
        .await;
    world
        .commit(world.accepted(&facts[1], "s-2", Lane::Bulk, &[Channel::Email]))
        .await;

    let fail = |id: &str| AcceptedEvent {
        result: AcceptedResult::Failed {
            reason: FailureReason::UnknownType,
            detail: "no type order.comfirmed".into(),
            envelope: Sealed::new("{\"id\":\"f\"}"),
        },
        ..world.accepted(&facts[2], id, Lane::Normal, &[])
    };
    let (failed, mended) = (fail("f-1"), fail("f-2"));
    world.commit(failed.clone()).await;
    world.commit(mended.clone()).await;
    let good = world.accepted(&facts[2], "f-2", Lane::Normal, &[]).result;
    let mended = AcceptedEvent {
        result: good,
        ..mended
    };
    assert_eq!(
        store.commit_replayed(mended).await.unwrap(),
        Committed::Accepted
    );

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
        suppress: Some("keyword_stop".into()),
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
async fn look(store: &Store, put: &Put, now: Instant) -> String {
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

/// Steps until the end; what was carried and compared.
async fn finish(mut transfer: Transfer, now: Instant) -> (u64, u64) {
    let (mut carried, mut compared) = (0, 0);
    loop {
        match transfer.step(now).await.unwrap() {
            Step::Carried { rows, .. } => carried += rows,
            Step::Compared { rows, .. } => compared += rows,
            Step::Done => return (carried, compared),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_whole_after_it_moved_in_pieces() {
    let world = World::sqlite();
    let now = world.clock.now();
    let Some(url) = database::fresh(false, now).await else {
        return;
    };
    let put = fill(&world).await;
    let before = look(&world.store(), &put, world.clock.now()).await;
    let clock = world.clock.clone();
    let folder = world.into_folder().await;

    // Broken off in the middle of each table and taken up again, time after time.
    let mut steps = 0;
    let (total, carried) = loop {
        let mut transfer = Transfer::begin_by(2, folder.path(), &url, now)
            .await
            .unwrap();
        let total: u64 = transfer.tables().iter().map(|(_, rows)| rows).sum();
        if transfer.carried() == total {
            break (total, finish(transfer, now).await);
        }
        for _ in 0..3 {
            transfer.step(now).await.unwrap();
            steps += 1;
        }
        drop(transfer);
        let early = Store::open_postgres(&url, now).await.err();
        assert!(
            matches!(early, Some(OpenError::MoveUnfinished)),
            "{early:?}"
        );
    };
    assert!(steps > 30, "{steps}");
    assert_eq!(carried.1, total);
    let client = database::connect(&url).await;
    for table in crate::transfer::names() {
        let any = format!("SELECT 1 FROM {table} LIMIT 1");
        assert!(
            !client.query(&any, &[]).await.unwrap().is_empty(),
            "{table}: nothing to carry"
        );
    }

    let second = Transfer::begin(folder.path(), &url, now).await.err();
    assert!(
        matches!(second, Some(TransferError::Finished)),
        "{second:?}"
    );
    let world = World::on(url, clock).await;
    let after = look(&world.store(), &put, world.clock.now()).await;
    // The one thing that PostgreSQL cannot keep.
    let before = before.replace("o-4\\0", "o-4\u{fffd}");
    for (before, after) in before.lines().zip(after.lines()) {
        assert_eq!(before, after);
    }
    assert_eq!(before.len(), after.len());
    works(&world, &put).await;
    world.store().close().await;
}

/// The moved store goes on where the other stopped.
async fn works(world: &World, put: &Put) {
    let (store, now) = (world.store(), world.clock.now());
    for event in [&put.again, &put.zero, &put.failed] {
        let copy = AcceptedEvent {
            id: store.ids().next(event.id.partition(), now),
            ..event.clone()
        };
        assert_eq!(world.commit(copy).await, Committed::Duplicate(event.id));
    }
    assert!(
        !store
            .use_token([3; 16], now + Span::days(1), now)
            .await
            .unwrap()
    );
    // A name that is new, and one that moved.
    let facts = world.facts("c-1").await;
    let mut event = world.accepted(&facts, "o-9", Lane::Normal, &[]);
    event.event.event_type = "order.renamed".into();
    assert_eq!(world.commit(event).await, Committed::Accepted);
    let changes = store
        .changes_since(put.recipients[0], put.known, 50)
        .await
        .unwrap();
    assert_eq!((changes.messages.len(), changes.reset), (4, false));

    // A receipt by its carrier's id, and one that only our reference names.
    let mut doubtful = receipt(world, "late", ReceiptStatus::Delivered);
    doubtful.hint = Some((facts.customer.phone.clone().unwrap(), put.reference));
    let told = vec![receipt(world, "2", ReceiptStatus::Delivered), doubtful];
    let told = store.record_receipts(told).await.unwrap();
    assert!(
        told.iter()
            .all(|found| matches!(found, ReceiptMatch::Matched(..))),
        "{told:?}"
    );
    // What was in hand is in doubt, where its parked receipt finds it.
    let doubted = store
        .doubt_claims(false, now, |_, now| now + Span::hours(1))
        .await;
    assert_eq!(doubted.unwrap(), 1);
    let settled = store.latest_messages(100).await.unwrap();
    let settled = settled.iter().flat_map(|message| &message.deliveries);
    let found = settled
        .map(|d| &d.delivery)
        .find(|d| Delivery::reference(d.id) == put.waiting);
    assert_eq!(found.unwrap().state, DeliveryState::Delivered);
    let claimed = world.claim(Channel::Sms, 9).await;
    let secrets: Vec<&str> = claimed
        .iter()
        .filter_map(|c| Some(c.secret.as_ref()?.open()))
        .collect();
    assert_eq!(secrets, ["123456"]);
    assert_eq!(claimed.len(), 2, "the code and what waited");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_moved_there_is_not_written_over() {
    let world = World::sqlite();
    let now = world.clock.now();
    let Some(url) = database::fresh(true, now).await else {
        return;
    };
    world.customer("c-1", PHONE).await;
    let open = Transfer::begin(std::path::Path::new("/nowhere"), &url, now)
        .await
        .err();
    assert!(
        matches!(open, Some(TransferError::NoStore { .. })),
        "{open:?}"
    );
    let folder = world.into_folder().await;
    let begin = || Transfer::begin(folder.path(), &url, now);

    let node = Store::open_postgres(&url, now).await.unwrap();
    let refused = begin().await.err();
    assert!(
        matches!(refused, Some(TransferError::NodesRun(1))),
        "{refused:?}"
    );
    node.use_token([1; 16], now + Span::days(1), now)
        .await
        .unwrap();
    node.close().await;
    let refused = begin().await.err();
    assert!(
        matches!(
            refused,
            Some(TransferError::Occupied {
                table: "used_tokens"
            })
        ),
        "{refused:?}"
    );
    let client = database::connect(&url).await;
    client
        .execute("DELETE FROM used_tokens", &[])
        .await
        .unwrap();
    let mut transfer = begin().await.unwrap();
    transfer.step(now).await.unwrap();
    let locked = Store::open_sqlite(folder.path(), now).err();
    assert!(
        matches!(locked, Some(OpenError::InUse { .. })),
        "{locked:?}"
    );
    drop(transfer);
    let other = World::sqlite().into_folder().await;
    let refused = Transfer::begin(other.path(), &url, now).await.err();
    assert!(
        matches!(refused, Some(TransferError::OtherSource)),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_difference_is_found_and_named_without_its_content() {
    let world = World::sqlite();
    let now = world.clock.now();
    let Some(url) = database::fresh(false, now).await else {
        return;
    };
    let facts = world.customer("c-1", PHONE).await;
    world
        .commit(world.accepted(&facts, "o-1", Lane::Security, &[Channel::Sms]))
        .await;
    let folder = world.into_folder().await;
    let client = database::connect(&url).await;
    for (change, back, wanted) in [
        (
            format!("UPDATE deliveries SET secret = '{SECRET}'"),
            "UPDATE deliveries SET secret = '123456'",
            "differ at deliveries (partition ",
        ),
        (
            "INSERT INTO carrier_ids (partition, hash, delivery) VALUES (1, 1, 1)".to_owned(),
            "DELETE FROM carrier_ids",
            "carrier_ids has 0 rows in the source and 1 in the database",
        ),
    ] {
        let mut transfer = Transfer::begin(folder.path(), &url, now).await.unwrap();
        while let Step::Carried { .. } = transfer.step(now).await.unwrap() {}
        client.execute(&change, &[]).await.unwrap();
        let error = loop {
            match transfer.step(now).await {
                Ok(Step::Done) => panic!("it was not seen"),
                Ok(_) => {}
                Err(error) => break error.to_string(),
            }
        };
        assert!(error.contains(wanted), "{error}");
        assert!(
            !error.contains(SECRET) && !error.contains("123456"),
            "{error}"
        );
        client.execute(back, &[]).await.unwrap();
        drop(transfer);
    }
    let transfer = Transfer::begin(folder.path(), &url, now).await.unwrap();
    finish(transfer, now).await;
    Store::open_postgres(&url, now).await.unwrap().close().await;
}

#[test]
fn every_table_is_carried() {
    let carried: BTreeSet<&str> = crate::transfer::names().collect();
    let grown = PARTITIONED.iter().chain(&PARTITIONED_ALONE).copied();
    let all: BTreeSet<&str> = grown.chain(["names", "api_keys"]).collect();
    assert_eq!(carried, all);
}
