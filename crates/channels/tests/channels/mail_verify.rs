//! Who sends, looked up: the mail server over a real socket, a name server that speaks real
//! DNS over UDP, and dkimpy as the one who signs.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use channels::mail_in::{
    Address, Addresses, MailIn, MailServer, MailServerConfig, Proof, Proofs, Verifier,
};
use channels::{DkimKey, Inbound};
use mail_auth::hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use mail_auth::hickory_resolver::proto::rr::rdata::{SOA, TXT};
use mail_auth::hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use mail_auth::hickory_resolver::proto::serialize::binary::{BinDecodable, BinEncodable};
use model::{DeliveryId, Id};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UdpSocket};
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::peers::missing;

/// A name server of TXT records; a name that ends in `silent.example.` gets no answer, and one
/// in `broken.example.` "server failure".
struct Names {
    at: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Names {
    async fn start(records: Vec<(String, String)>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let at = socket.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut octets = [0; 4_096];
            loop {
                let (length, from) = socket.recv_from(&mut octets).await.unwrap();
                let Ok(question) = Message::from_bytes(&octets[..length]) else {
                    continue;
                };
                count.fetch_add(1, Ordering::SeqCst);
                let Some(query) = question.queries.first().cloned() else {
                    continue;
                };
                let name = query.name().to_ascii().to_lowercase();
                if name.ends_with("silent.example.") {
                    continue;
                }
                let mut answer = Message::new(
                    question.metadata.id,
                    MessageType::Response,
                    question.metadata.op_code,
                );
                answer.metadata.recursion_available = true;
                answer.add_query(query.clone());
                let of = records.iter().filter(|(of, _)| *of == name);
                let of: Vec<_> = of.collect();
                if name.ends_with("broken.example.") {
                    answer.metadata.response_code = ResponseCode::ServFail;
                } else if of.is_empty() {
                    answer.metadata.response_code = ResponseCode::NXDomain;
                    // It says how long that may be remembered (RFC 2308 §3).
                    let zone = Name::from_ascii("example.").unwrap();
                    let soa = SOA::new(zone.clone(), zone.clone(), 1, 300, 300, 300, 300);
                    answer.add_authority(Record::from_rdata(zone, 300, RData::SOA(soa)));
                } else if query.query_type() == RecordType::TXT {
                    for (_, text) in of {
                        let pieces = text.as_bytes().chunks(200);
                        let pieces = pieces.map(|piece| String::from_utf8(piece.to_vec()).unwrap());
                        let data = RData::TXT(TXT::new(pieces.collect()));
                        answer.add_answer(Record::from_rdata(query.name().clone(), 300, data));
                    }
                }
                let octets = answer.to_bytes().unwrap();
                socket.send_to(&octets, from).await.unwrap();
            }
        });
        Self { at, asked }
    }
}

fn records(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter()
        .map(|(name, text)| (format!("{name}."), (*text).to_owned()))
        .collect()
}

struct World {
    names: Names,
    server: MailServer,
    received: mpsc::Receiver<channels::InboundItem>,
}

impl World {
    async fn new(records: Vec<(String, String)>) -> Self {
        let names = Names::start(records).await;
        let verifier = Verifier::new(&[names.at]).unwrap();
        let mut config = MailServerConfig::new(addresses());
        config.smtp = Some("127.0.0.1:0".parse().unwrap());
        config.verifier = Some(verifier.within(Duration::from_secs(2)));
        // What a stranger writes in our name counts for nothing.
        config.reader.authority = Some("in.marigold.example".into());
        let (inbound, received) = mpsc::channel(8);
        let server = MailServer::start(config, inbound).await.unwrap();
        Self {
            names,
            server,
            received,
        }
    }

    /// Brings an answer to a mail of ours; what was found of its sender.
    async fn brings(&mut self, from: &str, mail: &str) -> Proofs {
        let at = self.server.smtp_addr().unwrap();
        let to = addresses().sign(Address::Reply(DeliveryId::from_i64(7)));
        let mail = format!("{}\r\n.\r\n", mail.replace("\r\n.", "\r\n.."));
        let lines = [
            "EHLO mx.customers.example\r\n".to_owned(),
            format!("MAIL FROM:<{from}>\r\n"),
            format!("RCPT TO:<{to}>\r\n"),
            "DATA\r\n".to_owned(),
            mail,
        ];
        let client = async {
            let stream = TcpStream::connect(at).await.unwrap();
            let mut stream = BufReader::new(stream);
            let mut answer = String::new();
            stream.read_line(&mut answer).await.unwrap();
            for line in lines {
                stream.write_all(line.as_bytes()).await.unwrap();
                loop {
                    answer.clear();
                    stream.read_line(&mut answer).await.unwrap();
                    if answer.as_bytes()[3] == b' ' {
                        break;
                    }
                }
            }
            answer
        };
        let track = async {
            let item = self.received.recv().await.unwrap();
            item.done.send(true).unwrap();
            let Inbound::Mail(mail) = item.inbound else {
                panic!("a mail came");
            };
            match mail.means {
                MailIn::Reply(reply) => reply.proofs,
                other => panic!("{other:?}"),
            }
        };
        let both = async { tokio::join!(client, track) };
        let (answer, proofs) = tokio::time::timeout(Duration::from_secs(30), both)
            .await
            .expect("an answer in time");
        assert!(answer.starts_with("250 "), "{answer}");
        proofs
    }
}

