//! Real orders end to end: what leaves, by type and channel, is what the input says.
//!
//! The expected numbers are counted here from the files by rules of this test's own, not
//! asked of the product.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde_json::Value;

use crate::world::{World, run, say, shared};

const CUSTOMERS: &str = "data/olist/customers.jsonl";
const EVENTS: &str = "data/olist/events.jsonl";
/// Types that also go by text: what is urgent.
const BY_TEXT: [&str; 5] = [
    "shipment.attempt_failed",
    "shipment.delayed",
    "shipment.delivered",
    "shipment.out_for_delivery",
    "shipment.reminder",
];

/// What a file of events should come to.
#[derive(Debug, Default, PartialEq)]
struct Expected {
    types: BTreeMap<String, u64>,
    texts: u64,
    mails: u64,
}

fn read(path: &Path) -> impl Iterator<Item = Value> + use<> {
    let file = BufReader::new(std::fs::File::open(path).unwrap());
    file.lines()
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
}

/// Everybody gets a mail; a text goes to who has a phone and allows it, for what is urgent.
fn expected(events: impl Iterator<Item = Value>, customers: &Path) -> Expected {
    let mut may_text = BTreeSet::new();
    let mut has_mail = BTreeSet::new();
    for customer in read(customers) {
        let id = customer["id"].as_str().unwrap().to_owned();
        if customer["email"].is_string() {
            has_mail.insert(id.clone());
        }
        let allows = |consent: &Value| {
            consent["channel"] == "sms"
                && consent["purpose"] == "transactional"
                && consent["withdrawn_at"].is_null()
        };
        if customer["phone"].is_string()
            && customer["consents"].as_array().unwrap().iter().any(allows)
        {
            may_text.insert(id);
        }
    }
    let mut expected = Expected::default();
    for event in events {
        let (kind, who) = (
            event["type"].as_str().unwrap(),
            event["subject"].as_str().unwrap(),
        );
        *expected.types.entry(kind.to_owned()).or_default() += 1;
        expected.mails += u64::from(has_mail.contains(who));
        expected.texts += u64::from(BY_TEXT.contains(&kind) && may_text.contains(who));
    }
    expected
}

/// What `replay --json` says it came to; nothing may be on its way still.
fn told(summary: &Value) -> Expected {
    let deliveries = |channel: &str, state: &str| -> u64 {
        let states = summary["deliveries"][channel].as_object();
        let states = states.unwrap_or_else(|| panic!("no {channel}: {summary}"));
        assert_eq!(states.keys().collect::<Vec<_>>(), [state], "{summary}");
        states[state].as_u64().unwrap()
    };
    let types = summary["message_types"].as_object().unwrap();
    Expected {
        types: types
            .iter()
            .map(|(kind, count)| (kind.clone(), count.as_u64().unwrap()))
            .collect(),
        texts: deliveries("sms", "delivered"),
        mails: deliveries("email", "accepted"),
    }
}

async fn replay(arguments: &[&str]) -> Value {
    let mut all = vec!["replay", "--json"];
    all.extend(arguments);
    let ended = run(&all).await;
    assert!(ended.status.success(), "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

fn counts(summary: &Value) -> [u64; 4] {
    ["accepted", "duplicates", "failed", "rejected"].map(|name| summary[name].as_u64().unwrap())
}

#[tokio::test]
async fn a_part_leaves_as_the_input_says_and_again_nothing_does() {
    let (Some(customers), Some(events)) = (shared(CUSTOMERS), shared(EVENTS)) else {
        return;
    };
    let part: Vec<Value> = read(&events).take(1_500).collect();
    let expected = expected(part.iter().cloned(), &customers);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.jsonl");
    std::fs::write(&file, crate::world::lines(&part)).unwrap();
    let (file, customers) = (file.to_str().unwrap(), customers.to_str().unwrap());

    // Into a folder of its own.
    let data = folder.path().join("store");
    let into = [
        "--data",
        data.to_str().unwrap(),
        "--customers",
        customers,
        file,
    ];
    let first = replay(&into).await;
    assert_eq!(counts(&first), [1_500, 0, 0, 0]);
    assert_eq!(
        (told(&first), first["messages"].as_u64()),
        (expected, Some(1_500))
    );
    let again = replay(&into).await;
    assert_eq!(counts(&again), [0, 1_500, 0, 0]);
    assert_eq!(told(&again), told(&first));

    // Into a running server, whose sandbox counts what really came.
    let world = World::start().await;
    let url = world.url();
    let into = [
        "--url",
        &url,
        "--key",
        world.http.key(),
        "--customers",
        customers,
        file,
    ];
    assert_eq!(counts(&replay(&into).await), [1_500, 0, 0, 0]);
    let wanted = told(&first);
    let came = crate::world::until("all has come", async || {
        let came = world.counts().await;
        let all = came["texts"] == wanted.texts && came["mails"] == wanted.mails;
        (all && came["receipts"] == came["text_parts"]).then_some(came)
    })
    .await;
    assert_eq!(counts(&replay(&into).await), [0, 1_500, 0, 0]);
    let left = world.live.get("/metrics").await;
    assert_eq!(left.status, 200);
    let still = world.counts().await;
    for count in ["texts", "text_parts", "mails"] {
        assert_eq!(still[count], came[count], "nothing was sent again");
    }
    world.end().await;
}

#[tokio::test]
async fn all_of_them_leave_as_the_input_says() {
    let (Some(customers), Some(events)) = (shared(CUSTOMERS), shared(EVENTS)) else {
        return;
    };
    let expected = expected(read(&events), &customers);
    let all: u64 = expected.types.values().sum();
    let folder = tempfile::tempdir().unwrap();
    let began = std::time::Instant::now();
    let summary = replay(&[
        "--data",
        folder.path().to_str().unwrap(),
        "--customers",
        customers.to_str().unwrap(),
        events.to_str().unwrap(),
    ])
    .await;
    say(&format!(
        "replayed {all} real events in {:.1} s: {} texts, {} mails",
        began.elapsed().as_secs_f64(),
        expected.texts,
        expected.mails
    ));
    assert_eq!(counts(&summary), [all, 0, 0, 0]);
    assert_eq!(told(&summary), expected);
}
