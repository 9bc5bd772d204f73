//! `tidings move`, as it is called: a folder into a PostgreSQL, once.

use std::io::Write;
use std::process::Command;

use local_postgres::{Durability, LocalPostgres};
use model::{ContactPoint, Customer, Instant, Sealed};
use store::Store;

fn tidings(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_tidings"))
        .args(arguments)
        .output()
        .expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "only the environment says what tests may skip"
)]
fn postgres() -> Option<LocalPostgres> {
    if LocalPostgres::programs().is_some() {
        return Some(LocalPostgres::start(Durability::Relaxed).expect("it starts"));
    }
    let required = std::env::var("TIDINGS_TEST_REQUIRE").unwrap_or_default();
    assert_ne!(required, "all", "PostgreSQL is not installed");
    // Not eprintln: that would be captured, and a skipped test must be seen.
    let what = "skipped: tidings move (PostgreSQL is not installed)";
    writeln!(std::io::stderr(), "{what}").expect("stderr is there");
    None
}

fn customer(id: &str) -> Customer {
    Customer {
        id: id.into(),
        name: Sealed::new("Inês Machado"),
        locale: "pt-BR".into(),
        time_zone: "America/Sao_Paulo".into(),
        country: "BR".into(),
        region: String::new(),
        quiet_hours: None,
        phone: ContactPoint::phone("+12535550129").ok(),
        email: None,
        consents: vec![],
        preferences: vec![],
        chosen: model::Chosen::default(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_moves_once_and_works_there() {
    let Some(server) = postgres() else { return };
    let folder = tempfile::tempdir().unwrap();
    let now = Instant::parse("2026-11-22T09:00:00Z").unwrap();
    let store = Store::open_sqlite(folder.path(), now).unwrap();
    let customers: Vec<Customer> = (0..5_000).map(|n| customer(&format!("c-{n}"))).collect();
    let recipients = store.put_customers(customers, now).await.unwrap();
    let from = format!("sqlite:{}", folder.path().display());
    let to = server.url("tidings");

    let call = ["move", "--from", &from, "--to", &to, "--json"];
    let (code, _, said) = tidings(&call);
    assert_eq!(code, Some(1));
    assert!(said.contains("is in use by another tidings"), "{said}");
    store.close().await;
    drop(store);

    let (code, said, error) = tidings(&call);
    assert_eq!(code, Some(0), "{error}");
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["tables"]["recipients"], 5_000);
    assert_eq!(said["tables"]["contact_owners"], 5_000);
    assert_eq!(said["rows"], 15_000);
    let (code, _, again) = tidings(&call);
    assert_eq!(code, Some(1));
    assert!(again.contains("the move is finished"), "{again}");

    let moved = Store::open_postgres(&to, now).await.unwrap();
    let facts = moved.facts_of(recipients).await.unwrap();
    assert!(facts.iter().all(Option::is_some));
    moved.close().await;
}

#[test]
fn only_a_folder_moves_and_only_into_postgresql() {
    for (from, to, wanted) in [
        ("sqlite:a", "sqlite:b", "from a folder into PostgreSQL"),
        (
            "postgres://u:hush@localhost/a",
            "sqlite:b",
            "from a folder into PostgreSQL",
        ),
        ("a", "postgres://u:hush@localhost/a", "in --from"),
        ("sqlite:a", "mysql://u:hush@localhost/a", "in --to"),
        (
            "sqlite:/nowhere/at/all",
            "postgres://u:hush@localhost/a",
            "there is no store in /nowhere/at/all",
        ),
    ] {
        let (code, _, said) = tidings(&["move", "--from", from, "--to", to]);
        assert_eq!(code, Some(1));
        assert!(said.contains(wanted), "{said}");
        assert!(!said.contains("hush"), "{said}");
    }
}
