//! Mail through a mail server that nobody here wrote: Postfix takes it as the `[email]`
//! carrier and relays it on, with its signature whole.

use std::sync::{Arc, Mutex};

use sandbox::{Received, Sandbox, SandboxConfig};
use serde_json::json;

use crate::world::{Postfix, World, customer, event, missing, order, outcomes, until};

#[tokio::test]
async fn postfix_takes_a_signed_mail_and_relays_it_whole() {
    if !Postfix::runs_here() {
        return missing("Postfix, and root to start it,");
    }
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&seen);
    let mut config = SandboxConfig::new(|| 0);
    config.observer = Some(Arc::new(move |received| {
        if let Received::Mail { raw, .. } = received {
            let mail = String::from_utf8_lossy(raw).into_owned();
            noted.lock().unwrap().push(mail);
        }
    }));
    let relayed = Sandbox::start(config).await.unwrap();
    let postfix = Postfix::start(relayed.smtp_addr().port(), "").await;
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("dkim.pem");
    let key = key.to_str().unwrap();
    let made = [
        "dkim-key",
        "--domain",
        "marigold.example",
        "--selector",
        "s1",
        "--out",
        key,
    ];
    assert!(crate::world::run(&made).await.status.success());
    let config = format!(
        "[email]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nhelo = \"mail.marigold.example\"\n\
         from = \"messages@marigold.example\"\n\
         [[email.dkim]]\ndomain = \"marigold.example\"\nselector = \"s1\"\nkey_file = '{key}'\n",
        postfix.port
    );
    let world = World::with(&config).await;
    world.put(&[customer("ines", 101)]).await;
    for number in ["MG-1701", "MG-1702", "MG-1703"] {
        let confirmed = event(number, "order.confirmed", "ines", order(number));
        let answer = world.live.post("/v1/events", &confirmed).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    let mail = world.delivery("ines", "email", "accepted").await;
    assert_eq!(outcomes(&mail), ["accepted"]);
    until("Postfix has relayed them", async || {
        (relayed.counts().mails == 3).then_some(())
    })
    .await;
    // What came out is what went in: the reader's parts, and the signature over them.
    for mail in seen.lock().unwrap().iter() {
        assert!(
            mail.contains("DKIM-Signature: v=1; a=ed25519-sha256;"),
            "{mail}"
        );
        assert!(
            mail.contains("by relay.marigold.example (Postfix)"),
            "{mail}"
        );
        assert!(mail.contains("multipart/alternative"), "{mail}");
    }
    assert_eq!(
        world.counts().await["mails"],
        json!(0),
        "live mail is not for the sandbox"
    );
    world.end().await;
    postfix.stop().await;
    relayed.stop().await;
}
