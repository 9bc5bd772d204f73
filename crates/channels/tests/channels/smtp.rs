//! The mail carrier against scripted servers.

use std::sync::Arc;
use std::time::Duration;

use channels::{
    EmailCarrier, EmailConfig, Outcome, OutgoingEmail, SmtpAuth, SmtpTls, TlsRoots, WayBack,
};
use model::{DeliveryId, Id, Instant, Lane, MessageId, Sealed};
use tokio::net::TcpListener;

use crate::smtp_script::{Server, Step, Step::*, certificate};

pub fn mail(number: i64) -> OutgoingEmail {
    OutgoingEmail {
        delivery: DeliveryId::from_i64(number),
        message: MessageId::from_i64(number),
        to: Sealed::new("ines@example.com"),
        to_name: Sealed::new("Inês"),
        from_name: "Marigold".into(),
        subject: Sealed::new("Your parcel"),
        text: Sealed::new(".hidden dot\nIt arrives today."),
        html: Sealed::new("<p>It arrives today.</p>"),
        date: Instant::parse("2026-11-22T09:30:00Z").unwrap(),
        locale: "en".into(),
        lane: Lane::Normal,
        way_back: WayBack::default(),
    }
}

pub fn config(port: u16) -> EmailConfig {
    let mut config = EmailConfig::new(
        "relay",
        "localhost",
        port,
        "mail.marigold.example",
        "orders@marigold.example",
    );
    config.envelope_from = "bounce@marigold.example".into();
    config.host = "127.0.0.1".into();
    config.reply_timeout = Duration::from_secs(5);
    config
}

fn carrier(port: u16) -> EmailCarrier {
    EmailCarrier::start(config(port)).unwrap()
}

fn hello() -> Vec<Step> {
    vec![
        Say("220 mail.example ESMTP"),
        Hear("EHLO mail.marigold.example"),
        Say("250-mail.example\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES"),
    ]
}

fn hello_pipelining() -> Vec<Step> {
    vec![
        Say("220 mail.example ESMTP"),
        Hear("EHLO "),
        Say("250-mail.example\r\n250-SIZE 10000000\r\n250 PIPELINING"),
    ]
}

fn group(mail: &'static str, rcpt: &'static str, data: &'static str) -> Vec<Step> {
    vec![
        Hear("MAIL FROM:<bounce@marigold.example> SIZE="),
        Hear("RCPT TO:<ines@example.com>"),
        HearAlone("DATA"),
        Say(mail),
        Say(rcpt),
        Say(data),
    ]
}

fn script(parts: Vec<Vec<Step>>) -> Vec<Step> {
    parts.into_iter().flatten().collect()
}

fn accepted() -> Vec<Step> {
    vec![HearMail, Say("250 2.0.0 Ok: queued as 4XyZ")]
}

fn code_of(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::RetryLater { code, .. } => code,
        other => panic!("not a retry: {other:?}"),
    }
}

#[tokio::test]
async fn in_steps_where_pipelining_is_not_offered() {
    let steps = vec![
        HearAlone("MAIL FROM:<bounce@marigold.example>"),
        Say("250 ok"),
        HearAlone("RCPT TO:<ines@example.com>"),
        Say("250 ok"),
        HearAlone("DATA"),
        Say("354 go"),
    ];
    let server = Server::play(
        vec![script(vec![hello(), steps, accepted(), vec![Hear("QUIT")]])],
        None,
    )
    .await;
    let carrier = carrier(server.port);
    let outcome = carrier.send(mail(1)).await;
    let id = "msg_0000000000001.dlv_0000000000001".to_owned();
    assert_eq!(
        outcome,
        Outcome::Accepted {
            carrier_id: Some(id.clone())
        }
    );
    carrier.close(Duration::from_secs(5)).await;
    let mails = server.finish().await;
    assert!(mails[0].contains(&format!("Message-ID: <{id}@marigold.example>")));
    assert!(mails[0].contains("\r\n.hidden dot\r\n"), "dot undone");
    let late = carrier.send(mail(2)).await;
    assert_eq!(code_of(&late), "closing");
}

