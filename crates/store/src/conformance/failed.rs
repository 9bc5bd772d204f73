//! Cases about events that failed.

use model::{FailureReason, Lane, Mode, Sealed, Span};

use super::staff::line;
use super::world::World;
use crate::{AcceptedEvent, AcceptedResult, AuditFilter, Committed, FailedFilter};

/// An event that failed.
async fn failed(world: &World, id: &str, kind: &str, reason: FailureReason) -> AcceptedEvent {
    let facts = world.customer("c-1", "+12535550129").await;
    let mut event = world.accepted(&facts, id, Lane::Normal, &[]);
    event.event.event_type = kind.into();
    event.event.mode = Mode::Test;
    let failed = AcceptedEvent {
        result: AcceptedResult::Failed {
            reason,
            detail: "it does not fit".into(),
            envelope: Sealed::new("{}"),
        },
        ..event
    };
    assert_eq!(world.commit(failed.clone()).await, Committed::Accepted);
    failed
}

pub(super) async fn a_replay_is_written_down_with_what_it_did(world: &World) {
    let store = world.store();
    let first = failed(world, "f-1", "order.confirmed", FailureReason::BadData).await;
    let facts = world.facts("c-1").await;
    let good = AcceptedEvent {
        result: world.accepted(&facts, "f-1", Lane::Normal, &[]).result,
        ..first
    };
    let replay = |event: AcceptedEvent| {
        let (store, line) = (world.store(), line(world, None, "failed_event.retried"));
        async move { store.commit_replayed(event, Some(line)).await.unwrap() }
    };
    assert_eq!(replay(good.clone()).await, Committed::Accepted);
    assert_eq!(replay(good.clone()).await, Committed::Duplicate(good.id));
    let lines = store.audit(AuditFilter::default(), None, 9).await.unwrap();
    assert_eq!(lines.len(), 1, "what changed nothing is not written down");
}

pub(super) async fn failed_events_are_filtered_and_counted(world: &World) {
    let store = world.store();
    let mut ids = Vec::new();
    for (id, kind, reason) in [
        ("1", "order.confirmed", FailureReason::BadData),
        ("2", "order.odd", FailureReason::UnknownType),
        ("3", "order.confirmed", FailureReason::TemplateFailed),
        ("4", "order.confirmed", FailureReason::BadData),
    ] {
        world.clock.advance(Span::secs(1));
        ids.push(failed(world, id, kind, reason).await.id);
    }
    let like = |reason, event_type: Option<&str>, before, limit| {
        let filter = FailedFilter {
            reason,
            event_type: event_type.map(str::to_owned),
        };
        let store = world.store();
        async move {
            let found = store
                .failed_events_like(filter, before, limit)
                .await
                .unwrap();
            found.iter().map(|f| f.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(like(None, None, None, 9).await.len(), 4);
    let bad = Some(FailureReason::BadData);
    assert_eq!(like(bad, None, None, 9).await, [ids[3], ids[0]]);
    assert_eq!(like(bad, None, Some(ids[3]), 9).await, [ids[0]]);
    let confirmed = Some("order.confirmed");
    assert_eq!(like(None, confirmed, None, 2).await, [ids[3], ids[2]]);
    assert_eq!(like(bad, Some("order.odd"), None, 9).await, []);
    assert_eq!(like(None, Some("never.seen"), None, 9).await, []);
    let counts = store.failed_counts(10).await.unwrap();
    let counts: Vec<_> = counts
        .iter()
        .map(|c| (c.reason, c.event_type.as_str(), c.count))
        .collect();
    assert_eq!(counts[0], (FailureReason::BadData, "order.confirmed", 2));
    assert_eq!(counts.len(), 3);
    let newest: u64 = store
        .failed_counts(3)
        .await
        .unwrap()
        .iter()
        .map(|c| c.count)
        .sum();
    assert_eq!(newest, 3);
}
