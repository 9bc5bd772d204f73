use model::{DeliveryId, Id};
use proptest::prelude::*;

use super::*;

fn addresses() -> Addresses {
    Addresses::new("in.marigold.example", &[7; 32]).unwrap()
}

fn bounce(number: i64) -> Address {
    Address::Bounce(DeliveryId::from_i64(number))
}

fn session(protocol: Protocol) -> Session {
    let offer = Offer {
        name: "in.marigold.example".into(),
        addresses: addresses(),
        starttls: true,
        max_size: 1_000,
    };
    Session::new(Arc::new(offer), protocol)
}

/// Mails taken: whom each is for, and its octets.
type Mails = Vec<(Vec<Address>, Vec<u8>)>;

/// Feeds everything at once; `kept` is the answer to every recipient of every mail.
fn drain(session: &mut Session, kept: bool) -> (Vec<String>, Mails, Step) {
    let (mut out, mut mails) = (Vec::new(), Vec::new());
    let step = loop {
        match session.step(&mut out) {
            Step::Mail => {
                let mail = session.mail();
                mails.push((mail.to.to_vec(), mail.raw.to_vec()));
                let answers = vec![kept; mail.to.len()];
                session.answer(&answers, &mut out);
            }
            step => break step,
        }
    };
    let out = String::from_utf8(out).unwrap();
    let last_lines = out.lines().filter(|line| line.as_bytes()[3] == b' ');
    let codes = last_lines.map(|line| line[..3].to_owned()).collect();
    (codes, mails, step)
}

fn talk(protocol: Protocol, input: &str) -> (String, Mails, Step) {
    let mut session = session(protocol);
    session.input().extend_from_slice(input.as_bytes());
    let (codes, mails, step) = drain(&mut session, true);
    (codes.join(" "), mails, step)
}

fn smtp(input: &str) -> (String, Step) {
    let (codes, _, step) = talk(Protocol::Smtp, input);
    (codes, step)
}

fn envelope(hello: &str) -> String {
    let to = addresses().sign(bounce(1));
    format!("{hello} me\r\nMAIL FROM:<>\r\nRCPT TO:<{to}>\r\nDATA\r\n")
}

#[test]
fn a_pipelined_mail_is_taken_in_order() {
    let input = envelope("EHLO") + "Subject: x\r\n\r\nhello\r\n.\r\nNOOP\r\nVRFY a\r\nQUIT\r\n";
    let (codes, mails, step) = talk(Protocol::Smtp, &input);
    assert_eq!(codes, "250 250 250 354 250 250 252 221");
    assert_eq!(step, Step::Close);
    let taken = (vec![bounce(1)], b"Subject: x\r\n\r\nhello\r\n".to_vec());
    assert_eq!(mails, [taken]);
}

#[test]
fn lmtp_answers_for_each_recipient_and_wants_its_own_greeting() {
    let (one, two) = (addresses().sign(bounce(1)), addresses().sign(bounce(2)));
    let input = format!(
        "EHLO me\r\nLHLO me\r\nMAIL FROM:<a@b.example> SIZE=20\r\nRCPT TO:<{one}>\r\n\
         RCPT TO:<x@in.marigold.example>\r\nRCPT TO:<{two}>\r\nDATA\r\nhello\r\n.\r\nQUIT\r\n"
    );
    let (codes, mails, _) = talk(Protocol::Lmtp, &input);
    assert_eq!(codes, "502 250 250 250 550 250 354 250 250 221");
    assert_eq!(mails[0].0, [bounce(1), bounce(2)]);
    assert_eq!(smtp("LHLO me\r\n").0, "502");

    let mut session = session(Protocol::Lmtp);
    let input = input.replace("hello\r\n", &"0123456789\r\n".repeat(100));
    session.input().extend_from_slice(input.as_bytes());
    let (codes, mails, _) = drain(&mut session, true);
    assert_eq!(codes[7..].join(" "), "552 552 221");
    assert!(mails.is_empty());
}

#[test]
fn what_could_not_be_kept_is_asked_for_again() {
    let mut session = session(Protocol::Smtp);
    let input = envelope("EHLO") + "hello\r\n.\r\nNOOP\r\n";
    session.input().extend_from_slice(input.as_bytes());
    let (codes, ..) = drain(&mut session, false);
    assert_eq!(codes[4..], ["451", "250"]);
}

#[test]
fn only_addresses_of_ours_are_known_and_guessing_ends() {
    let mut input = "EHLO me\r\nMAIL FROM:<a@b.example>\r\n".to_owned();
    for to in ["a@b.example", "postmaster", "b-0@in.marigold.example"] {
        input += &format!("RCPT TO:<{to}>\r\n");
    }
    let (codes, step) = smtp(&format!("{input}DATA\r\n"));
    assert!(codes.ends_with("503") && !codes.contains("354"), "{codes}");
    assert_eq!(step, Step::Read);
    let (codes, step) = smtp(&(input + &"RCPT TO:<a@b.example>\r\n".repeat(100)));
    assert!(codes.ends_with("550 421"), "{codes}");
    assert_eq!(codes.matches("550").count(), 21);
    assert_eq!(step, Step::Close);
}

#[test]
fn recipients_are_bounded_and_twice_is_once() {
    let mut input = "EHLO me\r\nMAIL FROM:<a@b.example>\r\n".to_owned();
    for number in 0..101 {
        let to = addresses().sign(bounce(number % 101));
        input += &format!("RCPT TO:<{to}>\r\nRCPT TO:<{}>\r\n", to.to_uppercase());
    }
    let (codes, _) = smtp(&input);
    assert_eq!(codes.matches("452").count(), 2);
}