#[tokio::test]
async fn pipelined_mails_share_a_connection_and_refusals_do_not_end_it() {
    let go = || group("250 ok", "250 ok", "354 go");
    let reset = || vec![Hear("RSET"), Say("250 ok")];
    let first = script(vec![
        hello_pipelining(),
        go(),
        accepted(),
        // The mailbox is unknown; the server still says 354, so an empty mail goes.
        group("250 ok", "550 5.1.1 <ines@example.com> unknown", "354 go"),
        vec![Hear("."), Say("554 no recipients")],
        reset(),
        group("250 ok", "450 4.2.0 ines@example.com greylisted", "503 no"),
        reset(),
        group("451 4.3.0 later", "503 no", "503 no"),
        reset(),
        go(),
        vec![HearMail, Say("554 5.7.1 ines@example.com looks like spam")],
        go(),
        accepted(),
        go(),
        vec![HearMail, Say("421 4.3.2 shutting down"), HearClose],
    ]);
    let second = script(vec![hello_pipelining(), go(), accepted()]);
    let server = Server::play(vec![first, second], None).await;
    let carrier = carrier(server.port);
    let mut outcomes = Vec::new();
    for number in 1..=8 {
        outcomes.push(carrier.send(mail(number)).await);
    }
    let seen: Vec<_> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Accepted { .. } => "accepted".to_owned(),
            Outcome::RetryLater { code, reason, .. } => format!("later {code}: {reason}"),
            Outcome::Rejected { code, reason } => format!("never {code}: {reason}"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        seen,
        [
            "accepted",
            "never 550 5.1.1: this mailbox does not exist",
            "later 450 4.2.0: this mailbox does not take the mail",
            "later 451 4.3.0: the mail server has a fault",
            "never 554 5.7.1: the mail server does not let us write to this address",
            "accepted",
            "later 421 4.3.2: the mail server is not accepting mail at the moment",
            "accepted",
        ]
    );
    assert_eq!(server.finish().await.len(), 5);
}

#[tokio::test]
async fn start_tls_and_log_in() {
    let (tls, pem) = certificate();
    let steps = script(vec![
        vec![
            Say("220 hi"),
            Hear("EHLO"),
            Say("250-hi\r\n250-AUTH LOGIN\r\n250 STARTTLS"),
            HearAlone("STARTTLS"),
            Say("220 go"),
            StartTls,
            Hear("EHLO"),
            Say(
                "250-hi\r\n250-SIZE 1000000\r\n250-AUTH=LOGIN\r\n250-AUTH LOGIN PLAIN\r\n250 PIPELINING",
            ),
            Hear("AUTH PLAIN AHVzZXIAcMOkc3M="),
            Say("235 2.7.0 welcome"),
        ],
        group("250 ok", "250 ok", "354 go"),
        accepted(),
    ]);
    let server = Server::play(vec![steps], Some(tls)).await;
    let mut config = config(server.port);
    config.host = "localhost".into();
    config.tls = SmtpTls::StartTls(TlsRoots::from_pem(pem.as_bytes()).unwrap());
    config.auth = Some(SmtpAuth {
        user: "user".into(),
        password: Sealed::new("päss"),
    });
    let carrier = EmailCarrier::start(config).unwrap();
    let outcome = carrier.send(mail(1)).await;
    assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    assert_eq!(server.finish().await.len(), 1);
}

