//! The PDUs that ended sessions of other libraries (research: SMPP strictness test).
//! Each comes right after the bind; then a submit must still be answered.

use smpp::pdu::{Body, CommandId, CommandStatus, DeliverSm, MessageState};
use smpp::receipt::Receipt;
use smpp::{ClientEvent, ClientHandle, Lane, SessionConfig};

use super::{RawPeer, frame, message};

/// A deliver_sm with these odd parts.
fn deliver(source: &[u8], validity: &[u8], message: &[u8], tail: &[u8]) -> Vec<u8> {
    let length = [u8::try_from(message.len()).unwrap()];
    let parts: [&[u8]; 8] = [
        b"\0\x01\x01",
        source,
        b"\0\x01\x01555\0\0\0\0\0",
        validity,
        b"\0\0\0\0\0",
        &length,
        message,
        tail,
    ];
    frame(5, 0, 77, &parts.concat())
}

async fn assert_alive(handle: &ClientHandle, peer: &mut RawPeer) {
    let smsc = async {
        let submit = peer.read().await.expect("the session lives");
        assert!(matches!(submit.body, Body::SubmitSm(_)), "{submit:?}");
        peer.write(&frame(0x8000_0004, 0, submit.sequence, b"id-1\0"))
            .await;
    };
    let (answer, ()) = tokio::join!(handle.submit(message("still here"), Lane::Bulk), smsc);
    assert_eq!(answer.unwrap().message_id, "id-1".into());
}

/// Sends an odd deliver_sm that must reach the caller and be answered by it.
async fn delivered(odd: Vec<u8>) -> DeliverSm {
    let (handle, mut events, mut peer) = RawPeer::with_client(SessionConfig::default()).await;
    peer.write(&odd).await;
    let Some(ClientEvent::Deliver(inbound)) = events.recv().await else {
        panic!("a deliver_sm")
    };
    let pdu = inbound.pdu().clone();
    inbound.respond(CommandStatus::ROK);
    let answer = peer.read().await.unwrap();
    assert_eq!(
        (answer.command_id(), answer.status),
        (CommandId::DELIVER_SM_RESP, CommandStatus::ROK)
    );
    assert_eq!(answer.sequence, 77);
    assert_alive(&handle, &mut peer).await;
    pdu
}

/// Sends an odd PDU that the session must refuse by itself.
async fn refused(odd: Vec<u8>) -> (CommandId, CommandStatus) {
    let (handle, _events, mut peer) = RawPeer::with_client(SessionConfig::default()).await;
    peer.write(&odd).await;
    let answer = peer.read().await.unwrap();
    assert_eq!(answer.sequence, 77);
    assert_alive(&handle, &mut peer).await;
    (answer.command_id(), answer.status)
}

#[tokio::test]
async fn a_source_address_that_is_not_ascii() {
    let pdu = delivered(deliver(b"caf\xE9", b"", b"hi", b"")).await;
    assert_eq!(pdu.source.value.text(), "café");
}

#[tokio::test]
async fn unknown_and_vendor_parameters() {
    let pdu = delivered(deliver(b"1", b"", b"hi", b"\x15\x01\0\x01x\x09\x99\0\0")).await;
    assert_eq!(pdu.tlvs.get(0x1501), Some(&b"x"[..]));
    assert_eq!(pdu.tlvs.get(0x0999), Some(&b""[..]));
}

#[tokio::test]
async fn a_message_state_of_two_octets() {
    let pdu = delivered(deliver(b"1", b"", b"", b"\x04\x27\0\x02\0\x02")).await;
    assert_eq!(pdu.tlvs.message_state(), Some(MessageState::Delivered));
}

#[tokio::test]
async fn a_receipted_message_id_without_its_nul() {
    let pdu = delivered(deliver(
        b"1",
        b"",
        b"",
        b"\0\x1E\0\x03abc\x04\x27\0\x01\x02",
    ))
    .await;
    assert_eq!(
        Receipt::of(&pdu).unwrap().message_id.as_deref(),
        Some("abc")
    );
}

#[tokio::test]
async fn a_validity_period_of_thirteen_characters() {
    let pdu = delivered(deliver(b"1", b"2611220930000", b"hi", b"")).await;
    assert_eq!(pdu.validity_period, "2611220930000".into());
}

#[tokio::test]
async fn a_source_address_of_25_characters() {
    let pdu = delivered(deliver(&[b'7'; 25], b"", b"hi", b"")).await;
    assert_eq!(pdu.source.value.as_bytes().len(), 25);
}

#[tokio::test]
async fn a_short_message_of_255_octets() {
    let pdu = delivered(deliver(b"1", b"", &[b'x'; 255], b"")).await;
    assert_eq!(pdu.message().len(), 255);
}

#[tokio::test]
async fn one_trailing_octet() {
    let pdu = delivered(deliver(b"1", b"", b"hi", b"\0")).await;
    assert_eq!((pdu.message(), pdu.tlvs.trailing()), (&b"hi"[..], &[0][..]));
}

#[tokio::test]
async fn a_parameter_longer_than_the_pdu() {
    let pdu = delivered(deliver(b"1", b"", b"hi", b"\x04\x27\xFF\xFFx")).await;
    assert_eq!(pdu.tlvs.trailing().len(), 5);
}

#[tokio::test]
async fn an_unknown_command() {
    let answer = refused(frame(0x0001_0203, 0, 77, b"whatever")).await;
    assert_eq!(answer, (CommandId::GENERIC_NACK, CommandStatus::RINVCMDID));
}

#[tokio::test]
async fn a_deliver_sm_that_ends_too_early() {
    let answer = refused(frame(5, 0, 77, b"\0\x01\x01123")).await;
    assert_eq!(
        answer,
        (CommandId::DELIVER_SM_RESP, CommandStatus::RINVCMDLEN)
    );
}

#[tokio::test]
async fn an_sm_length_beyond_the_pdu() {
    let mut odd = deliver(b"1", b"", b"hi", b"");
    let length = odd.len() - 3;
    odd[length] = 200;
    assert_eq!(
        refused(odd).await,
        (CommandId::DELIVER_SM_RESP, CommandStatus::RINVCMDLEN)
    );
}

#[tokio::test]
async fn answers_to_nothing_and_one_way_commands_are_passed_over() {
    let (handle, _events, mut peer) = RawPeer::with_client(SessionConfig::default()).await;
    for odd in [
        frame(0x8000_0004, 0, 4711, b"late\0"),
        frame(0x8000_0000, 3, 0, b""),
        frame(0x8000_0015, 0, 99, b""),
        frame(0x8000_0103, 0, 5, b""),
        frame(0x102, 0, 6, b"\x01\x01123\0"),
    ] {
        peer.write(&odd).await;
    }
    assert_alive(&handle, &mut peer).await;
}

#[tokio::test]
async fn a_bad_length_is_the_one_fatal_fault() {
    let (handle, _events, mut peer) = RawPeer::with_client(SessionConfig::default()).await;
    peer.write(&[0, 0, 0, 3]).await;
    let nack = peer.read().await.unwrap();
    assert_eq!(
        (nack.body, nack.status),
        (Body::GenericNack, CommandStatus::RINVCMDLEN)
    );
    assert!(matches!(handle.closed().await, smpp::CloseReason::NotSmpp(bad) if bad.length == 3));
}
