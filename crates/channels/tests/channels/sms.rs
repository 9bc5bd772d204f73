//! The text carrier against the server half of our own SMPP crate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use channels::{
    InboundItem, Language, National, Outcome, OutgoingSms, Recall, SmsCarrier, SmsConfig,
    SmsSource, TlsRoots,
};
use model::{DeliveryId, Id, Lane, Sealed, Span};
use smpp::pdu::{Address, CommandStatus};
use smpp::{
    BindAnswer, InboundSubmit, Server, ServerEvent, ServerEvents, ServerHandle, SessionConfig,
};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

fn source(address: &str) -> SmsSource {
    SmsSource {
        address: address.into(),
        ton: 5,
        npi: 0,
    }
}

pub fn config(port: u16) -> SmsConfig {
    let sources = ["Marigold", "MGLD"].map(source);
    let mut config = SmsConfig::new(
        "smsc",
        "127.0.0.1",
        port,
        "shop",
        Sealed::new("pw"),
        sources,
    );
    config.clock_ahead_of_utc = Some(Span::ZERO);
    config
}

pub fn sms(text: &str, lane: Lane) -> OutgoingSms {
    OutgoingSms {
        source: Arc::new(source("Marigold")),
        recall: Recall::never(),
        delivery: DeliveryId::from_i64(1),
        to: Sealed::new("+15550100123"),
        text: Sealed::new(text),
        lane,
        expires_in: Span::minutes(10),
    }
}

/// An SMSC that one test plays by hand.
pub struct Smsc {
    listener: TcpListener,
}

pub struct Session {
    pub handle: ServerHandle,
    events: ServerEvents,
}

impl Smsc {
    async fn start() -> (Self, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        (Self { listener }, port)
    }

    async fn bound(&self) -> Session {
        let (stream, _) = self.listener.accept().await.unwrap();
        let judge = async |bind: smpp::pdu::Bind| {
            assert_eq!(bind.system_id.as_bytes(), b"shop");
            assert_eq!(bind.password.as_bytes(), b"pw");
            BindAnswer::accept("smsc")
        };
        let (handle, events) = Server::accept(stream, SessionConfig::default(), judge)
            .await
            .unwrap();
        Session { handle, events }
    }
}

impl Session {
    pub async fn submit(&mut self) -> InboundSubmit {
        loop {
            match self.events.recv().await.expect("an open session") {
                ServerEvent::Submit(inbound) => return inbound,
                ServerEvent::Closed(reason) => panic!("closed: {reason}"),
                ServerEvent::Other(_) | ServerEvent::Malformed(_) => {}
            }
        }
    }
}

pub async fn start(
    change: impl FnOnce(&mut SmsConfig),
) -> (SmsCarrier, mpsc::Receiver<InboundItem>, Smsc, Session) {
    let (smsc, port) = Smsc::start().await;
    let mut config = config(port);
    change(&mut config);
    config.check().unwrap();
    let (sender, inbound) = mpsc::channel(16);
    let carrier = SmsCarrier::start(config, sender);
    let session = smsc.bound().await;
    (carrier, inbound, smsc, session)
}

pub fn sending(carrier: &SmsCarrier, sms: OutgoingSms) -> tokio::task::JoinHandle<Outcome> {
    let carrier = carrier.clone();
    tokio::spawn(async move { carrier.send(sms).await })
}

pub fn accepted(id: &str) -> Outcome {
    Outcome::Accepted {
        carrier_id: Some(id.into()),
    }
}

#[tokio::test]
async fn a_text_goes_out_as_configured() {
    let (carrier, _inbound, _smsc, mut session) = start(|_| {}).await;
    let outcome = sending(&carrier, sms("Your parcel – “today”", Lane::Normal));
    let submit = session.submit().await;
    let pdu = submit.pdu();
    assert_eq!(pdu.source, Address::alphanumeric("Marigold"));
    assert_eq!(pdu.destination, Address::international("15550100123"));
    assert_eq!(
        (pdu.esm_class, pdu.data_coding),
        (0, 0),
        "punctuation made plain"
    );
    assert_eq!(pdu.registered_delivery, 1);
    let validity = pdu.validity_period.text().into_owned();
    assert!(
        validity == "000000001000000R" || validity == "000000000959000R",
        "{validity}"
    );
    submit.accept("m-1");
    assert_eq!(outcome.await.unwrap(), accepted("m-1"));
    assert!(carrier.is_ready());
    assert_eq!(carrier.name(), "smsc");
}

