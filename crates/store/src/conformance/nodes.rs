//! Cases about several nodes on one database.

use std::collections::HashSet;
use std::time::Duration;

use local_postgres::{Durability, LocalPostgres};
use model::{Channel, DeliveryState, Id, Instant, Lane, MessageId, Partition, RecipientId};

use super::database;
use super::world::World;
use crate::{AcceptedResult, Committed, Distribution, Error, OpenError, Store};

const PHONE: &str = "+12535550129";
const LONG: Duration = Duration::from_secs(20);

fn at_once(_: Lane, now: Instant) -> Instant {
    now
}

pub(super) async fn claims_of_two_nodes_never_overlap(world: &World) {
    let other = world.beside().await;
    let mut events = Vec::new();
    for customer in 0..20 {
        let facts = world.customer(&format!("c-{customer}"), PHONE).await;
        for n in 0..10 {
            let id = format!("o-{customer}-{n}");
            events.push(world.accepted(&facts, &id, Lane::Normal, &[Channel::Sms]));
        }
    }
    let committed = world.store().commit_accepted(Lane::Normal, events).await;
    assert_eq!(committed.unwrap().len(), 200);
    let drain = async |world: &World| {
        let mut ids = Vec::new();
        loop {
            let claimed = world.claim(Channel::Sms, 7).await;
            if claimed.is_empty() {
                return ids;
            }
            ids.extend(claimed.into_iter().map(|claimed| claimed.id));
        }
    };
    let (a, b) = tokio::join!(drain(world), drain(&other));
    let all: HashSet<_> = a.iter().chain(&b).collect();
    assert_eq!((all.len(), a.len() + b.len()), (200, 200));
    other.store().close().await;
}

pub(super) async fn a_dead_nodes_claims_are_in_doubt_and_a_living_ones_are_not(world: &World) {
    let other = world.beside().await;
    let facts = world.customer("c-1", PHONE).await;
    for n in 0..4 {
        let id = format!("o-{n}");
        let event = world.accepted(&facts, &id, Lane::Normal, &[Channel::Sms]);
        world.commit(event).await;
    }
    assert_eq!(other.claim(Channel::Sms, 3).await.len(), 3);
    assert_eq!(world.claim(Channel::Sms, 3).await.len(), 1);
    let doubt = async |all| {
        let store = world.store();
        store
            .doubt_claims(all, world.clock.now(), at_once)
            .await
            .unwrap()
    };
    assert_eq!(doubt(false).await, 0);
    assert_eq!(doubt(true).await, 1, "its own alone");
    // The other dies: it renews nothing any more.
    drop(other);
    let client = database::connect(world.url()).await;
    let lapse = "UPDATE nodes SET until = clock_timestamp() - interval '1 second'
        WHERE (node, epoch) IN (SELECT node, epoch FROM claims)";
    assert_eq!(client.execute(lapse, &[]).await.unwrap(), 1);
    assert_eq!(doubt(false).await, 3);
    let counts = world.store().counts().await.unwrap();
    assert_eq!(
        counts.deliveries[&(Channel::Sms, DeliveryState::InDoubt)],
        4
    );
    assert_eq!(counts.in_doubt_attempts, 4);
    assert_eq!(world.claim(Channel::Sms, 9).await.len(), 4);
}

fn number(store: &Store) -> i64 {
    let now = Instant::from_micros(0);
    let id: MessageId = store.ids().next(Partition::new(0), now);
    id.as_i64() >> 8 & 63
}

pub(super) async fn a_node_that_lost_its_number_writes_nothing_until_it_has_another(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let before = number(&world.store());
    // Another node has taken the number, as after a long pause of this one.
    let client = database::connect(world.url()).await;
    let taken = "UPDATE nodes SET epoch = epoch + 1, until = clock_timestamp() + interval '1 hour'
        WHERE until > clock_timestamp()";
    assert_eq!(client.execute(taken, &[]).await.unwrap(), 1);
    let store = world.store();
    let event = world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms]);
    let refused = store.commit_accepted(Lane::Normal, vec![event]).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    assert_eq!(store.counts().await.unwrap().events, 0);
    let again = async {
        loop {
            let event = world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms]);
            if store
                .commit_accepted(Lane::Normal, vec![event])
                .await
                .is_ok()
            {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, again).await.unwrap();
    assert_ne!(number(&store), before);
    assert_eq!(world.claim(Channel::Sms, 9).await.len(), 1);
}

pub(super) async fn the_same_event_from_two_nodes_is_accepted_once(world: &World) {
    let other = world.beside().await;
    let facts = world.customer("c-1", PHONE).await;
    for n in 0..20 {
        let id = format!("o-{n}");
        let one = world.accepted(&facts, &id, Lane::Normal, &[Channel::Sms]);
        let two = other.accepted(&facts, &id, Lane::Normal, &[Channel::Sms]);
        let ids = (one.id, two.id);
        let answers = tokio::join!(world.commit(one), other.commit(two));
        assert!(
            answers == (Committed::Accepted, Committed::Duplicate(ids.0))
                || answers == (Committed::Duplicate(ids.1), Committed::Accepted),
            "{answers:?}"
        );
    }
    assert_eq!(world.store().counts().await.unwrap().events, 20);
    other.store().close().await;
}

async fn write(world: &World, facts: &model::Facts, prefix: &str) -> Vec<MessageId> {
    let mut ids = Vec::new();
    for n in 0..40 {
        let event = world.accepted(facts, &format!("{prefix}-{n}"), Lane::Normal, &[]);
        if let AcceptedResult::Message { message, .. } = &event.result {
            ids.push(message.id);
        }
        assert_eq!(world.commit(event).await, Committed::Accepted);
    }
    ids
}

