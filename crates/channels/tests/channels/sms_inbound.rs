//! What comes back from an SMSC: receipts and customers' texts, and when they are answered.

use channels::{Inbound, InboundItem, Language};
use model::{Lane, ReceiptStatus, Sealed};
use smpp::pdu::{Address, CommandStatus, DeliverSm, esm_class};

use crate::sms::{accepted, sending, sms, start};

fn receipt(id: &str) -> DeliverSm {
    let text = format!(
        "id:{id} sub:001 dlvrd:001 submit date:2611220930 done date:2611220931 \
         stat:DELIVRD err:000 text:hello"
    );
    DeliverSm {
        source: Address::international("15550100123"),
        esm_class: esm_class::DELIVERY_RECEIPT,
        short_message: text.into_bytes(),
        ..DeliverSm::default()
    }
}

#[tokio::test]
async fn receipts_are_acknowledged_when_they_are_durable_even_before_the_answer() {
    let (carrier, mut inbound, _smsc, mut session) = start(|_| {}).await;
    let outcome = sending(&carrier, sms("hello", Lane::Normal));
    let submit = session.submit().await;
    for (durable, status) in [
        (Some(true), CommandStatus::ROK),
        (Some(false), CommandStatus::RX_T_APPN),
        (None, CommandStatus::RX_T_APPN),
    ] {
        let handle = session.handle.clone();
        let delivered = tokio::spawn(async move { handle.deliver(receipt("77")).await });
        let item = inbound.recv().await.unwrap();
        match item.inbound {
            Inbound::Receipt {
                carrier,
                carrier_id,
                status,
                code,
                carrier_time,
                ..
            } => {
                assert_eq!((carrier.as_str(), carrier_id.as_str()), ("smsc", "77"));
                assert_eq!(
                    (status, code.as_str()),
                    (ReceiptStatus::Delivered, "DELIVRD")
                );
                assert_eq!(carrier_time.unwrap().to_string(), "2026-11-22T09:31:00Z");
            }
            other => panic!("{other:?}"),
        }
        assert!(!delivered.is_finished());
        match durable {
            Some(durable) => item.done.send(durable).unwrap(),
            None => drop(item.done),
        }
        assert_eq!(delivered.await.unwrap().unwrap(), status);
    }
    submit.accept("77");
    assert_eq!(outcome.await.unwrap(), accepted("77"));
}

#[tokio::test]
async fn each_part_of_an_inbound_text_is_read_with_the_tables_it_names() {
    let (_carrier, mut inbound, _smsc, session) = start(|_| {}).await;
    let text = "Siparişimi iptal edin, yanlış adres yazmışım. ".repeat(5);
    let turkish = [Language::Turkish].into_iter().collect();
    let segments = smpp::gsm::segment(&text, false, turkish);
    let first = &segments.parts[0].text;
    let mut parts = segments.parts_with_udh(9);
    assert_eq!(parts.len(), 2);
    // The last part first, and one that names other tables than the rest.
    parts.reverse();
    parts[0].octets = b"\x0b\x00\x03\x09\x02\x02\x24\x01\x02\x25\x01\x03\x1ba\x7b".into();
    for part in parts {
        let (esm_class, short_message) = (part.esm_class, part.octets);
        let handle = session.handle.clone();
        let pdu = DeliverSm {
            source: Address::international("15550100123"),
            esm_class,
            short_message,
            ..DeliverSm::default()
        };
        tokio::spawn(async move { handle.deliver(pdu).await.unwrap() });
    }
    let Inbound::Text { text, .. } = inbound.recv().await.unwrap().inbound else {
        panic!("a text");
    };
    assert_eq!(text.open(), format!("{first}áã"));
}

#[tokio::test]
async fn inbound_texts_come_whole() {
    let (_carrier, mut inbound, _smsc, session) = start(|_| {}).await;
    let text = |octets: &[u8], esm| DeliverSm {
        source: Address::international("15550100123"),
        destination: Address::short_code("70070"),
        esm_class: esm,
        short_message: octets.to_vec(),
        ..DeliverSm::default()
    };
    let deliver = |pdu: DeliverSm| {
        let handle = session.handle.clone();
        tokio::spawn(async move { handle.deliver(pdu).await.unwrap() })
    };
    let stop = deliver(text(b"STOP", 0));
    let InboundItem {
        inbound: item,
        done,
    } = inbound.recv().await.unwrap();
    assert_eq!(
        item,
        Inbound::Text {
            carrier: "smsc".into(),
            from: Sealed::new("+15550100123"),
            to: "70070".into(),
            text: Sealed::new("STOP"),
        }
    );
    done.send(true).unwrap();
    assert_eq!(stop.await.unwrap(), CommandStatus::ROK);

    let second = deliver(text(b"\x05\x00\x03\x09\x02\x02please", 0x40));
    let first = deliver(text(b"\x05\x00\x03\x09\x02\x01Call me ", 0x40));
    let InboundItem {
        inbound: item,
        done,
    } = inbound.recv().await.unwrap();
    let Inbound::Text { text, .. } = item else {
        panic!("a text");
    };
    assert_eq!(text.open(), "Call me please");
    assert!(!first.is_finished() && !second.is_finished());
    done.send(true).unwrap();
    assert_eq!(first.await.unwrap(), CommandStatus::ROK);
    assert_eq!(second.await.unwrap(), CommandStatus::ROK);
}
