//! Any octets as a mail, to each kind of address: read without a panic, in bounded time.
#![no_main]

use channels::mail_in::{Address, Addresses, MailIn, Reader};
use libfuzzer_sys::fuzz_target;
use model::{DeliveryId, Id};

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, octets) = input;
    let reader = Reader {
        addresses: Addresses::new("in.example", &[7; 32]).expect("a domain"),
        authority: Some("mx.example".into()),
    };
    let id = DeliveryId::from_i64(77);
    let to = match choice & 3 {
        0 => Address::Bounce(id),
        1 => Address::Reply(id),
        2 => Address::Unsubscribe(id),
        _ => Address::Complaints,
    };
    if let MailIn::Reply(reply) = reader.read(octets, to, choice & 4 != 0) {
        assert!(reply.text.open().len() <= 16 * 1024);
    }
});
