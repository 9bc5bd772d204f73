//! What a mail looks like, and that nothing in it can break out of its place.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::{
    AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt,
};
use mail_parser::{HeaderValue, MessageParser};
use model::{DeliveryId, Id, Instant, Lane, MessageId, Sealed};
use proptest::prelude::*;

use super::{DkimConfig, DkimKey, EmailConfig, OutgoingEmail, WayBack, dkim, mime};

fn mail() -> OutgoingEmail {
    OutgoingEmail {
        delivery: DeliveryId::from_i64(77),
        message: MessageId::from_i64(42),
        to: Sealed::new("ines@example.com"),
        to_name: Sealed::new("Inês Prado"),
        from_name: "Marigold".into(),
        subject: Sealed::new("Seu pedido está a caminho"),
        text: Sealed::new("Olá, Inês\nlinha dois\n.\n"),
        html: Sealed::new("<p>Olá, Inês</p>"),
        date: Instant::parse("2026-11-22T09:30:00Z").unwrap(),
        locale: "pt-BR".into(),
        lane: Lane::Normal,
        way_back: WayBack::default(),
    }
}

/// Every way back there is.
fn way_back() -> WayBack {
    WayBack {
        envelope_from: Some("b-1-x@in.marigold.example".into()),
        reply_to: Some("r-1-x@in.marigold.example".into()),
        unsubscribe_link: Some("https://marigold.example/u/AbC".into()),
        unsubscribe_address: Some("u-1-x@in.marigold.example".into()),
    }
}

fn config() -> EmailConfig {
    let mut config = EmailConfig::new(
        "relay",
        "localhost",
        25,
        "mail.example.org",
        "orders@marigold.example",
    );
    config.reply_to = Some("help@marigold.example".into());
    config.feedback_sender = Some("marigold".into());
    config
}

#[test]
fn a_mail_reads_back_as_it_was_meant() {
    let bytes = mime::build(&mail(), &config()).octets;
    let parsed = MessageParser::default().parse(&bytes).unwrap();
    let from = parsed.from().unwrap().first().unwrap();
    assert_eq!(from.name.as_deref(), Some("Marigold"));
    assert_eq!(from.address.as_deref(), Some("orders@marigold.example"));
    let to = parsed.to().unwrap().first().unwrap();
    assert_eq!(to.name.as_deref(), Some("Inês Prado"));
    assert_eq!(parsed.subject(), Some("Seu pedido está a caminho"));
    assert_eq!(parsed.date().unwrap().to_rfc3339(), "2026-11-22T09:30:00Z");
    assert_eq!(
        parsed.message_id(),
        Some("msg_000000000001a.dlv_000000000002d@marigold.example")
    );
    for (name, value) in [
        ("Auto-Submitted", "auto-generated"),
        ("Feedback-ID", "normal:marigold"),
        ("Content-Language", "pt-BR"),
    ] {
        let text = match parsed.header(name).unwrap() {
            HeaderValue::Text(text) => text.to_string(),
            HeaderValue::TextList(list) => list.join(","),
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!(text, value);
    }
    let body = parsed.body_text(0).unwrap().replace("\r\n", "\n");
    assert_eq!(body, "Olá, Inês\nlinha dois\n.\n");
    assert_eq!(parsed.body_html(0).unwrap(), "<p>Olá, Inês</p>");
    assert!(bytes.is_ascii(), "7-bit only");
}

#[test]
fn a_mail_without_html_is_plain_text() {
    let mut mail = mail();
    mail.html = Sealed::new("");
    mail.to_name = Sealed::new("");
    let bytes = mime::build(&mail, &config()).octets;
    let parsed = MessageParser::default().parse(&bytes).unwrap();
    assert!(parsed.content_type_is("text", "plain"));
    assert_eq!(parsed.to().unwrap().first().unwrap().name, None);
}

trait ContentTypeIs {
    fn content_type_is(&self, main: &str, sub: &str) -> bool;
}

impl ContentTypeIs for mail_parser::Message<'_> {
    fn content_type_is(&self, main: &str, sub: &str) -> bool {
        use mail_parser::MimeHeaders;
        let content_type = self.content_type().expect("a content type");
        content_type.c_type == main && content_type.c_subtype.as_deref() == Some(sub)
    }
}

#[test]
fn a_body_that_holds_the_boundary_does_not_end_its_part() {
    let mut mail = mail();
    let boundary = format!("=_{}", mail.delivery);
    mail.text = Sealed::new(format!("a\n--{boundary}\n\nb\n--{boundary}--\nc"));
    let bytes = mime::build(&mail, &config()).octets;
    let parsed = MessageParser::default().parse(&bytes).unwrap();
    let body = parsed.body_text(0).unwrap().replace("\r\n", "\n");
    assert_eq!(body.trim_end(), mail.text.open());
    assert_eq!(parsed.body_html(0).unwrap(), "<p>Olá, Inês</p>");
}

