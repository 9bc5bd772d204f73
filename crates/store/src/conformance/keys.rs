//! Cases about API keys, tokens, sessions, and the list of customers.

use model::{Id, KeyId, Mode, Partition, Span};

use super::world::World;
use crate::ApiKey;

const PHONE: &str = "+12535550129";

pub(super) async fn api_keys_are_kept_and_taken_back(world: &World) {
    let (store, now) = (world.store(), world.clock.now());
    let id: KeyId = store.ids().next(Partition::new(0), now);
    let key = ApiKey {
        id,
        name: "shop".into(),
        mode: Mode::Live,
        hash: [7; 32],
        created_at: now,
        revoked_at: None,
    };
    store.put_api_key(key.clone()).await.unwrap();
    assert_eq!(store.api_key(id).await.unwrap(), Some(key.clone()));
    assert_eq!(store.api_keys().await.unwrap(), [key]);
    assert!(store.revoke_api_key(id, now).await.unwrap());
    assert!(!store.revoke_api_key(id, now).await.unwrap());
    let revoked = store.api_key(id).await.unwrap().unwrap();
    assert_eq!(revoked.revoked_at, Some(now));
    assert_eq!(store.api_key(KeyId::from_i64(1)).await.unwrap(), None);
}

pub(super) async fn a_token_is_used_once(world: &World) {
    let (store, now) = (world.store(), world.clock.now());
    let expires = now + Span::minutes(1);
    assert!(store.use_token([1; 16], expires, now).await.unwrap());
    assert!(!store.use_token([1; 16], expires, now).await.unwrap());
    assert!(store.use_token([2; 16], expires, now).await.unwrap());
}

pub(super) async fn a_session_ends(world: &World) {
    let facts = world.customer("c-1", PHONE).await;
    let (store, now) = (world.store(), world.clock.now());
    let until = now + Span::hours(1);
    let put = store.put_session([1; 32], facts.recipient, until).await;
    put.unwrap();
    let found = store.session([1; 32], now).await.unwrap();
    assert_eq!(found, Some(facts.recipient));
    assert_eq!(store.session([1; 32], until).await.unwrap(), None);
    assert_eq!(store.session([2; 32], now).await.unwrap(), None);
    store.end_session([1; 32]).await.unwrap();
    assert_eq!(store.session([1; 32], now).await.unwrap(), None);
}

pub(super) async fn customers_are_listed_in_order_and_put_once(world: &World) {
    for id in ["c-3", "C-1", "c-2", "c-3"] {
        world.customer(id, PHONE).await;
    }
    let first = world.facts("c-3").await;
    assert_eq!(first.version, 1, "the same profile changes nothing");
    let listed = |after: Option<&str>, limit| {
        let store = world.store();
        let after = after.map(str::to_owned);
        async move {
            let found = store.customers(after, limit).await.unwrap();
            found.into_iter().map(|c| c.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(listed(None, 2).await, ["C-1", "c-2"]);
    assert_eq!(listed(Some("c-2"), 2).await, ["c-3"]);
    let found = world.store().facts(vec!["c-9".into(), "c-2".into()]).await;
    let found = found.unwrap();
    assert!(found[0].is_none());
    assert_eq!(found[1].as_ref().unwrap().customer.id, "c-2");
}
