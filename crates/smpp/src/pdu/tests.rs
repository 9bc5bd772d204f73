//! Octets written by hand from the specification, and what odd ones become.

use proptest::prelude::*;

use super::*;

/// A frame: header from id, status and sequence number, then the body.
fn frame(id: u32, status: u32, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).unwrap();
    let words = [length, id, status, sequence].map(u32::to_be_bytes);
    [words.concat().as_slice(), body].concat()
}

/// Both directions: these octets are this PDU, and this PDU is these octets.
fn assert_wire(octets: &[u8], pdu: &Pdu) {
    assert_eq!(&Pdu::decode(octets), pdu);
    let mut written = Vec::new();
    pdu.encode(&mut written).unwrap();
    assert_eq!(written, octets);
}

#[test]
fn bind_transceiver_and_its_answer() {
    let mut bind = Bind::new(BindType::Transceiver, "SMPP3TEST", "secret08");
    bind.system_type = "SUBMIT1".into();
    bind.addr_ton = 1;
    bind.addr_npi = 1;
    let body = b"SMPP3TEST\0secret08\0SUBMIT1\0\x34\x01\x01\0";
    assert_wire(&frame(9, 0, 1, body), &Pdu::request(1, Body::Bind(bind)));
    let resp = BindResp {
        bind_type: BindType::Transceiver,
        system_id: "SMSC".into(),
        tlvs: Tlvs::new().with(tlv::tag::SC_INTERFACE_VERSION, [0x34]),
    };
    assert_eq!(resp.interface_version(), Some(0x34));
    let octets = frame(0x8000_0009, 0, 1, b"SMSC\0\x02\x10\0\x01\x34");
    assert_wire(
        &octets,
        &Pdu::response(CommandStatus::ROK, 1, Body::BindResp(resp)),
    );
}

#[test]
fn the_other_binds_differ_by_their_id() {
    for (id, bind_type) in [(1, BindType::Receiver), (2, BindType::Transmitter)] {
        let bind = Bind::new(bind_type, "a", "b");
        assert_wire(
            &frame(id, 0, 7, b"a\0b\0\0\x34\0\0\0"),
            &Pdu::request(7, Body::Bind(bind)),
        );
    }
}

#[test]
fn a_refused_bind_has_no_body() {
    let resp = BindResp {
        bind_type: BindType::Receiver,
        system_id: "".into(),
        tlvs: Tlvs::new(),
    };
    let pdu = Pdu::response(CommandStatus::RINVPASWD, 1, Body::BindResp(resp));
    assert_wire(&frame(0x8000_0001, 0x0E, 1, b""), &pdu);
}

const MESSAGE: &[u8] = b"CMT\0\x01\x01447700900000\0\x01\x01447700900001\0\x40\x00\x01\
    \x00000000010000000R\0\x01\x00\x08\x00\x04\x00H\x00i\x02\x04\x00\x02\x12\x34";

fn submit() -> SubmitSm {
    SubmitSm {
        service_type: "CMT".into(),
        source: Address::international("+447700900000"),
        destination: Address::international("447700900001"),
        esm_class: 0x40,
        priority_flag: 1,
        validity_period: "000000010000000R".into(),
        registered_delivery: 1,
        data_coding: 8,
        short_message: b"\0H\0i".to_vec(),
        tlvs: Tlvs::new().with(tlv::tag::USER_MESSAGE_REFERENCE, [0x12, 0x34]),
        ..SubmitSm::default()
    }
}

#[test]
fn submit_sm_and_its_answer() {
    assert_eq!(submit().tlvs.user_message_reference(), Some(0x1234));
    assert_wire(
        &frame(4, 0, 2, MESSAGE),
        &Pdu::request(2, Body::SubmitSm(submit())),
    );
    let resp = SubmitSmResp {
        message_id: "abc-1".into(),
        tlvs: Tlvs::new(),
    };
    let pdu = Pdu::response(CommandStatus::ROK, 2, Body::SubmitSmResp(resp));
    assert_wire(&frame(0x8000_0004, 0, 2, b"abc-1\0"), &pdu);
}

#[test]
fn a_refused_submit_is_read_with_and_without_a_body() {
    let pdu = Pdu::response(
        CommandStatus::RTHROTTLED,
        2,
        Body::SubmitSmResp(SubmitSmResp::default()),
    );
    assert_wire(&frame(0x8000_0004, 0x58, 2, b""), &pdu);
    assert_eq!(Pdu::decode(&frame(0x8000_0004, 0x58, 2, b"\0")), pdu);
}

