//! Against software that nobody here wrote: aiosmtpd and dkimpy take and check our mail,
//! the npm package `smpp` is the SMSC for our texts. A peer that is missing is said on
//! standard error; with `TIDINGS_TEST_REQUIRE=all` it fails the test.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use channels::{DkimConfig, DkimKey, EmailCarrier, Inbound, Outcome, SmsCarrier};
use model::{Lane, ReceiptStatus};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::mpsc;

#[expect(
    clippy::disallowed_methods,
    reason = "only the environment knows where peers are"
)]
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A line for whoever runs the tests; captured output would hide it.
pub(crate) fn missing(what: &str) {
    assert!(
        environment("TIDINGS_TEST_REQUIRE").as_deref() != Some("all"),
        "TIDINGS_TEST_REQUIRE=all, but {what}"
    );
    let _ = writeln!(std::io::stderr(), "skipped: {what}");
}

/// A peer that runs, and the lines it prints; it ends with the test.
struct Peer {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            _child: child,
            lines,
        }
    }

    async fn line(&mut self) -> String {
        let line = tokio::time::timeout(Duration::from_secs(60), self.lines.next_line()).await;
        line.expect("the peer is silent")
            .unwrap()
            .expect("the peer has ended")
    }
}

fn script(name: &str) -> String {
    format!("{}/tests/peers/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[tokio::test]
async fn aiosmtpd_takes_our_mail_and_dkimpy_verifies_both_signatures() {
    let python = environment("TIDINGS_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let imports = Command::new(&python)
        .args(["-c", "import aiosmtpd, dkim, nacl"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await;
    if !imports.is_ok_and(|status| status.success()) {
        return missing(
            "no Python with aiosmtpd, dkimpy and pynacl (TIDINGS_TEST_PYTHON names one)",
        );
    }
    let keys = [
        ("ed1", DkimKey::new_ed25519_pem(&[42; 32])),
        ("rsa1", include_str!("../keys/rsa2048.pem").to_owned()),
    ]
    .map(|(selector, pem)| DkimConfig {
        domain: "marigold.example".into(),
        selector: selector.into(),
        key: DkimKey::from_pem(&pem).unwrap(),
    });
    let mut command = Command::new(python);
    command.arg(script("mail_server.py"));
    for key in &keys {
        command.arg(format!("{}._domainkey.{}.", key.selector, key.domain));
        command.arg(key.key.dns_record());
    }
    let mut peer = Peer::start(command);
    let port = peer.line().await.parse().unwrap();
    let mut config = crate::smtp::config(port);
    config.dkim = keys.to_vec();
    let carrier = EmailCarrier::start(config).unwrap();
    for (number, text) in ["Hello\n.\n..dots\n", "ends in blank lines\n\n\n", "é\n"]
        .into_iter()
        .enumerate()
    {
        let mut mail = crate::smtp::mail(number as i64);
        mail.text = model::Sealed::new(text);
        if number == 0 {
            mail.way_back.envelope_from = Some("b-1-x@in.marigold.example".into());
            mail.way_back.unsubscribe_link = Some("https://marigold.example/u/AbC".into());
            mail.way_back.unsubscribe_address = Some("u-1-x@in.marigold.example".into());
        }
        let from = mail.way_back.envelope_from.clone();
        let outcome = carrier.send(mail).await;
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
        let from = from.unwrap_or("bounce@marigold.example".into());
        let mut expected = format!("{from} ines@example.com True True 2 parts");
        // Nothing that leads to unsubscribing can be added, or taken away where it is.
        expected += " added False False doubled False False";
        expected += match number {
            0 => " removed False False",
            _ => " removed True True",
        };
        assert_eq!(peer.line().await, expected);
    }
    carrier.close(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn the_npm_smsc_takes_our_texts_and_we_take_its_receipts() {
    let Some(modules) = environment("TIDINGS_TEST_NODE_MODULES") else {
        return missing(
            "TIDINGS_TEST_NODE_MODULES does not name a folder with the npm package smpp",
        );
    };
    let mut command = Command::new("node");
    command.arg(script("smsc.cjs")).env("NODE_PATH", modules);
    let mut peer = Peer::start(command);
    let port = peer.line().await.parse().unwrap();
    let (sender, mut inbound) = mpsc::channel(16);
    let carrier = SmsCarrier::start(crate::sms::config(port), sender);

    let short = carrier
        .send(crate::sms::sms("Your parcel costs 5 €", Lane::Normal))
        .await;
    assert_eq!(
        peer.line().await,
        "15550100123 from Marigold: Your parcel costs 5 €"
    );
    let long = "Посылка приедет сегодня 🎁 ".repeat(6);
    let second = carrier.send(crate::sms::sms(&long, Lane::Normal)).await;
    assert_eq!(
        peer.line().await,
        format!("15550100123 from Marigold: {long}")
    );
    for outcome in [short, second] {
        let Outcome::Accepted { carrier_id } = outcome else {
            panic!("{outcome:?}");
        };
        let item = inbound.recv().await.unwrap();
        let Inbound::Receipt {
            carrier_id: named,
            status,
            ..
        } = item.inbound
        else {
            panic!("a receipt");
        };
        assert_eq!(Some(named), carrier_id);
        assert_eq!(status, ReceiptStatus::Delivered);
        item.done.send(true).unwrap();
        assert_eq!(peer.line().await, "receipt answered 0");
    }
    let refused = carrier
        .send(crate::sms::sms("refuse me", Lane::Normal))
        .await;
    assert!(matches!(refused, Outcome::Rejected { ref code, .. } if code == "smpp 0x0b"));
    carrier.close(Duration::from_secs(5)).await;
    assert_eq!(peer.line().await, "unbound");
}