#[tokio::test]
async fn a_text_comes_from_a_source_of_the_carrier_or_not_at_all() {
    let (carrier, _inbound, _smsc, mut session) = start(|_| {}).await;
    let from = |address| OutgoingSms {
        source: Arc::new(source(address)),
        ..sms("Hello", Lane::Normal)
    };
    let outcome = carrier.send(from("Marigolds")).await;
    let Outcome::Rejected { code, .. } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(code, "source");
    let outcome = sending(&carrier, from("MGLD"));
    let submit = session.submit().await;
    assert_eq!(submit.pdu().source, Address::alphanumeric("MGLD"));
    submit.accept("m-1");
    assert_eq!(outcome.await.unwrap(), accepted("m-1"));
}

#[tokio::test]
async fn a_long_text_goes_in_parts_and_one_receipt_is_asked_for() {
    let (carrier, _inbound, _smsc, mut session) = start(|_| {}).await;
    let text = "Ваш заказ уже в пути. ".repeat(8);
    let outcome = sending(&carrier, sms(&text, Lane::Normal));
    let mut back = String::new();
    let mut receipts = Vec::new();
    for part in 1..=3 {
        let submit = session.submit().await;
        let pdu = submit.pdu();
        assert_eq!((pdu.esm_class, pdu.data_coding), (0x40, 8));
        let (header, octets) = smpp::gsm::split_udh(&pdu.short_message);
        let place = header.place.unwrap();
        assert_eq!((place.part, place.total), (part, 3));
        back += &smpp::gsm::decode(pdu.data_coding, octets);
        receipts.push(pdu.registered_delivery);
        submit.accept(&format!("m-{part}"));
    }
    assert_eq!(outcome.await.unwrap(), accepted("m-3"));
    assert_eq!(back, text);
    assert_eq!(receipts, [0, 0, 1]);
}

