//! A whole store is carried over: what the public API shows is the same on both sides.

pub(super) mod filled;

use std::collections::BTreeSet;

use model::{Channel, Delivery, DeliveryState, Id, Instant, Lane, ReceiptStatus, Span};

use super::database;
use super::ledger::{price, quote, quoted};
use super::world::World;
use crate::postgres::{PARTITIONED, PARTITIONED_ALONE};
use crate::{
    AcceptedEvent, AcceptedResult, Committed, OpenError, PriceMatch, ReceiptMatch, Step, Store,
    Transfer, TransferError,
};
use filled::{Put, fill, look, receipt};

const PHONE: &str = "+12535550129";
const SECRET: &str = "135791";

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

    // Money goes on being booked, on old lines and on new ones.
    let mut dear = quoted(world, &facts, "o-10", quote(900));
    if let AcceptedResult::Message { message, .. } = &mut dear.result {
        message.deliveries[0].quote.as_mut().unwrap().seller = "s-9".into();
    }
    world.commit(dear).await;
    let told = vec![price("1", 6_500, "EUR"), price("2", 8_000, "USD")];
    let told = store.record_prices(told).await.unwrap();
    assert!(
        matches!(told[..], [PriceMatch::Same(_), PriceMatch::Booked(_)]),
        "{told:?}"
    );
    assert_eq!(store.check_ledger().await.unwrap(), vec![]);

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
    assert_eq!(claimed.len(), 3, "the code, what waited, and what is new");
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
    let small = [
        "names",
        "api_keys",
        "staff",
        "staff_sessions",
        "staff_links",
        "sign_in_tries",
        "audit",
        "cost_lines",
        "ledger",
        "desk",
        "editions",
        "drafts",
        "guard_exceptions",
    ];
    let all: BTreeSet<&str> = grown.chain(small).collect();
    assert_eq!(carried, all);
}
