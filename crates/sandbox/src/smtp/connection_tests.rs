use super::*;
use proptest::prelude::*;

fn settings() -> Arc<Settings> {
    Arc::new(Settings {
        name: "test".to_owned(),
        starttls: true,
        user: "user".to_owned(),
        password: "secret".to_owned(),
        max_size: 1000,
        max_recipients: 3,
    })
}

/// Feeds everything at once and takes every mail; gives the codes of the answers.
fn talk(input: &[u8]) -> (Vec<String>, Vec<Vec<u8>>, Step) {
    let mut connection = Connection::new(settings());
    connection.input().extend_from_slice(input);
    drain(&mut connection)
}

fn drain(connection: &mut Connection) -> (Vec<String>, Vec<Vec<u8>>, Step) {
    let (mut out, mut mails) = (Vec::new(), Vec::new());
    let step = loop {
        match connection.step(&|address| address != "nobody@b.example", &mut out) {
            Step::Mail => {
                mails.push(connection.mail().raw.to_vec());
                connection.answer_mail("250 2.0.0 Taken\r\n", &mut out);
            }
            step => break step,
        }
    };
    let out = String::from_utf8(out).unwrap();
    let last_lines = out
        .lines()
        .filter(|line| line.as_bytes().get(3) == Some(&b' '));
    (
        last_lines.map(|line| line[..3].to_owned()).collect(),
        mails,
        step,
    )
}

const ENVELOPE: &str = "EHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n";

#[test]
fn a_pipelined_session_is_answered_in_order() {
    let input = format!("{ENVELOPE}Subject: x\r\n\r\nhello\r\n.\r\nRSET\r\nNOOP\r\nQUIT\r\n");
    let (codes, mails, step) = talk(input.as_bytes());
    assert_eq!(
        codes,
        ["250", "250", "250", "354", "250", "250", "250", "221"]
    );
    assert_eq!(mails, [b"Subject: x\r\n\r\nhello\r\n"]);
    assert_eq!(step, Step::Close);
}

#[test]
fn commands_out_of_order_are_refused_and_the_session_goes_on() {
    let input = "MAIL FROM:<a@b.example>\r\nEHLO me\r\nRCPT TO:<c@d.example>\r\nDATA\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\nDATA\r\nWHAT\r\nEXPN list\r\nVRFY c\r\n";
    let (codes, _, step) = talk(input.as_bytes());
    assert_eq!(
        codes,
        [
            "503", "250", "503", "503", "250", "503", "503", "500", "502", "252"
        ]
    );
    assert_eq!(step, Step::Read);
}

#[test]
fn recipients_are_bounded_and_may_be_unknown() {
    let mut input =
        "EHLO me\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<nobody@b.example>\r\n".to_owned();
    for number in 0..10_000 {
        input.push_str(&format!("RCPT TO:<r{number}@b.example>\r\n"));
    }
    let (codes, _, step) = talk(input.as_bytes());
    assert_eq!(codes[2..7], ["550", "250", "250", "250", "452"]);
    assert_eq!(
        (codes.len(), codes.last().unwrap().as_str(), step),
        (10_003, "452", Step::Read)
    );
}

#[test]
fn smuggling_closes_the_connection() {
    for end in ["\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r\n.\r"] {
        let input = format!("{ENVELOPE}Subject: x\r\n\r\nhello{end}MAIL FROM:<evil@b.example>\r\n");
        let (codes, mails, step) = talk(input.as_bytes());
        assert_eq!(
            (codes.last().unwrap().as_str(), mails.len(), step),
            ("521", 0, Step::Close),
            "{end:?}"
        );
    }
    for command in ["NOOP\n", "NOOP\rNOOP\r\n"] {
        assert_eq!(talk(command.as_bytes()).2, Step::Close);
    }
}

#[test]
fn endless_lines_without_crlf_close_the_connection() {
    assert_eq!(talk(&[b'x'; 4095]).2, Step::Read);
    assert_eq!(talk(&[b'x'; 4096]).2, Step::Close);
    let endless = [ENVELOPE.as_bytes(), &[b'x'; 70_000]].concat();
    assert_eq!(talk(&endless).2, Step::Close);
}

