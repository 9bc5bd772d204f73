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
    reason = "only the environment says whether tests may be skipped"
)]
fn everything_is_required() -> bool {
    std::env::var("TIDINGS_TEST_REQUIRE").is_ok_and(|value| value == "all")
}

/// The server; `None`, said aloud, where PostgreSQL is not installed.
pub(super) fn server() -> Option<&'static LocalPostgres> {
    static SERVER: OnceLock<Option<LocalPostgres>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        if LocalPostgres::programs().is_none() {
            assert!(
                !everything_is_required(),
                "PostgreSQL is missing, and TIDINGS_TEST_REQUIRE=all wants it"
            );
            // Not eprintln: that would be captured, and a skipped test must be seen.
            let said = writeln!(
                std::io::stderr(),
                "skipped: the cases on PostgreSQL (it is not installed)"
            );
            said.unwrap();
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
