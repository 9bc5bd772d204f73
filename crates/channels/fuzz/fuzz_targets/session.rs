//! A stranger's octets to the mail server, in one piece or in two: it never panics, says
//! whole lines only, and takes no mail for an address that is not ours.
#![no_main]

use std::sync::Arc;

use channels::mail_in::{Address, Addresses, Offer, Protocol, Session, Step};
use libfuzzer_sys::fuzz_target;
use model::{DeliveryId, Id};

fuzz_target!(|input: (bool, u16, &[u8])| {
    let (lmtp, cut, octets) = input;
    let addresses = Addresses::new("in.example", &[7; 32]).expect("a domain");
    // A fuzzer cannot guess a code: this word stands for an address of ours.
    let ours = Address::Bounce(DeliveryId::from_i64(77));
    let octets = replace(octets, b"OURS", addresses.sign(ours).as_bytes());
    let protocol = if lmtp { Protocol::Lmtp } else { Protocol::Smtp };
    let offer = Offer {
        name: "in.example".into(),
        addresses,
        starttls: true,
        max_size: 10_000,
    };
    let mut session = Session::new(Arc::new(offer), protocol);
    let mut out = Vec::new();
    let (first, second) = octets.split_at(usize::from(cut).min(octets.len()));
    for piece in [first, second] {
        session.input().extend_from_slice(piece);
        loop {
            match session.step(&mut out) {
                Step::Mail => {
                    let mail = session.mail();
                    assert!(!mail.to.is_empty() && mail.to.iter().all(|to| *to == ours));
                    let answers = vec![true; mail.to.len()];
                    session.answer(&answers, &mut out);
                }
                Step::Read => break,
                Step::StartTls => {
                    session.encrypted();
                    break;
                }
                Step::Close => return,
            }
        }
    }
    assert!(out.is_empty() || out.ends_with(b"\r\n"));
});

fn replace(octets: &[u8], word: &[u8], with: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some(at) = rest.windows(word.len()).position(|window| window == word) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(with);
        rest = &rest[at + word.len()..];
    }
    out.extend_from_slice(rest);
    out
}
