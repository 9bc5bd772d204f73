//! Cases about the audit.

use model::{Id, Span, StaffId};

use super::staff::{fill, line};
use super::world::World;
use crate::AuditFilter;

pub(super) async fn lines_of_the_audit_are_listed_and_never_changed(world: &World) {
    let store = world.store();
    let who = StaffId::from_i64(77);
    let mut all = Vec::new();
    for (who, action) in [
        (Some(who), "a"),
        (None, "b"),
        (Some(who), "b"),
        (Some(who), "a"),
    ] {
        all.push(line(world, who, action));
        world.clock.advance(Span::hours(1));
    }
    store.append_audit(all.clone()).await.unwrap();
    all.reverse();
    let list = |filter: AuditFilter, before, limit| {
        let store = world.store();
        async move { store.audit(filter, before, limit).await.unwrap() }
    };
    assert_eq!(list(AuditFilter::default(), None, 9).await, all);
    let first = list(AuditFilter::default(), None, 2).await;
    assert_eq!(
        list(AuditFilter::default(), Some(first[1].id), 9).await,
        all[2..]
    );
    let his = AuditFilter {
        who: Some(who),
        action: Some("b".into()),
        ..AuditFilter::default()
    };
    assert_eq!(list(his, None, 9).await, [all[1].clone()]);
    let between = AuditFilter {
        since: Some(all[2].at),
        until: Some(all[1].at),
        ..AuditFilter::default()
    };
    assert_eq!(list(between, None, 9).await, [all[2].clone()]);
    assert_eq!(store.audit_actions().await.unwrap(), ["a", "b"]);
    let again = store.append_audit(vec![all[0].clone()]).await;
    assert!(again.is_err(), "a line is not written over");
    assert_eq!(list(AuditFilter::default(), None, 9).await, all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_itself_refuses_to_change_the_audit() {
    let changes = [
        "UPDATE audit SET action = 'staff.enabled'",
        "DELETE FROM audit",
    ];
    let world = World::sqlite();
    fill(&world).await;
    let folder = world.into_folder().await;
    let connection = rusqlite::Connection::open(folder.path().join("tidings.db")).unwrap();
    for change in changes {
        let error = connection.execute(change, []).unwrap_err().to_string();
        assert!(error.contains("lines of the audit"), "{change}: {error}");
    }
    let Some(world) = World::postgres().await else {
        return;
    };
    fill(&world).await;
    let client = super::database::connect(world.url()).await;
    for change in changes.into_iter().chain(["TRUNCATE audit"]) {
        let error = client.execute(change, &[]).await.unwrap_err();
        let said = error.as_db_error().unwrap().message();
        assert!(said.contains("lines of the audit"), "{change}: {said}");
    }
    world.store().close().await;
}
