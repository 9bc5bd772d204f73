//! Cases about the people who run the marketplace, and the audit.

use std::fmt::Write;

use model::{AuditLine, Id, Instant, Origin, Partition, Role, Roles, Sealed, Span, StaffId};
use serde_json::json;

use super::world::World;
use crate::{
    AuditFilter, Ended, LinkChange, SignInTries, StaffAccount, StaffCommit, StaffCommitted,
    StaffSession, Store,
};

fn roles(of: &[Role]) -> Roles {
    of.iter().copied().collect()
}

fn account(world: &World, login: &str, of: &[Role]) -> StaffAccount {
    let now = world.clock.now();
    StaffAccount {
        id: world.store().ids().next(Partition::new(0), now),
        name: Sealed::new("Noor Haddad"),
        login: Sealed::new(login),
        roles: roles(of),
        password: Some(Sealed::new("$argon2id$hash")),
        totp: Some(Sealed::new("JBSWY3DP")),
        totp_step: 7,
        recovery: vec![[1; 32], [2; 32]],
        created_at: now,
        enrolled_at: Some(now),
        disabled_at: None,
        version: 0,
    }
}

fn session(world: &World, staff: StaffId, hash: u8) -> StaffSession {
    let now = world.clock.now();
    StaffSession {
        hash: [hash; 32],
        staff,
        began_at: now + Span::millis(i64::from(hash)),
        seen_at: now,
        expires_at: now + Span::hours(12),
        half: false,
        device: "Firefox on Linux".into(),
    }
}

pub(super) fn line(world: &World, who: Option<StaffId>, action: &str) -> AuditLine {
    let now = world.clock.now();
    AuditLine {
        id: world.store().ids().next(Partition::new(0), now),
        at: now,
        who,
        origin: Origin::Console,
        action: action.into(),
        subject: "stf_0123456789abc".into(),
        details: json!({"roles": ["support"]}),
    }
}

/// Keeps an account; gives it as it stands then.
async fn keep(world: &World, account: StaffAccount) -> StaffAccount {
    let id = account.id;
    let commit = StaffCommit::of(account, world.clock.now());
    let done = world.store().commit_staff(commit).await.unwrap();
    assert_eq!(done, StaffCommitted::Done);
    world.store().staff_account(id).await.unwrap().unwrap()
}

/// A row in each table about staff, for a store that is filled.
pub(super) async fn fill(world: &World) {
    let (store, now) = (world.store(), world.clock.now());
    let kept = account(world, "noor@marigold.example", &[Role::Operator]);
    let commit = StaffCommit {
        begun: Some(session(world, kept.id, 9)),
        link: LinkChange::Set {
            hash: [8; 32],
            expires_at: now + Span::days(1),
        },
        audit: vec![line(world, Some(kept.id), "staff.added")],
        ..StaffCommit::of(kept, now)
    };
    store.commit_staff(commit).await.unwrap();
    let mut open = account(world, "sol@marigold.example", &[]);
    (open.password, open.totp, open.enrolled_at) = (None, None, None);
    keep(world, open).await;
    store
        .count_sign_in(vec![[5; 32]], now, now - Span::days(1))
        .await
        .unwrap();
}

/// All that the API shows of staff.
pub(super) async fn look(store: &Store, now: Instant) -> String {
    let mut seen = String::new();
    for staff in store.staff().await.unwrap() {
        let sessions = store.staff_sessions(staff.id, now).await.unwrap();
        let sealed = [&staff.password, &staff.totp].map(|s| s.as_ref().map(Sealed::open));
        writeln!(seen, "{:?} {:?}", staff.login.open(), sealed).unwrap();
        writeln!(seen, "{staff:?} {sessions:?}").unwrap();
    }
    let link = store.staff_link([8; 32], now).await.unwrap();
    let tries = store.sign_in_tries(vec![[5; 32], [6; 32]]).await.unwrap();
    let lines = store.audit(AuditFilter::default(), None, 9).await.unwrap();
    write!(seen, "{link:?} {tries:?} {lines:?}").unwrap();
    seen
}