/// The names of the header lines, as a plain reader of lines sees them.
fn header_names(message: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(message).expect("7-bit");
    let (head, _) = text.split_once("\r\n\r\n").expect("headers end");
    head.split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split_once(':').expect("a header").0.to_owned())
        .collect()
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\r\n".to_owned()),
        Just("\n".to_owned()),
        Just("\r".to_owned()),
        Just("\r\n\r\n".to_owned()),
        Just("Bcc: x@evil.example".to_owned()),
        Just("\r\nX-Evil: yes\r\n".to_owned()),
        Just("\u{85}\u{2028}\0\u{b}\u{c}".to_owned()),
        Just("=?utf-8?Q?=0D=0AX-Evil:_yes?=".to_owned()),
        Just("\" <x@evil.example>,\\".to_owned()),
        Just(" \t ".to_owned()),
        "[ -~]{0,90}",
        "\\PC{0,30}",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

const EXPECTED: [&str; 14] = [
    "From",
    "To",
    "Reply-To",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "Feedback-ID",
    "Content-Language",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

proptest! {
    #[test]
    fn no_field_can_add_a_header_or_end_a_line(
        to in hostile(), to_name in hostile(), from_name in hostile(), subject in hostile(),
        text in hostile(), html in hostile(), locale in hostile(), stoppable in any::<bool>(),
    ) {
        let mail = OutgoingEmail {
            to: Sealed::new(to),
            to_name: Sealed::new(to_name),
            from_name,
            subject: Sealed::new(subject),
            text: Sealed::new(text),
            html: Sealed::new(html),
            locale,
            way_back: if stoppable { way_back() } else { WayBack::default() },
            ..mail()
        };
        let mime::Mime { octets: bytes, head } = mime::build(&mail, &config());
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        prop_assert_eq!(end, Some(head - 4));
        let names = header_names(&bytes);
        for (index, name) in names.iter().enumerate() {
            prop_assert!(EXPECTED.contains(&name.as_str()), "{name}");
            prop_assert!(!names[..index].contains(name), "{name} twice");
        }
        prop_assert!(bytes.ends_with(b"\r\n"));
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            prop_assert!(line.len() <= 1_000);
            let line = line.strip_suffix(b"\r\n").unwrap_or(line);
            prop_assert!(!line.contains(&b'\n'));
            prop_assert!(!line.contains(&b'\r'));
            prop_assert!(!line.contains(&0));
        }
        prop_assert_eq!(
            bytes.iter().filter(|b| **b == b'\n').count(),
            bytes.windows(2).filter(|w| w == b"\r\n").count()
        );
    }
}

/// DNS, as far as it is needed here.
struct Zone<K, V>(HashMap<K, V>);

impl<K: Hash + Eq, V: Clone> ResolverCache<K, V> for Zone<K, V> {
    fn get<Q>(&self, name: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.0.get(name).cloned()
    }
    fn remove<Q>(&self, _: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }
    fn insert(&self, _: K, _: V, _: std::time::Instant) {}
}

#[test]
fn a_mail_says_how_to_get_no_more_of_them() {
    let unfolded = |way_back: WayBack| {
        let mail = OutgoingEmail { way_back, ..mail() };
        let octets = mime::build(&mail, &config()).octets;
        String::from_utf8(octets).unwrap().replace("\r\n ", " ")
    };
    let all = unfolded(way_back());
    for line in [
        "\r\nReply-To: <r-1-x@in.marigold.example>\r\n",
        "\r\nList-Unsubscribe: <https://marigold.example/u/AbC>, <mailto:u-1-x@in.marigold.example>\r\n",
        "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
    ] {
        assert!(all.contains(line), "{line}: {all}");
    }
    // Without a link one click cannot be promised (RFC 8058 §3.1).
    let by_mail = unfolded(WayBack {
        unsubscribe_link: None,
        ..way_back()
    });
    assert!(by_mail.contains("\r\nList-Unsubscribe: <mailto:u-1-x@in.marigold.example>\r\n"));
    assert!(!by_mail.contains("List-Unsubscribe-Post"));
    let none = unfolded(WayBack::default());
    assert!(!none.contains("List-Unsubscribe") && none.contains("Reply-To: <help@"));
}

fn signatures_hold(message: &[u8], keys: &[DkimConfig]) -> Vec<bool> {
    let zone = Zone(
        keys.iter()
            .map(|config| {
                let name = format!("{}._domainkey.{}.", config.selector, config.domain);
                let key = DomainKey::parse(config.key.dns_record().as_bytes()).unwrap();
                (name.into_boxed_str(), Txt::DomainKey(Arc::new(key)))
            })
            .collect(),
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let authenticator = MessageAuthenticator::new_cloudflare().unwrap();
        let parsed = AuthenticatedMessage::parse(message).unwrap();
        let parameters = Parameters::new(&parsed).with_txt_cache(&zone);
        authenticator
            .verify_dkim(parameters)
            .await
            .iter()
            .map(|output| matches!(output.result(), DkimResult::Pass))
            .collect()
    })
}

