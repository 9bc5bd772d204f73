//! A batch or a stream with bad events in it: the good ones are taken, the bad ones named
//! by their place.

use serde_json::{Value, json};

use crate::world::{World, customer, event, lines, order, reasons};

fn good(id: &str) -> Value {
    event(id, "order.confirmed", "ines", order(id))
}

#[tokio::test]
async fn the_good_ones_are_taken_and_the_bad_ones_named() {
    let world = World::start().await;
    world.put(&[customer("ines", 81)]).await;
    let mut no_subject = good("e-2");
    no_subject.as_object_mut().unwrap().remove("subject");
    let unknown = event("e-3", "order.confirmed", "nobody", order("e-3"));
    let batch = json!([
        good("e-1"),
        no_subject,
        unknown,
        "not an event",
        good("e-1"),
        good("e-4")
    ]);
    let kind = "application/cloudevents-batch+json";
    let answer = world
        .http
        .call("POST", "/v1/events", kind, batch.to_string())
        .await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let answer = answer.json();
    assert_eq!(
        (&answer["accepted"], &answer["duplicates"]),
        (&json!(3), &json!(1)),
        "{answer}"
    );
    let places = |list: &str| -> Vec<u64> {
        let entries = answer[list].as_array().unwrap();
        entries
            .iter()
            .map(|entry| entry["index"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(
        (places("rejected"), places("failed")),
        (vec![1, 3], vec![2]),
        "{answer}"
    );
    assert!(
        reasons(&answer["rejected"])[0].contains("/subject"),
        "{answer}"
    );
    assert_eq!(answer["events"].as_array().unwrap().len(), 6);
    assert_eq!(world.messages("ines").await.len(), 2);

    let mut stream = lines(&[good("e-5")]);
    stream.push_str("\n{\"broken\":\n");
    stream.push_str(&lines(&[good("e-1"), good("e-6")]));
    let answer = world
        .http
        .call("POST", "/v1/events", "application/x-ndjson", stream)
        .await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let answer = answer.json();
    assert_eq!(
        (&answer["accepted"], &answer["duplicates"]),
        (&json!(2), &json!(1)),
        "{answer}"
    );
    assert_eq!(
        answer["rejected"][0]["index"], 2,
        "blank lines count: {answer}"
    );
    assert_eq!(world.messages("ines").await.len(), 4);
    world.end().await;
}

#[tokio::test]
async fn customers_come_as_lines_too() {
    let world = World::start().await;
    let mut wrong = customer("tom", 83);
    wrong["time_zone"] = json!("Mars/Olympus");
    let body = lines(&[customer("ines", 82), wrong, customer("noah", 84)]);
    let answer = world
        .http
        .call("PUT", "/v1/customers", "application/x-ndjson", body)
        .await;
    let answer = answer.json();
    assert_eq!(
        (&answer["stored"], &answer["rejected_total"]),
        (&json!(2), &json!(1)),
        "{answer}"
    );
    assert!(
        answer["rejected"][0].to_string().contains("time_zone"),
        "{answer}"
    );
    assert_eq!(
        world.http.get("/v1/customers/noah").await.json()["locale"],
        "en-US"
    );
    assert_eq!(world.http.get("/v1/customers/tom").await.status, 404);
    world.end().await;
}
