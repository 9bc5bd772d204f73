//! What a store costs by itself: events with a message and a delivery each are committed,
//! handed over (an outcome), and every second one gets its receipt.
//!
//! `cargo run --release -p store --example full_cycle [events] [folder | postgres]`
//! (PostgreSQL: on a server of its own, with `fsync` on.)

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant as Moment;

use local_postgres::{Durability, LocalPostgres};
use model::{
    Attempt, Category, Channel, ContactPoint, Customer, DeliveryState, Event, EventKey, Facts,
    Instant, Lane, MessageContent, Mode, Partition, PlannedDelivery, PurposeClass, Receipt,
    ReceiptStatus, Sealed, Span, Trace,
};
use serde_json::json;
use store::{
    AcceptedEvent, AcceptedResult, NewDelivery, NewMessage, Next, OutcomeRecord, ReceiptRecord,
    Store,
};

const BATCH: usize = 250;
const CUSTOMERS: usize = 100_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let events: usize = arguments
        .next()
        .map_or(200_000, |n| n.parse().expect("a number of events"));
    let own = std::env::temp_dir().join(format!("tidings-full-cycle-{}", std::process::id()));
    let place = arguments.next();
    let server = (place.as_deref() == Some("postgres"))
        .then(|| LocalPostgres::start(Durability::Full).expect("PostgreSQL starts"));
    let folder = place.map_or(own.clone(), PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let now = Instant::parse("2026-11-22T09:00:00Z").expect("a moment");
    let store = match &server {
        Some(server) => runtime.block_on(Store::open_postgres(&server.url("tidings"), now)),
        None => {
            let _inside = runtime.enter();
            Store::open_sqlite(&folder, now)
        }
    };
    let store = store.expect("a store");
    let facts = Arc::new(runtime.block_on(customers(&store, now)));
    let before = cpu();
    let begun = Moment::now();
    let next = Arc::new(AtomicUsize::new(0));
    runtime.block_on(async {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let (store, facts, next) = (store.clone(), facts.clone(), next.clone());
                tokio::spawn(async move {
                    loop {
                        let from = next.fetch_add(BATCH, Ordering::Relaxed);
                        if from >= events {
                            break;
                        }
                        batch(&store, &facts, from, now).await;
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.await.expect("a worker");
        }
    });
    let (seconds, after) = (begun.elapsed().as_secs_f64(), cpu());
    runtime.block_on(store.close());
    let bytes: u64 = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|file| Some(file.metadata().ok()?.len()))
        .sum();
    let each = |seconds: f64| seconds / events as f64 * 1e6;
    println!(
        "{}",
        json!({
            "events": events,
            "cycles_per_s": (events as f64 / seconds).round(),
            "store": if server.is_some() { "postgres" } else { "sqlite" },
            "writer_us_each": each(after.0 - before.0),
            "process_us_each": each(after.1 - before.1),
            "bytes_each": bytes / events.max(1) as u64,
        })
    );
    if folder == own {
        let _ = std::fs::remove_dir_all(own);
    }
}

/// Processor seconds of the writer thread and of the whole process (Linux `/proc`).
fn cpu() -> (f64, f64) {
    let seconds = |stat: &str| {
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .map_or(vec![], |(_, rest)| rest.split_whitespace().collect());
        let ticks = |n: usize| fields.get(n).and_then(|f| f.parse::<f64>().ok());
        (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
    };
    let process = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let writer = std::fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok())
        .filter(|stat| stat.contains("(store-writer)"))
        .map(|stat| seconds(&stat))
        .sum();
    (writer, seconds(&process))
}

async fn customers(store: &Store, now: Instant) -> Vec<Facts> {
    let ids: Vec<String> = (0..CUSTOMERS).map(|n| format!("b-{n}")).collect();
    let mut all = Vec::with_capacity(CUSTOMERS);
    for part in ids.chunks(10_000) {
        let profiles = part
            .iter()
            .enumerate()
            .map(|(n, id)| Customer {
                id: id.clone(),
                name: Sealed::new(format!("Customer {id}")),
                locale: "pt-BR".into(),
                time_zone: "America/Sao_Paulo".into(),
                country: "BR".into(),
                region: String::new(),
                quiet_hours: None,
                phone: ContactPoint::phone(&format!("+5511{:08}", all.len() + n)).ok(),
                email: ContactPoint::email(&format!("{id}@customers.example")).ok(),
                consents: vec![],
                preferences: vec![],
                chosen: model::Chosen::default(),
            })
            .collect();
        store.put_customers(profiles, now).await.expect("customers");
        let facts = store.facts(part.to_vec()).await.expect("facts");
        all.extend(facts.into_iter().flatten());
    }
    all
}

async fn batch(store: &Store, facts: &[Facts], from: usize, base: Instant) {
    let now = base + Span::millis(from as i64 / 10);
    let events: Vec<AcceptedEvent> = (from..from + BATCH)
        .map(|n| event(store, &facts[n * 7_919 % facts.len()], n, now))
        .collect();
    let committed = store.commit_accepted(Lane::Normal, events).await;
    let deliveries: Vec<_> = committed
        .expect("a commit")
        .into_iter()
        .filter_map(|(event, _)| match event.result {
            AcceptedResult::Message { message, .. } => Some(message),
            AcceptedResult::Failed { .. } => None,
        })
        .flat_map(|message| message.deliveries)
        .collect();
    let outcomes = deliveries.iter().map(|d| outcome(d, now)).collect();
    let recorded = store.record_outcomes(Lane::Normal, outcomes).await;
    recorded.expect("outcomes");
    let receipts = deliveries
        .iter()
        .filter(|d| d.planned.contact.channel == Channel::Sms)
        .map(|d| ReceiptRecord {
            wished: None,
            carrier: "sms".into(),
            carrier_id: d.id.to_string(),
            delivery: None,
            hint: None,
            receipt: Receipt {
                status: ReceiptStatus::Delivered,
                code: "DELIVRD".into(),
                carrier_time: Some(now),
                received_at: now,
            },
        })
        .collect();
    store.record_receipts(receipts).await.expect("receipts");
}

fn outcome(delivery: &NewDelivery, now: Instant) -> OutcomeRecord {
    let sms = delivery.planned.contact.channel == Channel::Sms;
    OutcomeRecord {
        delivery: delivery.id,
        channel: delivery.planned.contact.channel,
        lane: delivery.planned.lane,
        attempt: Attempt {
            number: 1,
            carrier: if sms { "sms" } else { "email" }.into(),
            started_at: now,
            ended_at: now,
            outcome: "accepted".into(),
            code: String::new(),
            reason: String::new(),
            carrier_id: sms.then(|| delivery.id.to_string()),
            digest: "00112233445566aa".into(),
        },
        next: Next::Settle(DeliveryState::Accepted),
        said: None,
        wished: None,
    }
}

fn event(store: &Store, facts: &Facts, n: usize, now: Instant) -> AcceptedEvent {
    let partition = Partition::of(&facts.customer.id);
    let channel = [Channel::Sms, Channel::Email][n % 2];
    let ids = store.ids();
    let delivery = NewDelivery {
        id: ids.next(partition, now),
        planned: PlannedDelivery {
            contact: facts.customer.contact(channel).expect("both").clone(),
            lane: Lane::Normal,
            due_at: now,
            expires_at: now + Span::hours(48),
        },
        secret: None,
        lease: Some(Span::minutes(10)),
        quote: None,
        counts: None,
    };
    AcceptedEvent {
        id: ids.next(partition, now),
        accepted_at: now,
        event: Event {
            key: EventKey {
                source: "/bench".into(),
                id: format!("B{n:07}-{n:05}Z"),
            },
            event_type: "order.confirmed".into(),
            subject: facts.customer.id.clone(),
            time: now,
            data: serde_json::Map::new(),
            mode: Mode::Test,
            as_of: None,
        },
        result: AcceptedResult::Message {
            facts_version: facts.version,
            message: Box::new(NewMessage {
                id: ids.next(partition, now),
                recipient: facts.recipient,
                at: now,
                content: content(n),
                trace: Trace::default(),
                deliveries: vec![delivery],
                collected: vec![],
            }),
        },
    }
}

fn content(n: usize) -> MessageContent {
    let data = json!({
        "order": { "number": format!("B{n:07}"), "currency": "EUR", "placed_at": "2026-11-20T10:00:00Z",
            "estimated_delivery": "2026-11-24", "total": "61.86", "items": [
            { "sku": "s-1", "title": "Garden shears", "quantity": 1, "price": "41.86", "seller_id": "s-9" },
            { "sku": "s-2", "title": "Twine, 200 m", "quantity": 2, "price": "10.00", "seller_id": "s-9" }] },
        "_": { "name": "Customer", "time_zone": "America/Sao_Paulo" },
    });
    MessageContent {
        message_type: "order.confirmed".into(),
        category: Category::Orders,
        purpose: PurposeClass::Transactional,
        lane: Lane::Normal,
        locale: "pt-BR".into(),
        template_version: 1,
        sender: "Marigold".into(),
        title: format!("Pedido B{n:07} confirmado"),
        summary: "Chega na terça-feira, 24 de novembro".into(),
        text: format!("Marigold: recebemos o seu pedido B{n:07}. Chega em 24 de nov."),
        order: Some(format!("B{n:07}")),
        data: data.as_object().cloned().unwrap_or_default(),
    }
}