#[tokio::test]
async fn refusals_become_outcomes() {
    let (carrier, _inbound, _smsc, mut session) = start(|_| {}).await;
    for (status, code, is_final, after) in [
        (CommandStatus::RINVDSTADR, "smpp 0x0b", true, None),
        (CommandStatus::RX_R_APPN, "smpp 0x66", true, None),
        (
            CommandStatus::RMSGQFUL,
            "smpp 0x14",
            false,
            Some(15_000..15_001),
        ),
        (CommandStatus(0x4ff), "smpp 0x4ff", false, None),
        (
            CommandStatus::RTHROTTLED,
            "smpp 0x58",
            false,
            Some(1_000..1_251),
        ),
    ] {
        let outcome = sending(&carrier, sms("hello", Lane::Normal));
        session.submit().await.reject(status);
        match outcome.await.unwrap() {
            Outcome::Rejected { code: c, .. } => assert!(is_final && c == code, "{c}"),
            Outcome::RetryLater {
                code: c, after: a, ..
            } => {
                assert!(!is_final && c == code, "{c}");
                let a = a.map(|a| a.as_micros() / 1_000);
                assert!(a.is_none() == after.is_none());
                assert!(a.is_none_or(|a| after.unwrap().contains(&a)), "{a:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    let mut nowhere = sms("hello", Lane::Normal);
    nowhere.to = Sealed::new("5550100");
    let outcome = carrier.send(nowhere).await;
    assert!(matches!(outcome, Outcome::Rejected { ref code, .. } if code == "address"));
    let endless = carrier.send(sms(&"a".repeat(10_000), Lane::Normal)).await;
    assert!(matches!(endless, Outcome::Rejected { ref code, .. } if code == "length"));
}

#[tokio::test]
async fn a_code_waits_through_throttling() {
    let (carrier, _inbound, _smsc, mut session) = start(|_| {}).await;
    let outcome = sending(&carrier, sms("Your code is 123456", Lane::Security));
    session.submit().await.reject(CommandStatus::RTHROTTLED);
    session.submit().await.accept("m-1");
    assert_eq!(outcome.await.unwrap(), accepted("m-1"));
}

#[tokio::test]
async fn a_text_that_waits_here_is_recalled_before_it_leaves() {
    let (carrier, _inbound, _smsc, mut session) = start(|_| {}).await;
    let stopped = Arc::new(AtomicBool::new(false));
    let mut text = sms("Out for delivery", Lane::Urgent);
    let asked = stopped.clone();
    text.recall = Recall::when(move || asked.load(Ordering::SeqCst).then(|| "stop".into()));
    let outcome = sending(&carrier, text);
    let throttled = session.submit().await;
    stopped.store(true, Ordering::SeqCst);
    throttled.reject(CommandStatus::RTHROTTLED);
    let outcome = outcome.await.unwrap();
    assert!(matches!(outcome, Outcome::Stopped { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_text_whose_hour_has_passed_is_recalled_unless_it_has_begun() {
    for begun in [false, true] {
        let (carrier, _inbound, _smsc, mut session) = start(|_| {}).await;
        let untimely = Arc::new(AtomicBool::new(false));
        let mut text = sms(&"a".repeat(200), Lane::Urgent);
        let asked = untimely.clone();
        let late = move || asked.load(Ordering::SeqCst).then(|| "late".into());
        text.recall = Recall::never().unless_begun(late);
        let outcome = sending(&carrier, text);
        let first = session.submit().await;
        untimely.store(true, Ordering::SeqCst);
        if begun {
            first.accept("m-1");
            session.submit().await.accept("m-2");
            assert_eq!(outcome.await.unwrap(), accepted("m-2"));
        } else {
            first.reject(CommandStatus::RTHROTTLED);
            let reason = "late".into();
            assert_eq!(outcome.await.unwrap(), Outcome::Stopped { reason });
        }
    }
}

#[tokio::test]
async fn letters_of_a_language_go_in_septets_where_the_route_allows_it() {
    let text = "Não está cá. ".repeat(15);
    let parts = async |national: National| {
        let (carrier, _inbound, _smsc, mut session) = start(|c| c.national = national).await;
        let outcome = sending(&carrier, sms(&text, Lane::Normal));
        let (mut back, mut written) = (String::new(), Vec::new());
        for part in 0..channels::sms_segments(&text, true, national).parts {
            let submit = session.submit().await;
            let pdu = submit.pdu();
            let (header, octets) = smpp::gsm::split_udh(&pdu.short_message);
            back += &smpp::gsm::decode_with(header.tables, pdu.data_coding, octets);
            written.push((pdu.data_coding, header.tables.single));
            submit.accept(&format!("m-{part}"));
        }
        assert!(matches!(outcome.await.unwrap(), Outcome::Accepted { .. }));
        assert_eq!(back, text);
        written
    };
    assert_eq!(parts(National::NONE).await, [(8, None); 3]);
    let portuguese = [Language::Portuguese].into_iter().collect();
    let table = (0, Some(Language::Portuguese));
    assert_eq!(parts(portuguese).await, [table; 2]);
}

#[tokio::test]
async fn parts_the_carrier_has_are_never_sent_again() {
    let (carrier, _inbound, _smsc, mut session) = start(|_| {}).await;
    let text = "a".repeat(400);
    let place = |submit: &InboundSubmit| {
        let (header, _) = smpp::gsm::split_udh(&submit.pdu().short_message);
        header.place.unwrap().part
    };
    let outcome = sending(&carrier, sms(&text, Lane::Bulk));
    session.submit().await.accept("m-1");
    let second = session.submit().await;
    assert_eq!(place(&second), 2);
    second.reject(CommandStatus::RSYSERR);
    for part in 2..=3 {
        let submit = session.submit().await;
        assert_eq!(place(&submit), part);
        submit.accept(&format!("m-{part}"));
    }
    assert_eq!(outcome.await.unwrap(), accepted("m-3"));

    let outcome = sending(&carrier, sms(&text, Lane::Bulk));
    session.submit().await.accept("m-4");
    session.submit().await.reject(CommandStatus::RINVDSTADR);
    match outcome.await.unwrap() {
        Outcome::Rejected { reason, .. } => assert!(reason.contains("1 of 3"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn without_an_answer_the_outcome_is_unknown_and_the_bind_comes_back() {
    let (carrier, _inbound, smsc, mut session) =
        start(|config| config.response_timeout = Duration::from_millis(100)).await;
    let outcome = sending(&carrier, sms("hello", Lane::Normal));
    session.submit().await.ignore();
    let outcome = outcome.await.unwrap();
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");

    let outcome = sending(&carrier, sms("hello", Lane::Normal));
    let taken = session.submit().await;
    session.handle.abort().await;
    drop(taken);
    let outcome = outcome.await.unwrap();
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");

    let outcome = sending(&carrier, sms("hello", Lane::Normal));
    let mut session = smsc.bound().await;
    session.submit().await.accept("m-2");
    assert_eq!(outcome.await.unwrap(), accepted("m-2"));
}

#[tokio::test]
async fn while_there_is_no_bind_texts_go_back_to_the_schedule() {
    let (smsc, port) = Smsc::start().await;
    drop(smsc);
    let mut config = config(port);
    config.wait_for_bind = Duration::from_millis(20);
    let (sender, _inbound) = mpsc::channel(1);
    let carrier = SmsCarrier::start(config, sender);
    let outcome = carrier.send(sms("hello", Lane::Security)).await;
    assert!(matches!(outcome, Outcome::RetryLater { ref code, .. } if code == "no bind"));
    assert!(!carrier.is_ready());
    carrier.close(Duration::from_secs(1)).await;
    let outcome = carrier.send(sms("hello", Lane::Security)).await;
    assert!(matches!(outcome, Outcome::RetryLater { ref code, .. } if code == "closing"));
}

#[tokio::test]
async fn closing_waits_for_what_is_under_way() {
    let (carrier, _inbound, _smsc, mut session) = start(|_| {}).await;
    let outcome = sending(&carrier, sms("hello", Lane::Normal));
    let submit = session.submit().await;
    let closer = carrier.clone();
    let closed = tokio::spawn(async move { closer.close(Duration::from_secs(10)).await });
    while carrier.is_ready() {
        tokio::task::yield_now().await;
    }
    submit.accept("m-1");
    assert_eq!(outcome.await.unwrap(), accepted("m-1"));
    let reason = session.handle.closed().await;
    assert_eq!(reason, smpp::CloseReason::PeerUnbound);
    closed.await.unwrap();
}

#[tokio::test]
async fn over_tls_with_the_roots_we_trust_and_no_others() {
    let (tls, pem) = crate::smtp_script::certificate();
    let (_, other_pem) = crate::smtp_script::certificate();
    let (smsc, port) = Smsc::start().await;
    let acceptor = tokio_rustls::TlsAcceptor::from(tls);
    let (sender, _inbound) = mpsc::channel(1);
    let with = |pem: &str| {
        let mut config = config(port);
        config.host = "localhost".into();
        config.tls = Some(TlsRoots::from_pem(pem.as_bytes()).unwrap());
        config
    };
    let wary = SmsCarrier::start(with(&other_pem), sender.clone());
    let (stream, _) = smsc.listener.accept().await.unwrap();
    assert!(acceptor.accept(stream).await.is_err());
    drop(wary);

    let carrier = SmsCarrier::start(with(&pem), sender);
    let stream = loop {
        // The wary one may have knocked again before it was dropped.
        let (stream, _) = smsc.listener.accept().await.unwrap();
        if let Ok(stream) = acceptor.accept(stream).await {
            break stream;
        }
    };
    let judge = async |_| BindAnswer::accept("smsc");
    let (handle, events) = Server::accept(stream, SessionConfig::default(), judge)
        .await
        .unwrap();
    let mut session = Session { handle, events };
    let outcome = sending(&carrier, sms("hello", Lane::Normal));
    session.submit().await.accept("m-1");
    assert_eq!(outcome.await.unwrap(), accepted("m-1"));
}
