//! The list of suppressed addresses: entries, ends, undoing.

use model::{Channel, ContactPoint, Facts, Id, Instant, Lane, Span, SuppressionId, Wish};

use super::consents::{stop_all, wished};
use super::staff::line;
use super::world::World;
use crate::{AuditFilter, NewSuppression, SuppressionFilter, Undone};

const PHONE: &str = "+12535550129";

fn phone() -> ContactPoint {
    ContactPoint::phone(PHONE).unwrap()
}

fn mail(name: &str) -> ContactPoint {
    ContactPoint::email(&format!("{name}@customers.example")).unwrap()
}

async fn add(world: &World, contact: ContactPoint, reason: &str) -> SuppressionId {
    let new = NewSuppression::of(contact, reason, world.clock.now());
    world.store().add_suppression(new).await.unwrap()
}

fn held(facts: &Facts, at: Instant) -> Option<&str> {
    facts.suppression_at(Channel::Sms, at)
}

async fn undo(world: &World, id: SuppressionId) -> Undone {
    let line = line(world, None, "suppression.undone");
    let store = world.store();
    store
        .undo_suppression(id, world.clock.now(), vec![line])
        .await
        .unwrap()
}

pub(super) async fn entries_are_listed_newest_first_and_filtered(world: &World) {
    let store = world.store();
    let mut ids = Vec::new();
    for n in 0..5 {
        let contact = if n % 2 == 0 {
            mail(&format!("m{n}"))
        } else {
            phone()
        };
        let reason = ["hard_bounce", "asked by letter", "complaint"][n % 3];
        ids.push(add(world, contact, reason).await);
        world.clock.advance(Span::secs(1));
    }
    ids.reverse();
    let list = async |filter, before, limit| -> Vec<SuppressionId> {
        let found = store.suppressions(filter, before, limit).await.unwrap();
        found.into_iter().map(|entry| entry.id).collect()
    };
    let all = SuppressionFilter::default;
    assert_eq!(list(all(), None, 9).await, ids);
    assert_eq!(list(all(), Some(ids[1]), 2).await, ids[2..4]);
    let texts = SuppressionFilter {
        channel: Some(Channel::Sms),
        ..all()
    };
    assert_eq!(list(texts, None, 9).await, [ids[1], ids[3]]);
    let bounced = SuppressionFilter {
        reason: Some("hard_bounce".into()),
        ..all()
    };
    assert_eq!(list(bounced, None, 9).await, [ids[1], ids[4]]);
    let one = SuppressionFilter {
        contact: Some(ContactPoint::email("M2@customers.EXAMPLE").unwrap()),
        ..all()
    };
    assert_eq!(list(one, None, 9).await, [ids[2]]);
    let entry = store.suppression(ids[2]).await.unwrap().unwrap();
    assert_eq!(entry.masked, mail("m2").masked());
    assert_eq!((entry.reason.as_str(), entry.until), ("complaint", None));
    let reasons = store.suppression_reasons().await.unwrap();
    assert_eq!(reasons, ["asked by letter", "complaint", "hard_bounce"]);
    let unknown = SuppressionId::from_i64(77);
    assert_eq!(store.suppression(unknown).await.unwrap(), None);
    let again = add(world, mail("m2"), "complaint").await;
    assert_eq!(again, ids[2], "twice is once");
}

