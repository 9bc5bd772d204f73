//! A marketer changes what customers read: the next message has the new words, the one
//! before keeps its own, a restart changes nothing, and there is a way back.

use serde_json::Value;

use crate::staff_use_the_console::{enrol, invite};
use crate::world::nodes::{Cluster, postgres_runs_here};
use crate::world::trouble::assert_ended_well;
use crate::world::{
    Browser, Http, customer, event, make_key, missing, order, python, run, say, serve, until,
    write_config,
};

const TYPE: &str = "/console/catalogue/order.confirmed";

/// Sends an order event and gives the title of the message it made, with the version of its
/// words.
async fn tell(http: &Http, number: &str) -> (String, u64) {
    let confirmed = event(number, "order.confirmed", "ines", order(number));
    let sent = http.post("/v1/events", &confirmed).await;
    assert_eq!(sent.status, 202, "{sent:?}");
    newest(http, 0).await
}

/// The title of one of a customer's messages, newest first, and the version of its words.
async fn newest(http: &Http, at: usize) -> (String, u64) {
    let list = http.get("/v1/customers/ines/messages").await.json();
    let id = list["messages"][at]["id"].as_str().unwrap().to_owned();
    let one = http.get(&format!("/v1/messages/{id}")).await.json();
    let message = one.get("message").unwrap_or(&one);
    let title = message["title"].as_str().unwrap().to_owned();
    let version = one["template_version"].as_u64();
    let version = version.or(message["template_version"].as_u64());
    (title, version.unwrap_or_else(|| panic!("{one}")))
}

#[tokio::test]
async fn new_words_serve_old_messages_keep_theirs_and_there_is_a_way_back() {
    if std::process::Command::new(python())
        .arg("--version")
        .output()
        .is_err()
    {
        missing("codes of staff (Python is not installed)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = write_config(folder.path(), "");
    let config = path.to_str().unwrap();
    let sol = invite(config, "Sol Andrade", "sol@marigold.example", "marketer").await;
    let again = invite(config, "Noor Haddad", "noor@marigold.example", "operator").await;
    let key = make_key(&path, "test").await;
    let (program, address) = serve(&path).await;
    let http = Http::new(&address, &key);
    let put = http.put("/v1/customers/ines", &customer("ines", 71)).await;
    assert!(put.status < 300, "{put:?}");
    let (shipped, first) = tell(&http, "MG-7101").await;

    let mut browser = Browser::new(&address);
    enrol(&mut browser, &sol).await;
    let page = browser.open(&format!("{TYPE}/edit")).await;
    assert!(page.body.contains("This is what serves."), "{page:?}");
    let edit = format!("{TYPE}/edit");
    let wrong = [
        ("act", "publish"),
        ("locale", "en"),
        ("note", "try"),
        ("text.title", "Confirm your password for {{ order.number }}"),
    ];
    let refused = browser.send(&edit, &wrong).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    assert!(refused.body.contains("asks_data"), "{refused:?}");
    let right = [
        ("act", "publish"),
        ("locale", "en"),
        ("note", "warmer"),
        ("text.title", "Thank you for {{ order.number }}"),
    ];
    let published = browser.send(&edit, &right).await;
    assert_eq!(published.status, 303, "{published:?}");

    let (title, second) = tell(&http, "MG-7102").await;
    assert_eq!(title, "Thank you for MG-7102");
    assert_eq!(second, first + 1);
    assert_eq!(newest(&http, 1).await, (shipped.clone(), first));

    // As strong as the disk: after a restart the words serve from the first event on.
    assert!(program.interrupt().await.status.success());
    let checked = run(&["check", "--config", config, "--json"]).await;
    let checked: Value = serde_json::from_str(&checked.stdout).unwrap();
    let passed = checked["passed"].as_array().unwrap();
    assert!(passed.iter().any(|place| place == "desk"), "{checked}");
    let (program, address) = serve(&path).await;
    let http = Http::new(&address, &key);
    assert_eq!(
        tell(&http, "MG-7103").await,
        ("Thank you for MG-7103".into(), second)
    );

    let mut browser = Browser::new(&address);
    enrol(&mut browser, &again).await;
    let history = browser.open(&format!("{TYPE}/history")).await.body;
    assert!(
        history.contains("Sol Andrade") && history.contains("warmer"),
        "{history}"
    );
    let back = [("to", "0"), ("last", "1"), ("note", "as it was")];
    let back = browser.send(&format!("{TYPE}/back"), &back).await;
    assert_eq!(back.status, 303, "{back:?}");
    let (title, third) = tell(&http, "MG-7104").await;
    assert_eq!(title, shipped.replace("MG-7101", "MG-7104"));
    assert_eq!(third, second + 1);
    assert_eq!(newest(&http, 1).await.0, "Thank you for MG-7103");
    let audit = browser
        .open("/console/audit?action=template.published")
        .await
        .body;
    assert!(
        audit.contains("Sol Andrade") && audit.contains("edition: 1"),
        "{audit}"
    );
    assert!(program.interrupt().await.status.success());
}

/// The version of the words of a new message.
async fn version_at(http: &Http, number: &str) -> u64 {
    tell(http, number).await.1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_at_one_node_serves_at_the_other() {
    if !postgres_runs_here() {
        return;
    }
    if std::process::Command::new(python())
        .arg("--version")
        .output()
        .is_err()
    {
        missing("codes of staff (Python is not installed)");
        return;
    }
    let cluster = Cluster::new("", None).await;
    let added = [
        "staff",
        "add",
        "--name",
        "Sol Andrade",
        "--email",
        "sol@marigold.example",
        "--role",
        "marketer",
        "--json",
    ];
    let added: Value = serde_json::from_str(&cluster.run(&added).await).unwrap();
    let url = added["url"].as_str().unwrap();
    let link = format!("/console{}", url.split_once("/console").unwrap().1);
    let ((a, at_a), (b, at_b)) = tokio::join!(cluster.serve(), cluster.serve());
    let put = at_a.put("/v1/customers/ines", &customer("ines", 72)).await;
    assert!(put.status < 300, "{put:?}");
    let first = version_at(&at_a, "MG-7201").await;
    let mut browser = Browser::new(at_a.address());
    enrol(&mut browser, &link).await;
    let words = [
        ("act", "publish"),
        ("locale", "en"),
        ("note", "warmer"),
        ("text.title", "Thank you for {{ order.number }}"),
    ];
    let published = browser.send(&format!("{TYPE}/edit"), &words).await;
    assert_eq!(published.status, 303, "{published:?}");
    let began = std::time::Instant::now();
    assert_eq!(version_at(&at_a, "MG-7202").await, first + 1);
    let mut number = 7202;
    until("the other node says it too", async || {
        number += 1;
        let version = version_at(&at_b, &format!("MG-{number}")).await;
        (version == first + 1).then_some(())
    })
    .await;
    say(&format!(
        "published at one node, it served at the other after {} ms",
        began.elapsed().as_millis()
    ));
    for program in [a, b] {
        assert_ended_well(&program.interrupt().await);
    }
}
