use super::*;
use crate::pdu::{esm_class, tlv::tag};

const PLAIN: &str = "id:0123456789 sub:001 dlvrd:001 submit date:2611220930 done date:2611220931 stat:DELIVRD err:000 text:Your parcel";

fn deliver(text: &[u8], esm_class: u8) -> DeliverSm {
    DeliverSm {
        esm_class,
        short_message: text.to_vec(),
        ..DeliverSm::default()
    }
}

fn date(minute: u8, second: Option<u8>) -> ReceiptDate {
    ReceiptDate {
        year: 2026,
        month: 11,
        day: 22,
        hour: 9,
        minute,
        second,
    }
}

#[test]
fn the_form_of_the_appendix() {
    let expected = Receipt {
        message_id: Some("0123456789".to_owned()),
        state: Some(MessageState::Delivered),
        error: Some("000".to_owned()),
        submitted: Some(1),
        delivered: Some(1),
        submit_date: Some(date(30, None)),
        done_date: Some(date(31, None)),
    };
    assert_eq!(Receipt::parse(PLAIN), expected);
    assert_eq!(expected.to_text("Your parcel"), PLAIN);
}

#[test]
fn letter_case_seconds_and_separators_vary() {
    let receipt =
        Receipt::parse("ID: ab-1 Stat:undeliv, ERR:12A Submit Date:261122093015 Text:id:9");
    assert_eq!(receipt.message_id.as_deref(), Some("ab-1"));
    assert_eq!(receipt.state, Some(MessageState::Undeliverable));
    assert_eq!(receipt.error.as_deref(), Some("12A"));
    assert_eq!(receipt.submit_date, Some(date(30, Some(15))));
    assert_eq!(receipt.done_date, None);
}

#[test]
fn missing_values_and_fields_are_missing() {
    let receipt = Receipt::parse("id: stat:EXPIRED err:");
    assert_eq!((receipt.message_id, receipt.error), (None, None));
    assert_eq!(receipt.state, Some(MessageState::Expired));
    assert_eq!(Receipt::parse(""), Receipt::default());
    assert_eq!(
        Receipt::parse("stat:DELIVRD").state,
        Some(MessageState::Delivered)
    );
}

#[test]
fn words_of_the_message_are_no_fields() {
    let receipt = Receipt::parse("id:1 text:stat:REJECTD id:2 err:9");
    assert_eq!(receipt.message_id.as_deref(), Some("1"));
    assert_eq!((receipt.state, receipt.error), (None, None));
}

#[test]
fn tlvs_come_before_the_text() {
    let mut pdu = deliver(PLAIN.as_bytes(), esm_class::DELIVERY_RECEIPT);
    pdu.tlvs.push(tag::RECEIPTED_MESSAGE_ID, *b"tlv-id\0");
    pdu.tlvs.push(tag::MESSAGE_STATE, [8]);
    let receipt = Receipt::of(&pdu).unwrap();
    assert_eq!(receipt.message_id.as_deref(), Some("tlv-id"));
    assert_eq!(receipt.state, Some(MessageState::Rejected));
}

#[test]
fn a_receipt_of_tlvs_alone_is_enough() {
    let mut pdu = deliver(b"", 0);
    pdu.tlvs.push(tag::RECEIPTED_MESSAGE_ID, *b"abc");
    pdu.tlvs.push(tag::MESSAGE_STATE, [2]);
    pdu.tlvs.push(tag::NETWORK_ERROR_CODE, [3, 0, 34]);
    let receipt = Receipt::of(&pdu).unwrap();
    assert_eq!(receipt.message_id.as_deref(), Some("abc"));
    assert_eq!(receipt.error.as_deref(), Some("3:34"));
}

#[test]
fn a_customers_message_is_no_receipt() {
    assert_eq!(Receipt::of(&deliver(b"STOP", 0)), None);
    assert_eq!(Receipt::of(&deliver(b"my id: 7, stat: fine", 0)), None);
    assert!(Receipt::of(&deliver(PLAIN.as_bytes(), 0)).is_some());
    assert_eq!(
        Receipt::of(&deliver(b"?", esm_class::DELIVERY_RECEIPT)),
        Some(Receipt::default())
    );
}

#[test]
fn receipts_labelled_ucs2_are_read_either_way() {
    let mut pdu = deliver(PLAIN.as_bytes(), esm_class::DELIVERY_RECEIPT);
    pdu.data_coding = 8;
    assert_eq!(Receipt::of(&pdu).unwrap(), Receipt::parse(PLAIN));
    pdu.short_message = vec![];
    let wide: Vec<u8> = PLAIN.encode_utf16().flat_map(u16::to_be_bytes).collect();
    pdu.tlvs.push(tag::MESSAGE_PAYLOAD, wide);
    assert_eq!(Receipt::of(&pdu).unwrap(), Receipt::parse(PLAIN));
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in ".{0,80}", tail in "((id|stat|done date|ERR|text) ?: ?[^ ]{0,5} ?){0,6}") {
        let _ = Receipt::parse(&text);
        let _ = Receipt::parse(&format!("{text} {tail}"));
        let _ = ReceiptDate::parse(&text);
    }
}
