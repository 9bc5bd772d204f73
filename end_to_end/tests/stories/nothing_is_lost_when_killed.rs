//! The server is killed with SIGKILL again and again while events come in and messages go
//! out. At the end every acknowledged event has its message, every delivery a final state,
//! and what arrived twice is explained and bounded.
//!
//! The carriers live in this test's process and survive; they count what really came.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sandbox::{Faults, MailFaults, Received, Sandbox, SandboxConfig, TextFaults};
use serde_json::{Value, json};

use crate::test_traffic_stays_in_the_sandbox::{carriers, password};
use crate::world::{FINAL, Http, customer, event, lines, make_key, order, outcomes, parcel, say};
use crate::world::{PATIENCE, Program, serve, until_within, write_config};

const EVENTS: u32 = 6_000;
const IN_A_REQUEST: u32 = 50;
pub(crate) const CUSTOMERS: u32 = 300;
/// Lives of the server that end while it works.
const KILLS: u32 = 28;
/// Requests that one life of the server gets: the work lasts as long as the killing.
const REQUESTS_IN_A_LIFE: usize = 6;
/// Texts or mails in flight at once.
pub(crate) const IN_FLIGHT: u32 = 32;
/// The same moments in every run, as far as clocks allow.
const SEED: u64 = 0x5eed_0f71_d195;

/// `sms` or `email`, and the number of the event.
pub(crate) type Arrival = (&'static str, u32);

/// What came to the carriers, and how often.
#[derive(Default)]
pub(crate) struct Arrived(Mutex<BTreeMap<Arrival, u32>>);

impl Arrived {
    pub(crate) fn note(&self, received: Received<'_>) {
        let arrival = match received {
            Received::Text { text, part, .. } => {
                assert_eq!(part, None, "these texts are short");
                ("sms", number_in(text))
            }
            Received::Mail { raw, .. } => ("email", number_in(&String::from_utf8_lossy(raw))),
        };
        *self.0.lock().unwrap().entry(arrival).or_default() += 1;
    }

    pub(crate) fn all(&self) -> BTreeMap<Arrival, u32> {
        self.0.lock().unwrap().clone()
    }
}

/// The number of the event in what was made of it: an order number, or a code.
pub(crate) fn number_in(text: &str) -> u32 {
    let after = text.split_once("K-").or_else(|| text.split_once("use "));
    after.expect("it names its event").1[..6].parse().unwrap()
}

/// The event of a number, and the ways its message takes.
pub(crate) fn made(number: u32) -> (Value, &'static [&'static str]) {
    let (id, who) = (
        format!("K-{number:06}"),
        format!("c-{}", number % CUSTOMERS),
    );
    match number % 10 {
        0 => (
            event(
                &id,
                "security.code",
                &who,
                json!({"code": format!("{number:06}")}),
            ),
            &["sms"],
        ),
        1 => (
            event(&id, "feedback.requested", &who, order(&id)),
            &["email"],
        ),
        2..=4 => (event(&id, "order.confirmed", &who, order(&id)), &["email"]),
        _ => (
            event(&id, "shipment.delivered", &who, parcel(&id)),
            &["sms", "email"],
        ),
    }
}

/// A sequence of numbers that looks random (xorshift64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        for shift in [13_i32, -7, 17] {
            self.0 ^= if shift > 0 {
                self.0 << shift
            } else {
                self.0 >> -shift
            };
        }
        self.0 % limit
    }
}

/// Requests that are not acknowledged yet, each with the numbers of its events.
struct Unsent {
    requests: Vec<Vec<u32>>,
    /// Events that were on disk already when they were sent again: their answer was lost.
    known: u64,
}

impl Unsent {
    /// Sends one request; `false` when the server did not answer it.
    async fn send_one(&mut self, http: &Http) -> bool {
        let Some(numbers) = self.requests.last() else {
            return true;
        };
        let events: Vec<Value> = numbers.iter().map(|number| made(*number).0).collect();
        let body = lines(&events);
        let answer = http
            .try_call("POST", "/v1/events", "application/x-ndjson", body)
            .await;
        let Some(answer) = answer else { return false };
        assert_eq!(answer.status, 202, "{answer:?}");
        let answer = answer.json();
        let taken = answer["accepted"].as_u64().unwrap() + answer["duplicates"].as_u64().unwrap();
        assert_eq!(taken, u64::from(IN_A_REQUEST), "{answer}");
        assert_eq!(
            (&answer["failed_total"], &answer["rejected_total"]),
            (&json!(0), &json!(0)),
            "{answer}"
        );
        self.known += answer["duplicates"].as_u64().unwrap();
        self.requests.pop();
        true
    }

