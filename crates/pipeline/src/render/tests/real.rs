//! Real orders: every event of the Olist set renders, for the customer it is about, and the
//! guard lets it leave.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::PathBuf;

use super::*;

/// Where data that is not part of the repository lies, and whether it must.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment what they have"
)]
fn shared_file(path: &str) -> Option<PathBuf> {
    let root = std::env::var("TIDINGS_TEST_SHARED").map_or_else(
        |_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let file = root.join(path);
    if file.is_file() {
        return Some(file);
    }
    let required = std::env::var("TIDINGS_TEST_REQUIRE").is_ok_and(|value| value == "all");
    assert!(!required, "{} is missing", file.display());
    // Past the test harness, which would swallow it.
    let _ = writeln!(
        std::io::stderr(),
        "skipped: {} is missing; set TIDINGS_TEST_SHARED",
        file.display()
    );
    None
}

#[test]
fn every_real_event_renders_and_may_leave() {
    let (Some(events), Some(customers)) = (
        shared_file("data/olist/events.jsonl"),
        shared_file("data/olist/customers.jsonl"),
    ) else {
        return;
    };
    let catalogue = shipped();
    let brand = marigold();
    let mut known: HashMap<String, Customer> = HashMap::new();
    for line in std::fs::read_to_string(customers).unwrap().lines() {
        let profile: Value = serde_json::from_str(line).unwrap();
        let mut one = customer(profile["locale"].as_str().unwrap());
        one.name = Sealed::new(profile["name"].as_str().unwrap());
        one.time_zone = profile["time_zone"].as_str().unwrap().into();
        known.insert(profile["id"].as_str().unwrap().into(), one);
    }
    let guard = catalogue.guard(guard::Own::default(), (&brand.domain, &brand.sms_sender));
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for line in std::fs::read_to_string(events).unwrap().lines() {
        let given: Value = serde_json::from_str(line).unwrap();
        let name = given["type"].as_str().unwrap();
        let mut made = event(name, given["data"].as_object().unwrap());
        let customer = &known[given["subject"].as_str().unwrap()];
        let short = short_forms(catalogue, &brand, &mut made, customer)
            .unwrap_or_else(|error| panic!("{}: {error}", given["id"]));
        let stored = &short.content;
        let mail = mail(catalogue, &brand, stored)
            .unwrap_or_else(|error| panic!("{}: {error}", given["id"]));
        let mut stopped = check_short(&guard, &short);
        stopped.extend(check_mail(&guard, stored, &mail));
        assert_eq!(stopped, [], "{}", given["id"]);
        let shown = [
            &short.content.title,
            &short.content.summary,
            &short.content.text,
            &mail.subject,
            &mail.text,
        ];
        for text in shown {
            let reads_badly = ["none", "undefined", " .", " ,", "..\n", "  "]
                .iter()
                .any(|sign| text.contains(sign) && !line.contains(sign));
            assert!(!reads_badly, "{}: {text}", given["id"]);
        }
        *counts.entry(name.to_owned()).or_default() += 1;
    }
    assert_eq!(counts.values().sum::<u32>(), 10_232, "{counts:?}");
}
