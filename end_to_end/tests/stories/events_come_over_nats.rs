//! Events that come over NATS JetStream: each once, whatever comes twice, and what is no
//! event is kept with its reason and holds up nobody.

use serde_json::json;

use crate::nats_server::{NatsFolder, runs_here};
use crate::world::{World, customer, event, lines, order, parcel, until};

#[tokio::test]
async fn events_become_messages_and_a_code_has_a_subject_of_its_own() {
    if !runs_here().await {
        return;
    }
    let nats = NatsFolder::new().await;
    let _server = nats.start().await;
    let world = World::with(&nats.section()).await;
    let ines = customer("ines", 71);
    world.put(std::slice::from_ref(&ines)).await;
    nats.stream("tidings-events").await;

    // One is known already, from HTTP; one comes twice; two come in one message.
    let known = event("e-1", "order.confirmed", "ines", order("MG-7101"));
    world.post(&known).await;
    let shipped = event("e-2", "shipment.shipped", "ines", parcel("MG-7101"));
    let bodies = [
        known.to_string(),
        shipped.to_string(),
        shipped.to_string(),
        lines(&[
            event("e-3", "shipment.delivered", "ines", parcel("MG-7101")),
            event("e-4", "order.confirmed", "ines", order("MG-7102")),
        ]),
        format!(
            "{:#}",
            event("e-5", "order.confirmed", "ines", order("MG-7103"))
        ),
    ];
    nats.publish("tidings.events.orders", &bodies).await;
    let code = event("e-6", "security.code", "ines", json!({"code": "482913"}));
    nats.publish("tidings.security", &[code.to_string()]).await;

    assert_eq!(nats.taken().await, 0, "what is answered leaves the queue");
    assert_eq!(world.messages("ines").await.len(), 6);
    let texts = world.texts(ines["phone"].as_str().unwrap()).await;
    let has_code = |text: &serde_json::Value| text.to_string().contains("482913");
    assert!(texts.iter().any(has_code), "{texts:?}");
    let left = world.end().await;
    for secret in ["se/cret", "se%2Fcret", "ana:"] {
        assert!(!left.log.contains(secret), "{}", left.log);
    }
}

#[tokio::test]
async fn what_is_no_event_is_kept_with_its_reason() {
    if !runs_here().await {
        return;
    }
    let nats = NatsFolder::new().await;
    let _server = nats.start().await;
    let world = World::with(&nats.section()).await;
    world.put(&[customer("ines", 72)]).await;
    nats.stream("tidings-events").await;

    let good = event("e-1", "order.confirmed", "ines", order("MG-7201"));
    let mut nobody = event("e-2", "order.confirmed", "ines", order("MG-7202"));
    nobody.as_object_mut().unwrap().remove("subject");
    let unknown = event("e-3", "order.confirmed", "stranger", order("MG-7203"));
    let bodies = [
        "Machado, not JSON".to_owned(),
        nobody.to_string(),
        format!("{good}\n{{\"specversion\":\n{unknown}\n"),
        "\n".to_owned(),
        "x".repeat(70_000),
    ];
    nats.publish("tidings.events.orders", &bodies).await;
    nats.taken().await;

    assert_eq!(world.messages("ines").await.len(), 1);
    let failed = world.http.get("/v1/failed-events").await.json();
    assert_eq!(
        failed["failed_events"].as_array().unwrap().len(),
        1,
        "{failed}"
    );
    let letters = nats.rejected().await;
    let told: Vec<(&str, &str, &str)> = letters
        .iter()
        .map(|letter| {
            let header = |name: &str| letter["headers"][name].as_str().unwrap();
            (
                header("Tidings-Sequence"),
                header("Tidings-Line"),
                header("Tidings-Reason"),
            )
        })
        .collect();
    let mut told = told;
    told.sort_unstable();
    let expected = [
        ("1", "0", "not a CloudEvent: an event is a JSON object"),
        ("2", "0", "/subject: the customer's id is missing"),
        ("3", "1", "the JSON ends before the event does"),
        ("4", "0", "the message is empty"),
        (
            "5",
            "0",
            "an event has at most 65536 bytes, this one has 70000",
        ),
    ];
    assert_eq!(told, expected);
    let whole = letters
        .iter()
        .find(|letter| letter["headers"]["Tidings-Sequence"] == "2");
    assert_eq!(
        whole.unwrap()["body"],
        nobody.to_string(),
        "it can be mended and sent again"
    );
    let measured = world.http.get("/metrics").await.body;
    assert!(
        measured.contains("tidings_nats_dead_letters_total 5"),
        "{measured}"
    );
    world.end().await;
}

#[tokio::test]
async fn nobody_else_can_ring_a_doorbell() {
    if !runs_here().await {
        return;
    }
    let nats = NatsFolder::new().await;
    let _server = nats.start().await;
    let world = World::with(&nats.section()).await;
    world.put(&[customer("ines", 73)]).await;
    nats.stream("tidings-events").await;
    let ringing = async {
        // Rings until the listener, which begins a moment later, has heard one.
        for number in 0_u32.. {
            let id = format!("e-{number}");
            world
                .post(&event(&id, "order.confirmed", "ines", order(&id)))
                .await;
        }
    };
    let asked = json!({"do": "bells"});
    let listening = nats.ask(&asked);
    let bell = tokio::select! {
        bell = listening => bell,
        () = ringing => unreachable!("it rings on"),
    };
    assert!(
        bell["subject"]
            .as_str()
            .unwrap()
            .starts_with("tidings.bells."),
        "{bell}"
    );
    until("the strange bells are counted", async || {
        let measured = world.http.get("/metrics").await.body;
        let strange = "tidings_nats_bells_total{what=\"strange\"} 3";
        let unreadable = "tidings_nats_bells_total{what=\"unreadable\"} 3";
        (measured.contains(strange) && measured.contains(unreadable)).then_some(())
    })
    .await;
    world.end().await;
}