fn keys() -> Vec<DkimConfig> {
    let seed = DkimKey::new_ed25519_pem(&[7; 32]);
    let rsa = include_str!("../../tests/keys/rsa2048.pem");
    [("ed1", seed.as_str()), ("rsa1", rsa)]
        .map(|(selector, pem)| DkimConfig {
            domain: "marigold.example".into(),
            selector: selector.into(),
            key: DkimKey::from_pem(pem).unwrap(),
        })
        .into()
}

#[test]
fn both_signatures_hold_and_break_with_the_mail() {
    let keys = keys();
    let signers = dkim::Signers::new(&keys);
    for text in ["a", "a\n\n\n", "", "a \n \n\t\n", ".\n..\n"] {
        let mut mail = mail();
        mail.text = Sealed::new(text);
        let message = mime::build(&mail, &config());
        let mut signed = signers
            .sign(&message, &dkim::BodyHash::of(&message), mail.date)
            .unwrap();
        signed.extend_from_slice(&message.octets);
        assert_eq!(signatures_hold(&signed, &keys), [true, true], "{text:?}");
        let spoiled = String::from_utf8(signed).unwrap();
        let body = spoiled.replace("Content-Type: text/html", "Content-Type: text/htmx");
        assert_eq!(signatures_hold(body.as_bytes(), &keys), [false, false]);
        let second_from = format!("From: <boss@evil.example>\r\n{spoiled}");
        assert_eq!(
            signatures_hold(second_from.as_bytes(), &keys),
            [false, false]
        );
    }
}

#[test]
fn what_leads_a_reader_somewhere_can_neither_be_added_nor_doubled_nor_taken_away() {
    let keys = keys();
    let signers = dkim::Signers::new(&keys);
    for way_back in [way_back(), WayBack::default()] {
        let mail = OutgoingEmail { way_back, ..mail() };
        let message = mime::build(&mail, &config());
        let hash = dkim::BodyHash::of(&message);
        let mut signed = signers.sign(&message, &hash, mail.date).unwrap();
        signed.extend_from_slice(&message.octets);
        let signed = String::from_utf8(signed).unwrap();
        assert_eq!(signatures_hold(signed.as_bytes(), &keys), [true, true]);
        for name in ["List-Unsubscribe", "List-Unsubscribe-Post", "Reply-To"] {
            let added = format!("{name}: <https://evil.example/>\r\n{signed}");
            assert_eq!(
                signatures_hold(added.as_bytes(), &keys),
                [false, false],
                "{name}"
            );
            let renamed = signed.replace(&format!("\r\n{name}: "), "\r\nX-Was: ");
            let there = renamed != signed;
            let held = signatures_hold(renamed.as_bytes(), &keys);
            assert_eq!(held, [!there, !there], "{name}");
        }
    }
}

#[test]
fn keys_are_read_in_every_common_form_or_refused_with_the_reason() {
    let pkcs8 = DkimKey::from_pem(include_str!("../../tests/keys/rsa2048.pem")).unwrap();
    let pkcs1 = DkimKey::from_pem(include_str!("../../tests/keys/rsa2048-pkcs1.pem")).unwrap();
    assert_eq!(pkcs8.dns_record(), pkcs1.dns_record());
    assert!(
        pkcs8
            .dns_record()
            .starts_with("v=DKIM1; k=rsa; p=MIIBIjANBg")
    );
    let openssl = DkimKey::from_pem(include_str!("../../tests/keys/ed25519.pem")).unwrap();
    assert!(openssl.dns_record().starts_with("v=DKIM1; k=ed25519; p="));
    // The key pair of RFC 8032 §7.1, test 1.
    let seed = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c,
        0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae,
        0x7f, 0x60,
    ];
    let own = DkimKey::from_pem(&DkimKey::new_ed25519_pem(&seed)).unwrap();
    assert_eq!(
        own.dns_record(),
        "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    );
    for bad in [
        "",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ] {
        let fault = DkimKey::from_pem(bad).unwrap_err().to_string();
        assert!(fault.starts_with("DKIM key: "), "{fault}");
    }
    assert_eq!(format!("{own:?}"), "<Ed25519 private key>");
}

#[test]
fn a_setting_that_cannot_work_is_named() {
    type Spoil = fn(&mut EmailConfig);
    let spoils: [(Spoil, &str); 7] = [
        (|c| c.from = "marigold".into(), "`from`"),
        (
            |c| c.envelope_from = "a@b\r\nRCPT".into(),
            "`envelope_from`",
        ),
        (|c| c.reply_to = Some("x".into()), "`reply_to`"),
        (|c| c.helo = "a b".into(), "`helo`"),
        (
            |c| c.feedback_sender = Some("a\r\nb".into()),
            "`feedback_sender`",
        ),
        (|c| c.max_connections = 0, "`max_connections`"),
        (
            |c| {
                c.host = "mail.example.net".into();
                c.auth = Some(super::SmtpAuth {
                    user: "u".into(),
                    password: Sealed::new("p"),
                });
            },
            "`auth`",
        ),
    ];
    for (spoil, word) in spoils {
        let mut config = config();
        spoil(&mut config);
        let fault = config.check().unwrap_err().to_string();
        assert!(fault.contains(word), "{fault}");
    }
    assert_eq!(config().check(), Ok(()));
}
