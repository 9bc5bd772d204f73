//! What a test key causes never reaches a real carrier, what a live key causes never the
//! sandbox, and what a team key causes only the team.
//!
//! The real carriers are a sandbox of this test's own, which counts.

use std::net::SocketAddr;

use sandbox::{Sandbox, SandboxConfig};
use serde_json::json;

use crate::world::{World, customer, delivery_of, event, parcel};

fn now() -> i64 {
    0
}

/// `[sms]` and `[email]` that lead to carriers on this machine.
pub(crate) fn carriers(smsc: SocketAddr, smtp: SocketAddr, password_file: &str) -> String {
    format!(
        "[sms]\nhost = \"127.0.0.1\"\nport = {}\nsystem_id = \"sandbox\"\npassword_file = '{password_file}'\n\
         [email]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nhelo = \"mail.marigold.example\"\n\
         from = \"messages@marigold.example\"\n",
        smsc.port(),
        smtp.port()
    )
}

/// A file with the sandbox's password; it goes with its folder.
pub(crate) fn password(folder: &std::path::Path) -> String {
    let file = folder.join("smpp-password");
    std::fs::write(&file, "sandbox\n").unwrap();
    file.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_mode_reaches_its_own_carriers_only() {
    let real = Sandbox::start(SandboxConfig::new(now)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let team = customer("ana", 41);
    let config = format!(
        "{}[limits]\nteam = [{}]\n",
        carriers(real.smsc_addr(), real.smtp_addr(), &password(folder.path())),
        team["phone"]
    );
    let world = World::with(&config).await;
    world.put(&[team, customer("ines", 42)]).await;
    let sent = |id: &str, who: &str| event(id, "shipment.delivered", who, parcel("MG-1401"));
    let settled = async |who: &str| {
        world.delivery(who, "sms", "delivered").await;
        world.delivery(who, "email", "accepted").await;
    };

    world.post(&sent("e-1", "ines")).await;
    settled("ines").await;
    let real_counts = real.counts();
    assert_eq!(
        (real_counts.texts, real_counts.mails),
        (0, 0),
        "test traffic left the sandbox"
    );
    let test_counts = world.counts().await;
    assert_eq!(
        (&test_counts["texts"], &test_counts["mails"]),
        (&json!(1), &json!(1))
    );

    let answer = world.live.post("/v1/events", &sent("e-2", "ines")).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    settled("ines").await;
    assert_eq!((real.counts().texts, real.counts().mails), (1, 1));

    let made = json!({"name": "the team", "mode": "team"});
    let key = world.live.post("/v1/keys", &made).await.json();
    let team = world.http.as_holder_of(key["key"].as_str().unwrap());
    for (id, who) in [("e-3", "ana"), ("e-4", "ines")] {
        assert_eq!(team.post("/v1/events", &sent(id, who)).await.status, 202);
    }
    world.delivery("ana", "sms", "delivered").await;
    let outside = world.newest("ines").await;
    assert_eq!(outside["event"]["event_id"], "e-4");
    for channel in ["sms", "email"] {
        assert!(delivery_of(&outside, channel).is_none(), "{outside}");
    }
    // Ana's phone is the team's, her mail address is not.
    assert!(delivery_of(&world.newest("ana").await, "email").is_none());
    assert_eq!((real.counts().texts, real.counts().mails), (2, 1));
    let test_counts = world.counts().await;
    assert_eq!(
        (&test_counts["texts"], &test_counts["mails"]),
        (&json!(1), &json!(1))
    );

    let as_of = world
        .live
        .post("/v1/events?as_of=event_time", &sent("e-5", "ines"))
        .await;
    assert_eq!(as_of.status, 403, "{as_of:?}");
    world.end().await;
    real.stop().await;
}
