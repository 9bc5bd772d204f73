//! `tidings check` and a configuration with mistakes: each problem with how to mend it.

use serde_json::Value;
use tokio::net::TcpListener;

use crate::world::{Ended, run, write_config};

async fn check(sections: &str) -> (Ended, Value) {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path(), sections);
    let ended = run(&["check", "--json", "--config", config.to_str().unwrap()]).await;
    let findings = serde_json::from_str(&ended.stdout).unwrap();
    (ended, findings)
}

#[tokio::test]
async fn a_sound_configuration_passes() {
    let (ended, findings) = check("").await;
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(findings["problems"], serde_json::json!([]), "{findings}");
    assert!(
        findings["passed"].to_string().contains("catalogue"),
        "{findings}"
    );
}

#[tokio::test]
async fn an_unknown_key_is_an_error_that_names_the_near_miss() {
    for (sections, meant) in [
        ("[limits]\nbackllog = 5\n", "did you mean `backlog`"),
        ("[sandbox]\nscreen = true\n", "did you mean `screens`"),
        ("[emial]\nhost = \"x\"\n", "did you mean `email`"),
    ] {
        let (ended, findings) = check(sections).await;
        assert!(!ended.status.success());
        let problem = findings["problems"][0]["problem"].as_str().unwrap();
        assert!(
            problem.contains(meant) && problem.contains("line"),
            "{problem}"
        );
        assert_ne!(findings["problems"][0]["mend"], "");
    }
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path(), "[limits]\nbackllog = 5\n");
    let served = run(&["serve", "--config", config.to_str().unwrap()]).await;
    assert!(!served.status.success());
    assert!(
        served.stderr.contains("did you mean `backlog`"),
        "{served:?}"
    );
    let none = run(&["check", "--config", "/nowhere/tidings.toml"]).await;
    assert!(
        !none.status.success() && none.stdout.contains("/nowhere/tidings.toml"),
        "{none:?}"
    );
}

#[tokio::test]
async fn senders_that_cannot_be_or_have_ended_are_named() {
    let sender =
        |more: &str| format!("[[senders]]\nkind = \"sender_name\"\nvalue = \"Marigold\"\n{more}\n");
    let sms = "[sms]\nhost = \"127.0.0.1\"\nport = 1\nsystem_id = \"marigold\"\n";
    for (more, place, problem) in [
        (
            "countries = [\"UK\"]",
            "configuration",
            "[[senders]] `Marigold`: `UK` is no country",
        ),
        (
            "until = 2020-12-31",
            "senders",
            "nobody that texts may come from is valid now",
        ),
    ] {
        let (ended, findings) = check(&format!("{sms}{}", sender(more))).await;
        assert!(!ended.status.success());
        let found = &findings["problems"][0];
        assert_eq!(found["place"], place, "{findings}");
        let said = found["problem"].as_str().unwrap();
        assert!(said.contains(problem), "{said}");
    }
}

#[tokio::test]
async fn carriers_that_are_out_of_reach_are_named() {
    // A port that was free a moment ago: nobody listens there.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let sections =
        format!("[sms]\nhost = \"127.0.0.1\"\nport = {port}\nsystem_id = \"marigold\"\n");
    let (ended, findings) = check(&sections).await;
    assert!(!ended.status.success());
    let problem = &findings["problems"][0];
    assert_eq!(problem["place"], "sms carrier", "{findings}");
    assert!(
        problem["problem"]
            .as_str()
            .unwrap()
            .contains(&port.to_string()),
        "{findings}"
    );
    let (ended, findings) = check("[sandbox]\nenabled = false\n").await;
    assert!(!ended.status.success());
    assert!(findings.to_string().contains("no way out"), "{findings}");
}
