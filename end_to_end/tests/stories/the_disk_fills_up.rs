//! The store's disk fills up while the server works. It stays up and says so; what it has
//! acknowledged stays. Once there is space it goes on by itself.
//!
//! The disk is a small one in memory that only the server's process has mounted; the story
//! reaches it through that process.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde_json::json;
use tokio::process::Command;

use crate::world::trouble::{
    assert_comes_back_later, assert_ended_well, code, confirmed, delivered, post, put_customers,
    settles, tidings,
};
use crate::world::{Answer, Http, Program, Trouble, missing, outcomes, until};

/// Mounts the disk, makes a key, and becomes the server.
const BEGIN: &str = "mount -t tmpfs -o size=16m,mode=700 none \"$1\" \
     && \"$2\" api-key --config \"$3\" --name story --mode live > \"$4\" \
     && exec \"$2\" serve --config \"$3\"";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_refuses_in_plain_words_and_goes_on_by_itself() {
    let Some(unshare) = private_mounts().await else {
        missing("the right to mount a small disk (unshare and mount)");
        return;
    };
    let trouble = Trouble::new("").await;
    let (server, http, disk) = serve_on_a_small_disk(&trouble, unshare).await;
    put_customers(&http, 10).await;
    for number in 0..10 {
        post(&http, &delivered(number, number)).await;
    }
    trouble.comes("email", 9).await;

    // These are with the carriers when the disk is full: their answers come after that.
    let slow = json!({"texts": {"answer_delay_ms": 1500}, "mails": {"answer_delay_ms": 1500}});
    trouble.faults(&slow);
    for number in 10..15 {
        post(&http, &code(number, number % 10)).await;
        post(&http, &confirmed(number + 10, number % 10)).await;
    }
    for number in 10..15 {
        trouble.comes("sms", number).await;
        trouble.comes("email", number + 10).await;
    }
    let filler = fill(&disk);
    trouble.faults(&json!({}));

    let mut acknowledged = Vec::new();
    let mut refused = 0;
    for number in 100..140 {
        let event = match number % 2 {
            0 => code(number, number % 10),
            _ => confirmed(number, number % 10),
        };
        let answer = http.post("/v1/events", &event).await;
        if answer.status == 202 {
            acknowledged.push(number);
        } else {
            assert_comes_back_later(&answer, 503);
            refused += 1;
        }
    }
    assert!(refused > 0, "the disk was not full");
    let stream = [confirmed(140, 0), code(141, 1)];
    let body = crate::world::lines(&stream);
    let answer = http
        .call("POST", "/v1/events", "application/x-ndjson", body)
        .await;
    assert_comes_back_later(&answer, 503);
    let profile =
        json!({"name": "Ana Sample", "locale": "en-US", "time_zone": "UTC", "country": "US"});
    assert_comes_back_later(&http.put("/v1/customers/new", &profile).await, 503);
    it_still_reads(&http).await;

    // The answers of those in flight have come by now, and wait.
    until("outcomes wait for the disk", async || {
        let metrics = http.get("/metrics").await.body;
        (counted(&metrics, "tidings_attempts_total{") >= 30).then_some(())
    })
    .await;
    let problem = http.get("/readyz").await;
    assert_comes_back_later(&problem, 503);
    assert!(problem.body.contains("disk"), "{problem:?}");
    std::fs::remove_file(&filler).unwrap();
    until("it is ready again", async || {
        (http.get("/readyz").await.status == 200).then_some(())
    })
    .await;
    for number in 100..140 {
        if !acknowledged.contains(&number) {
            let event = match number % 2 {
                0 => code(number, number % 10),
                _ => confirmed(number, number % 10),
            };
            post(&http, &event).await;
        }
    }
    everything_came_once(&trouble, &http).await;
    assert_ended_well(&server.interrupt().await);
    trouble.end().await;
}

async fn everything_came_once(trouble: &Trouble, http: &Http) {
    let texts = (0..15).chain((100..140).step_by(2));
    let mails = (0..10).chain(20..25).chain((101..140).step_by(2));
    for (way, number) in texts.map(|n| ("sms", n)).chain(mails.map(|n| ("email", n))) {
        let final_states = ["accepted", "delivered"];
        let delivery = settles(http, (number % 10, number), way, &final_states).await;
        assert_eq!(outcomes(&delivery), ["accepted"], "{number} {delivery}");
        assert_eq!(trouble.times(way, number), 1, "{number} by {way}");
    }
}

/// What needs no writing works on.
async fn it_still_reads(http: &Http) {
    assert_eq!(http.get("/healthz").await.status, 200);
    let page = http.get("/v1/customers/c-3/messages").await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.body.contains("msg_"), "{page:?}");
    let token = http.post("/v1/customers/c-3/tokens", &json!({})).await;
    let Answer { status, body, .. } = token;
    assert!(status < 300, "a token needs no disk: {status} {body}");
}

/// The sum of a counter's series.
fn counted(metrics: &str, name: &str) -> u64 {
    let series = metrics.lines().filter(|line| line.starts_with(name));
    series
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok())
        .sum()
}

/// How this user gets mounts of its own, if there is a way.
async fn private_mounts() -> Option<&'static [&'static str]> {
    const WAYS: [&[&str]; 2] = [&["unshare", "-m"], &["unshare", "-rm"]];
    for way in WAYS {
        let folder = tempfile::tempdir().unwrap();
        let mount = ["sh", "-c", "mount -t tmpfs -o size=1m none \"$0\""];
        let tried = Command::new(way[0])
            .args(&way[1..])
            .args(mount)
            .arg(folder.path())
            .output()
            .await;
        if tried.is_ok_and(|tried| tried.status.success()) {
            return Some(way);
        }
    }
    None
}

async fn serve_on_a_small_disk(trouble: &Trouble, unshare: &[&str]) -> (Program, Http, PathBuf) {
    let folder = trouble.folder.path();
    let (data, key) = (folder.join("data"), folder.join("key"));
    std::fs::create_dir(&data).unwrap();
    let mut command = Command::new(unshare[0]);
    command
        .args(&unshare[1..])
        .args(["sh", "-c", BEGIN, "begin"])
        .args([&data, tidings(), &trouble.config, &key]);
    let (server, http) = trouble.serve_by(command, "").await;
    let made = std::fs::read_to_string(&key).unwrap();
    let http = http.as_holder_of(made.trim());
    let inside = format!("/proc/{}/root{}", server.id(), data.display());
    (server, http, PathBuf::from(inside))
}

/// Writes until nothing more fits.
fn fill(disk: &Path) -> PathBuf {
    assert!(disk.join("tidings.db").exists(), "the server's disk");
    let path = disk.join("filler");
    let mut file = File::create(&path).unwrap();
    for size in [65_536, 4_096, 1] {
        loop {
            match file.write_all(&vec![7; size]) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => panic!("{error}"),
            }
        }
    }
    path
}
