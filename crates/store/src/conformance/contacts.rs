//! What is known of addresses, and changes that the old address is told of.

use model::{Channel, ContactPoint, ContactState, Customer, Mode, Proof};

use crate::conformance::world::World;
use crate::{ContactRow, Store};

const PHONE: &str = "+12535550129";

fn phone() -> ContactPoint {
    ContactPoint::phone(PHONE).unwrap()
}

fn state(world: &World) -> ContactState {
    let mut state = ContactState::default();
    state.proves(Proof::Code, world.clock.now());
    state
}

fn row(store: &Store, facts: &model::Facts, version: i64, state: ContactState) -> ContactRow {
    ContactRow {
        recipient: facts.recipient,
        digest: store.digest(facts.customer.phone.as_ref().unwrap()),
        version,
        state,
    }
}

async fn put(world: &World, customer: Customer, tell: bool) {
    let (store, now) = (world.store(), world.clock.now());
    let done = match tell {
        true => {
            store
                .put_customers_telling(vec![customer], now, Mode::Live)
                .await
        }
        false => store.put_customers(vec![customer], now).await,
    };
    done.unwrap();
}

fn with_phone(customer: &Customer, phone: Option<&str>) -> Customer {
    Customer {
        phone: phone.map(|phone| ContactPoint::phone(phone).unwrap()),
        ..customer.clone()
    }
}

pub(super) async fn what_is_known_belongs_to_one_customer_and_one_address(world: &World) {
    let store = world.store();
    let first = world.customer("c-1", PHONE).await;
    let second = world.customer("c-2", PHONE).await;
    assert!(
        store
            .contact_points(first.recipient)
            .await
            .unwrap()
            .is_empty()
    );
    let known = row(&store, &first, 0, state(world));
    assert!(store.keep_contact_point(known.clone()).await.unwrap());
    assert!(
        !store.keep_contact_point(known.clone()).await.unwrap(),
        "it is there already"
    );
    let kept = store.contact_points_at(phone()).await.unwrap();
    let expected = ContactRow {
        version: 1,
        ..known
    };
    assert_eq!(kept, std::slice::from_ref(&expected));
    assert!(
        store
            .contact_points(second.recipient)
            .await
            .unwrap()
            .is_empty()
    );
    let owners = store.owners_of(phone()).await.unwrap();
    assert_eq!(owners.len(), 2);
    // Of two who change what they read, one does.
    let changed = ContactRow {
        state: ContactState::default(),
        ..expected.clone()
    };
    assert!(store.keep_contact_point(changed).await.unwrap());
    assert!(!store.keep_contact_point(expected).await.unwrap());
    // With another number it is gone, also when the old one comes back.
    let moved = with_phone(&first.customer, Some("+12535550130"));
    put(world, moved, false).await;
    put(world, first.customer.clone(), false).await;
    assert!(
        store
            .contact_points(first.recipient)
            .await
            .unwrap()
            .is_empty()
    );
}

pub(super) async fn a_change_is_told_once_and_a_first_address_never(world: &World) {
    let store = world.store();
    let facts = world.customer("c-1", PHONE).await;
    let due = async || store.due_contact_changes(10).await.unwrap();
    put(world, facts.customer.clone(), true).await;
    assert!(due().await.is_empty(), "nothing changed");
    let shouted = Customer {
        email: ContactPoint::email("C-1@customers.example").ok(),
        ..facts.customer.clone()
    };
    put(world, shouted, true).await;
    assert!(
        due().await.is_empty(),
        "the same mailbox, written otherwise"
    );
    put(
        world,
        with_phone(&facts.customer, Some("+12535550130")),
        true,
    )
    .await;
    put(world, with_phone(&facts.customer, None), false).await;
    assert_eq!(due().await.len(), 1, "the second change was a quiet one");
    put(world, with_phone(&facts.customer, Some(PHONE)), true).await;
    let told = due().await;
    assert_eq!(told.len(), 1, "there was none before");
    let change = &told[0];
    assert_eq!(
        (change.recipient, change.mode),
        (facts.recipient, Mode::Live)
    );
    assert_eq!(change.contact, phone());
    assert_eq!(change.changed_at, world.clock.now());
    // Both addresses at once are two changes.
    let both = Customer {
        email: None,
        ..with_phone(&facts.customer, Some("+12535550131"))
    };
    put(world, both, true).await;
    let told = due().await;
    let channels: Vec<_> = told.iter().map(|change| change.contact.channel).collect();
    assert_eq!(channels, [Channel::Sms, Channel::Sms, Channel::Email]);
    let ids = told.iter().map(|change| change.id).collect();
    store.contact_changes_told(ids).await.unwrap();
    assert!(due().await.is_empty());
}

pub(super) async fn proof_heals_an_address_and_nobodys_word(world: &World) {
    let store = world.store();
    world.customer("c-1", PHONE).await;
    let now = world.clock.now();
    for (reason, heals) in [
        ("hard_bounce", true),
        ("recycled", true),
        ("asked by letter", false),
    ] {
        store.suppress(phone(), reason.into(), now).await.unwrap();
        let before = world.facts("c-1").await;
        assert_eq!(store.heal(phone()).await.unwrap(), heals, "{reason}");
        let after = world.facts("c-1").await;
        assert_eq!(after.suppression(Channel::Sms).is_none(), heals, "{reason}");
        assert_eq!(after.version > before.version, heals, "{reason}");
    }
}

/// Something of each kind, about a customer there is.
pub(super) async fn fill(world: &World, recipient: model::RecipientId) {
    let store = world.store();
    let facts = store
        .facts_of(vec![recipient])
        .await
        .unwrap()
        .remove(0)
        .unwrap();
    let customer = Customer {
        email: ContactPoint::email("moved@customers.example").ok(),
        ..facts.customer.clone()
    };
    put(world, customer, true).await;
    let known = row(&store, &facts, 0, state(world));
    assert!(store.keep_contact_point(known).await.unwrap());
}
