//! The PostgreSQL that the cases of one test process share: each gets a database of its
//! own, copied from a migrated one.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use local_postgres::{Durability, LocalPostgres};
use model::Instant;
use tokio::sync::Mutex;

use crate::Store;

/// What all databases are copied from, once it is migrated.
static TEMPLATE: Mutex<bool> = Mutex::const_new(false);
static NEXT: AtomicU32 = AtomicU32::new(0);

#[expect(
    clippy::disallowed_methods,
    reason = "only the environment says what tests may use and skip"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Says that something is skipped; fails when nothing may be.
fn missing(what: &str) {
    assert!(
        variable("TIDINGS_TEST_REQUIRE").as_deref() != Some("all"),
        "{what}: missing, and TIDINGS_TEST_REQUIRE=all wants it"
    );
    // Not eprintln: that would be captured, and a skipped test must be seen.
    writeln!(std::io::stderr(), "skipped: {what}").unwrap();
}

/// The URL of an empty database of a Citus cluster, if there is one; no part of "all", for
/// no distribution packages it.
pub(super) fn citus() -> Option<String> {
    let url = variable("TIDINGS_TEST_CITUS");
    if url.is_none() {
        let what = "skipped: the store on Citus (TIDINGS_TEST_CITUS names no empty database)";
        writeln!(std::io::stderr(), "{what}").unwrap();
    }
    url
}

/// The server; `None`, said aloud, where PostgreSQL is not installed.
pub(super) fn server() -> Option<&'static LocalPostgres> {
    static SERVER: OnceLock<Option<LocalPostgres>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        if LocalPostgres::programs().is_none() {
            missing("the cases on PostgreSQL (it is not installed)");
            return None;
        }
        Some(LocalPostgres::start(Durability::Relaxed).unwrap())
    });
    server.as_ref()
}

/// The URL of a database that nobody has used.
pub(super) async fn fresh(migrated: bool, now: Instant) -> Option<String> {
    let server = server()?;
    let mut made = TEMPLATE.lock().await;
    if migrated && !*made {
        server.create_database("migrated", "template1").unwrap();
        let store = Store::open_postgres(&server.url("migrated"), now).await;
        let store = store.unwrap();
        // The secret and a number were given: all copies begin with them.
        store.close().await;
        *made = true;
    }
    let name = format!("case_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let template = if migrated { "migrated" } else { "template1" };
    server.create_database(&name, template).unwrap();
    Some(server.url(&name))
}

/// A connection past the store.
pub(super) async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}