pub(super) async fn an_entry_ends_when_it_says(world: &World) {
    let one = world.customer("c-1", PHONE).await;
    world
        .commit(world.accepted(&one, "o-1", Lane::Normal, &[Channel::Sms]))
        .await;
    let (store, now) = (world.store(), world.clock.now());
    let ends = |hours| NewSuppression {
        until: Some(now + Span::hours(hours)),
        ..NewSuppression::of(phone(), "travels", now)
    };
    let id = store.add_suppression(ends(5)).await.unwrap();
    assert!(world.claim(Channel::Sms, 1).await[0].facts_changed);
    let facts = world.facts("c-1").await;
    assert_eq!(held(&facts, now + Span::hours(4)), Some("travels"));
    assert_eq!(held(&facts, now + Span::hours(5)), None);
    let digest = store.digest(&phone());
    let among = async |hours| {
        let at = now + Span::hours(hours);
        store.suppressed_among(vec![digest], at).await.unwrap()
    };
    assert_eq!(among(4).await, [digest]);
    assert!(among(5).await.is_empty());
    // The later of two ends counts, and none is the latest.
    assert_eq!(store.add_suppression(ends(3)).await.unwrap(), id);
    assert_eq!(among(4).await, [digest]);
    store.add_suppression(ends(9)).await.unwrap();
    assert_eq!(among(8).await, [digest]);
    add(world, phone(), "travels").await;
    store.add_suppression(ends(1)).await.unwrap();
    assert_eq!(among(1_000).await, [digest]);
    // What the customer says does not end by itself.
    let own = NewSuppression {
        reason: "keyword_stop".into(),
        ..ends(1)
    };
    let own = store.add_suppression(own).await.unwrap();
    assert_eq!(store.suppression(own).await.unwrap().unwrap().until, None);
}

pub(super) async fn undoing_one_leaves_the_others(world: &World) {
    world.customer("c-1", PHONE).await;
    let (store, now) = (world.store(), world.clock.now());
    store.wish(phone(), stop_all(now)).await.unwrap();
    let bounce = NewSuppression {
        audit: vec![line(world, None, "suppression.added")],
        ..NewSuppression::of(phone(), "hard_bounce", now)
    };
    let bounce = store.add_suppression(bounce).await.unwrap();
    let letter = add(world, phone(), "asked by letter").await;
    let before = world.facts("c-1").await;
    assert_eq!(undo(world, letter).await, Undone::OthersHold);
    assert_eq!(undo(world, letter).await, Undone::Gone);
    assert!(world.facts("c-1").await.version > before.version);
    assert_eq!(undo(world, bounce).await, Undone::OthersHold);
    let facts = world.facts("c-1").await;
    assert_eq!(
        held(&facts, now),
        Some("keyword_stop"),
        "their own word stays"
    );
    let one = SuppressionFilter {
        contact: Some(phone()),
        ..SuppressionFilter::default()
    };
    let own = store.suppressions(one, None, 9).await.unwrap().remove(0);
    assert!(own.is_own());
    assert_eq!(undo(world, own.id).await, Undone::Own);
    let start = wished(Wish::Start, now);
    store.wish(phone(), start).await.unwrap();
    assert_eq!(held(&world.facts("c-1").await, now), None);
    let again = add(world, phone(), "hard_bounce").await;
    let digest = store.digest(&phone());
    assert_eq!(undo(world, again).await, Undone::Done(digest));
    let lines = store.audit(AuditFilter::default(), None, 99).await.unwrap();
    let undone = lines.iter().filter(|l| l.action == "suppression.undone");
    assert_eq!(
        undone.count(),
        3,
        "what was not undone is not in the record"
    );
    let added = lines.iter().find(|l| l.action == "suppression.added");
    assert!(added.is_some());
}

pub(super) async fn a_carriers_word_of_a_stop_is_kept_with_the_outcome(world: &World) {
    let one = world.customer("c-1", PHONE).await;
    for order in ["o-1", "o-2"] {
        world
            .commit(world.accepted(&one, order, Lane::Normal, &[Channel::Sms]))
            .await;
    }
    let claimed = world.claim(Channel::Sms, 1).await.remove(0);
    let now = world.clock.now();
    let mut wish = stop_all(now);
    wish.said.how = model::How::Provider;
    world.refused(&claimed, (phone(), wish)).await;
    let facts = world.facts("c-1").await;
    assert_eq!(held(&facts, now), Some("provider_stop"));
    let ledger = world.store().consent_ledger(facts.recipient).await.unwrap();
    let said = crate::prove(&ledger).unwrap();
    assert!(
        said.iter()
            .all(|one| one.line.said.how == model::How::Provider)
    );
    assert_eq!(said.len(), 2);
    let queued = world.claim(Channel::Sms, 1).await.remove(0);
    assert!(queued.facts_changed, "what is queued is asked again");
    let start = wished(Wish::Start, now + Span::secs(1));
    world.store().wish(phone(), start).await.unwrap();
    assert_eq!(held(&world.facts("c-1").await, now), None);
}