    async fn send(&mut self, http: &Http, requests: usize) {
        for _ in 0..requests {
            if !self.send_one(http).await {
                return;
            }
        }
    }
}

fn all_requests() -> Unsent {
    let numbers: Vec<u32> = (0..EVENTS).collect();
    let requests = numbers.chunks(IN_A_REQUEST as usize).map(<[u32]>::to_vec);
    Unsent {
        requests: requests.rev().collect(),
        known: 0,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_event_ends_well() {
    let began = Instant::now();
    let arrived = Arc::new(Arrived::default());
    let noting = Arc::clone(&arrived);
    let mut config = SandboxConfig::new(|| 0);
    config.keep = 0;
    config.observer = Some(Arc::new(move |received| noting.note(received)));
    let carrier = Sandbox::start(config).await.unwrap();
    // A little slow, so that there is something in flight when the server dies.
    let texts = TextFaults {
        answer_delay_ms: 20,
        ..TextFaults::default()
    };
    let mails = MailFaults {
        answer_delay_ms: 10,
        ..MailFaults::default()
    };
    carrier.set_faults(Faults { texts, mails });

    let folder = tempfile::tempdir().unwrap();
    let password = password(folder.path());
    let sections = format!(
        "{}connections = 16\n[limits]\ndoubt_seconds = 2\nin_flight = {IN_FLIGHT}\n",
        carriers(carrier.smsc_addr(), carrier.smtp_addr(), &password)
    );
    let config = write_config(folder.path(), &sections);
    let key = make_key(&config, "live").await;
    let mut unsent = all_requests();
    let mut chance = Chance(SEED);
    let mut kills = 0;
    for life in 0..KILLS {
        // Some lives end before they began: while it looks at what the last one left.
        if life % 4 == 3 {
            let program = Program::start(&["serve", "--config", config.to_str().unwrap()]);
            tokio::time::sleep(Duration::from_millis(chance.below(200))).await;
            program.kill().await;
            kills += 1;
        }
        let (program, address) = serve(&config).await;
        let http = Http::new(&address, &key);
        if life == 0 {
            put_customers(&http).await;
        }
        // Short lives end while events come in, longer ones while messages go out.
        let longest = if life % 2 == 0 { 150 } else { 900 };
        let lives_for = Duration::from_millis(20 + chance.below(longest));
        let dying = async {
            tokio::time::sleep(lives_for).await;
            program.kill().await;
        };
        tokio::join!(unsent.send(&http, REQUESTS_IN_A_LIFE), dying);
        kills += 1;
    }
    let killed = began.elapsed();

    let (program, address) = serve(&config).await;
    let http = Http::new(&address, &key);
    let left = unsent.requests.len();
    unsent.send(&http, left).await;
    assert!(unsent.requests.is_empty());
    let found = settle(&http, PATIENCE).await;
    let known = unsent.known;
    let figures = judge(&found, &arrived.all(), EVENTS, kills);

    // Sending all of it again changes nothing.
    let before = arrived.all();
    let mut again = all_requests();
    let requests = again.requests.len();
    again.send(&http, requests).await;
    assert!(again.requests.is_empty());
    assert!(program.interrupt().await.status.success());
    assert_eq!(arrived.all(), before);
    carrier.stop().await;
    say(&format!(
        "killed {kills} times in {:.1} s over {EVENTS} events, {known} sent again after a lost answer: {figures}; {:.1} s in all",
        killed.as_secs_f64(),
        began.elapsed().as_secs_f64()
    ));
}

pub(crate) async fn put_customers(http: &Http) {
    let customers: Vec<Value> = (0..CUSTOMERS)
        .map(|number| customer(&format!("c-{number}"), number))
        .collect();
    let kind = "application/x-ndjson";
    let answer = http
        .call("PUT", "/v1/customers", kind, lines(&customers))
        .await;
    assert_eq!(answer.json()["stored"], CUSTOMERS, "{answer:?}");
}

/// Waits until every delivery is in a final state; gives each message by its event's number.
pub(crate) async fn settle(http: &Http, patience: Duration) -> BTreeMap<u32, Value> {
    let quarters = tokio::join!(
        settle_quarter(http, 0, patience),
        settle_quarter(http, 1, patience),
        settle_quarter(http, 2, patience),
        settle_quarter(http, 3, patience),
    );
    let mut found = BTreeMap::new();
    for message in [quarters.0, quarters.1, quarters.2, quarters.3].concat() {
        let id = message["event"]["event_id"].as_str().unwrap();
        let number: u32 = id.trim_start_matches("K-").parse().unwrap();
        let known = found.insert(number, message);
        assert_eq!(known, None, "event {number} has one message");
    }
    found
}

/// The messages of every fourth customer.
async fn settle_quarter(http: &Http, first: u32, patience: Duration) -> Vec<Value> {
    let mut found = Vec::new();
    for who in (first..CUSTOMERS).step_by(4) {
        let path = format!("/v1/customers/c-{who}/messages?limit=200");
        let page = http.get(&path).await.json();
        assert_eq!(page["next_cursor"], Value::Null);
        for message in page["messages"].as_array().unwrap() {
            let id = message["id"].as_str().unwrap();
            found.push(settled(http, id, patience).await);
        }
    }
    found
}

async fn settled(http: &Http, id: &str, patience: Duration) -> Value {
    let path = format!("/v1/messages/{id}");
    let began = Instant::now();
    until_within(patience, &format!("{id} is settled"), async || {
        let message = http.get(&path).await.json();
        let deliveries = message["deliveries"].as_array().unwrap();
        let is_final = |delivery: &Value| {
            let state = delivery["state"].as_str().unwrap();
            // A text that the carrier has still waits for its receipt.
            let awaits = delivery["channel"] == "sms" && state == "accepted";
            FINAL.contains(&state) && !awaits
        };
        assert!(
            deliveries.iter().all(is_final) || began.elapsed() < patience * 9 / 10,
            "not settled: {message}"
        );
        deliveries.iter().all(is_final).then(|| message.clone())
    })
    .await
}

/// Holds what is stored against what arrived; gives the figures.
pub(crate) fn judge(
    found: &BTreeMap<u32, Value>,
    arrived: &BTreeMap<Arrival, u32>,
    events: u32,
    kills: u32,
) -> String {
    let (mut doubtful, mut given_up, mut twice) = (0, 0, 0);
    let mut expected = BTreeSet::new();
    for number in 0..events {
        let message = found
            .get(&number)
            .unwrap_or_else(|| panic!("event {number} was acknowledged and has no message"));
        let ways = made(number).1;
        assert_eq!(
            message["deliveries"].as_array().unwrap().len(),
            ways.len(),
            "{message}"
        );
        for way in ways {
            expected.insert((*way, number));
            let delivery = crate::world::delivery_of(message, way).unwrap();
            let outcomes = outcomes(&delivery);
            let doubts = outcomes
                .iter()
                .filter(|word| ["in_doubt", "unknown"].contains(word))
                .count();
            doubtful += doubts;
            let came = arrived.get(&(*way, number)).copied().unwrap_or(0);
            if delivery["state"] == "given_up" {
                // May have arrived, or not: not worth a double, and said so.
                assert!(doubts > 0 && message["purpose"] == "service", "{message}");
                given_up += 1;
                assert!(came <= 1, "{message}");
                continue;
            }
            assert!(
                ["accepted", "delivered"].contains(&delivery["state"].as_str().unwrap()),
                "{message}"
            );
            assert!(
                came > 0,
                "event {number} did not arrive by {way}: {message}"
            );
            let extra = came - 1;
            assert!(
                extra as usize <= doubts,
                "event {number} came {came} times by {way}: {message}"
            );
            twice += extra;
        }
    }
    for arrival in arrived.keys() {
        assert!(
            expected.contains(arrival),
            "{arrival:?} should not have left"
        );
    }
    let most = kills * IN_FLIGHT * 2;
    assert!(
        twice <= most,
        "{twice} came twice, {most} could be in flight"
    );
    assert!(
        doubtful > 0,
        "the kills hit nothing in flight: they came at the wrong moments"
    );
    let all = expected.len();
    format!(
        "{all} deliveries, none lost, {doubtful} in doubt, {given_up} given up, {twice} arrived twice (at most {most})"
    )
}
