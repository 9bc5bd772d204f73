//! Cases about the Message Center.

use std::collections::HashMap;
use std::time::Duration;

use model::{Category, Lane, MessageId, RecipientId, Span};

use super::world::World;
use crate::{AcceptedResult, Committed, FlagChange, MailboxFilter};

const PHONE: &str = "+12535550129";
/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(30);

async fn fill(world: &World, customer: &str, count: usize) -> (RecipientId, Vec<MessageId>) {
    let facts = world.customer(customer, PHONE).await;
    let mut ids = Vec::new();
    for n in 0..count {
        let mut event = world.accepted(&facts, &format!("o-{n}"), Lane::Normal, &[]);
        if let AcceptedResult::Message { message, .. } = &mut event.result {
            ids.push(message.id);
            if n % 3 == 0 {
                message.content.category = Category::Account;
                message.content.title = "Novo acesso à sua conta".into();
                message.content.sender = "Casa Verde".into();
            }
        }
        world.commit(event).await;
        world.clock.advance(Span::minutes(10));
    }
    (facts.recipient, ids)
}

async fn shown(world: &World, of: RecipientId, filter: MailboxFilter) -> Vec<MessageId> {
    let page = world
        .store()
        .mailbox_page(of, filter, None, 100)
        .await
        .unwrap();
    page.messages
        .into_iter()
        .map(|message| message.id)
        .collect()
}

