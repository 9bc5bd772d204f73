//! Cases about messages that are taken back.

use model::{
    Channel, DeliveryState, Facts, FailureReason, Id, Lane, MessageId, Mode, Sealed, Span,
};

use super::ledger::{quote, quoted};
use super::world::World;
use crate::{
    AcceptedEvent, AcceptedResult, Committed, FailedFilter, FlagChange, MailboxFilter, Next,
    StoryOf, Withdrawal,
};

const PHONE: &str = "+12535550129";

pub(super) fn message_of(event: &AcceptedEvent) -> MessageId {
    match &event.result {
        AcceptedResult::Message { message, .. } => message.id,
        AcceptedResult::Failed { .. } => panic!("it has no message"),
    }
}

fn withdrawal(world: &World, message: MessageId) -> Withdrawal {
    Withdrawal {
        message,
        subject: "c-1".into(),
        reason: FailureReason::Guard,
        detail: "`hurry` in the mail text, from byte 3 to 9".into(),
        envelope: Sealed::new("{\"id\":\"o-1\"}"),
        why: "guard.hurry".into(),
        now: world.clock.now(),
    }
}

pub(super) async fn withdraw(world: &World, message: MessageId) -> bool {
    let store = world.store();
    store.withdraw(withdrawal(world, message)).await.unwrap()
}

/// A message on both channels, and its event.
async fn told(world: &World, facts: &Facts, id: &str) -> AcceptedEvent {
    let channels = [Channel::Sms, Channel::Email];
    let event = world.accepted(facts, id, Lane::Security, &channels);
    assert_eq!(world.commit(event.clone()).await, Committed::Accepted);
    event
}

/// What a mailbox shows, in each way of looking at it.
async fn shown(world: &World, facts: &Facts) -> Vec<MessageId> {
    let (store, of) = (world.store(), facts.recipient);
    let mut seen = Vec::new();
    let query = Some("pedido".to_owned());
    for (query, deleted) in [(None, false), (None, true), (query, false)] {
        let filter = MailboxFilter {
            query,
            deleted,
            ..MailboxFilter::default()
        };
        let page = store.mailbox_page(of, filter, None, 50).await.unwrap();
        seen.extend(page.messages.iter().map(|message| message.id));
    }
    seen.sort_unstable();
    seen.dedup();
    seen
}

pub(super) async fn a_message_taken_back_stands_in_no_mailbox(world: &World) {
    let (store, facts) = (world.store(), world.customer("c-1", PHONE).await);
    let stays = message_of(&told(world, &facts, "o-1").await);
    let gone = message_of(&told(world, &facts, "o-2").await);
    let of = facts.recipient;
    let known = store.unread_counts(of).await.unwrap();
    assert_eq!(known.total, 2);
    let mut watch = store.watch_mailbox(of);
    assert!(withdraw(world, gone).await);
    assert!(watch.next().await > Some(known.revision), "pages are told");

    assert_eq!(shown(world, &facts).await, [stays]);
    assert_eq!(store.unread_counts(of).await.unwrap().total, 1);
    let changes = store.changes_since(of, known.revision, 9).await.unwrap();
    let [change] = &changes.messages[..] else {
        panic!("{changes:?}")
    };
    assert_eq!((change.id, changes.revision), (gone, change.revision));
    assert_eq!(change.flags.deleted_at, Some(world.clock.now()));
    assert_eq!(change.flags.withdrawn_at, change.flags.deleted_at);
    let said = [&change.content.title, &change.content.summary];
    assert_eq!(said, ["", ""]);
    assert!(change.content.data.is_empty() && change.content.order.is_none());

    // Nobody brings it back.
    for flag in [FlagChange::Deleted(false), FlagChange::Deleted(true)] {
        let now = world.clock.now();
        let changed = store.set_flags(of, vec![gone], flag, now).await;
        assert_eq!(changed.unwrap(), 0, "{flag:?}");
    }
    assert_eq!(shown(world, &facts).await, [stays]);

    let asked = vec![(of, stays), (of, gone)];
    assert_eq!(store.withdrawn_among(asked).await.unwrap(), [gone]);

    // Staff see all of it.
    let record = store.message(gone).await.unwrap().unwrap();
    assert_eq!(record.message.content.title, "Pedido o-2 confirmado");
    assert!(record.message.flags.withdrawn_at.is_some());
    let other = store.message(stays).await.unwrap().unwrap();
    assert_eq!(other.message.flags.withdrawn_at, None);

    let about = |order: &str| StoryOf {
        recipient: of,
        order: Some(order.into()),
        mode: Mode::Test,
        since: world.clock.now() - Span::days(1),
    };
    let stories = store.stories(vec![about("o-1"), about("o-2")]).await;
    let lengths: Vec<_> = stories.unwrap().iter().map(Vec::len).collect();
    assert_eq!(lengths, [1, 0], "it was not told");

    drop((store, watch));
    world.reopen().await;
    assert_eq!(shown(world, &facts).await, [stays]);
    assert!(!withdraw(world, gone).await);
}

