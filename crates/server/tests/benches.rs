//! The measurements run, in small, and their figures agree with what was asked for.

use std::process::Command;

use serde_json::Value;

fn bench(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_tidings"))
        .arg("bench")
        .args(arguments)
        .arg("--json")
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

#[test]
fn codes_pass_a_backlog_and_nothing_is_lost() {
    let report = bench(&[
        "codes",
        "--seconds=1",
        "--rate=20",
        "--bulk-rate=100",
        "--backlog=300",
        "--customers=20",
    ]);
    assert_eq!(report["codes"], 20, "{report}");
    assert_eq!(report["lost"], 0, "{report}");
    assert_eq!(report["accept_to_carrier_ms"]["n"], 20, "{report}");
    assert_eq!(report["post_to_sink_ms"]["n"], 20, "{report}");
    assert!(report["machine"].is_string(), "{report}");
}

#[test]
fn a_kept_store_is_made_once_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = format!("--data={}", folder.path().display());
    let arguments = [
        "mailbox",
        "--messages=400",
        "--customers=20",
        "--seconds=1",
        "--rate=40",
        &data,
    ];
    let first = bench(&arguments);
    for name in ["page_ms", "unread_ms", "changes_ms", "search_ms"] {
        assert!(first[name]["n"].as_u64().unwrap() > 0, "{name}: {first}");
    }
    assert!(first["found_by_search"].as_u64().unwrap() > 0, "{first}");
    assert!(
        first["bytes_per_message"].as_f64().unwrap() > 100.0,
        "{first}"
    );
    let again = bench(&arguments);
    assert_eq!(again["build_seconds"], first["build_seconds"]);
    let stored = again["settings"]["messages"].as_u64().unwrap();
    assert!(stored > 400, "{again}");

    let report = bench(&[
        "pipeline",
        "--events=200",
        "--customers=10",
        "--dkim=none",
        &data,
    ]);
    assert_eq!(
        (&report["messages"], &report["lost"]),
        (&200.into(), &0.into()),
        "{report}"
    );
    assert_eq!(
        report["settings"]["stored_messages"],
        stored + again["written"].as_u64().unwrap()
    );
}
