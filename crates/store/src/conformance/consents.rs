//! What customers wish, and the ledger of it.

use model::{
    Act, Channel, Consent, ConsentPurpose, ContactPoint, Customer, How, Instant, Preference, Said,
    Sealed, Wish,
};

use crate::conformance::world::World;
use crate::{ConsentRecord, CustomerChange, Wished, prove};

const PHONE: &str = "+12535550129";

/// A customer's "STOP" in a text.
pub(super) fn stop_all(at: Instant) -> Wished {
    wished(Wish::StopAll, at)
}

pub(super) fn wished(wish: Wish, at: Instant) -> Wished {
    Wished {
        wish,
        said: Said {
            at,
            how: How::Keyword,
            source: "text".into(),
            wording: String::new(),
            locale: String::new(),
            by: String::new(),
        },
    }
}

fn phone() -> ContactPoint {
    ContactPoint::phone(PHONE).unwrap()
}

fn stated(world: &World, purpose: ConsentPurpose) -> Consent {
    Consent {
        channel: Channel::Sms,
        purpose,
        given_at: world.clock.now(),
        source: "checkout".into(),
        withdrawn_at: None,
        contact: Sealed::new(""),
        how: How::Import,
        ended: How::Import,
    }
}

/// A customer who allowed everything on texts.
async fn consenting(world: &World, id: &str) -> Customer {
    let facts = world.customer(id, PHONE).await;
    let customer = Customer {
        consents: vec![
            stated(world, ConsentPurpose::Transactional),
            stated(world, ConsentPurpose::Marketing),
        ],
        ..facts.customer
    };
    put(world, customer.clone()).await;
    customer
}

async fn put(world: &World, customer: Customer) {
    let now = world.clock.now();
    world
        .store()
        .put_customers(vec![customer], now)
        .await
        .unwrap();
}

async fn ledger(world: &World, id: &str) -> Vec<ConsentRecord> {
    let recipient = world.facts(id).await.recipient;
    let entries = world.store().consent_ledger(recipient).await.unwrap();
    prove(&entries).unwrap()
}

async fn holds(world: &World, id: &str, purpose: ConsentPurpose) -> bool {
    let facts = world.facts(id).await;
    let at = world.clock.now();
    facts.customer.consent(Channel::Sms, purpose, at).is_some()
}

pub(super) async fn a_stop_withdraws_and_a_start_gives(world: &World) {
    use ConsentPurpose::{Marketing, Transactional};
    consenting(world, "c-1").await;
    consenting(world, "c-2").await;
    world.clock.advance(model::Span::minutes(1));
    let (store, now) = (world.store(), world.clock.now());
    store.wish(phone(), stop_all(now)).await.unwrap();
    for id in ["c-1", "c-2"] {
        let acts: Vec<_> = ledger(world, id).await.iter().map(|r| r.line.act).collect();
        assert_eq!(
            acts,
            [Act::Given, Act::Given, Act::Withdrawn, Act::Withdrawn]
        );
        assert!(!holds(world, id, Transactional).await && !holds(world, id, Marketing).await);
        let facts = world.facts(id).await;
        assert_eq!(facts.suppression(Channel::Sms), Some("keyword_stop"));
    }
    // Said again, it adds nothing.
    store.wish(phone(), stop_all(now)).await.unwrap();
    assert_eq!(ledger(world, "c-1").await.len(), 4);
    world.clock.advance(model::Span::minutes(1));
    let start = wished(Wish::Start, world.clock.now());
    store.wish(phone(), start).await.unwrap();
    assert_eq!(world.facts("c-1").await.suppression(Channel::Sms), None);
    assert!(holds(world, "c-1", Transactional).await && !holds(world, "c-1", Marketing).await);
    assert_eq!(ledger(world, "c-2").await.len(), 5);
}

pub(super) async fn a_start_takes_back_no_suppression_of_others(world: &World) {
    consenting(world, "c-1").await;
    let (store, now) = (world.store(), world.clock.now());
    store.wish(phone(), stop_all(now)).await.unwrap();
    store
        .suppress(phone(), "asked by letter".into(), now)
        .await
        .unwrap();
    store.wish(phone(), stop_all(now)).await.unwrap();
    store.wish(phone(), wished(Wish::Start, now)).await.unwrap();
    let facts = world.facts("c-1").await;
    assert_eq!(facts.suppression(Channel::Sms), Some("asked by letter"));
}

pub(super) async fn a_profile_does_not_undo_a_stop(world: &World) {
    let sent = consenting(world, "c-1").await;
    world.clock.advance(model::Span::minutes(1));
    let now = world.clock.now();
    let wish = wished(Wish::StopMarketing, now);
    world.store().wish(phone(), wish).await.unwrap();
    let before = world.facts("c-1").await.version;
    put(world, sent).await;
    assert!(!holds(world, "c-1", ConsentPurpose::Marketing).await);
    assert!(holds(world, "c-1", ConsentPurpose::Transactional).await);
    assert_eq!(
        world.facts("c-1").await.version,
        before,
        "nothing is new in it"
    );
    assert_eq!(ledger(world, "c-1").await.len(), 3);
}

pub(super) async fn a_change_waits_for_nobody_and_loses_nothing(world: &World) {
    consenting(world, "c-1").await;
    let facts = world.facts("c-1").await;
    let now = world.clock.now();
    let change = |on| {
        let mut customer = facts.customer.clone();
        customer.preferences = vec![Preference {
            category: model::Category::Orders,
            topic: "returns".into(),
            channel: Channel::Email,
            on,
            frequency: model::Frequency::Each,
            chosen: true,
        }];
        let said = wished(Wish::StopMarketing, now).said;
        let lines = customer.wish(Channel::Sms, Wish::StopMarketing, &said);
        CustomerChange {
            recipient: facts.recipient,
            version: facts.version,
            customer,
            lines,
            now,
        }
    };
    let store = world.store();
    assert!(store.change_customer(change(false)).await.unwrap());
    assert!(
        !store.change_customer(change(true)).await.unwrap(),
        "made from facts that are no longer so"
    );
    let after = world.facts("c-1").await;
    assert!(!after.customer.preferences[0].on && after.version > facts.version);
    assert_eq!(ledger(world, "c-1").await.len(), 3);
    // What the customer chose, a profile leaves as it is.
    put(world, facts.customer).await;
    assert!(!world.facts("c-1").await.customer.preferences[0].on);
}

pub(super) async fn a_withdrawal_reaches_what_is_queued(world: &World) {
    consenting(world, "c-1").await;
    let facts = world.facts("c-1").await;
    let offer = world.accepted(&facts, "p-1", model::Lane::Bulk, &[Channel::Sms]);
    world.commit(offer).await;
    let wish = wished(Wish::StopMarketing, world.clock.now());
    world.store().wish(phone(), wish).await.unwrap();
    assert!(world.claim(Channel::Sms, 1).await[0].facts_changed);
}
