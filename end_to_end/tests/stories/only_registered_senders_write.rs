//! Texts come from the sender that is registered for the customer's country at that moment,
//! or do not leave; and anybody can check the list of senders, also with software that
//! nobody here wrote.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::world::{World, customer, delivery_of, event, missing, parcel, python, run};

const SENDERS: &str = r#"
[[senders]]
kind = "sender_name"
value = "Marigold"
countries = ["DE"]

[[senders]]
kind = "short_code"
value = "62422"
countries = ["US"]
from = 2020-01-01
about = "Codes and orders."

[[senders]]
kind = "short_code"
value = "77000"
countries = ["US", "FR"]
until = 2021-12-31

[[senders]]
kind = "number"
value = "+44 7700 900555"
countries = ["GB"]
"#;

/// A customer with a number of some country.
fn living(id: &str, phone: &str) -> Value {
    let mut someone = customer(id, 1);
    someone["phone"] = phone.into();
    someone
}

#[tokio::test]
async fn each_country_has_its_sender_and_what_ended_is_never_used() {
    let world = World::with(SENDERS).await;
    let senders = [
        ("ines", "+12535550129", "62422"),
        ("ada", "+447700900123", "+447700900555"),
        ("uwe", "+4915112345678", "Marigold"),
    ];
    for (id, phone, sender) in senders {
        world.put(&[living(id, phone)]).await;
        let fact = event(&format!("e-{id}"), "shipment.delivered", id, parcel("MG-1"));
        world.post(&fact).await;
        let texts = world.texts(phone).await;
        assert_eq!(texts[0]["from"], sender, "{texts:?}");
        assert_eq!(texts.len(), 1, "{texts:?}");
    }
    world.put(&[living("zoe", "+33612345678")]).await;
    world
        .post(&event("e-zoe", "shipment.delivered", "zoe", parcel("MG-2")))
        .await;
    let message = world.newest("zoe").await;
    assert_eq!(delivery_of(&message, "sms"), None, "{message}");
    assert!(delivery_of(&message, "email").is_some(), "{message}");
    let trace = message["trace"].as_array().unwrap();
    let spoke = trace
        .iter()
        .find(|spoke| spoke["rule"] == "sender")
        .unwrap();
    assert_eq!(
        (&spoke["verdict"], &spoke["why"]),
        (&json!("stop"), &json!("none"))
    );
    assert_eq!(spoke["channel"], "sms", "{spoke}");
    let sentence = spoke["sentence"].as_str().unwrap();
    assert!(
        sentence.starts_with("There is no sender of ours"),
        "{sentence}"
    );
    world.end().await;
}

#[expect(
    clippy::disallowed_methods,
    reason = "the server that is told of it lives by the real clock"
)]
fn in_seconds(seconds: i64) -> jiff::Timestamp {
    jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds)
}

#[tokio::test]
async fn a_sender_that_ends_while_a_text_waits_sends_it_no_more() {
    let soon = in_seconds(8);
    let senders =
        format!("[[senders]]\nkind = \"sender_name\"\nvalue = \"Marigold\"\nuntil = \"{soon}\"\n");
    let world = World::with(&senders).await;
    world.put(&[customer("ines", 71)]).await;
    world
        .faults(&json!({"texts": {"throttle_next": 100_000}}))
        .await;
    world
        .post(&event("e-1", "shipment.delivered", "ines", parcel("MG-3")))
        .await;
    let text = world.delivery("ines", "sms", "cancelled").await;
    let last = text["attempts"].as_array().unwrap().last().unwrap();
    assert_eq!(last["outcome"], "stopped", "{text}");
    assert_eq!(last["reason"], "sender.none", "{text}");
    assert_eq!(world.counts().await["texts"], 0);
    world.end().await;
}

/// Checks as a stranger would: the list between the dots, the key by its name.
const STRANGER: &str = "
import sys
from jwcrypto import jwk, jws
folder = sys.argv[1]
read = lambda name: open(f'{folder}/{name}', 'rb').read()
keys = jwk.JWKSet.from_json(read('jwks.json').decode())
token = jws.JWS()
token.deserialize(read('list.jws').decode())
key = keys.get_key(token.jose_header['kid'])
assert key.thumbprint() == token.jose_header['kid']
document = read('list.json')
token.verify(key, detached_payload=document)
refused = 0
for place in range(0, len(document), 7):
    changed = bytearray(document)
    changed[place] ^= 1
    again = jws.JWS()
    again.deserialize(read('list.jws').decode())
    try:
        again.verify(key, detached_payload=bytes(changed))
    except jws.InvalidJWSSignature:
        refused += 1
assert refused == len(range(0, len(document), 7)), refused
print('genuine')
";

async fn fetch(world: &World, folder: &Path) -> Value {
    for (path, file) in [
        ("message-senders.json", "list.json"),
        ("message-senders.jws", "list.jws"),
        ("message-senders-jwks.json", "jwks.json"),
    ] {
        let answer = world.http.get(&format!("/.well-known/{path}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        std::fs::write(folder.join(file), &answer.body).unwrap();
    }
    serde_json::from_slice(&std::fs::read(folder.join("list.json")).unwrap()).unwrap()
}

#[tokio::test]
async fn the_published_list_is_genuine_to_strangers_too() {
    let world = World::with(SENDERS).await;
    let folder = tempfile::tempdir().unwrap();
    let list = fetch(&world, folder.path()).await;
    let senders = list["senders"].as_array().unwrap();
    let values: Vec<&str> = senders
        .iter()
        .map(|sender| sender["value"].as_str().unwrap())
        .collect();
    assert_eq!(
        values,
        [
            "62422",
            "Marigold",
            "+447700900555",
            "marigold.example",
            "marigold.example"
        ],
        "what ended years ago is not listed: {list}"
    );
    assert!(list["promises"].as_array().unwrap().len() > 5, "{list}");

    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (document, signature, keys) = (file("list.json"), file("list.jws"), file("jwks.json"));
    let verify = async || run(&["senders", "verify", &document, &signature, "--jwks", &keys]).await;
    let ours = verify().await;
    assert!(ours.status.success(), "{ours:?}");
    assert!(
        ours.stdout.contains("genuine: 5 senders of Marigold"),
        "{ours:?}"
    );

    let stranger = Command::new(python())
        .args(["-c", "import jwcrypto"])
        .stderr(Stdio::null())
        .status()
        .await;
    if stranger.is_ok_and(|ended| ended.success()) {
        let said = Command::new(python())
            .args(["-c", STRANGER, folder.path().to_str().unwrap()])
            .output()
            .await
            .unwrap();
        assert!(said.status.success(), "{said:?}");
        assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), "genuine");
    } else {
        missing("jwcrypto in the Python that TIDINGS_TEST_PYTHON names");
    }

    let changed = std::fs::read_to_string(&document).unwrap();
    std::fs::write(&document, changed.replacen("62422", "62423", 1)).unwrap();
    let ours = verify().await;
    assert!(!ours.status.success(), "{ours:?}");
    assert!(
        ours.stderr.contains("does not belong to this document"),
        "{ours:?}"
    );

    let home = world.end().await;
    let config = home.config();
    let listed = run(&["senders", "--config", config.to_str().unwrap()]).await;
    assert!(listed.status.success(), "{listed:?}");
    assert!(
        listed.stdout.contains("ended short_code   77000"),
        "{listed:?}"
    );
}
