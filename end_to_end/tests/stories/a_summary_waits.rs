//! A customer wants a summary a day. What waits for it survives a kill; the summary comes at
//! its moment, once, whatever is killed around it; and who said no before it gets none.
//!
//! The server asks the system for the time through a few lines of C that add to it.

use serde_json::{Value, json};

use crate::the_clock_jumps::{library, set};
use crate::world::trouble::{confirmed, message_of, post, put_customers};
use crate::world::{Http, Trouble, delivery_of, make_key, missing, until};

/// Past the next nine in the morning of any zone.
const NEXT_DAY: i64 = 26 * 3_600 * 1_000_000_000;

/// Chooses for a customer; nothing about it may be wrong.
async fn choose(http: &Http, who: u32, choices: Value) {
    let path = format!("/v1/customers/c-{who}/preferences");
    let chosen = http.put(&path, &choices).await;
    assert_eq!(chosen.status, 200, "{chosen:?}");
}

/// The last word of the trace of a message, about mail.
async fn last_word(http: &Http, who: u32, number: u32) -> Value {
    let message = message_of(http, who, number).await;
    assert!(delivery_of(&message, "email").is_none(), "{message}");
    let trace = message["trace"].as_array().unwrap();
    let of_mail = trace.iter().rfind(|spoke| spoke["channel"] == "email");
    of_mail.unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_comes_once_after_a_kill_and_never_after_a_no() {
    let trouble = Trouble::new("").await;
    let key = make_key(&trouble.config, "live").await;
    let Some(library) = library(trouble.folder.path()).await else {
        missing("cc, a C compiler");
        return;
    };
    let hands = trouble.folder.path().join("clock");
    set(&hands, 0);
    let command = || {
        let mut command = trouble.command_under(&[]);
        command
            .env("LD_PRELOAD", &library)
            .env("TIDINGS_TEST_CLOCK", &hands);
        command
    };
    let (server, http) = trouble.serve_by(command(), &key).await;
    put_customers(&http, 3).await;
    let daily = json!({"topics": [
        {"category": "orders", "channel": "email", "on": true, "frequency": "daily"},
    ]});
    for who in 0..2 {
        choose(&http, who, daily.clone()).await;
    }
    for (number, who) in [(10, 0), (11, 1), (12, 0)] {
        post(&http, &confirmed(number, who)).await;
        let held = last_word(&http, who, number).await;
        assert_eq!(held["rule"], "digest", "{held}");
        assert_eq!(held["verdict"], "hold", "{held}");
        assert_eq!(held["why"], "daily", "{held}");
    }
    // Who chose nothing gets each at once; what waits did not leave meanwhile.
    post(&http, &confirmed(13, 2)).await;
    trouble.comes("email", 13).await;
    assert_eq!(trouble.arrived().len(), 1);
    let stop = json!({"channels": [{"channel": "email", "allowed": false}]});
    choose(&http, 1, stop).await;

    server.kill().await;
    set(&hands, NEXT_DAY);
    let (server, http) = trouble.serve_by(command(), &key).await;
    // The newest of what it lists stands first.
    trouble.comes("email", 12).await;
    until("the other one is dropped, with the reason", async || {
        let word = last_word(&http, 1, 11).await;
        (word["rule"] == "consent" && word["why"] == "withdrawn").then_some(())
    })
    .await;

    server.kill().await;
    set(&hands, 2 * NEXT_DAY);
    let (server, http) = trouble.serve_by(command(), &key).await;
    post(&http, &confirmed(14, 2)).await;
    trouble.comes("email", 14).await;
    // A summary of the next day comes after all that is due before it.
    post(&http, &confirmed(15, 0)).await;
    set(&hands, 3 * NEXT_DAY);
    trouble.comes("email", 15).await;
    for (number, times) in [(10, 0), (11, 0), (12, 1), (13, 1), (14, 1), (15, 1)] {
        assert_eq!(trouble.times("email", number), times, "{number}");
    }
    let path = "/v1/customers/c-1/messages";
    let page = http.get(path).await.json();
    assert_eq!(page["messages"].as_array().unwrap().len(), 1, "{page}");
    let ended = server.interrupt().await;
    assert!(ended.status.success(), "{ended:?}");
    trouble.end().await;
}
