//! `tidings demo`: it opens and prints where; or says in one sentence why it does not.

use tokio::net::TcpListener;

use crate::world::{Ended, Http, Program, run};

/// The one sentence of a refusal.
fn refusal(ended: &Ended) -> &str {
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let mut lines = ended.stderr.lines().filter(|line| !line.trim().is_empty());
    let line = lines.next().expect("it says why");
    assert_eq!(lines.next(), None, "{ended:?}");
    line
}

#[tokio::test]
async fn it_prints_its_pages_shows_them_and_drains_on_ctrl_c() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("shop");
    let data = data.to_str().unwrap();
    let mut demo = Program::start(&["demo", "--port", "0", "--data", data, "--speed", "20"]);
    let center = demo.line_with("Message Center").await;
    let url = center
        .split_whitespace()
        .next()
        .unwrap()
        .trim_end_matches('/')
        .to_owned();
    let mut pages = vec!["/".to_owned(), "/sign-in".to_owned()];
    for name in ["The phones", "The mailboxes", "The console"] {
        let page = demo.line_with(name).await;
        pages.push(page.strip_prefix(&url).unwrap().to_owned());
    }
    let http = Http::new(url.strip_prefix("http://").unwrap(), "");
    for page in &pages {
        let answer = http.get(page).await;
        assert_eq!(answer.status, 200, "{page}");
    }
    let choice = http.get("/sign-in").await.body;
    assert!(choice.contains("Inês Machado"), "who to be can be chosen");
    let mails = http.get("/sandbox/api/mails?wait=20").await.json();
    assert_ne!(
        mails["mails"].as_array().unwrap().len(),
        0,
        "the mailboxes are not empty"
    );

    let second = run(&["demo", "--port", "0", "--data", data]).await;
    let why = refusal(&second);
    assert!(
        why.contains("in use by another tidings") && why.contains(data),
        "{why}"
    );

    let ended = demo.interrupt().await;
    assert!(ended.status.success(), "{ended:?}");
    assert!(
        ended.stdout.contains("events") && ended.stdout.contains(data),
        "{ended:?}"
    );

    // On the same folder it goes on where it was.
    let mut demo = Program::start(&["demo", "--port", "0", "--data", data]);
    let center = demo.line_with("Message Center").await;
    let url = center.split_whitespace().next().unwrap();
    let http = Http::new(url.trim_start_matches("http://").trim_end_matches('/'), "");
    assert_eq!(http.get("/sandbox/phone").await.status, 200);
    let ended = demo.interrupt().await;
    assert!(ended.status.success(), "{ended:?}");
}

#[tokio::test]
async fn a_taken_port_and_an_unwritable_folder_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let data = folder.path().join("shop");
    let refused = run(&["demo", "--port", &port, "--data", data.to_str().unwrap()]).await;
    let why = refusal(&refused);
    assert!(why.contains(&port) && why.contains("is taken"), "{why}");

    // Below a file there can be no folder, whoever asks.
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("shop");
    let refused = run(&["demo", "--port", "0", "--data", below.to_str().unwrap()]).await;
    let why = refusal(&refused);
    assert!(
        why.contains("cannot be written") && why.contains(below.to_str().unwrap()),
        "{why}"
    );

    let refused = run(&["demo", "--speed", "0"]).await;
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
}