/// Follows a mailbox by its revisions until so many messages were seen.
async fn follow(store: Store, of: RecipientId, count: usize) -> Vec<MessageId> {
    let (mut since, mut seen) = (0, Vec::new());
    while seen.len() < count {
        let changes = store.changes_since(of, since, 3).await.unwrap();
        assert!(!changes.reset);
        let revisions = changes.messages.iter().map(|message| message.revision);
        assert!(revisions.is_sorted_by(|a, b| a < b));
        assert!(changes.revision >= since);
        since = changes.revision;
        seen.extend(changes.messages.into_iter().map(|message| message.id));
    }
    seen
}

pub(super) async fn a_reader_beside_two_writing_nodes_misses_nothing(world: &World) {
    let other = world.beside().await;
    let facts = world.customer("c-1", PHONE).await;
    let reader = tokio::spawn(follow(world.store(), facts.recipient, 80));
    let (mut a, b) = tokio::join!(write(world, &facts, "a"), write(&other, &facts, "b"));
    let mut seen = tokio::time::timeout(LONG, reader).await.unwrap().unwrap();
    a.extend(b);
    a.sort();
    seen.sort();
    assert_eq!(seen, a);
    other.store().close().await;
}

pub(super) async fn another_nodes_commit_is_heard(world: &World) {
    let other = world.beside().await;
    let facts = world.customer("c-1", PHONE).await;
    let mut watch = world.store().watch_mailbox(facts.recipient);
    other
        .commit(other.accepted(&facts, "o-1", Lane::Normal, &[]))
        .await;
    let heard = tokio::time::timeout(LONG, watch.next()).await;
    assert_eq!(heard.unwrap(), Some(1));
    other.store().close().await;
}

pub(super) async fn four_at_once_migrate_one_database(world: &World) {
    let now = world.clock.now();
    let url = database::fresh(false, now).await.unwrap();
    let open = || Store::open_postgres(&url, now);
    let (a, b, c, d) = tokio::join!(open(), open(), open(), open());
    let stores = [a.unwrap(), b.unwrap(), c.unwrap(), d.unwrap()];
    let numbers: HashSet<i64> = stores.iter().map(number).collect();
    assert_eq!(numbers.len(), 4, "each node has a number of its own");
    let keys: HashSet<[u8; 32]> = stores.iter().map(|store| store.key("test")).collect();
    assert_eq!(keys.len(), 1, "and all have one secret");
    for store in stores {
        store.close().await;
    }
}

pub(super) async fn a_newer_schema_is_refused(world: &World) {
    let client = database::connect(world.url()).await;
    let newer = "INSERT INTO schema_versions (number, at) VALUES (999, 0)";
    client.execute(newer, &[]).await.unwrap();
    let opened = Store::open_postgres(world.url(), world.clock.now()).await;
    assert!(matches!(
        opened.err(),
        Some(OpenError::DatabaseTooNew { found: 999, .. })
    ));
}

pub(super) async fn urls_are_read_with_care(world: &World) {
    let now = world.clock.now();
    for (url, wanted) in [
        ("postgres://u:hush@localhost/x?sslmode=require", "TLS"),
        ("postgres://u:hush@localhost/x?sslmode=verify-full", "TLS"),
        ("postgres://u:hush@localhost:port/x", "written like"),
        ("postgres://u:hush@127.0.0.1:1/x", "cannot be used"),
    ] {
        let error = Store::open_postgres(url, now)
            .await
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(wanted), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }
}

pub(super) async fn without_citus_nothing_is_distributed(world: &World) {
    let done = Store::distribute(world.url()).await.unwrap();
    assert_eq!(done, Distribution::NoCitus);
}

pub(super) async fn the_store_outlives_a_crash_of_its_server(world: &World) {
    let now = world.clock.now();
    let server = LocalPostgres::start(Durability::Relaxed).unwrap();
    let own = World::on(server.url("tidings"), world.clock.clone()).await;
    let facts = own.customer("c-1", PHONE).await;
    let event = own.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms]);
    assert_eq!(own.commit(event.clone()).await, Committed::Accepted);
    server.crash().unwrap();
    let store = own.store();
    let lost = own.accepted(&facts, "o-2", Lane::Normal, &[Channel::Sms]);
    let refused = store
        .commit_accepted(Lane::Normal, vec![lost.clone()])
        .await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    let page = store.unread_counts(facts.recipient).await;
    assert!(matches!(page, Err(Error::Unavailable(_))), "{page:?}");
    server.start_again().unwrap();
    // The same store, by itself: what was answered is there, what was not can be brought.
    let again = async {
        while store
            .commit_accepted(Lane::Normal, vec![lost.clone()])
            .await
            .is_err()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, again).await.unwrap();
    let doubled = own.commit(event.clone()).await;
    assert_eq!(doubled, Committed::Duplicate(event.id));
    let claimed = own.claim(Channel::Sms, 9).await;
    assert_eq!(claimed.len(), 2);
    assert!(claimed.iter().all(|claimed| claimed.due_at == now));
    store.close().await;
}

pub(super) async fn a_store_is_distributed(url: String) {
    let clock = model::Clock::manual(Instant::from_micros(1_795_338_000_000_000));
    let before = World::on(url.clone(), clock.clone()).await;
    before.store().close().await;
    let done = Store::distribute(&url).await.unwrap();
    assert_eq!(done, Distribution::Done);
    let again = Store::distribute(&url).await.unwrap();
    assert_eq!(again, Distribution::Already);
    let world = World::on(url, clock).await;
    super::claims::urgent_lanes_are_claimed_first(&world).await;
    world.store().close().await;
}
