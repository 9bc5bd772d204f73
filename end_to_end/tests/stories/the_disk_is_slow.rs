//! Each write takes the disk a quarter of a second. Events are accepted more slowly, many
//! with one write, and none is refused; codes go out; nothing is lost.
//!
//! `strace` holds back the server's calls that wait for the disk.

use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio::task::JoinSet;

use crate::world::trouble::{assert_ended_well, code, delivered, post, put_customers, settles};
use crate::world::{Trouble, make_key, missing, outcomes};

const A_WRITE: Duration = Duration::from_millis(250);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_takes_longer_and_loses_nothing() {
    let held_back = format!("inject=fdatasync,fsync:delay_exit={}", A_WRITE.as_micros());
    // -D: the tracer stands aside, and the process that was started is the server.
    let slowly = [
        "strace",
        "-D",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-o",
        "/dev/null",
    ];
    let slowly = [
        &slowly[..],
        &["-e", "trace=fdatasync,fsync", "-e", &held_back],
    ]
    .concat();
    let tried = Command::new(slowly[0])
        .args(&slowly[1..])
        .arg("true")
        .output()
        .await;
    if !tried.is_ok_and(|tried| tried.status.success()) {
        missing("strace (Debian: strace) with the right to trace");
        return;
    }
    let trouble = Trouble::new("").await;
    let key = make_key(&trouble.config, "live").await;
    let command = trouble.command_under(&slowly);
    let (server, http) = trouble.serve_by(command, &key).await;
    put_customers(&http, 10).await;

    let began = Instant::now();
    post(&http, &code(1, 1)).await;
    let took = began.elapsed();
    assert!(took >= A_WRITE, "the disk was not slow: {took:?}");
    trouble.comes("sms", 1).await;

    let began = Instant::now();
    let mut posting = JoinSet::new();
    for number in 100..180 {
        let http = http.clone();
        posting.spawn(async move { post(&http, &delivered(number, number % 10)).await });
    }
    // In the middle of it.
    let asked = Instant::now();
    post(&http, &code(2, 2)).await;
    trouble.comes("sms", 2).await;
    let code_took = asked.elapsed();
    posting.join_all().await;
    let took = began.elapsed();
    assert!(took < A_WRITE * 40, "80 events shared no write: {took:?}");
    // Its commit and its claim, each behind a write under way.
    assert!(code_took < Duration::from_secs(5), "{code_took:?}");
    for number in 100..180 {
        for way in ["sms", "email"] {
            trouble.comes(way, number).await;
        }
    }
    for number in [2, 100, 139, 179] {
        let who = (number % 10, number);
        let text = settles(&http, who, "sms", &["accepted", "delivered"]).await;
        assert_eq!(outcomes(&text), ["accepted"], "{text}");
    }
    assert_eq!(http.get("/readyz").await.status, 200);
    assert_ended_well(&server.interrupt().await);
    let arrived = trouble.arrived();
    assert_eq!(arrived.len(), 2 + 160, "each came once: {arrived:?}");
    trouble.end().await;
}