#[tokio::test]
async fn implicit_tls_and_the_older_log_in() {
    let (tls, pem) = certificate();
    let steps = script(vec![
        vec![
            StartTls,
            Say("220 hi"),
            Hear("EHLO"),
            Say("250-hi\r\n250-SIZE 1\r\n250-PIPELINING\r\n250 AUTH LOGIN"),
            HearAlone("AUTH LOGIN"),
            Say("334 VXNlcm5hbWU6"),
            HearAlone("dXNlcg=="),
            Say("334 UGFzc3dvcmQ6"),
            HearAlone("c2VjcmV0"),
            Say("235 ok"),
        ],
        group("250 ok", "250 ok", "354 go"),
        accepted(),
    ]);
    let server = Server::play(vec![steps], Some(tls)).await;
    let mut config = config(server.port);
    config.host = "localhost".into();
    config.tls = SmtpTls::Implicit(TlsRoots::from_pem(pem.as_bytes()).unwrap());
    config.auth = Some(SmtpAuth {
        user: "user".into(),
        password: Sealed::new("secret"),
    });
    let carrier = EmailCarrier::start(config).unwrap();
    let outcome = carrier.send(mail(1)).await;
    assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    server.finish().await;
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_that_is_not_proven_or_not_encrypted() {
    let (tls, _) = certificate();
    let (_, other) = certificate();
    let with = |port, roots: &str| {
        let mut config = config(port);
        config.host = "localhost".into();
        config.tls = SmtpTls::StartTls(TlsRoots::from_pem(roots.as_bytes()).unwrap());
        EmailCarrier::start(config).unwrap()
    };
    let plain = Server::play(vec![script(vec![hello(), vec![HearClose]])], None).await;
    let outcome = with(plain.port, &other).send(mail(1)).await;
    assert_eq!(code_of(&outcome), "no STARTTLS");
    plain.finish().await;

    let offered = || {
        vec![
            Say("220 hi"),
            Hear("EHLO"),
            Say("250-hi\r\n250 STARTTLS"),
            Hear("STARTTLS"),
        ]
    };
    let foreign = script(vec![offered(), vec![Say("220 go"), StartTls, HearClose]]);
    let foreign = Server::play(vec![foreign], Some(Arc::clone(&tls))).await;
    let outcome = with(foreign.port, &other).send(mail(1)).await;
    assert_eq!(code_of(&outcome), "TLS");
    foreign.finish().await;

    // RFC 3207 §6 as attackers knew it: an answer smuggled in ahead of the encryption.
    let injected = script(vec![
        offered(),
        vec![Say("220 go\r\n250 injected"), HearClose],
    ]);
    let injected = Server::play(vec![injected], Some(tls)).await;
    let outcome = with(injected.port, &other).send(mail(1)).await;
    assert_eq!(code_of(&outcome), "STARTTLS");
    injected.finish().await;
}

#[tokio::test]
async fn a_lost_connection_is_later_before_the_dot_and_unknown_after_it() {
    let go = || group("250 ok", "250 ok", "354 go");
    let server = Server::play(
        vec![
            // After the dot.
            script(vec![hello_pipelining(), go(), vec![HearMail]]),
            // Before any answer, on a fresh connection.
            script(vec![hello_pipelining(), vec![Hear("MAIL")]]),
            // In the middle of the answers.
            script(vec![hello_pipelining(), vec![Hear("MAIL"), Say("250 ok")]]),
            // While idle: the next mail takes a fresh connection by itself.
            script(vec![hello_pipelining(), go(), accepted()]),
            script(vec![
                hello_pipelining(),
                go(),
                accepted(),
                vec![Say("421 4.4.2 idle for too long"), HearClose],
            ]),
            script(vec![hello_pipelining(), go(), accepted()]),
            // Not SMTP at all.
            vec![Say("HTTP/1.1 400 Bad Request")],
        ],
        None,
    )
    .await;
    let carrier = carrier(server.port);
    let unknown = carrier.send(mail(1)).await;
    assert!(matches!(unknown, Outcome::Unknown { .. }), "{unknown:?}");
    for number in 2..=3 {
        assert_eq!(
            code_of(&carrier.send(mail(number)).await),
            "connection lost"
        );
    }
    for number in 4..=6 {
        let outcome = carrier.send(mail(number)).await;
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    }
    assert!(carrier.is_ready());
    assert_eq!(code_of(&carrier.send(mail(7)).await), "no connection");
    assert!(!carrier.is_ready());
    assert_eq!(server.finish().await.len(), 4);
}

#[tokio::test]
async fn a_server_that_is_down_is_not_hammered_and_a_probe_tells() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let carrier = carrier(port);
    for number in 1..=3 {
        assert_eq!(code_of(&carrier.send(mail(number)).await), "no connection");
    }
    assert!(!carrier.is_ready());
    let outcome = carrier.probe().await.unwrap_err();
    assert_eq!(code_of(&outcome), "no connection");
}

#[tokio::test]
async fn a_refused_log_in_keeps_the_mail() {
    let steps = vec![
        Say("220 hi"),
        Hear("EHLO"),
        Say("250-hi\r\n250 AUTH PLAIN"),
        Hear("AUTH PLAIN"),
        Say("535 5.7.8 wrong"),
        HearClose,
    ];
    let server = Server::play(vec![steps], None).await;
    let mut config = config(server.port);
    config.auth = Some(SmtpAuth {
        user: "user".into(),
        password: Sealed::new("wrong"),
    });
    let carrier = EmailCarrier::start(config).unwrap();
    assert_eq!(code_of(&carrier.send(mail(1)).await), "535 5.7.8");
    server.finish().await;
}

#[tokio::test]
async fn a_connection_is_replaced_after_its_share_of_mails() {
    let go = || group("250 ok", "250 ok", "354 go");
    let session = || script(vec![hello_pipelining(), go(), accepted(), go(), accepted()]);
    let server = Server::play(vec![session(), session()], None).await;
    let mut config = config(server.port);
    config.mails_per_connection = 2;
    let carrier = EmailCarrier::start(config).unwrap();
    for number in 1..=4 {
        let outcome = carrier.send(mail(number)).await;
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    }
    assert_eq!(server.finish().await.len(), 4);
}

#[tokio::test]
async fn an_address_that_could_break_out_never_reaches_a_socket() {
    let carrier = carrier(1);
    let mut mail = mail(1);
    mail.to = Sealed::new("a@example.com>\r\nRCPT TO:<b@example.com");
    let outcome = carrier.send(mail).await;
    assert!(matches!(outcome, Outcome::Rejected { ref code, .. } if code == "address"));
}
