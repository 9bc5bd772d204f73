//! The machine's clock is set two hours ahead while the server works, and back again. What
//! is on its way is neither doubted nor sent twice, what waits does not wait for two hours,
//! ids stay unique and in order, and codes work all the time.
//!
//! The server asks the system for the time through a few lines of C that add to it.

use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use serde_json::json;
use tokio::process::Command;

use crate::world::trouble::{
    assert_ended_well, code, confirmed, delivered, post, put_customers, settles,
};
use crate::world::{Http, Trouble, make_key, missing, outcomes};

const TWO_HOURS: i64 = 2 * 3_600 * 1_000_000_000;

/// Few in flight, so that some wait in the queue.
const FEW: &str = "[limits]\nin_flight = 16\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_doubted_held_up_or_mixed_up() {
    let trouble = Trouble::new(FEW).await;
    let key = make_key(&trouble.config, "live").await;
    let Some(library) = library(trouble.folder.path()).await else {
        missing("cc, a C compiler");
        return;
    };
    let hands = trouble.folder.path().join("clock");
    set(&hands, 0);
    let mut command = trouble.command_under(&[]);
    command
        .env("LD_PRELOAD", library)
        .env("TIDINGS_TEST_CLOCK", &hands);
    let (server, http) = trouble.serve_by(command, &key).await;
    put_customers(&http, 10).await;
    post(&http, &code(1, 1)).await;
    trouble.comes("sms", 1).await;

    // These are with the carrier when the clock is set ahead.
    trouble.faults(&json!({"texts": {"answer_delay_ms": 11_000}}));
    for number in 10..14 {
        post(&http, &delivered(number, number % 10)).await;
    }
    post(&http, &code(14, 4)).await;
    for number in 10..15 {
        trouble.comes("sms", number).await;
    }
    set(&hands, TWO_HOURS);
    for number in 10..15 {
        once(&trouble, &http, "sms", number).await;
    }
    trouble.faults(&json!({}));
    post(&http, &code(2, 2)).await;
    once(&trouble, &http, "sms", 2).await;

    // These wait when it is set back: refused for now, or not handed over yet.
    trouble.faults(&json!({"mails": {"refuse_for_now_every": 1, "answer_delay_ms": 300}}));
    for number in 20..60 {
        post(&http, &confirmed(number, number % 10)).await;
    }
    settles(&http, (0, 20), "email", &["scheduled"]).await;
    set(&hands, 0);
    post(&http, &code(3, 3)).await;
    once(&trouble, &http, "sms", 3).await;
    trouble.faults(&json!({}));
    for number in 20..60 {
        trouble.comes("email", number).await;
        assert_eq!(trouble.times("email", number), 1, "{number} came once");
    }
    the_newest_stands_first(&http).await;
    assert_ended_well(&server.interrupt().await);
    trouble.end().await;
}

/// Arrived, and accepted at the first try, with no doubt in between.
async fn once(trouble: &Trouble, http: &Http, way: &str, number: u32) {
    let delivery = settles(http, (number % 10, number), way, &["accepted", "delivered"]).await;
    assert_eq!(outcomes(&delivery), ["accepted"], "{number} {delivery}");
    assert_eq!(trouble.times(way, number), 1, "{number} by {way}");
}

/// In the order they came in, whatever the clock said.
async fn the_newest_stands_first(http: &Http) {
    let path = "/v1/customers/c-3/messages";
    post(http, &confirmed(63, 3)).await;
    let page = http.get(path).await.json();
    let messages = page["messages"].as_array().unwrap();
    let ids: BTreeSet<&str> = messages.iter().map(|m| m["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), messages.len(), "each id once: {page}");
    let listed: Vec<&str> = messages.iter().map(|m| m["id"].as_str().unwrap()).collect();
    let sorted: Vec<&str> = ids.into_iter().rev().collect();
    assert_eq!(listed, sorted, "{page}");
    let newest = http
        .get(&format!("/v1/messages/{}", listed[0]))
        .await
        .json();
    assert_eq!(newest["event"]["event_id"], "K-000063", "{page}");
}

/// Sets the server's clock so many nanoseconds ahead of the right time.
pub(crate) fn set(hands: &Path, ahead: i64) {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(hands);
    file.unwrap().write_all_at(&ahead.to_ne_bytes(), 0).unwrap();
}

/// Builds what stands between the server and the system's clock.
pub(crate) async fn library(folder: &Path) -> Option<PathBuf> {
    let library = folder.join("clock.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories/world/clock.c");
    let built = Command::new("cc")
        .args(["-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .output()
        .await
        .ok()?;
    assert!(built.status.success(), "{built:?}");
    Some(library)
}
