//! The measurements run, in small, and their figures agree with what was asked for.

use std::io::Write as _;
use std::process::Command;

use local_postgres::LocalPostgres;
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

#[test]
fn two_nodes_share_a_postgresql_and_say_what_a_message_takes() {
    if LocalPostgres::programs().is_none() {
        let required = std::env::var_os("TIDINGS_TEST_REQUIRE");
        assert!(
            required.is_none_or(|required| required != "all"),
            "PostgreSQL is missing, and TIDINGS_TEST_REQUIRE=all wants it"
        );
        // Straight to the terminal: the test runner hides what a passing test prints.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: PostgreSQL 15 or newer is not installed"
        );
        return;
    }
    let report = bench(&[
        "pipeline",
        "--store=postgres",
        "--nodes=2",
        "--events=3000",
        "--customers=10",
        "--peers",
        "--peer-messages=30",
    ]);
    assert_eq!(
        (
            &report["messages"],
            &report["lost"],
            &report["duplicates"],
            &report["receipts_recorded"]
        ),
        (&3_000.into(), &0.into(), &0.into(), &1_500.into()),
        "{report}"
    );
    assert_eq!(
        report["peak_rss_mb_by_node"].as_array().map(Vec::len),
        Some(2),
        "{report}"
    );
    for figure in [
        "transactions_per_message",
        "disk_bytes_per_message",
        "postgres_cpu_s_per_1000",
    ] {
        assert!(report[figure].as_f64().unwrap() > 0.0, "{figure}: {report}");
    }
    let statements = &report["statements_per_message"];
    if LocalPostgres::has_library("pg_stat_statements") {
        assert!(statements.as_f64().unwrap() > 0.0, "{report}");
    } else {
        assert!(statements.is_string(), "{report}");
    }
    // Others are measured where they are installed, and said to be missing where not.
    let peers = &report["peers"];
    assert!(peers["graphile_worker"].is_string(), "{peers}");
    let kannel = &peers["kannel"];
    assert!(
        kannel == "not installed"
            || (&kannel["texts"], &kannel["missing"]) == (&30.into(), &0.into()),
        "{peers}"
    );
    let postfix = &peers["postfix"];
    assert!(
        postfix == "not installed" || postfix["smtp_source_alone"]["mails"] == 30,
        "{peers}"
    );
}