#[test]
fn deliver_sm_and_its_answer() {
    let pdu = Pdu::decode(&frame(5, 0, 3, MESSAGE));
    let Body::DeliverSm(message) = &pdu.body else {
        panic!("{pdu:?}")
    };
    assert_eq!(
        (message.message(), message.has_udh()),
        (&b"\0H\0i"[..], true)
    );
    assert_wire(&frame(5, 0, 3, MESSAGE), &pdu);
    let resp = Pdu::response(
        CommandStatus::RX_T_APPN,
        3,
        Body::DeliverSmResp(DeliverSmResp::default()),
    );
    assert_wire(&frame(0x8000_0005, 0x64, 3, b"\0"), &resp);
    assert_eq!(Pdu::decode(&frame(0x8000_0005, 0x64, 3, b"")), resp);
}

#[test]
fn pdus_without_parameters() {
    for (id, body) in [
        (0x15, Body::EnquireLink),
        (0x8000_0015, Body::EnquireLinkResp),
        (6, Body::Unbind),
        (0x8000_0006, Body::UnbindResp),
    ] {
        assert_wire(&frame(id, 0, 4, b""), &Pdu::request(4, body.clone()));
        assert_eq!(Pdu::decode(&frame(id, 0, 4, b"extra")).body, body);
    }
    let nack = Pdu::response(CommandStatus::RINVCMDID, 0, Body::GenericNack);
    assert_wire(&frame(0x8000_0000, 3, 0, b""), &nack);
}

#[test]
fn unknown_commands_are_kept_raw() {
    let raw = Raw {
        command_id: CommandId(0x0001_0203),
        octets: b"xyz".to_vec(),
    };
    assert_wire(
        &frame(0x0001_0203, 0, 5, b"xyz"),
        &Pdu::request(5, Body::Other(raw)),
    );
}

#[test]
fn a_cut_body_is_malformed_and_says_where() {
    let pdu = Pdu::decode(&frame(4, 0, 6, &MESSAGE[..8]));
    let Body::Malformed(malformed) = &pdu.body else {
        panic!("{pdu:?}")
    };
    assert_eq!(
        malformed.reason,
        MalformedReason::Truncated {
            field: "source_addr"
        }
    );
    assert_eq!((pdu.sequence, pdu.command_id()), (6, CommandId::SUBMIT_SM));
    assert_eq!(malformed.octets, MESSAGE[..8]);
}

#[test]
fn a_long_message_travels_as_payload() {
    let long = SubmitSm {
        short_message: vec![b'a'; 255],
        ..SubmitSm::default()
    };
    let mut octets = Vec::new();
    Pdu::request(1, Body::SubmitSm(long))
        .encode(&mut octets)
        .unwrap();
    let Body::SubmitSm(read) = Pdu::decode(&octets).body else {
        panic!()
    };
    assert_eq!((read.short_message.len(), read.message().len()), (0, 255));
}

#[test]
fn a_pdu_beyond_the_limit_is_not_written() {
    let huge = SubmitSm {
        short_message: vec![b'a'; MAX_PDU_LENGTH],
        ..SubmitSm::default()
    };
    let mut octets = vec![1, 2, 3];
    assert_eq!(
        Pdu::request(1, Body::SubmitSm(huge)).encode(&mut octets),
        Err(TooLong)
    );
    assert_eq!(octets, [1, 2, 3]);
}

#[test]
fn nothing_personal_is_shown() {
    let shown = format!("{:?}", Body::SubmitSm(submit()));
    assert!(!shown.contains("4477") && !shown.contains("Hi"), "{shown}");
    let shown = format!("{:?}", Bind::new(BindType::Receiver, "me", "secret"));
    assert!(!shown.contains("secret"), "{shown}");
}

fn strings() -> impl Strategy<Value = COctetString> {
    prop::collection::vec(1_u8..=255, 0..30).prop_map(COctetString::new)
}

fn tlvs() -> impl Strategy<Value = Tlvs> {
    let tlv = (any::<u16>(), prop::collection::vec(any::<u8>(), 0..20));
    prop::collection::vec(tlv, 0..4).prop_map(|list| {
        list.into_iter()
            .fold(Tlvs::new(), |tlvs, (tag, value)| tlvs.with(tag, value))
    })
}

