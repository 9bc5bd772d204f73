//! What comes back of a mail: a bounce that Postfix makes, a complaint, a click on
//! "unsubscribe", an answer that says stop. Each ends with silence for that address.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use sandbox::{Faults, MailFaults, Sandbox, SandboxConfig};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::world::{Postfix, World, customer, delivery_of, event, missing, order, until};

/// So that Postfix asks again soon where it was told "not now".
const IMPATIENT: &str =
    "minimal_backoff_time = 1s\nmaximal_backoff_time = 2s\nqueue_run_delay = 1s\n";

#[tokio::test]
async fn what_postfix_bounces_comes_back_and_the_address_gets_no_more() {
    if !Postfix::runs_here() {
        return missing("Postfix, and root to start it,");
    }
    let elsewhere = Sandbox::start(SandboxConfig::new(|| 0)).await.unwrap();
    elsewhere.set_faults(Faults {
        mails: MailFaults {
            unknown_recipients: vec!["gone@customers.example".into()],
            ..MailFaults::default()
        },
        ..Faults::default()
    });
    let folder = tempfile::tempdir().unwrap();
    // Postfix's client for LMTP runs as another user.
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let socket = folder.path().join("lmtp");
    let socket = socket.to_str().unwrap();
    let route = format!(
        "transport_maps = inline:{{ in.marigold.example=lmtp:unix:{socket} }}\n{IMPATIENT}"
    );
    let postfix = Postfix::start(elsewhere.smtp_addr().port(), &route).await;
    let config = format!(
        "[email]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nhelo = \"mail.marigold.example\"\n\
         from = \"messages@marigold.example\"\n\
         [mail_in]\ndomain = \"in.marigold.example\"\nlmtp = \"unix:{socket}\"\n",
        postfix.port
    );
    let world = World::with(&config).await;
    let (gone, there) = (customer("gone", 201), customer("there", 202));
    world.put(&[gone, there]).await;
    for (number, who) in [("MG-2001", "gone"), ("MG-2002", "there")] {
        let confirmed = event(number, "order.confirmed", who, order(number));
        let answer = world.live.post("/v1/events", &confirmed).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    let bounced = world.delivery("gone", "email", "undelivered").await;
    let receipts = bounced["receipts"].as_array().unwrap();
    assert_eq!(receipts.len(), 1, "{bounced}");
    assert_eq!(receipts[0]["code"], "bounced hard 550 5.1.1", "{bounced}");
    is_silent(&world, "gone", ("contact_health", "bounced"), "MG-2003").await;
    // The other mail arrived, and its address is well.
    world.delivery("there", "email", "accepted").await;
    assert_eq!(elsewhere.counts().mails, 1);
    let confirmed = event("MG-2004", "order.confirmed", "there", order("MG-2004"));
    world.live.post("/v1/events", &confirmed).await;
    until("the second mail arrives", async || {
        (elsewhere.counts().mails == 2).then_some(())
    })
    .await;
    world.end().await;
    postfix.stop().await;
    elsewhere.stop().await;
}

/// A new fact makes a message without a mail, and the message says why.
async fn is_silent(world: &World, who: &str, (rule, why): (&str, &str), number: &str) {
    let confirmed = event(number, "order.confirmed", who, order(number));
    world.post(&confirmed).await;
    let message = world.newest(who).await;
    assert!(delivery_of(&message, "email").is_none(), "{message}");
    let said = |spoke: &Value| {
        let reasons = [&spoke["why"], &spoke["with"]];
        spoke["rule"] == rule && spoke["verdict"] == "stop" && reasons.iter().any(|r| *r == why)
    };
    let trace = message["trace"].as_array().unwrap();
    assert!(trace.iter().any(said), "{message}");
}

/// The value of a header of the newest mail to somebody.
async fn header(world: &World, who: &str, name: &str) -> String {
    let mails = world.mails(&format!("{who}@customers.example")).await;
    let path = format!("/sandbox/api/mails/{}/raw", mails[0]["id"]);
    let raw = world.http.get(&path).await.body;
    let raw = raw.replace("\r\n ", " ");
    let line = raw
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name}: ")));
    let line = line.unwrap_or_else(|| panic!("no {name}: {raw}"));
    line.trim_matches(['<', '>']).to_owned()
}

