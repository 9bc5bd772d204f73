//! The machine's part and the words of a report, inside a mail that is otherwise well made:
//! whatever they say, it is read, and what is kept of it are codes and nothing else.
#![no_main]

use channels::mail_in::{Address, Addresses, MailIn, Reader};
use libfuzzer_sys::fuzz_target;
use model::{DeliveryId, Id};

fuzz_target!(|input: (bool, &str, &str)| {
    let (complaint, machine, words) = input;
    let kind = if complaint { "feedback-report" } else { "delivery-status" };
    let mail = format!(
        "From: mailer-daemon@a.example\r\nSubject: failure notice\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; boundary=\"=_b\"\r\n\r\n--=_b\r\nContent-Type: text/plain\r\n\r\n\
         {words}\r\n--=_b\r\nContent-Type: message/{kind}\r\n\r\n{machine}\r\n--=_b--\r\n"
    );
    let reader = Reader {
        addresses: Addresses::new("in.example", &[7; 32]).expect("a domain"),
        authority: None,
    };
    let to = Address::Bounce(DeliveryId::from_i64(77));
    if let MailIn::Bounce(bounce) = reader.read(mail.as_bytes(), to, true) {
        let fits = |c: char| c.is_ascii_digit() || c == '.' || c == ' ';
        assert!(bounce.code.len() <= 15 && bounce.code.chars().all(fits), "{}", bounce.code);
    }
});
