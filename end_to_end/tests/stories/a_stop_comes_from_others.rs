//! Stops that somebody else heard: the carrier refuses a text because its owner told it to
//! stop, or says so in a receipt; an agent stops at the console. Nothing more leaves, not even
//! what was queued.

use std::process::Command;

use serde_json::{Value, json};

use crate::staff_use_the_console::{enrol, invite};
use crate::world::trouble::{
    assert_ended_well, delivered, message_of, post, put_customers, settles,
};
use crate::world::{
    Browser, Http, Trouble, customer, delivery_of, make_key, missing, outcomes, python, serve,
    until,
};

/// A carrier whose errors of this kind are configured.
async fn carrier() -> Trouble {
    let trouble = Trouble::new("").await;
    let text = std::fs::read_to_string(&trouble.config).unwrap();
    let errors = "opt_out_errors = [\"smpp 0x45d\", \"err:061\"]\n[email]";
    std::fs::write(&trouble.config, text.replace("[email]", errors)).unwrap();
    trouble
}

/// Waits until the text about an event was refused for now, so that it waits for its next try.
async fn waits(http: &Http, (who, number): (u32, u32)) {
    until("the text was throttled", async || {
        let text = delivery_of(&message_of(http, who, number).await, "sms")?;
        (outcomes(&text).first() == Some(&"retry_later")).then_some(())
    })
    .await;
}

/// How the lines of a customer's ledger came to us.
async fn ways(http: &Http, who: u32) -> Vec<Value> {
    let path = format!("/v1/customers/c-{who}/consent");
    let proof = http.get(&path).await.json();
    let lines = proof["ledger"].as_array().unwrap().iter();
    let line =
        |line: &Value| -> Value { serde_json::from_str(line["text"].as_str().unwrap()).unwrap() };
    lines.map(line).map(|line| line["how"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_carriers_own_refusal_silences_a_number() {
    let trouble = carrier().await;
    let (program, http) = trouble.serve().await;
    put_customers(&http, 2).await;
    trouble.faults(&json!({"texts": {"throttle_every": 1}}));
    post(&http, &delivered(1, 1)).await;
    waits(&http, (1, 1)).await;
    let phone = customer("c-1", 1)["phone"].clone();
    trouble.faults(&json!({"texts": {"opted_out": [phone]}}));
    post(&http, &delivered(2, 1)).await;
    let refused = settles(&http, (1, 2), "sms", &["rejected"]).await;
    let last = refused["attempts"].as_array().unwrap().last().unwrap();
    assert_eq!(last["code"], "smpp 0x45d", "{refused}");
    trouble.faults(&json!({}));
    let queued = settles(&http, (1, 1), "sms", &["cancelled"]).await;
    let last = queued["attempts"].as_array().unwrap().last().unwrap();
    assert_eq!(last["reason"], "suppression.suppressed", "{queued}");
    post(&http, &delivered(3, 1)).await;
    settles(&http, (1, 3), "email", &["accepted"]).await;
    assert!(delivery_of(&message_of(&http, 1, 3).await, "sms").is_none());
    assert_eq!(ways(&http, 1).await.last().unwrap(), "provider");
    let found = http
        .post("/v1/suppressions/search", &json!({"phone": phone}))
        .await
        .json();
    let entry = &found["suppressions"][0];
    assert_eq!(
        (&entry["reason"], &entry["own"]),
        (&json!("provider_stop"), &json!(true))
    );

    // Another carrier takes the text, and says it in a receipt.
    let phone = customer("c-0", 0)["phone"].clone();
    trouble.faults(&json!({"texts": {"opted_out": [phone], "opted_out_status": 0}}));
    post(&http, &delivered(4, 0)).await;
    settles(&http, (0, 4), "sms", &["undelivered"]).await;
    trouble.faults(&json!({}));
    post(&http, &delivered(5, 0)).await;
    settles(&http, (0, 5), "email", &["accepted"]).await;
    assert!(delivery_of(&message_of(&http, 0, 5).await, "sms").is_none());
    let texts = trouble.arrived().iter().filter(|a| a.way == "sms").count();
    assert_eq!(
        texts, 1,
        "no confirmation either, only what the carrier took"
    );
    assert_ended_well(&program.interrupt().await);
    trouble.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_stops_texts_at_the_console() {
    if Command::new(python()).arg("--version").output().is_err() {
        missing("codes of staff (Python is not installed)");
        return;
    }
    let trouble = carrier().await;
    let config = trouble.config.to_str().unwrap();
    let link = invite(config, "Sol Andrade", "sol@marigold.example", "support").await;
    let key = make_key(&trouble.config, "live").await;
    let (program, address) = serve(&trouble.config).await;
    let http = Http::new(&address, &key);
    put_customers(&http, 2).await;
    trouble.faults(&json!({"texts": {"throttle_every": 1}}));
    post(&http, &delivered(1, 1)).await;
    waits(&http, (1, 1)).await;

    let mut sol = Browser::new(&address);
    enrol(&mut sol, &link).await;
    let phone = customer("c-1", 1)["phone"].as_str().unwrap().to_owned();
    let found = sol
        .send("/console/customers/find", &[("who", &phone)])
        .await;
    assert_eq!(found.status, 303, "{found:?}");
    let page = sol.open("/console/customers/c-1").await;
    assert!(
        page.body.contains("Stop texts") && !page.body.contains(&phone),
        "{page:?}"
    );
    let stopped = sol
        .send("/console/customers/c-1/stop", &[("what", "sms")])
        .await;
    assert_eq!(stopped.status, 303, "{stopped:?}");
    trouble.faults(&json!({}));

    let queued = settles(&http, (1, 1), "sms", &["cancelled"]).await;
    let last = queued["attempts"].as_array().unwrap().last().unwrap();
    assert_eq!(last["outcome"], "stopped", "{queued}");
    post(&http, &delivered(2, 1)).await;
    settles(&http, (1, 2), "email", &["accepted"]).await;
    assert!(delivery_of(&message_of(&http, 1, 2).await, "sms").is_none());
    assert_eq!(
        trouble.times("sms", 1) + trouble.times("sms", 2),
        0,
        "nothing left"
    );
    assert_eq!(ways(&http, 1).await.last().unwrap(), "agent");
    assert_ended_well(&program.interrupt().await);
    trouble.end().await;
}