#[test]
fn too_many_mistakes_close_the_connection() {
    let (codes, _, step) = talk("WHAT\r\n".repeat(200).as_bytes());
    assert_eq!(
        (codes.len(), codes.last().unwrap().as_str(), step),
        (102, "421", Step::Close)
    );
}

#[test]
fn a_mail_that_is_too_big_is_refused_by_its_size_word_and_by_its_octets() {
    let (codes, ..) = talk(b"EHLO me\r\nMAIL FROM:<a@b.example> SIZE=1001\r\n");
    assert_eq!(codes, ["250", "552"]);
    let input = format!("{ENVELOPE}{}.\r\nNOOP\r\n", "0123456789\r\n".repeat(100));
    let (codes, mails, _) = talk(input.as_bytes());
    assert_eq!((codes[4..].join(" ").as_str(), mails.len()), ("552 250", 0));
}

#[test]
fn sign_in_with_and_without_an_initial_response() {
    // base64 of NUL user NUL secret, and of a wrong one.
    let (codes, ..) =
        talk(b"EHLO me\r\nAUTH PLAIN AHVzZXIAc2VjcmV0\r\nAUTH PLAIN\r\nAHVzZXIAc2VjcmV0\r\n");
    assert_eq!(codes, ["250", "235", "334", "235"]);
    let (codes, ..) =
        talk(b"EHLO me\r\nAUTH PLAIN AHVzZXIAd3Jvbmc=\r\nAUTH PLAIN\r\n*\r\nAUTH LOGIN\r\n");
    assert_eq!(codes, ["250", "535", "334", "535", "504"]);
}

#[test]
fn starttls_forgets_everything_and_takes_nothing_pipelined_behind_it() {
    assert_eq!(talk(b"EHLO me\r\nSTARTTLS\r\nNOOP\r\n").2, Step::Close);
    let mut connection = Connection::new(settings());
    connection
        .input()
        .extend_from_slice(b"EHLO me\r\nMAIL FROM:<a@b.example>\r\nSTARTTLS\r\n");
    assert_eq!(drain(&mut connection).2, Step::StartTls);
    connection.is_encrypted_now();
    connection
        .input()
        .extend_from_slice(b"MAIL FROM:<a@b.example>\r\nSTARTTLS\r\n");
    assert_eq!(drain(&mut connection).0, ["503", "503"]);
}

#[test]
fn addresses_beyond_ascii_and_bdat_are_refused() {
    let input =
        "EHLO me\r\nMAIL FROM:<á@b.example>\r\nMAIL FROM:<a@b.example> SMTPUTF8\r\nBDAT 10\r\n";
    let (codes, _, step) = talk(input.as_bytes());
    assert_eq!(
        (codes.join(" ").as_str(), step),
        ("250 553 555 502", Step::Close)
    );
}

fn fragments() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&'static [u8]> = vec![
        b"EHLO me\r\n",
        b"MAIL FROM:<a@b.example>",
        b"RCPT TO:<c@d.example>",
        b"DATA\r\n",
        b".\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"..",
        b"AUTH PLAIN",
        b" ",
        b"RSET\r\n",
        b"STARTTLS\r\n",
        b"BDAT 5 LAST\r\n",
        b"SIZE=99999999999999999999",
        b"<",
        b">",
        b"=?\xff\x00",
        b"NOOP",
    ];
    prop_oneof![
        4 => proptest::sample::select(words).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 0..80),
    ]
}

proptest! {
    #[test]
    fn no_octets_make_it_panic_and_cutting_changes_nothing(
        pieces in proptest::collection::vec(fragments(), 0..40),
        cut in 0_usize..2000,
    ) {
        let input = pieces.concat();
        let cut = cut.min(input.len());
        let whole = talk(&input);
        let mut connection = Connection::new(settings());
        connection.input().extend_from_slice(&input[..cut]);
        let first = drain(&mut connection);
        // STARTTLS is allowed as the last octets only, so cutting there is a difference.
        if first.2 == Step::Read {
            connection.input().extend_from_slice(&input[cut..]);
            let second = drain(&mut connection);
            prop_assert_eq!([first.0, second.0].concat(), whole.0);
            prop_assert_eq!([first.1, second.1].concat(), whole.1);
        }
    }
}