pub(super) async fn an_account_is_kept_with_all_that_follows_from_it(world: &World) {
    let (store, now) = (world.store(), world.clock.now());
    let mut new = account(world, "noor@marigold.example", &[Role::Operator]);
    let begun = session(world, new.id, 1);
    let commit = StaffCommit {
        begun: Some(begun.clone()),
        audit: vec![line(world, Some(new.id), "staff.added")],
        ..StaffCommit::of(new.clone(), now)
    };
    assert_eq!(
        store.commit_staff(commit).await.unwrap(),
        StaffCommitted::Done
    );
    new.version = 1;
    assert_eq!(store.staff().await.unwrap(), std::slice::from_ref(&new));
    let by_login = store.staff_by_login("noor@marigold.example".into());
    assert_eq!(by_login.await.unwrap(), Some(new.clone()));
    let nobody = store.staff_by_login("nobody@marigold.example".into());
    assert_eq!(nobody.await.unwrap(), None);
    assert_eq!(
        store.staff_account(StaffId::from_i64(1)).await.unwrap(),
        None
    );
    let found = store.staff_session([1; 32], now).await.unwrap();
    assert_eq!(found, Some((begun, new.clone())));
    let lines = store.audit(AuditFilter::default(), None, 9).await.unwrap();
    assert_eq!((lines.len(), lines[0].who), (1, Some(new.id)));

    (new.password, new.totp, new.disabled_at) = (None, None, Some(now));
    new.recovery.clear();
    let kept = keep(world, new.clone()).await;
    new.version = 2;
    assert_eq!(kept, new);
}

pub(super) async fn a_change_of_what_changed_meanwhile_is_refused(world: &World) {
    let store = world.store();
    let kept = keep(
        world,
        account(world, "noor@marigold.example", &[Role::Trust]),
    )
    .await;
    keep(world, kept.clone()).await;
    let late = StaffCommit {
        begun: Some(session(world, kept.id, 1)),
        audit: vec![line(world, None, "staff.changed")],
        ..StaffCommit::of(kept, world.clock.now())
    };
    assert_eq!(
        store.commit_staff(late).await.unwrap(),
        StaffCommitted::Stale
    );
    let lines = store.audit(AuditFilter::default(), None, 9).await.unwrap();
    assert!(lines.is_empty(), "nothing of it was written");
    let begun = store
        .staff_session([1; 32], world.clock.now())
        .await
        .unwrap();
    assert_eq!(begun, None);
}

pub(super) async fn two_accounts_never_share_a_login(world: &World) {
    let store = world.store();
    keep(world, account(world, "noor@marigold.example", &[])).await;
    let other = account(world, "noor@marigold.example", &[]);
    let commit = StaffCommit::of(other, world.clock.now());
    let taken = store.commit_staff(commit).await.unwrap();
    assert_eq!(taken, StaffCommitted::LoginTaken);
    assert_eq!(store.staff().await.unwrap().len(), 1);
}

pub(super) async fn the_last_operator_stays(world: &World) {
    let (store, now) = (world.store(), world.clock.now());
    let first = keep(
        world,
        account(world, "a@marigold.example", &[Role::Operator]),
    )
    .await;
    let second = keep(
        world,
        account(world, "b@marigold.example", &[Role::Operator]),
    )
    .await;
    let mut invited = account(world, "c@marigold.example", &[Role::Operator]);
    invited.password = None;
    keep(world, invited).await;
    let gives_up = |account: &StaffAccount| StaffCommit {
        gives_up_operator: true,
        ..StaffCommit::of(
            StaffAccount {
                disabled_at: Some(now),
                ..account.clone()
            },
            now,
        )
    };
    let done = store.commit_staff(gives_up(&first)).await.unwrap();
    assert_eq!(done, StaffCommitted::Done);
    let refused = store.commit_staff(gives_up(&second)).await.unwrap();
    assert_eq!(refused, StaffCommitted::LastOperator);
    let second = store.staff_account(second.id).await.unwrap().unwrap();
    assert_eq!(second.disabled_at, None);
}

