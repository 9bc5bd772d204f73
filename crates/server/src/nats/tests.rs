//! Doorbells between two nodes of one store, over a real nats-server.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use model::{Customer, RecipientId};
use pipeline::catalogue::Catalogue;
use pipeline::{AsOf, EventAnswer, Limits, RawEvent, Submission};
use serde_json::json;
use store::Store;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::*;
use crate::clock;

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A nats-server on a free port; killed when dropped.
async fn nats_server(folder: &Path) -> Option<(Child, String)> {
    let spawned = Command::new("nats-server")
        .args(["-a", "127.0.0.1", "-p", "-1", "-js", "--ports_file_dir"])
        .arg(folder)
        .arg("-sd")
        .arg(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let Ok(child) = spawned else {
        assert!(
            std::env::var_os("TIDINGS_TEST_REQUIRE").is_none_or(|required| required != "all"),
            "nats-server is missing, and TIDINGS_TEST_REQUIRE=all wants it"
        );
        let _ = writeln!(std::io::stderr(), "skipped: nats-server is missing");
        return None;
    };
    let file = format!("nats-server_{}.ports", child.id().unwrap());
    let waiting = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        loop {
            ticks.tick().await;
            let text = std::fs::read_to_string(folder.join(&file)).unwrap_or_default();
            let ports = serde_json::from_str::<serde_json::Value>(&text).unwrap_or_default();
            if let Some(url) = ports["nats"][0].as_str() {
                return url.to_owned();
            }
        }
    };
    let url = timeout(PATIENCE, waiting).await.unwrap();
    Some((child, url))
}

/// A node: a store with all that speaks with NATS.
struct Node {
    pipeline: Pipeline,
    nats: Nats,
}

impl Node {
    async fn start(folder: &Path, url: &str) -> Self {
        let store = Store::open_sqlite(folder, clock::now()).unwrap();
        let text = include_str!("../../../../docs/reference/tidings.toml");
        let brand = crate::wiring::brand(&config::parse(text).unwrap().brand);
        let catalogue = Arc::new(Catalogue::load(None).unwrap());
        let pipeline = Pipeline::new(store, catalogue, brand, clock::system(), Limits::default());
        let settings = config::Nats {
            url: Some(model::Sealed::new(url)),
            ..config::Nats::default()
        };
        let nats = start(&settings, &pipeline).await.unwrap();
        for link in &nats.links {
            let mut link = link.clone();
            timeout(PATIENCE, link.standing()).await.unwrap();
            // Every subscription made until now is known to the server.
            link.client.flush().await.unwrap();
        }
        Self { pipeline, nats }
    }

    async fn stop(self) {
        timeout(PATIENCE, self.nats.stop()).await.unwrap();
        self.pipeline.store().close().await;
    }
}

/// A store with one customer.
async fn store_with_ana() -> (TempDir, RecipientId) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_sqlite(folder.path(), clock::now()).unwrap();
    let ana: Customer = serde_json::from_value(json!({
        "id": "ana", "name": "Ana", "locale": "en-US", "time_zone": "UTC", "country": "US",
        "phone": null, "email": null, "consents": [], "preferences": [],
    }))
    .unwrap();
    let recipients = store.put_customers(vec![ana], clock::now()).await.unwrap();
    store.close().await;
    (folder, recipients[0])
}

fn copy(from: &Path) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    folder
}

async fn order(pipeline: &Pipeline, id: &str) {
    let event = json!({
        "specversion": "1.0", "id": id, "source": "/test", "type": "order.confirmed",
        "subject": "ana", "data": {"order": {"number": id, "total": "49.90", "currency": "USD",
        "items": [{"title": "Desk lamp", "quantity": 1, "price": "49.90"}]}},
    });
    let submission = Submission {
        mode: model::Mode::Test,
        as_of: AsOf::Now,
        own: false,
    };
    let answers = pipeline
        .accept(vec![RawEvent::Value(event)], submission)
        .await
        .unwrap();
    assert!(
        matches!(answers[..], [EventAnswer::Accepted { .. }]),
        "{answers:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_on_one_node_hears_what_another_committed() {
    let folder = tempfile::tempdir().unwrap();
    let Some((_server, url)) = nats_server(folder.path()).await else {
        return;
    };
    // A copy has the keys of the first, as two nodes on one database have; the third not.
    let (first, ana) = store_with_ana().await;
    let second = copy(first.path());
    let (third, same) = store_with_ana().await;
    let one = Node::start(first.path(), &url).await;
    let two = Node::start(second.path(), &url).await;
    let stranger = Node::start(third.path(), &url).await;

    let mut page = two.pipeline.store().watch_mailbox(ana);
    let mut unconcerned = stranger.pipeline.store().watch_mailbox(same);
    order(&one.pipeline, "MG-1").await;
    let heard = timeout(PATIENCE, page.next())
        .await
        .expect("the bell is heard");
    assert_eq!(heard, Some(1));
    // A second way through the server: whatever the third was to hear is there by now.
    order(&one.pipeline, "MG-2").await;
    assert_eq!(timeout(PATIENCE, page.next()).await.unwrap(), Some(2));
    stranger.nats.links[0].client.flush().await.unwrap();
    use futures_util::FutureExt as _;
    assert_eq!(unconcerned.next().now_or_never(), None);
    for node in [one, two, stranger] {
        node.stop().await;
    }
}