/// The way to end mails like the newest one to somebody, of those that start like this.
pub(crate) async fn way_out(world: &World, who: &str, starts: &str) -> String {
    let all = header(world, who, "List-Unsubscribe").await;
    let mut ways = all
        .split(',')
        .map(|way| way.trim().trim_matches(['<', '>']));
    let way = ways.find_map(|way| way.strip_prefix(starts));
    way.unwrap_or_else(|| panic!("no {starts}: {all}"))
        .to_owned()
}

/// Says lines of SMTP, each of which must be answered with a 2 or a 3.
async fn speak(at: &str, lines: &[&str]) {
    let (reading, mut writing) = TcpStream::connect(at).await.unwrap().into_split();
    let mut answers = BufReader::new(reading).lines();
    for line in ["", "HELO mx.customers.example"].iter().chain(lines) {
        if !line.is_empty() {
            let line = format!("{line}\r\n");
            writing.write_all(line.as_bytes()).await.unwrap();
        }
        let answer = answers.next_line().await.unwrap().unwrap();
        assert!(answer.starts_with(['2', '3']), "{line}: {answer}");
    }
}

async fn mail(at: &str, to: &str, content: &str) {
    let to = format!("RCPT TO:<{to}>");
    let content = content.replace('\n', "\r\n");
    let content = format!("{content}\r\n.");
    speak(
        at,
        &[
            "MAIL FROM:<ana@customers.example>",
            &to,
            "DATA",
            &content,
            "QUIT",
        ],
    )
    .await;
}

const MAIL_IN: &str =
    "[mail_in]\ndomain = \"in.marigold.example\"\nlisten = \"127.0.0.1:0\"\nreplies = true\n";

#[tokio::test]
async fn an_answer_a_complaint_and_a_wish_to_unsubscribe_end_in_silence() {
    let mut world = World::with(MAIL_IN).await;
    let at = world.says("mail comes back at ").await;
    let at = at.strip_suffix(" (SMTP)").unwrap();
    let complaints = world.says("complaints are taken at ").await;
    let people = [
        ("asks", 211),
        ("leaves", 212),
        ("complains", 213),
        ("chats", 214),
    ];
    for (who, number) in people {
        world.put(&[customer(who, number)]).await;
        let feature = json!({"feature": {
            "title": "Neighbours", "text": "Name one.", "url": "https://marigold.example/new/neighbour",
        }});
        world
            .post(&event(who, "service.new_feature", who, feature))
            .await;
        world.delivery(who, "email", "accepted").await;
    }

    let to = header(&world, "chats", "Reply-To").await;
    mail(
        at,
        &to,
        "From: chats@customers.example\nSubject: Re\n\nWhen does the van stop here?\n",
    )
    .await;
    let to = header(&world, "asks", "Reply-To").await;
    let answer =
        "From: someone@else.example\nSubject: Re\n\nSTOP\n\nOn Sunday Marigold wrote:\n> hello\n";
    mail(at, &to, answer).await;
    is_silent(&world, "asks", ("consent", "withdrawn"), "MG-2011").await;

    let to = way_out(&world, "leaves", "mailto:").await;
    mail(
        at,
        &to,
        "From: leaves@customers.example\nSubject: unsubscribe\n\n",
    )
    .await;
    is_silent(&world, "leaves", ("consent", "withdrawn"), "MG-2012").await;

    let own = way_out(&world, "complains", "mailto:").await;
    let report = format!(
        "From: feedback@loop.example\nSubject: complaint\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n\
         --b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n\n\
         --b\nContent-Type: message/rfc822\n\nList-Unsubscribe: <mailto:{own}>\nSubject: x\n\nhello\n--b--\n"
    );
    mail(at, &complaints, &report).await;
    is_silent(&world, "complains", ("suppression", "complaint"), "MG-2013").await;

    // Who only answered is still written to.
    let confirmed = event("MG-2014", "order.confirmed", "chats", order("MG-2014"));
    world.post(&confirmed).await;
    world.delivery("chats", "email", "accepted").await;
    world.end().await;
}
