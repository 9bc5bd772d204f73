//! Texts and the faults on their answers.

use std::time::Duration;

use sandbox::TextFaults;
use smpp::gsm::{Language, National};
use smpp::pdu::{Bind, BindType, CommandStatus};
use smpp::{Client, ClientConfig, ConnectError, Lane, SubmitError};

use crate::scene::{Esme, Told, message, start, with_text_faults};

#[tokio::test]
async fn a_text_is_observed_counted_and_answered_with_its_own_id() {
    let (sandbox, log) = start(|config| config.keep = 0).await;
    let esme = Esme::bind(&sandbox).await;
    let (one, two) = (esme.id("one").await, esme.id("two").await);
    assert_ne!(one, two);
    assert_eq!(
        *log.lock().unwrap(),
        ["Marigold>+15550100 one", "Marigold>+15550100 two"]
    );
    let counts = sandbox.counts();
    assert_eq!(
        (
            counts.texts,
            counts.text_parts,
            counts.texts_kept,
            counts.bound_now
        ),
        (2, 2, 0, 1)
    );
}

#[tokio::test]
async fn parts_are_counted_as_one_text() {
    let (sandbox, log) = start(|_| {}).await;
    let esme = Esme::bind(&sandbox).await;
    for part in smpp::gsm::segment(&"ж".repeat(100), false, National::NONE).parts_with_udh(9) {
        let mut pdu = message("");
        (pdu.esm_class, pdu.data_coding, pdu.short_message) =
            (part.esm_class, part.data_coding, part.octets);
        esme.handle.submit(pdu, Lane::Bulk).await.unwrap();
    }
    assert_eq!(
        log.lock().unwrap()[1],
        format!("Marigold>+15550100 2/2 {}", "ж".repeat(33))
    );
    let counts = sandbox.counts();
    assert_eq!(
        (counts.texts, counts.text_parts, counts.texts_kept),
        (1, 2, 1)
    );
}

#[tokio::test]
async fn a_phone_shows_the_letters_of_national_tables() {
    let (sandbox, log) = start(|_| {}).await;
    let esme = Esme::bind(&sandbox).await;
    let all = Language::ALL.into_iter().collect();
    let (one, two) = ("ışğ".repeat(50), "Não está cá. ".repeat(15));
    for text in [&one, &two] {
        for part in smpp::gsm::segment(text, false, all).parts_with_udh(9) {
            assert_eq!((part.esm_class, part.data_coding), (0x40, 0));
            let mut pdu = message("");
            (pdu.esm_class, pdu.short_message) = (part.esm_class, part.octets);
            esme.handle.submit(pdu, Lane::Bulk).await.unwrap();
        }
    }
    let seen = log.lock().unwrap().clone();
    assert_eq!(seen[0], format!("Marigold>+15550100 {one}"));
    assert!(seen[2].ends_with("tá cá. "), "{}", seen[2]);
    let kept = crate::live::get(&sandbox, "/sandbox/api/texts").await;
    assert!(kept.contains(&one) && kept.contains(&two), "{kept}");
}

#[tokio::test]
async fn only_the_right_name_and_password_may_bind_in_any_of_the_three_ways() {
    let (sandbox, _) = start(|_| {}).await;
    let address = sandbox.smsc_addr().to_string();
    for (name, password, status) in [
        ("someone", "sandbox", CommandStatus::RINVSYSID),
        ("sandbox", "wrong", CommandStatus::RINVPASWD),
    ] {
        match Client::connect(ClientConfig::new(&address, name, password)).await {
            Err(ConnectError::Refused(refused)) => assert_eq!(refused, status),
            other => panic!("{:?}", other.map(|_| ())),
        }
    }
    for bind_type in [
        BindType::Transmitter,
        BindType::Receiver,
        BindType::Transceiver,
    ] {
        let mut config = ClientConfig::new(&address, "", "");
        config.bind = Bind::new(bind_type, "sandbox", "sandbox");
        Client::connect(config).await.unwrap();
    }
    assert_eq!(sandbox.counts().binds, 3);
}

#[tokio::test]
async fn throttling_and_rejecting_take_nothing() {
    let faults = TextFaults {
        throttle_next: 1,
        reject_every: 3,
        reject_status: 0x14,
        ..TextFaults::default()
    };
    let (sandbox, log) = with_text_faults(faults).await;
    let esme = Esme::bind(&sandbox).await;
    let mut statuses = Vec::new();
    for text in ["one", "two", "three", "four"] {
        statuses.push(esme.status(text).await);
    }
    assert_eq!(statuses, [0x58, 0, 0x14, 0]);
    assert_eq!(log.lock().unwrap().len(), 2);
    assert_eq!(sandbox.counts().texts_refused, 2);
}