pub(super) async fn one_deleted_before_is_taken_back_all_the_same(world: &World) {
    let (store, facts) = (world.store(), world.customer("c-1", PHONE).await);
    let gone = message_of(&told(world, &facts, "o-1").await);
    let before = world.clock.now();
    let delete = FlagChange::Deleted(true);
    let deleted = store.set_flags(facts.recipient, vec![gone], delete, before);
    assert_eq!(deleted.await.unwrap(), 1);
    world.clock.advance(Span::minutes(1));
    assert!(withdraw(world, gone).await);
    assert_eq!(shown(world, &facts).await, []);
    let flags = store.message(gone).await.unwrap().unwrap().message.flags;
    assert_eq!(flags.deleted_at, Some(before));
    assert_eq!(flags.withdrawn_at, Some(world.clock.now()));
}

pub(super) async fn what_a_carrier_took_of_it_was_told(world: &World) {
    let (store, facts) = (world.store(), world.customer("c-1", PHONE).await);
    let message = message_of(&told(world, &facts, "o-1").await);
    let texts = world.claim(Channel::Sms, 9).await;
    let end = Next::Settle(DeliveryState::Accepted);
    world.record(&texts[0], Some("c-1"), end).await;
    assert!(withdraw(world, message).await);
    let about = StoryOf {
        recipient: facts.recipient,
        order: Some("o-1".into()),
        mode: Mode::Test,
        since: world.clock.now() - Span::days(1),
    };
    let stories = store.stories(vec![about]).await.unwrap();
    let [told] = &stories[0][..] else {
        panic!("{stories:?}")
    };
    assert!(told.on_its_way && told.message == message);
}

pub(super) async fn what_waits_of_it_is_cancelled(world: &World) {
    let (store, facts) = (world.store(), world.customer("c-1", PHONE).await);
    let message = message_of(&told(world, &facts, "o-1").await);
    let other = message_of(&told(world, &facts, "o-2").await);
    let mails = world.claim(Channel::Email, 9).await;
    let texts = world.claim(Channel::Sms, 9).await;
    // The text of the message is to be tried again later: it waits.
    let mail = mails.iter().find(|d| d.message == message).unwrap();
    let text = texts.iter().find(|d| d.message == message).unwrap();
    let later = world.clock.now() + Span::hours(1);
    world.record(text, None, Next::Retry(later)).await;
    let backlog = store.backlog();
    assert!(withdraw(world, message).await);
    assert_eq!(store.backlog() + 1, backlog);

    let record = store.message(message).await.unwrap().unwrap();
    for kept in &record.deliveries {
        let (state, tries) = (kept.delivery.state, kept.attempts.len());
        if kept.delivery.id == mail.id {
            assert_eq!((state, tries), (DeliveryState::Claimed, 0));
        } else {
            assert_eq!((state, tries), (DeliveryState::Cancelled, 2));
            let last = &kept.attempts[1];
            assert_eq!((last.number, &*last.outcome), (2, "stopped"));
            assert_eq!(last.reason, "guard.hurry");
        }
    }
    let untouched = store.message(other).await.unwrap().unwrap();
    for kept in &untouched.deliveries {
        assert_eq!(kept.delivery.state, DeliveryState::Claimed);
    }
    // What is claimed ends as it ends.
    world
        .record(mail, None, Next::Settle(DeliveryState::Cancelled))
        .await;
    world.clock.advance(Span::hours(2));
    assert!(world.claim(Channel::Sms, 9).await.is_empty());
    for delivery in texts.iter().chain(&mails) {
        let end = Next::Settle(DeliveryState::Accepted);
        if delivery.message == other {
            world.record(delivery, None, end).await;
        }
    }
    assert!(!world.holds("123456").await, "its code is destroyed");
}