fn addresses() -> Addresses {
    Addresses::new("in.marigold.example", &[7; 32]).unwrap()
}

fn answer(from: &str) -> String {
    format!("From: Ana <{from}>\r\nTo: us\r\nSubject: Re: your order\r\n\r\nSTART")
}

fn found(spf: Proof, dkim: Proof, dmarc: Proof) -> Proofs {
    Proofs { spf, dkim, dmarc }
}

#[tokio::test]
async fn the_sending_server_speaks_for_the_domain_that_names_it() {
    use Proof::{Fail, Pass, Unknown};
    let mut world = World::new(records(&[
        ("good.example", "v=spf1 ip4:127.0.0.1 -all"),
        ("_dmarc.good.example", "v=DMARC1; p=reject"),
        ("strict.example", "v=spf1 ip4:192.0.2.1 -all"),
        ("_dmarc.strict.example", "v=DMARC1; p=reject"),
        ("plain.example", "v=spf1 ip4:192.0.2.1 ~all"),
        ("_dmarc.half.broken.example", "v=DMARC1; p=reject"),
    ]))
    .await;
    for (envelope, from, expected) in [
        (
            "ana@good.example",
            "ana@good.example",
            found(Pass, Unknown, Pass),
        ),
        (
            "ana@strict.example",
            "ana@strict.example",
            found(Fail, Unknown, Fail),
        ),
        // Somebody who may send for their own domain writes in another's name.
        (
            "eve@good.example",
            "ana@strict.example",
            found(Pass, Unknown, Fail),
        ),
        // A domain that asks for nothing.
        (
            "ana@plain.example",
            "ana@plain.example",
            found(Fail, Unknown, Unknown),
        ),
        (
            "ana@none.example",
            "ana@none.example",
            found(Unknown, Unknown, Unknown),
        ),
        // No answer, and one that says "not now": not known, and the mail is kept.
        (
            "ana@silent.example",
            "ana@silent.example",
            found(Unknown, Unknown, Unknown),
        ),
        (
            "ana@a.broken.example",
            "ana@strict.example",
            found(Unknown, Unknown, Unknown),
        ),
    ] {
        assert_eq!(
            world.brings(envelope, &answer(from)).await,
            expected,
            "{envelope} {from}"
        );
    }
    // What is known is not asked again.
    let asked = world.names.asked.load(Ordering::SeqCst);
    let again = world
        .brings("ana@good.example", &answer("ana@good.example"))
        .await;
    assert_eq!(again.dmarc, Pass);
    assert_eq!(world.names.asked.load(Ordering::SeqCst), asked);
    // Nor does it help to claim to have been looked at.
    let claims = format!(
        "Authentication-Results: in.marigold.example; dmarc=pass; spf=pass; dkim=pass\r\n{}",
        answer("ana@strict.example")
    );
    let claimed = world.brings("eve@good.example", &claims).await;
    assert_eq!(claimed, found(Pass, Unknown, Fail));
}

#[tokio::test]
async fn a_mail_that_dkimpy_signed_is_proven_and_a_changed_one_is_not() {
    use Proof::{Fail, Pass, Unknown};
    let pem = include_str!("../keys/rsa2048.pem");
    let record = DkimKey::from_pem(pem).unwrap().dns_record();
    let mut world = World::new(vec![
        ("s1._domainkey.good.example.".into(), record),
        ("_dmarc.good.example.".into(), "v=DMARC1; p=reject".into()),
    ])
    .await;
    let plain = answer("ana@good.example");
    let Some(signed) = signed(&plain).await else {
        return missing("no Python with dkimpy (TIDINGS_TEST_PYTHON names one)");
    };
    // Forwarded: the envelope is somebody else's, and the signature speaks.
    let held = world.brings("list@none.example", &signed).await;
    assert_eq!(held, found(Unknown, Pass, Pass));
    let changed = signed.replace("START", "START NOW");
    let broken = world.brings("list@none.example", &changed).await;
    assert_eq!(broken, found(Unknown, Fail, Fail));
    let unsigned = world.brings("list@none.example", &plain).await;
    assert_eq!(unsigned, found(Unknown, Unknown, Fail));
}

/// The mail as dkimpy signs it.
async fn signed(mail: &str) -> Option<String> {
    const SIGN: &str = "import dkim,sys\nmail=sys.stdin.buffer.read()\nkey=open(sys.argv[1],'rb').read()\nsys.stdout.buffer.write(dkim.sign(mail,b's1',b'good.example',key,include_headers=[b'from',b'to',b'subject'])+mail)";
    let python = crate::peers::environment("TIDINGS_TEST_PYTHON");
    let mut command = Command::new(python.unwrap_or_else(|| "python3".into()));
    let key = format!(
        "{}/tests/keys/rsa2048-pkcs1.pem",
        env!("CARGO_MANIFEST_DIR")
    );
    command.args(["-c", SIGN, &key]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let mut stdin = child.stdin.take()?;
    stdin.write_all(mail.as_bytes()).await.ok()?;
    drop(stdin);
    let output = child.wait_with_output().await.ok()?;
    output.status.success().then_some(())?;
    String::from_utf8(output.stdout).ok()
}