#[tokio::test]
async fn a_text_to_nobody_is_refused() {
    let (sandbox, log) = start(|_| {}).await;
    let esme = Esme::bind(&sandbox).await;
    let mut nobody = message("hello");
    nobody.destination = smpp::pdu::Address::default();
    let answer = esme.handle.submit(nobody, Lane::Bulk).await.unwrap();
    assert_eq!(
        (answer.status, log.lock().unwrap().len()),
        (CommandStatus::RINVDSTADR, 0)
    );
}

#[tokio::test]
async fn answers_are_delayed_side_by_side() {
    let (sandbox, _) = with_text_faults(TextFaults {
        answer_delay_ms: 400,
        ..TextFaults::default()
    })
    .await;
    let esme = Esme::bind(&sandbox).await;
    let began = tokio::time::Instant::now();
    let (one, two) = tokio::join!(esme.send("one"), esme.send("two"));
    assert!(one.unwrap().status.is_ok() && two.unwrap().status.is_ok());
    assert!(began.elapsed() >= Duration::from_millis(400));
}

#[tokio::test]
async fn a_lost_answer_leaves_the_outcome_unknown_and_the_receipt_tells_it() {
    let (sandbox, log) = with_text_faults(TextFaults {
        lose_answer_every: 1,
        ..TextFaults::default()
    })
    .await;
    let mut esme = Esme::bind(&sandbox).await;
    assert!(matches!(
        esme.send("one").await,
        Err(SubmitError::Unknown(_))
    ));
    assert_eq!(log.lock().unwrap().len(), 1);
    assert!(esme.next_receipt().await.1.contains("stat:DELIVRD"));
}

#[tokio::test]
async fn the_line_is_dropped_before_the_answer_and_the_receipt_waits_for_the_next_bind() {
    let faults = TextFaults {
        drop_after: 2,
        drop_before_answer: true,
        receipt_delay_ms: 50,
        ..TextFaults::default()
    };
    let (sandbox, log) = with_text_faults(faults).await;
    let mut esme = Esme::bind(&sandbox).await;
    let first = esme.id("one").await;
    let lost = esme.send("two").await;
    assert!(matches!(lost, Err(SubmitError::Unknown(_))), "{lost:?}");
    assert_eq!(log.lock().unwrap().len(), 2, "it was taken all the same");
    let mut again = Esme::bind(&sandbox).await;
    let mut ids = Vec::new();
    while ids.len() < 2 {
        // The first session may have taken the first receipt before it died.
        tokio::select! {
            told = esme.told.recv() => match told {
                Some(Told::Receipt { id, .. }) => ids.push(id),
                Some(Told::Closed) | None => break,
                Some(other) => panic!("{other:?}"),
            },
            told = again.next() => match told {
                Told::Receipt { id, .. } => ids.push(id),
                other => panic!("{other:?}"),
            },
        }
    }
    while ids.len() < 2 {
        ids.push(again.next_receipt().await.0);
    }
    assert!(ids.contains(&first) && ids[0] != ids[1]);
    again.id("the fault was for once only").await;
}

#[tokio::test]
async fn the_line_is_dropped_after_the_answer() {
    let (sandbox, _) = with_text_faults(TextFaults {
        drop_every: 1,
        receipts_off: true,
        ..TextFaults::default()
    })
    .await;
    let mut esme = Esme::bind(&sandbox).await;
    esme.id("one").await;
    assert_eq!(esme.next().await, Told::Closed);
}

#[tokio::test]
async fn stopping_ends_sessions_and_frees_the_port() {
    let (sandbox, _) = start(|_| {}).await;
    let mut esme = Esme::bind(&sandbox).await;
    let address = sandbox.smsc_addr();
    sandbox.stop().await;
    assert_eq!(esme.next().await, Told::Closed);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn texts_travel_over_tls_when_asked() {
    let (server, client) = crate::mails::tls();
    let (sandbox, _) = start(|config| {
        config.tls = Some(server);
        config.smsc_tls = true;
    })
    .await;
    let mut config = ClientConfig::new(&sandbox.smsc_addr().to_string(), "sandbox", "sandbox");
    config.tls = Some(smpp::ClientTls {
        config: client,
        server_name: "localhost".try_into().unwrap(),
    });
    let (handle, _events) = Client::connect(config).await.unwrap();
    assert!(
        handle
            .submit(message("hello"), Lane::Urgent)
            .await
            .unwrap()
            .status
            .is_ok()
    );
}
