//! Receipts, their faults, and texts from phones.

use sandbox::{Faults, TextFaults};
use smpp::Lane;
use smpp::pdu::CommandStatus;

use crate::scene::{Esme, Told, message, start, with_text_faults};

#[tokio::test]
async fn a_receipt_repeats_the_id_and_the_beginning_of_the_text() {
    let (sandbox, _) = start(|_| {}).await;
    let mut esme = Esme::bind(&sandbox).await;
    let sent = esme.id("Your order 112-0494 is confirmed").await;
    let (id, text) = esme.next_receipt().await;
    assert_eq!(id, sent);
    let expected = format!(
        "id:{sent} sub:001 dlvrd:001 submit date:2611221142 done date:2611221142 stat:DELIVRD err:000 text:Your order 112-0494 "
    );
    assert_eq!(text, expected);
}

#[tokio::test]
async fn only_receipts_that_were_asked_for_are_sent() {
    let (sandbox, _) = with_text_faults(TextFaults {
        undelivered_every: 3,
        ..TextFaults::default()
    })
    .await;
    let mut esme = Esme::bind(&sandbox).await;
    let mut none = message("none");
    none.registered_delivery = 0;
    esme.handle.submit(none, Lane::Bulk).await.unwrap();
    let mut ids = Vec::new();
    for text in [
        "failures only, delivered",
        "both, delivered",
        "failures only, undelivered",
    ] {
        let mut pdu = message(text);
        pdu.registered_delivery = if text.starts_with("both") { 1 } else { 2 };
        ids.push(
            esme.handle
                .submit(pdu, Lane::Bulk)
                .await
                .unwrap()
                .message_id
                .text()
                .into_owned(),
        );
    }
    let (first, delivered) = esme.next_receipt().await;
    let (second, undelivered) = esme.next_receipt().await;
    assert_eq!([first, second], ids[1..]);
    assert!(delivered.contains("stat:DELIVRD err:000"));
    assert!(undelivered.contains("dlvrd:000") && undelivered.contains("stat:UNDELIV err:001"));
}

#[tokio::test]
async fn receipts_come_before_the_answer() {
    let (sandbox, _) = with_text_faults(TextFaults {
        receipt_before_answer: true,
        ..TextFaults::default()
    })
    .await;
    let mut esme = Esme::bind(&sandbox).await;
    let sent = esme.id("one").await;
    // The client notes a receipt before it answers it, and the sandbox waits for that.
    match esme.told.try_recv() {
        Ok(Told::Receipt { id, .. }) => assert_eq!(id, sent),
        other => panic!("the answer came first: {other:?}"),
    }
}

#[tokio::test]
async fn receipts_come_in_swapped_pairs() {
    let (sandbox, _) = with_text_faults(TextFaults {
        receipts_out_of_order: true,
        ..TextFaults::default()
    })
    .await;
    let mut esme = Esme::bind(&sandbox).await;
    let mut ids = Vec::new();
    for text in ["one", "two", "three", "four"] {
        ids.push(esme.id(text).await);
    }
    let mut order = Vec::new();
    for _ in 0..4 {
        let (id, _) = esme.next_receipt().await;
        order.push(ids.iter().position(|sent| *sent == id).unwrap());
    }
    assert_eq!(order, [1, 0, 3, 2]);
}

#[tokio::test]
async fn receipts_can_be_off_and_the_text_from_a_phone_still_comes() {
    let (sandbox, _) = with_text_faults(TextFaults {
        receipts_off: true,
        ..TextFaults::default()
    })
    .await;
    let mut esme = Esme::bind(&sandbox).await;
    esme.id("one").await;
    let body = r#"{"from":"+15550100","to":"Marigold","text":"STOP"}"#;
    let answer = crate::live::post_json(&sandbox, "/sandbox/api/texts/inbound", body).await;
    assert!(answer.ends_with(r#"{"state":"taken"}"#), "{answer}");
    assert_eq!(
        esme.next().await,
        Told::Text {
            from: "15550100".to_owned(),
            text: "STOP".to_owned()
        }
    );
    assert_eq!(sandbox.counts().texts_inbound, 1);
}

#[tokio::test]
async fn a_refused_receipt_is_offered_again_after_the_next_bind() {
    let (sandbox, _) = start(|_| {}).await;
    let mut refusing = Esme::bind_answering(&sandbox, CommandStatus::RX_P_APPN).await;
    let sent = refusing.id("one").await;
    assert_eq!(refusing.next_receipt().await.0, sent);
    refusing
        .handle
        .close(std::time::Duration::from_secs(1))
        .await;
    assert_eq!(
        (sandbox.counts().waiting, sandbox.counts().receipts),
        (1, 0)
    );
    let mut taking = Esme::bind(&sandbox).await;
    assert_eq!(taking.next_receipt().await.0, sent);
}

#[tokio::test]
async fn receipts_wait_while_nobody_is_bound_to_take_them() {
    let (sandbox, _) = start(|_| {}).await;
    sandbox.set_faults(Faults {
        texts: TextFaults {
            receipt_delay_ms: 300,
            ..TextFaults::default()
        },
        ..Faults::default()
    });
    let esme = Esme::bind(&sandbox).await;
    let sent = esme.id("one").await;
    drop(esme);
    let mut again = Esme::bind(&sandbox).await;
    assert_eq!(again.next_receipt().await.0, sent);
}
