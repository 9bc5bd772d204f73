//! Messages that wait for a summary: kept with their message, claimed for a while, and gone
//! with their summary.

use model::{Channel, Collected, Facts, Id, Instant, Lane, MessageId, Rule, Span, Spoke, Verdict};

use super::world::World;
use crate::{
    AcceptedEvent, AcceptedResult, Committed, DigestCommitted, DigestSettled, DueDigest, FlagChange,
};

const LEASE: Span = Span::minutes(1);

/// An event whose message waits for a summary by mail that is due in an hour.
fn waiting(world: &World, facts: &Facts, id: &str) -> (AcceptedEvent, MessageId) {
    let mut event = world.accepted(facts, id, Lane::Normal, &[]);
    let AcceptedResult::Message { message, .. } = &mut event.result else {
        panic!("a message")
    };
    message.collected = vec![Collected {
        channel: Channel::Email,
        due_at: Instant::parse("2026-11-22T10:00:00Z").unwrap(),
    }];
    let id = message.id;
    (event, id)
}

pub(super) async fn wait(world: &World, facts: &Facts, id: &str) -> MessageId {
    let (event, message) = waiting(world, facts, id);
    assert_eq!(world.commit(event).await, Committed::Accepted);
    world.clock.advance(Span::secs(1));
    message
}

async fn claim(world: &World) -> Vec<DueDigest> {
    let now = world.clock.now();
    world.store().claim_digests(now, 10, LEASE).await.unwrap()
}

/// The summary of what waited.
fn summary(world: &World, facts: &Facts, waited: &DueDigest) -> DigestSettled {
    let id = format!("summary-{}", waited.messages[0]);
    DigestSettled {
        waited: waited.clone(),
        event: Some(world.accepted(facts, &id, Lane::Normal, &[Channel::Email])),
        said: vec![],
    }
}

async fn settle(world: &World, settled: DigestSettled) -> DigestCommitted {
    world.store().settle_digest(settled).await.unwrap()
}

pub(super) async fn what_waits_is_kept_with_its_message(world: &World) {
    let ines = world.customer("c-42", "+12535550129").await;
    let first = wait(world, &ines, "o-1").await;
    let second = wait(world, &ines, "o-2").await;
    assert_eq!(claim(world).await, [], "it is not due yet");
    // Sent again it waits no second time.
    let (again, _) = waiting(world, &ines, "o-2");
    assert!(matches!(world.commit(again).await, Committed::Duplicate(_)));
    world.clock.advance(Span::hours(1));
    let due = claim(world).await;
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].messages, [first, second]);
    assert_eq!(due[0].recipient, ines.recipient);
    assert_eq!(due[0].channel, Channel::Email);
    assert_eq!(due[0].due_at.to_string(), "2026-11-22T10:00:00Z");
}

pub(super) async fn what_is_due_is_claimed_once_and_again_when_its_lease_ran_out(world: &World) {
    let ines = world.customer("c-42", "+12535550129").await;
    let rui = world.customer("c-43", "+12535550130").await;
    for facts in [&ines, &rui] {
        wait(world, facts, "o-1").await;
    }
    world.clock.advance(Span::hours(1));
    let now = world.clock.now();
    let one = world.store().claim_digests(now, 1, LEASE).await.unwrap();
    let other = world.store().claim_digests(now, 5, LEASE).await.unwrap();
    assert_eq!((one.len(), other.len()), (1, 1));
    assert_ne!(one[0].recipient, other[0].recipient);
    assert_eq!(claim(world).await, []);
    world.outlive_leases().await;
    assert_eq!(claim(world).await.len(), 2);
}

pub(super) async fn a_summary_takes_what_waited_in_the_same_commit(world: &World) {
    let ines = world.customer("c-42", "+12535550129").await;
    let first = wait(world, &ines, "o-1").await;
    wait(world, &ines, "o-2").await;
    world.clock.advance(Span::hours(1));
    let due = claim(world).await.remove(0);
    let read = Spoke {
        rule: Rule::Digest,
        verdict: Verdict::Stop,
        channel: Some(Channel::Email),
        why: "read".into(),
        with: String::new(),
    };
    let settled = DigestSettled {
        said: vec![(first, read.clone())],
        ..summary(world, &ines, &due)
    };
    assert_eq!(settle(world, settled).await, DigestCommitted::Settled);
    assert_eq!(world.claim(Channel::Email, 9).await.len(), 1);
    let kept = world.store().message(first).await.unwrap().unwrap();
    assert_eq!(kept.message.trace.0, [read]);
    world.outlive_leases().await;
    assert_eq!(claim(world).await, []);
}

pub(super) async fn of_two_that_settle_one_does(world: &World) {
    let ines = world.customer("c-42", "+12535550129").await;
    wait(world, &ines, "o-1").await;
    world.clock.advance(Span::hours(1));
    let due = claim(world).await.remove(0);
    world.outlive_leases().await;
    assert_eq!(claim(world).await, std::slice::from_ref(&due));
    let one = settle(world, summary(world, &ines, &due));
    let mut other = summary(world, &ines, &due);
    // Not even where it goes by another name.
    let other_name = world.accepted(&ines, "another", Lane::Normal, &[Channel::Email]);
    other.event = Some(other_name);
    let (one, other) = tokio::join!(one, settle(world, other));
    let mut both = [one, other];
    both.sort_by_key(|made| *made != DigestCommitted::Settled);
    assert_eq!(both, [DigestCommitted::Settled, DigestCommitted::Gone]);
    assert_eq!(world.claim(Channel::Email, 9).await.len(), 1);
}

