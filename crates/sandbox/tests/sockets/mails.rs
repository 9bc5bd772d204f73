//! Mails and the faults on their answers, with the mail-send client.

use std::sync::Arc;

use mail_send::smtp::message::Message;
use mail_send::{Error, SmtpClient, SmtpClientBuilder};
use sandbox::{Faults, MailFaults, Sandbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::scene::start;

pub fn tls() -> (Arc<rustls::ServerConfig>, Arc<rustls::ClientConfig>) {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key =
        rustls::pki_types::PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
    let server = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(signed.cert.der().clone()).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

fn builder(sandbox: &Sandbox, client: Arc<rustls::ClientConfig>) -> SmtpClientBuilder<String> {
    let port = sandbox.smtp_addr().port();
    SmtpClientBuilder::new_with_tls_connector("localhost".to_owned(), port, client.into())
        .implicit_tls(false)
}

async fn connect(sandbox: &Sandbox) -> SmtpClient<TcpStream> {
    builder(sandbox, tls().1).connect_plain().await.unwrap()
}

fn mail(to: &str) -> Message<'static> {
    Message::new(
        "bounce@shop.example".to_owned(),
        [to.to_owned()],
        b"Subject: hello\r\n\r\n.dot\r\nhi".to_vec(),
    )
}

async fn with_faults(mails: MailFaults) -> (Sandbox, crate::scene::Log) {
    let (sandbox, log) = start(|_| {}).await;
    sandbox.set_faults(Faults {
        mails,
        ..Faults::default()
    });
    (sandbox, log)
}

/// Sends and gives the code of the last answer, or 0 when the line broke.
async fn code(client: &mut SmtpClient<TcpStream>, to: &str) -> u16 {
    match client.send(mail(to)).await {
        Ok(answer) => answer.code,
        Err(Error::UnexpectedReply(answer)) => {
            client.rset().await.unwrap();
            answer.code
        }
        Err(_) => 0,
    }
}

#[tokio::test]
async fn a_mail_is_observed_as_it_was_sent() {
    let (sandbox, log) = start(|config| config.keep = 0).await;
    let mut client = connect(&sandbox).await;
    assert_eq!(code(&mut client, "ana@mail.example").await, 250);
    assert_eq!(
        *log.lock().unwrap(),
        ["bounce@shop.example>ana@mail.example Subject: hello\r\n\r\n.dot\r\nhi\r\n"]
    );
    assert_eq!(
        (sandbox.counts().mails, sandbox.counts().mails_kept),
        (1, 0)
    );
}

#[tokio::test]
async fn starttls_and_sign_in() {
    let (server, client) = tls();
    let (sandbox, log) = start(|config| config.tls = Some(server)).await;
    let credentials = |secret: &str| mail_send::Credentials::Plain {
        username: "sandbox".to_owned(),
        secret: secret.to_owned(),
    };
    let mut right = builder(&sandbox, Arc::clone(&client))
        .credentials(credentials("sandbox"))
        .connect()
        .await
        .unwrap();
    right.send(mail("ana@mail.example")).await.unwrap();
    assert_eq!(log.lock().unwrap().len(), 1);
    let wrong = builder(&sandbox, client)
        .credentials(credentials("wrong"))
        .connect()
        .await;
    assert!(matches!(wrong.err(), Some(Error::AuthenticationFailed(_))));
}

#[tokio::test]
async fn refusals_hit_every_so_many_th_mail_and_the_unknown() {
    let (sandbox, log) = with_faults(MailFaults {
        refuse_for_now_every: 2,
        refuse_for_good_every: 3,
        unknown_recipients: vec!["Nobody@mail.example".to_owned()],
        ..MailFaults::default()
    })
    .await;
    let mut client = connect(&sandbox).await;
    let mut codes = Vec::new();
    for to in [
        "a@mail.example",
        "nobody@mail.example",
        "b@mail.example",
        "c@mail.example",
        "d@mail.example",
    ] {
        codes.push(code(&mut client, to).await);
    }
    assert_eq!(codes, [250, 550, 451, 554, 451]);
    assert_eq!(
        (log.lock().unwrap().len(), sandbox.counts().mails_refused),
        (1, 4)
    );
}

#[tokio::test]
async fn the_line_is_dropped_before_or_after_the_answer_and_the_mail_is_taken() {
    for (drop_before_answer, expected) in [(true, 0), (false, 250)] {
        let (sandbox, log) = with_faults(MailFaults {
            drop_after: 1,
            drop_before_answer,
            ..MailFaults::default()
        })
        .await;
        let mut client = connect(&sandbox).await;
        assert_eq!(code(&mut client, "a@mail.example").await, expected);
        assert_eq!(
            code(&mut client, "a@mail.example").await,
            0,
            "the line is gone"
        );
        assert_eq!(log.lock().unwrap().len(), 1);
        assert_eq!(
            code(&mut connect(&sandbox).await, "b@mail.example").await,
            250,
            "it was for once only"
        );
    }
}

#[tokio::test]
async fn answers_are_delayed() {
    let (sandbox, _) = with_faults(MailFaults {
        answer_delay_ms: 300,
        ..MailFaults::default()
    })
    .await;
    let mut client = connect(&sandbox).await;
    let began = tokio::time::Instant::now();
    assert_eq!(code(&mut client, "a@mail.example").await, 250);
    assert!(began.elapsed().as_millis() >= 300);
}

#[tokio::test]
async fn many_pipelined_mails_on_one_connection_are_all_taken() {
    let (sandbox, log) = start(|config| config.keep = 10).await;
    let mut stream = TcpStream::connect(sandbox.smtp_addr()).await.unwrap();
    let one = "MAIL FROM:<b@shop.example>\r\nRCPT TO:<a@mail.example>\r\nDATA\r\nSubject: x\r\n\r\nhi\r\n.\r\n";
    let talk = format!("EHLO me\r\n{}QUIT\r\n", one.repeat(500));
    stream.write_all(talk.as_bytes()).await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    assert_eq!(answers.matches("250 2.0.0 Taken as mail").count(), 500);
    assert_eq!(
        (log.lock().unwrap().len(), sandbox.counts().mails_kept),
        (500, 10)
    );
}