fn addresses() -> impl Strategy<Value = Address> {
    (any::<u8>(), any::<u8>(), strings()).prop_map(|(ton, npi, value)| Address { ton, npi, value })
}

fn messages() -> impl Strategy<Value = SubmitSm> {
    let strings = (strings(), strings(), strings());
    let text = prop::collection::vec(any::<u8>(), 0..=254);
    (
        strings,
        addresses(),
        addresses(),
        any::<[u8; 7]>(),
        text,
        tlvs(),
    )
        .prop_map(
            |(strings, source, destination, bytes, short_message, tlvs)| SubmitSm {
                service_type: strings.0,
                source,
                destination,
                esm_class: bytes[0],
                protocol_id: bytes[1],
                priority_flag: bytes[2],
                schedule_delivery_time: strings.1,
                validity_period: strings.2,
                registered_delivery: bytes[3],
                replace_if_present: bytes[4],
                data_coding: bytes[5],
                sm_default_msg_id: bytes[6],
                short_message,
                tlvs,
            },
        )
}

fn bodies() -> impl Strategy<Value = Body> {
    let bind_type = prop_oneof![
        Just(BindType::Receiver),
        Just(BindType::Transmitter),
        Just(BindType::Transceiver)
    ];
    let bind = (
        bind_type.clone(),
        strings(),
        strings(),
        strings(),
        any::<[u8; 3]>(),
        strings(),
    );
    prop_oneof![
        bind.prop_map(
            |(bind_type, system_id, password, system_type, bytes, address_range)| Body::Bind(
                Bind {
                    bind_type,
                    system_id,
                    password,
                    system_type,
                    interface_version: bytes[0],
                    addr_ton: bytes[1],
                    addr_npi: bytes[2],
                    address_range,
                }
            )
        ),
        (bind_type, strings(), tlvs()).prop_map(|(bind_type, system_id, tlvs)| Body::BindResp(
            BindResp {
                bind_type,
                system_id,
                tlvs
            }
        )),
        messages().prop_map(Body::SubmitSm),
        messages().prop_map(|message| {
            let mut octets = Vec::new();
            message.write(&mut octets);
            Body::DeliverSm(DeliverSm::read(Reader::new(&octets)).unwrap())
        }),
        (strings(), tlvs())
            .prop_map(|(message_id, tlvs)| Body::SubmitSmResp(SubmitSmResp { message_id, tlvs })),
        (strings(), tlvs())
            .prop_map(|(message_id, tlvs)| Body::DeliverSmResp(DeliverSmResp { message_id, tlvs })),
        Just(Body::EnquireLink),
        Just(Body::EnquireLinkResp),
        Just(Body::Unbind),
        Just(Body::UnbindResp),
        Just(Body::GenericNack),
        prop::collection::vec(any::<u8>(), 0..50).prop_map(|octets| Body::Other(Raw {
            command_id: CommandId(0x103),
            octets
        })),
    ]
}

proptest! {
    #[test]
    fn every_pdu_comes_back(body in bodies(), sequence in any::<u32>(), status in any::<u32>()) {
        let pdu = Pdu { status: CommandStatus(status), sequence, body };
        let mut octets = Vec::new();
        pdu.encode(&mut octets).unwrap();
        prop_assert_eq!(Pdu::decode(&octets), pdu);
    }

    #[test]
    fn any_octets_are_read_without_panic(octets in prop::collection::vec(any::<u8>(), 0..300), id in 0_u32..0x22) {
        let _ = Pdu::decode(&octets);
        for id in [id, id | 0x8000_0000] {
            let pdu = Pdu::decode(&frame(id, 0, 1, &octets));
            let mut written = Vec::new();
            let _ = pdu.encode(&mut written);
            if let Body::DeliverSm(message) = &pdu.body {
                let _ = (crate::receipt::Receipt::of(message), crate::gsm::text_of(message));
            }
        }
        let mut buffer = FrameBuffer::new();
        buffer.extend(&octets);
        while let Ok(Some(_)) = buffer.next_frame() {}
    }

    #[test]
    fn a_cut_pdu_is_read_without_panic(body in bodies(), cut in any::<prop::sample::Index>()) {
        let mut octets = Vec::new();
        Pdu::request(1, body).encode(&mut octets).unwrap();
        let _ = Pdu::decode(&octets[..cut.index(octets.len())]);
    }
}