pub(super) async fn what_comes_late_waits_for_a_summary_of_its_own(world: &World) {
    let ines = world.customer("c-42", "+12535550129").await;
    wait(world, &ines, "o-1").await;
    world.clock.advance(Span::hours(1));
    let due = claim(world).await.remove(0);
    // Decided before the moment, committed after it.
    let late = wait(world, &ines, "o-2").await;
    let made = settle(world, summary(world, &ines, &due)).await;
    assert_eq!(made, DigestCommitted::Settled);
    let rest = claim(world).await;
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].messages, [late]);
}

pub(super) async fn a_crash_before_the_summary_loses_nothing(world: &World) {
    let ines = world.customer("c-42", "+12535550129").await;
    wait(world, &ines, "o-1").await;
    world.clock.advance(Span::hours(1));
    let due = claim(world).await.remove(0);
    world.reopen().await;
    world.outlive_leases().await;
    let again = claim(world).await;
    assert_eq!(again, std::slice::from_ref(&due));
    let made = settle(world, summary(world, &ines, &due)).await;
    assert_eq!(made, DigestCommitted::Settled);
    world.reopen().await;
    world.outlive_leases().await;
    assert_eq!(claim(world).await, []);
    // Asked for once more, it is not made once more.
    let made = settle(world, summary(world, &ines, &due)).await;
    assert_eq!(made, DigestCommitted::Gone);
    let counts = world.store().counts().await.unwrap();
    assert_eq!(counts.events, 2);
}

pub(super) async fn outdated_facts_settle_nothing(world: &World) {
    let ines = world.customer("c-42", "+12535550129").await;
    wait(world, &ines, "o-1").await;
    world.clock.advance(Span::hours(1));
    let due = claim(world).await.remove(0);
    let settled = summary(world, &ines, &due);
    let newer = world.customer("c-42", "+12535550131").await;
    assert_ne!(newer.version, ines.version);
    assert_eq!(settle(world, settled).await, DigestCommitted::Stale);
    let made = settle(world, summary(world, &newer, &due)).await;
    assert_eq!(made, DigestCommitted::Settled);
    // Without a summary nothing is asked of the facts.
    let last = wait(world, &newer, "o-2").await;
    let waited = DueDigest {
        messages: vec![last],
        ..due
    };
    let dropped = DigestSettled {
        waited,
        event: None,
        said: vec![],
    };
    assert_eq!(settle(world, dropped).await, DigestCommitted::Settled);
    world.outlive_leases().await;
    assert_eq!(claim(world).await, []);
}

pub(super) async fn messages_are_read_as_they_stand(world: &World) {
    let ines = world.customer("c-42", "+12535550129").await;
    let rui = world.customer("c-43", "+12535550130").await;
    let first = wait(world, &ines, "o-1").await;
    let second = wait(world, &ines, "o-2").await;
    let other = wait(world, &rui, "o-1").await;
    let (store, now) = (world.store(), world.clock.now());
    let read = FlagChange::Read(true);
    let flagged = store.set_flags(ines.recipient, vec![first], read, now);
    flagged.await.unwrap();
    let gone = MessageId::from_i64(first.as_i64() + 1);
    let found = store
        .messages_of(ines.recipient, vec![first, gone, second, other])
        .await
        .unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|message| (message.id, message.flags.read_at.is_some()))
        .collect();
    assert_eq!(found, [(first, true), (second, false)]);
}

pub(super) async fn two_nodes_at_once_make_each_summary_once(world: &World) {
    const CUSTOMERS: usize = 12;
    let beside = world.beside().await;
    for number in 0..CUSTOMERS {
        let name = format!("c-{number}");
        let facts = world.customer(&name, &format!("+1253555{number:04}")).await;
        wait(world, &facts, "o-1").await;
        wait(world, &facts, "o-2").await;
    }
    world.clock.advance(Span::hours(1));
    let node = |world: World| async move {
        let mut made = 0;
        loop {
            let now = world.clock.now();
            let due = world.store().claim_digests(now, 3, LEASE).await.unwrap();
            if due.is_empty() {
                return (world, made);
            }
            for one in due {
                assert_eq!(one.messages.len(), 2);
                let owner = vec![one.recipient];
                let facts = world.store().facts_of(owner).await.unwrap().remove(0);
                let settled = summary(&world, &facts.unwrap(), &one);
                let committed = world.store().settle_digest(settled).await.unwrap();
                assert_eq!(committed, DigestCommitted::Settled);
                made += 1;
            }
        }
    };
    let third = world.beside().await;
    let (one, other) = tokio::join!(tokio::spawn(node(beside)), tokio::spawn(node(third)));
    let ((one, first), (other, second)) = (one.unwrap(), other.unwrap());
    assert_eq!(first + second, CUSTOMERS);
    for node in [one, other] {
        node.store().close().await;
    }
    let counts = world.store().counts().await.unwrap();
    assert_eq!(counts.events, 3 * CUSTOMERS as u64);
}