pub(super) async fn pages_are_newest_first_and_complete(world: &World) {
    let (recipient, mut ids) = fill(world, "c-1", 25).await;
    fill(world, "c-2", 3).await;
    let (mut cursor, mut seen) = (None, Vec::new());
    loop {
        let page = world
            .store()
            .mailbox_page(recipient, MailboxFilter::default(), cursor, 10)
            .await
            .unwrap();
        seen.extend(page.messages.iter().map(|message| message.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    ids.reverse();
    assert_eq!(seen, ids);
}

pub(super) async fn filters_combine(world: &World) {
    let start = world.clock.now();
    let (recipient, ids) = fill(world, "c-1", 9).await;
    let by = |filter| shown(world, recipient, filter);
    let account = MailboxFilter {
        category: Some(Category::Account),
        ..MailboxFilter::default()
    };
    assert_eq!(by(account.clone()).await, [ids[6], ids[3], ids[0]]);
    let dated = MailboxFilter {
        since: Some(start + Span::minutes(30)),
        until: Some(start + Span::minutes(60)),
        ..account.clone()
    };
    assert_eq!(by(dated).await, [ids[3]]);
    let sender = MailboxFilter {
        sender: Some("casa verde".into()),
        unread: true,
        ..account
    };
    let now = world.clock.now();
    world
        .store()
        .set_flags(recipient, vec![ids[0]], FlagChange::Read(true), now)
        .await
        .unwrap();
    assert_eq!(by(sender).await, [ids[6], ids[3]]);
    let order = MailboxFilter {
        order: Some("o-4".into()),
        ..MailboxFilter::default()
    };
    assert_eq!(by(order).await, [ids[4]]);
    assert_eq!(
        world.store().senders(recipient).await.unwrap(),
        ["Casa Verde", "Marigold"]
    );
}

pub(super) async fn search_ignores_case_and_accents(world: &World) {
    let (recipient, ids) = fill(world, "c-1", 4).await;
    for (query, expected) in [
        ("AMANHA pedido", vec![ids[2], ids[1]]),
        ("o-2", vec![ids[2]]),
        ("conta acesso", vec![ids[3], ids[0]]),
        ("nothing", vec![]),
    ] {
        let filter = MailboxFilter {
            query: Some(query.into()),
            ..MailboxFilter::default()
        };
        assert_eq!(shown(world, recipient, filter).await, expected, "{query}");
    }
}

pub(super) async fn search_finds_the_same_in_a_large_mailbox(world: &World) {
    // More than a block's worth, some of it too new to be in one.
    let (recipient, ids) = fill(world, "c-1", 150).await;
    let (store, now) = (world.store(), world.clock.now());
    let look = |query: &str, unread| {
        let filter = MailboxFilter {
            query: Some(query.into()),
            unread,
            ..MailboxFilter::default()
        };
        shown(world, recipient, filter)
    };
    for _ in 0..2 {
        assert_eq!(look("o-149", false).await, [ids[149]]);
        assert_eq!(look("pedido nothing", false).await, []);
        assert_eq!(look("pedido o-7", false).await.len(), 8);
        assert_eq!(look("CONTA", false).await.len(), 50);
    }
    store
        .set_flags(recipient, vec![ids[3]], FlagChange::Read(true), now)
        .await
        .unwrap();
    assert_eq!(look("conta", true).await.len(), 49);
    // Pages of a search are complete and in order.
    let (mut cursor, mut seen) = (None, Vec::new());
    loop {
        let filter = MailboxFilter {
            query: Some("conta".into()),
            ..MailboxFilter::default()
        };
        let page = store
            .mailbox_page(recipient, filter, cursor, 20)
            .await
            .unwrap();
        seen.extend(page.messages.iter().map(|message| message.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 50);
    assert!(seen.is_sorted_by(|a, b| a > b));
    // What is purged is found no more.
    store
        .set_flags(recipient, vec![ids[0]], FlagChange::Deleted(true), now)
        .await
        .unwrap();
    world.clock.advance(Span::days(31));
    store.purge_deleted(world.clock.now(), 10).await.unwrap();
    assert_eq!(look("conta", false).await.len(), 49);
}

pub(super) async fn counts_follow_reading_and_deleting(world: &World) {
    let (recipient, ids) = fill(world, "c-1", 6).await;
    let (store, now) = (world.store(), world.clock.now());
    let total = async || store.unread_counts(recipient).await.unwrap().total;
    assert_eq!(total().await, 6);
    assert_eq!(
        store
            .set_flags(recipient, ids[..2].to_vec(), FlagChange::Read(true), now)
            .await
            .unwrap(),
        2
    );
    assert_eq!(
        store
            .set_flags(recipient, ids[..2].to_vec(), FlagChange::Read(true), now)
            .await
            .unwrap(),
        0
    );
    assert_eq!(total().await, 4);
    store
        .set_flags(recipient, vec![ids[5]], FlagChange::Deleted(true), now)
        .await
        .unwrap();
    assert_eq!(total().await, 3);
    assert_eq!(
        store
            .mark_all_read(recipient, MailboxFilter::default(), now)
            .await
            .unwrap()
            .len(),
        3
    );
    assert_eq!(total().await, 0);
    store
        .set_flags(recipient, vec![ids[5]], FlagChange::Deleted(false), now)
        .await
        .unwrap();
    assert_eq!(
        store.unread_counts(recipient).await.unwrap().by_category[&Category::Orders],
        1
    );
}

pub(super) async fn changes_since_misses_nothing(world: &World) {
    let (recipient, ids) = fill(world, "c-1", 5).await;
    let store = world.store();
    let first = store.changes_since(recipient, 0, 3).await.unwrap();
    assert!(first.more);
    let rest = store
        .changes_since(recipient, first.revision, 3)
        .await
        .unwrap();
    assert!(!rest.more);
    let seen: Vec<_> = first
        .messages
        .iter()
        .chain(&rest.messages)
        .map(|m| m.id)
        .collect();
    assert_eq!(seen, ids);
    let mut watch = store.watch_mailbox(recipient);
    store
        .set_flags(
            recipient,
            vec![ids[1]],
            FlagChange::Deleted(true),
            world.clock.now(),
        )
        .await
        .unwrap();
    let told = watch.next().await.unwrap();
    let changed = store
        .changes_since(recipient, rest.revision, 3)
        .await
        .unwrap();
    assert_eq!(
        changed.messages.iter().map(|m| m.id).collect::<Vec<_>>(),
        [ids[1]]
    );
    assert!(changed.messages[0].flags.deleted_at.is_some());
    assert_eq!(changed.revision, told);
    // A revision from before a restored backup: everything again, and said so.
    let lost = store
        .changes_since(recipient, told + 1_000, 100)
        .await
        .unwrap();
    assert_eq!(
        (lost.reset, lost.messages.len(), lost.revision),
        (true, 5, told)
    );
    assert!(!changed.reset);
}

pub(super) async fn flags_of_others_are_left_alone(world: &World) {
    let (_, ids) = fill(world, "c-1", 1).await;
    let (stranger, _) = fill(world, "c-2", 0).await;
    let changed = world
        .store()
        .set_flags(stranger, ids, FlagChange::Deleted(true), world.clock.now())
        .await
        .unwrap();
    assert_eq!(changed, 0);
}

pub(super) async fn purging_keeps_the_stub(world: &World) {
    let (recipient, ids) = fill(world, "c-1", 2).await;
    let (store, now) = (world.store(), world.clock.now());
    store
        .set_flags(recipient, vec![ids[0]], FlagChange::Deleted(true), now)
        .await
        .unwrap();
    assert_eq!(store.purge_deleted(now, 10).await.unwrap(), 0);
    assert_eq!(
        store.purge_deleted(now + Span::days(30), 10).await.unwrap(),
        1
    );
    assert_eq!(
        store.purge_deleted(now + Span::days(30), 10).await.unwrap(),
        0
    );
    let stub = store.message(ids[0]).await.unwrap().unwrap();
    assert_eq!(
        (
            stub.message.content.title.as_str(),
            stub.message.content.data.len()
        ),
        ("", 0)
    );
    let deleted = MailboxFilter {
        deleted: true,
        ..MailboxFilter::default()
    };
    assert!(shown(world, recipient, deleted).await.is_empty());
}

/// What a device sees while messages come and one after the other is read: nothing is missed,
/// nothing stands twice, and nothing goes back.
pub(super) async fn a_device_beside_a_writer_misses_nothing(world: &World) {
    const MESSAGES: usize = 60;
    let facts = world.customer("c-1", PHONE).await;
    let (store, recipient) = (world.store(), facts.recipient);
    let looking = tokio::spawn(async move {
        let (mut since, mut known, mut total) = (0, HashMap::new(), 0);
        while known.len() < MESSAGES || known.values().any(|unread| *unread) {
            let changes = store.changes_since(recipient, since, 7).await.unwrap();
            assert!(changes.revision >= since && !changes.reset);
            since = changes.revision;
            for message in changes.messages {
                let was = known.insert(message.id, message.flags.read_at.is_none());
                assert!(was != Some(false), "read, and unread again: {}", message.id);
            }
            let counts = store.unread_counts(recipient).await.unwrap();
            assert_eq!(counts.total, counts.by_category.values().sum::<u32>());
            let filter = MailboxFilter::default();
            let page = store.mailbox_page(recipient, filter, None, 100).await;
            let page = page.unwrap();
            let ids: Vec<MessageId> = page.messages.iter().map(|m| m.id).collect();
            assert!(ids.is_sorted_by(|a, b| a > b), "newest first, none twice");
            assert!(ids.len() >= total, "none goes away");
            assert!(
                known.keys().all(|id| ids.contains(id)),
                "what was told stays"
            );
            total = ids.len();
            for id in ids {
                let whole = store.message(id).await.unwrap();
                assert!(whole.is_some(), "what is listed can be opened");
            }
        }
        since
    });
    for number in 0..MESSAGES {
        let event = world.accepted(&facts, &format!("o-{number}"), Lane::Normal, &[]);
        let AcceptedResult::Message { message, .. } = &event.result else {
            panic!("a message")
        };
        let id = message.id;
        assert_eq!(world.commit(event).await, Committed::Accepted);
        let read = FlagChange::Read(true);
        let now = world.clock.now();
        let store = world.store();
        let changed = store.set_flags(recipient, vec![id], read, now).await;
        assert_eq!(changed.unwrap(), 1);
    }
    let seen = tokio::time::timeout(LONG, looking).await.unwrap().unwrap();
    let page = world
        .store()
        .mailbox_page(recipient, MailboxFilter::default(), None, 100)
        .await
        .unwrap();
    assert_eq!((page.messages.len(), page.revision), (MESSAGES, seen));
    for number in 0..MESSAGES {
        let again = world.accepted(&facts, &format!("o-{number}"), Lane::Normal, &[]);
        assert!(matches!(world.commit(again).await, Committed::Duplicate(_)));
    }
}
