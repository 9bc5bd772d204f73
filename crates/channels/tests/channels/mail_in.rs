//! The mail server for what comes back, over real sockets: plain, LMTP, TLS, and swaks.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use channels::mail_in::{
    Address, Addresses, BounceClass, LmtpPlace, MailIn, MailServer, MailServerConfig, TlsIdentity,
};
use channels::{Inbound, InboundItem, ReceivedMail};
use model::{DeliveryId, Id};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;

fn addresses() -> Addresses {
    Addresses::new("in.marigold.example", &[7; 32]).unwrap()
}

fn bounce(number: i64) -> Address {
    Address::Bounce(DeliveryId::from_i64(number))
}

fn config() -> MailServerConfig {
    let mut config = MailServerConfig::new(addresses());
    config.smtp = Some("127.0.0.1:0".parse().unwrap());
    config
}

async fn start(config: MailServerConfig) -> (MailServer, mpsc::Receiver<InboundItem>) {
    let (inbound, received) = mpsc::channel(8);
    let server = MailServer::start(config, inbound).await.unwrap();
    (server, received)
}

/// A client that says a line and reads to the end of its answer.
struct Client<S> {
    stream: S,
    buffer: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    async fn greeted(stream: S) -> Self {
        let mut client = Self {
            stream,
            buffer: Vec::new(),
        };
        assert!(client.answer().await.starts_with("220 "));
        client
    }

    async fn say(&mut self, line: &str) -> String {
        self.put(&format!("{line}\r\n")).await;
        self.answer().await
    }

    async fn put(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The last line of the next answer; empty at the end of the connection.
    async fn answer(&mut self) -> String {
        loop {
            while let Some(end) = self.buffer.windows(2).position(|two| two == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).take(end).collect();
                let line = String::from_utf8(line).unwrap();
                if line.as_bytes()[3] == b' ' {
                    return line;
                }
            }
            if self.stream.read_buf(&mut self.buffer).await.unwrap_or(0) == 0 {
                return String::new();
            }
        }
    }

    async fn envelope(&mut self, to: &[Address]) {
        assert!(self.say("MAIL FROM:<>").await.starts_with("250 "));
        for to in to {
            let to = addresses().sign(*to);
            assert!(
                self.say(&format!("RCPT TO:<{to}>"))
                    .await
                    .starts_with("250 ")
            );
        }
        assert!(self.say("DATA").await.starts_with("354 "));
    }
}

const NOTICE: &str = "From: mailer-daemon@a.example\r\nSubject: failure notice\r\n\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n.\r\n";

fn is_hard_bounce(inbound: &Inbound, of: Address) -> bool {
    let Inbound::Mail(mail) = inbound else {
        return false;
    };
    let ReceivedMail { to, means } = &**mail;
    *to == of && matches!(means, MailIn::Bounce(bounce) if bounce.class == BounceClass::Hard)
}