pub(super) async fn a_message_taken_back_releases_what_it_reserved(world: &World) {
    let (store, facts) = (world.store(), world.customer("c-1", PHONE).await);
    let event = quoted(world, &facts, "o-1", quote(900));
    world.commit(event.clone()).await;
    assert!(withdraw(world, message_of(&event)).await);
    assert_eq!(store.check_ledger().await.unwrap(), []);
    let record = store.message(message_of(&event)).await.unwrap().unwrap();
    let state = record.deliveries[0].delivery.state;
    assert_eq!(state, DeliveryState::Cancelled);
    assert!(world.claim(Channel::Sms, 9).await.is_empty());
}

pub(super) async fn its_event_failed_and_a_replay_makes_another(world: &World) {
    let (store, facts) = (world.store(), world.customer("c-1", PHONE).await);
    let mut event = told(world, &facts, "o-1").await;
    for round in 0..2 {
        let message = message_of(&event);
        assert!(withdraw(world, message).await);
        assert!(!withdraw(world, message).await, "once");
        let failed = store.failed_event(event.id).await.unwrap().unwrap();
        assert_eq!(
            (failed.reason, &*failed.subject),
            (FailureReason::Guard, "c-1")
        );
        assert_eq!(failed.envelope.open(), "{\"id\":\"o-1\"}");
        assert!(failed.detail.starts_with("`hurry` in the mail text"));
        assert_eq!((failed.replayed_at, failed.mode), (None, Mode::Test));
        let guard = FailedFilter {
            reason: Some(FailureReason::Guard),
            event_type: None,
        };
        let listed = store.failed_events_like(guard, None, 9).await.unwrap();
        assert_eq!(listed.len(), 1, "{round}");

        world.clock.advance(Span::minutes(1));
        let again = world.accepted(&facts, "o-1", Lane::Normal, &[Channel::Sms]);
        event = AcceptedEvent {
            id: event.id,
            ..again
        };
        let replayed = store.commit_replayed(event.clone(), None).await.unwrap();
        assert_eq!(replayed, Committed::Accepted);
        assert_eq!(shown(world, &facts).await, [message_of(&event)]);
        assert!(!withdraw(world, message).await, "the old one, late");
        assert!(store.failed_events(None, 9).await.unwrap().is_empty());
    }
    let copy = AcceptedEvent {
        id: store.ids().next(event.id.partition(), world.clock.now()),
        ..event.clone()
    };
    assert_eq!(world.commit(copy).await, Committed::Duplicate(event.id));
    let nowhere = store.ids().next(event.id.partition(), world.clock.now());
    assert!(!withdraw(world, nowhere).await);
}

pub(super) async fn of_many_that_take_it_back_one_does(world: &World) {
    let (store, facts) = (world.store(), world.customer("c-1", PHONE).await);
    let message = message_of(&told(world, &facts, "o-1").await);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (store, withdrawal) = (store.clone(), withdrawal(world, message));
        tasks.spawn(async move { store.withdraw(withdrawal).await.unwrap() });
    }
    let claimed = world.claim(Channel::Sms, 1).await.len();
    let done = tasks.join_all().await;
    assert_eq!(done.iter().filter(|done| **done).count(), 1, "{done:?}");
    let record = store.message(message).await.unwrap().unwrap();
    let cancelled = record
        .deliveries
        .iter()
        .filter(|kept| kept.delivery.state == DeliveryState::Cancelled);
    assert_eq!(cancelled.count(), 2 - claimed, "claimed or cancelled");
}