pub(super) async fn sessions_end_one_by_one_and_together(world: &World) {
    let (store, now) = (world.store(), world.clock.now());
    let mut kept = keep(world, account(world, "a@marigold.example", &[])).await;
    for hash in 1..=4 {
        let commit = StaffCommit {
            begun: Some(session(world, kept.id, hash)),
            ..StaffCommit::of(kept, now)
        };
        store.commit_staff(commit).await.unwrap();
        kept = store.staff().await.unwrap().remove(0);
    }
    let half = StaffSession {
        half: true,
        ..session(world, kept.id, 5)
    };
    let commit = StaffCommit {
        begun: Some(half),
        ended: Ended::One([4; 32]),
        ..StaffCommit::of(kept.clone(), now)
    };
    store.commit_staff(commit).await.unwrap();
    let left = |now| {
        let (store, id) = (world.store(), kept.id);
        async move {
            let sessions = store.staff_sessions(id, now).await.unwrap();
            sessions.iter().map(|s| s.hash[0]).collect::<Vec<_>>()
        }
    };
    assert_eq!(left(now).await, [3, 2, 1], "whole ones, newest first");
    assert!(
        store
            .staff_session([5; 32], now)
            .await
            .unwrap()
            .unwrap()
            .0
            .half
    );
    let later = now + Span::minutes(5);
    store.touch_staff_session([2; 32], later).await.unwrap();
    let seen = store
        .staff_session([2; 32], later)
        .await
        .unwrap()
        .unwrap()
        .0;
    assert_eq!(seen.seen_at, later);
    assert!(left(now + Span::hours(12)).await.is_empty());
    let all_but = StaffCommit {
        ended: Ended::AllBut([2; 32]),
        ..StaffCommit::of(store.staff().await.unwrap().remove(0), now)
    };
    store.commit_staff(all_but).await.unwrap();
    assert_eq!(left(now).await, [2]);
    let all = StaffCommit {
        ended: Ended::All,
        ..StaffCommit::of(store.staff().await.unwrap().remove(0), now)
    };
    store.commit_staff(all).await.unwrap();
    assert!(left(now).await.is_empty());
    assert_eq!(store.staff_session([5; 32], now).await.unwrap(), None);
}

pub(super) async fn a_link_works_for_one_account_until_it_ends(world: &World) {
    let (store, now) = (world.store(), world.clock.now());
    let kept = keep(world, account(world, "a@marigold.example", &[])).await;
    let change = |account: StaffAccount, link| StaffCommit {
        link,
        ..StaffCommit::of(account, now)
    };
    let set = |hash| LinkChange::Set {
        hash: [hash; 32],
        expires_at: now + Span::days(1),
    };
    store.commit_staff(change(kept, set(1))).await.unwrap();
    let found = store.staff_link([1; 32], now).await.unwrap().unwrap();
    let ended = store
        .staff_link([1; 32], now + Span::days(1))
        .await
        .unwrap();
    assert_eq!(ended, None);
    store.commit_staff(change(found, set(2))).await.unwrap();
    assert_eq!(store.staff_link([1; 32], now).await.unwrap(), None);
    let found = store.staff_link([2; 32], now).await.unwrap().unwrap();
    let kept = keep(world, found).await;
    assert!(store.staff_link([2; 32], now).await.unwrap().is_some());
    store
        .commit_staff(change(kept, LinkChange::Remove))
        .await
        .unwrap();
    assert_eq!(store.staff_link([2; 32], now).await.unwrap(), None);
}

pub(super) async fn tries_are_counted_forgiven_and_forgotten(world: &World) {
    let (store, now) = (world.store(), world.clock.now());
    let (one, two, old) = ([1; 32], [2; 32], now - Span::days(1));
    let count = |keys: Vec<[u8; 32]>| {
        let store = world.store();
        async move { store.count_sign_in(keys, now, old).await.unwrap() }
    };
    let tries = |failures| {
        Some(SignInTries {
            failures,
            last_at: now,
        })
    };
    assert_eq!(count(vec![one, two]).await, [None, None]);
    assert_eq!(count(vec![two]).await, [tries(1)]);
    assert_eq!(count(vec![one, two]).await, [tries(1), tries(2)]);
    let left = store.sign_in_tries(vec![two, [3; 32], one]).await.unwrap();
    assert_eq!(left, [tries(3), None, tries(2)]);
    let commit = StaffCommit {
        forgotten: vec![one],
        forgiven: vec![(two, now - Span::hours(1))],
        ..StaffCommit::of(account(world, "a@marigold.example", &[]), now)
    };
    store.commit_staff(commit).await.unwrap();
    let left = store.sign_in_tries(vec![one, two]).await.unwrap();
    let forgiven = SignInTries {
        failures: 2,
        last_at: now - Span::hours(1),
    };
    assert_eq!(left, [None, Some(forgiven)]);
    let later = now + Span::days(2);
    let forgotten = store.count_sign_in(vec![two], later, later - Span::days(1));
    assert_eq!(forgotten.await.unwrap(), [None]);
}
