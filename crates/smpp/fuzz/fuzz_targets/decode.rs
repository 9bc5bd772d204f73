//! A peer's octets: cutting, decoding, reading and writing them again never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smpp::pdu::{Body, FrameBuffer, MAX_PDU_LENGTH, Pdu};

fuzz_target!(|octets: &[u8]| {
    let mut buffer = FrameBuffer::new();
    buffer.extend(octets);
    while let Ok(Some(frame)) = buffer.next_frame() {
        assert!(frame.len() <= MAX_PDU_LENGTH);
        let pdu = Pdu::decode(frame);
        if let Body::DeliverSm(message) = &pdu.body {
            let _ = smpp::receipt::Receipt::of(message);
            let _ = smpp::gsm::text_of(message);
        }
        // What was read can be written, and is then stable.
        let mut written = Vec::new();
        if pdu.encode(&mut written).is_ok() {
            let mut again = Vec::new();
            let encoded = Pdu::decode(&written).encode(&mut again);
            assert_eq!((encoded, again), (Ok(()), written));
        }
    }
    let _ = Pdu::decode(octets);
});
