//! Words change while the server runs. A broken catalogue changes nothing.

use serde_json::{Value, json};

use crate::world::{World, customer, event, order, until};

#[tokio::test]
async fn new_words_serve_without_a_restart_and_broken_ones_never() {
    let folder = tempfile::tempdir().unwrap();
    let words = folder.path().join("types/order.confirmed/en.toml");
    std::fs::create_dir_all(words.parent().unwrap()).unwrap();
    let write = |text: &str| std::fs::write(&words, text).unwrap();
    write("title = \"First {{ order.number }}\"\n");
    let world = World::with(&format!(
        "[catalogue]\nfolder = {:?}\n",
        folder.path().display().to_string()
    ))
    .await;
    world.put(&[customer("ines", 91)]).await;
    let mut number = 0;
    let mut title = async || {
        number += 1;
        let id = format!("e-{number}");
        let confirmed = event(
            &id,
            "order.confirmed",
            "ines",
            order(&format!("MG-91{number:02}")),
        );
        world.post(&confirmed).await;
        world.newest("ines").await["message"]["title"].clone()
    };
    assert_eq!(title().await, "First MG-9101");

    write("title = \"{{ order.nothing }}\"\n");
    // A type that is whole, but beside one that is broken, does not serve either.
    let other = folder.path().join("types/service.outage/en.toml");
    std::fs::create_dir_all(other.parent().unwrap()).unwrap();
    std::fs::write(&other, "title = \"Down\"\n").unwrap();
    until("the broken words are refused", async || {
        let metrics = world.http.get("/metrics").await.body;
        let refused = "tidings_catalogue_changes_total{result=\"refused\"} 1";
        metrics.contains(refused).then_some(())
    })
    .await;
    assert!(title().await.as_str().unwrap().starts_with("First"));

    write("title = \"Second {{ order.number }}\"\n");
    until("the new words serve", async || {
        let said = title().await;
        said.as_str()?.starts_with("Second").then_some(())
    })
    .await;
    let outage = event("e-x", "service.outage", "ines", json!({}));
    world.post(&outage).await;
    assert_eq!(
        world.newest("ines").await["message"]["title"],
        Value::from("Down")
    );
    // What was said before keeps its words.
    let messages = world.messages("ines").await;
    let oldest = messages.last().unwrap()["title"].as_str().unwrap();
    assert!(
        oldest.starts_with("First") || oldest.starts_with("Second"),
        "{oldest}"
    );
    world.end().await;
}
