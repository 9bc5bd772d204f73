//! How fast the PostgreSQL backend alone is on this machine: events committed, claimed and
//! settled a second, on a server of its own with `fsync` on.
//!
//! `cargo run --release -p store --example store_speed [seconds a step]`

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant as Wall};

use local_postgres::{Durability, LocalPostgres};
use model::{
    Attempt, Category, Channel, ContactPoint, Customer, DeliveryState, Event, EventKey, Facts,
    Instant, Lane, MessageContent, Mode, Partition, PlannedDelivery, PurposeClass, Sealed, Span,
    Trace,
};
use serde_json::{Map, json};
use store::{
    AcceptedEvent, AcceptedResult, ClaimRequest, ClaimedDelivery, NewDelivery, NewMessage, Next,
    OutcomeRecord, Store,
};

const CUSTOMERS: usize = 20_000;
const BATCH: usize = 500;
/// Callers at once; their batches are merged or run on the two writers.
const CALLERS: usize = 4;

#[tokio::main]
async fn main() {
    let seconds = std::env::args().nth(1).and_then(|s| s.parse().ok());
    let step = Duration::from_secs(seconds.unwrap_or(10));
    let server = LocalPostgres::start(Durability::Full).expect("PostgreSQL starts");
    let now = Instant::parse("2026-11-22T09:00:00Z").expect("an instant");
    let store = Store::open_postgres(&server.url("tidings"), now)
        .await
        .expect("the store opens");
    let facts = Arc::new(customers(&store, now).await);
    let committed = Arc::new(AtomicU64::new(0));

    let began = Wall::now();
    let callers = (0..CALLERS).map(|caller| {
        let (store, facts, committed) = (store.clone(), facts.clone(), committed.clone());
        tokio::spawn(async move {
            let mut n = caller;
            while began.elapsed() < step {
                let batch = (0..BATCH).map(|_| {
                    n += CALLERS;
                    event(&store, &facts[n * 7_919 % CUSTOMERS], n, now)
                });
                let done = store.commit_accepted(Lane::Normal, batch.collect()).await;
                committed.fetch_add(done.expect("committed").len() as u64, Ordering::Relaxed);
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.expect("a caller");
    }
    let events = committed.load(Ordering::Relaxed);
    let commits = rate(events, began);

    let began = Wall::now();
    let mut claimed: Vec<ClaimedDelivery> = Vec::new();
    while began.elapsed() < step && (claimed.len() as u64) < events {
        claimed.extend(claim(&store, now).await);
    }
    let claims = rate(claimed.len() as u64, began);

    let count = claimed.len() as u64;
    let began = Wall::now();
    let mut calls = Vec::new();
    let mut rest = claimed.into_iter().map(|c| outcome(&c, now));
    let work: Vec<Vec<OutcomeRecord>> = std::iter::from_fn(|| {
        let part: Vec<_> = rest.by_ref().take(BATCH).collect();
        (!part.is_empty()).then_some(part)
    })
    .collect();
    for part in work {
        let store = store.clone();
        calls.push(tokio::spawn(async move {
            store
                .record_outcomes(Lane::Normal, part)
                .await
                .expect("recorded");
        }));
    }
    for call in calls {
        call.await.expect("a call");
    }
    let outcomes = rate(count, began);
    println!(
        "{}",
        json!({
            "batch": BATCH, "writers": 2, "fsync": true, "events": events,
            "commit_events_per_s": commits, "claims_per_s": claims, "outcomes_per_s": outcomes,
        })
    );
    store.close().await;
}

fn rate(count: u64, since: Wall) -> u64 {
    (count as f64 / since.elapsed().as_secs_f64()) as u64
}

async fn customers(store: &Store, now: Instant) -> Vec<Facts> {
    let customer = |n: usize| Customer {
        id: format!("c-{n}"),
        name: Sealed::new("Inês Machado"),
        locale: "pt-BR".into(),
        time_zone: "America/Sao_Paulo".into(),
        country: "BR".into(),
        phone: ContactPoint::phone(&format!("+1253555{n:05}")).ok(),
        email: None,
        consents: vec![],
        preferences: vec![],
    };
    let mut facts = Vec::with_capacity(CUSTOMERS);
    for start in (0..CUSTOMERS).step_by(1_000) {
        let all: Vec<Customer> = (start..start + 1_000).map(customer).collect();
        let ids = all.iter().map(|c| c.id.clone()).collect();
        store.put_customers(all, now).await.expect("customers");
        let found = store.facts(ids).await.expect("facts");
        facts.extend(found.into_iter().flatten());
    }
    facts
}

fn event(store: &Store, facts: &Facts, n: usize, now: Instant) -> AcceptedEvent {
    let partition = Partition::of(&facts.customer.id);
    let mut data = Map::new();
    data.insert("order".into(), json!({ "number": n, "total": "R$ 129,90" }));
    data.insert("name".into(), json!("Inês Machado"));
    let delivery = NewDelivery {
        id: store.ids().next(partition, now),
        planned: PlannedDelivery {
            contact: facts.customer.phone.clone().expect("a phone"),
            lane: Lane::Normal,
            due_at: now,
            expires_at: now + Span::hours(24),
        },
        secret: None,
        lease: None,
    };
    let content = MessageContent {
        message_type: "order.confirmed".into(),
        category: Category::Orders,
        purpose: PurposeClass::Transactional,
        lane: Lane::Normal,
        locale: "pt-BR".into(),
        template_version: 1,
        sender: "Marigold".into(),
        title: format!("Pedido {n} confirmado"),
        summary: "Chega amanhã até as 22h".into(),
        text: format!("Marigold: seu pedido {n} foi confirmado e chega amanhã."),
        order: Some(n.to_string()),
        data,
    };
    AcceptedEvent {
        id: store.ids().next(partition, now),
        accepted_at: now,
        event: Event {
            key: EventKey {
                source: "/shop".into(),
                id: format!("o-{n}"),
            },
            event_type: "order.confirmed".into(),
            subject: facts.customer.id.clone(),
            time: now,
            data: Map::new(),
            mode: Mode::Test,
            as_of: None,
        },
        result: AcceptedResult::Message {
            facts_version: facts.version,
            message: Box::new(NewMessage {
                id: store.ids().next(partition, now),
                recipient: facts.recipient,
                at: now,
                content,
                trace: Trace::default(),
                deliveries: vec![delivery],
            }),
        },
    }
}

async fn claim(store: &Store, now: Instant) -> Vec<ClaimedDelivery> {
    let request = ClaimRequest {
        channel: Channel::Sms,
        lanes: Lane::ALL.to_vec(),
        limit: BATCH,
        now,
        lease: Span::minutes(5),
    };
    store.claim_due(request).await.expect("claimed")
}

fn outcome(claimed: &ClaimedDelivery, now: Instant) -> OutcomeRecord {
    OutcomeRecord {
        delivery: claimed.id,
        channel: claimed.contact.channel,
        lane: claimed.lane,
        attempt: Attempt {
            number: claimed.attempt,
            carrier: "alpha".into(),
            started_at: now,
            ended_at: now,
            outcome: "accepted".into(),
            code: String::new(),
            reason: String::new(),
            carrier_id: Some(claimed.id.to_string()),
            digest: "0123456789abcdef".into(),
        },
        next: Next::Settle(DeliveryState::Accepted),
    }
}