#[test]
fn commands_out_of_order_are_refused_and_the_session_goes_on() {
    let input = "MAIL FROM:<a@b.example>\r\nEHLO me\r\nRCPT TO:<c@d.example>\r\nDATA\r\n\
                 MAIL FROM:<>\r\nMAIL FROM:<>\r\nRSET\r\nMAIL FROM:<a@b.example> SMTPUTF8\r\n\
                 MAIL FROM:<a@b.example> SIZE=1001\r\nWHAT\r\nEXPN list\r\nHELP\r\n";
    assert_eq!(
        smtp(input),
        (
            "503 250 503 503 250 503 250 555 552 500 502 214".into(),
            Step::Read
        )
    );
    assert_eq!(smtp("BDAT 5 LAST\r\nabcde").1, Step::Close);
    let (codes, step) = smtp(&"WHAT\r\n".repeat(30));
    assert!(codes.ends_with("500 421"), "{codes}");
    assert_eq!((codes.matches("500").count(), step), (21, Step::Close));
}

#[test]
fn smuggling_closes_the_connection() {
    for end in ["\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r\n.\r", "\n"] {
        let input = envelope("EHLO") + "hello" + end + "MAIL FROM:<evil@b.example>\r\n";
        let (codes, mails, step) = talk(Protocol::Smtp, &input);
        assert!(codes.ends_with("354 521"), "{end:?}: {codes}");
        assert_eq!((mails.len(), step), (0, Step::Close), "{end:?}");
    }
    for command in ["NOOP\n", "NOOP\rNOOP\r\n"] {
        assert_eq!(smtp(command), ("521".into(), Step::Close));
    }
}

#[test]
fn nothing_written_in_the_clear_counts_after_starttls() {
    let mut session = session(Protocol::Smtp);
    let input =
        envelope("EHLO").replace("DATA", "STARTTLS") + "EHLO evil\r\nMAIL FROM:<x@y.example>\r\n";
    session.input().extend_from_slice(input.as_bytes());
    let (codes, _, step) = drain(&mut session, true);
    assert_eq!(
        (codes.join(" ").as_str(), step),
        ("250 250 250 220", Step::StartTls)
    );
    session.encrypted();
    session
        .input()
        .extend_from_slice(b"DATA\r\nMAIL FROM:<>\r\nEHLO me\r\nSTARTTLS\r\n");
    let (codes, _, step) = drain(&mut session, true);
    assert_eq!(
        (codes.join(" ").as_str(), step),
        ("503 503 250 503", Step::Read)
    );
}

#[test]
fn a_mail_that_goes_round_or_is_too_big_is_refused() {
    let round = envelope("EHLO") + &"Received: x\r\n".repeat(51) + "\r\n.\r\nNOOP\r\n";
    assert!(smtp(&round).0.ends_with("354 554 250"));
    let big = envelope("EHLO") + &"0123456789\r\n".repeat(100) + ".\r\nNOOP\r\n";
    assert!(smtp(&big).0.ends_with("354 552 250"));
}

#[test]
fn endless_lines_close_the_connection() {
    assert_eq!(smtp(&"x".repeat(4_095)).1, Step::Read);
    assert_eq!(smtp(&"x".repeat(4_096)).1, Step::Close);
    let endless = envelope("EHLO") + &"x".repeat(70_000);
    assert_eq!(smtp(&endless).1, Step::Close);
}

fn fragments() -> impl Strategy<Value = Vec<u8>> {
    let to = format!("RCPT TO:<{}>\r\n", addresses().sign(bounce(1)));
    let words: Vec<Vec<u8>> = [
        "EHLO me\r\n",
        "LHLO me\r\n",
        "MAIL FROM:<>\r\n",
        to.as_str(),
        "DATA\r\n",
        ".\r\n",
        "\r\n",
        "\n",
        "\r",
        "..",
        "a: b\r\n",
        " ",
        "RSET\r\n",
        "STARTTLS\r\n",
        "BDAT 5\r\n",
        "SIZE=99999999999999999999",
        "<",
        ">",
        "NOOP",
    ]
    .iter()
    .map(|word| word.as_bytes().to_vec())
    .collect();
    prop_oneof![
        6 => proptest::sample::select(words),
        1 => proptest::collection::vec(any::<u8>(), 0..80),
    ]
}

proptest! {
    #[test]
    fn no_octets_break_it_and_cutting_changes_nothing(
        pieces in proptest::collection::vec(fragments(), 0..40),
        cut in 0_usize..2_000,
        lmtp in any::<bool>(),
    ) {
        let protocol = if lmtp { Protocol::Lmtp } else { Protocol::Smtp };
        let input = pieces.concat();
        let (first, second) = input.split_at(cut.min(input.len()));
        let mut whole = session(protocol);
        whole.input().extend_from_slice(&input);
        let whole = drain(&mut whole, true);
        let mut parts = session(protocol);
        parts.input().extend_from_slice(first);
        let before = drain(&mut parts, true);
        // What stands behind STARTTLS is dropped only where it came with it.
        if before.2 == Step::Read {
            parts.input().extend_from_slice(second);
            let after = drain(&mut parts, true);
            prop_assert_eq!([before.0, after.0].concat(), whole.0);
            prop_assert_eq!([before.1, after.1].concat(), whole.1);
            prop_assert_eq!(after.2, whole.2);
        }
    }
}