#[tokio::test]
async fn a_mail_is_answered_when_it_is_durable_and_else_asked_for_again() {
    let (server, mut received) = start(config()).await;
    let stream = TcpStream::connect(server.smtp_addr().unwrap())
        .await
        .unwrap();
    let mut client = Client::greeted(stream).await;
    client.say("EHLO me").await;
    for (durable, answer) in [(Some(true), "250 "), (Some(false), "451 "), (None, "451 ")] {
        client.envelope(&[bounce(1)]).await;
        client.put(NOTICE).await;
        let item = received.recv().await.unwrap();
        assert!(is_hard_bounce(&item.inbound, bounce(1)), "{item:?}");
        match durable {
            Some(durable) => item.done.send(durable).unwrap(),
            None => drop(item.done),
        }
        let said = client.answer().await;
        assert!(said.starts_with(answer), "{said}");
    }
    assert!(client.say("QUIT").await.starts_with("221 "));
    assert_eq!(client.answer().await, "");
    server.close(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn lmtp_over_a_socket_in_the_file_system_answers_for_each_recipient() {
    let folder = std::env::temp_dir().join(format!("mail-in-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("lmtp");
    let mut config = config();
    config.smtp = None;
    config.lmtp = Some(LmtpPlace::Unix(path.clone()));
    let (server, mut received) = start(config.clone()).await;
    let (inbound, _) = mpsc::channel(1);
    let second = MailServer::start(config.clone(), inbound).await;
    assert!(second.is_err(), "somebody listens there");
    let stream = UnixStream::connect(&path).await.unwrap();
    let mut client = Client::greeted(stream).await;
    client.say("LHLO me").await;
    client.envelope(&[bounce(1), bounce(2)]).await;
    client.put(NOTICE).await;
    for (number, durable) in [(1, true), (2, false)] {
        let item = received.recv().await.unwrap();
        assert!(is_hard_bounce(&item.inbound, bounce(number)));
        item.done.send(durable).unwrap();
    }
    assert!(client.answer().await.starts_with("250 "));
    assert!(client.answer().await.starts_with("451 "));
    server.close(Duration::from_secs(5)).await;
    // What it left behind is no hindrance.
    let (server, _received) = start(config).await;
    UnixStream::connect(&path).await.unwrap();
    server.close(Duration::from_secs(5)).await;
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn after_starttls_only_what_was_encrypted_counts() {
    let own = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let identity = TlsIdentity::from_pem(
        own.cert.pem().as_bytes(),
        own.signing_key.serialize_pem().as_bytes(),
    );
    let mut config = config();
    config.tls = Some(identity.unwrap());
    let (server, mut received) = start(config).await;
    let stream = TcpStream::connect(server.smtp_addr().unwrap())
        .await
        .unwrap();
    let mut client = Client::greeted(stream).await;
    client.say("EHLO me").await;
    client.say("MAIL FROM:<evil@a.example>").await;
    assert!(client.say("STARTTLS").await.starts_with("220 "));
    let mut roots = RootCertStore::empty();
    roots.add(own.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trusting = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(trusting));
    let stream = connector.connect(name, client.stream).await.unwrap();
    let mut client = Client {
        stream,
        buffer: Vec::new(),
    };
    assert!(client.say("MAIL FROM:<>").await.starts_with("503 "));
    client.say("EHLO me").await;
    client.envelope(&[bounce(1)]).await;
    client.put(NOTICE).await;
    received.recv().await.unwrap().done.send(true).unwrap();
    assert!(client.answer().await.starts_with("250 "));
    server.close(Duration::from_secs(5)).await;
    assert!(TlsIdentity::from_pem(b"", b"").is_err());
}

#[tokio::test]
async fn sessions_and_their_time_are_bounded() {
    let mut config = config();
    config.max_sessions = 1;
    config.patience = Duration::from_millis(200);
    let (server, _received) = start(config).await;
    let connect = async || {
        TcpStream::connect(server.smtp_addr().unwrap())
            .await
            .unwrap()
    };
    let mut first = Client::greeted(connect().await).await;
    let mut second = Client {
        stream: connect().await,
        buffer: Vec::new(),
    };
    assert!(second.answer().await.starts_with("421 4.3.2"));
    assert_eq!(second.answer().await, "");
    assert!(
        first.answer().await.starts_with("421 4.4.2"),
        "it was silent"
    );
    assert_eq!(first.answer().await, "");
    server.close(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_server_that_closes_says_so() {
    let (server, _received) = start(config()).await;
    let stream = TcpStream::connect(server.smtp_addr().unwrap())
        .await
        .unwrap();
    let mut client = Client::greeted(stream).await;
    let (said, ()) = tokio::join!(client.answer(), server.close(Duration::from_secs(5)));
    assert!(said.starts_with("421 4.3.2"), "{said}");
}

/// Runs swaks; gives what it printed, and whether the mail was taken.
async fn swaks(port: u16, arguments: &[&str]) -> (String, bool) {
    let run = Command::new("swaks")
        .args(["--server", "127.0.0.1", "--port", &port.to_string()])
        .args(["--from", "<>", "--body", "STOP"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    (said, run.status.success())
}

#[tokio::test]
async fn swaks_talks_to_it_in_odd_ways() {
    let found = Command::new("swaks")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .await;
    if !found.is_ok_and(|status| status.success()) {
        return crate::peers::missing("swaks is not installed");
    }
    let own = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let mut config = config();
    config.lmtp = Some(LmtpPlace::Tcp("127.0.0.1:0".parse().unwrap()));
    let chain = own.cert.pem();
    let key = own.signing_key.serialize_pem();
    config.tls = Some(TlsIdentity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap());
    let (server, mut received) = start(config).await;
    let keeper = tokio::spawn(async move {
        let mut means = Vec::new();
        while let Some(item) = received.recv().await {
            if let Inbound::Mail(mail) = item.inbound {
                means.push(mail.means.as_str());
            }
            item.done.send(true).unwrap();
        }
        means
    });
    let smtp = server.smtp_addr().unwrap().port();
    let lmtp = server.lmtp_addr().unwrap().port();
    let reply = addresses().sign(Address::Reply(DeliveryId::from_i64(1)));
    let stop = addresses().sign(Address::Unsubscribe(DeliveryId::from_i64(1)));
    let person = ["--from", "ana@customers.example"];
    for (port, arguments, taken) in [
        (smtp, vec!["--to", &reply, person[0], person[1]], true),
        (
            smtp,
            vec!["--to", &stop, person[0], person[1], "--pipeline"],
            true,
        ),
        (smtp, vec!["--to", &reply, "--tls"], true),
        (smtp, vec!["--to", &reply, "--protocol", "SMTP"], true),
        (lmtp, vec!["--to", &reply, "--protocol", "LMTP"], true),
        (smtp, vec!["--to", &reply, "--protocol", "LMTP"], false),
        (smtp, vec!["--to", "postmaster@in.marigold.example"], false),
        (smtp, vec!["--to", "ana@customers.example"], false),
        (
            smtp,
            vec!["--to", &reply, "--auth-user", "a", "--auth-password", "b"],
            false,
        ),
    ] {
        let (said, done) = swaks(port, &arguments).await;
        assert_eq!(done, taken, "{arguments:?}: {said}");
    }
    server.close(Duration::from_secs(5)).await;
    let means = keeper.await.unwrap();
    assert_eq!(
        means,
        [
            "reply",
            "unsubscribe",
            "auto_reply",
            "auto_reply",
            "auto_reply"
        ]
    );
}
