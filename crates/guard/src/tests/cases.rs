//! What each rule finds, and what it lets pass.

use super::{PROMISES, TABLES, check, guard, shown, source};
use crate::{Content, Exception, Exceptions, Form, Guard, Own, Promises, Rule};

fn sms(text: &str) -> Vec<String> {
    shown(Form::Sms, text)
}

#[test]
fn links_lead_home_or_are_stopped() {
    for (text, expected) in [
        (
            "See https://evil.example/x?y=1 now",
            "foreign_link: https://evil.example/x?y=1",
        ),
        ("See evil.com/a.b.", "foreign_link: evil.com/a.b."),
        ("Visit www.nabmobile", "foreign_link: www.nabmobile"),
        (
            "http:// www.oakleyoutlets.com",
            "foreign_link: http:// www.oakleyoutlets.com",
        ),
        (
            "hxxps://marigold.example/a",
            "disguised_link: hxxps://marigold.example/a",
        ),
        (
            "http:/uk-covid.example/to",
            "foreign_link: http:/uk-covid.example/to",
        ),
        (
            "Goto http://doit. mymoby. tv/ now",
            "foreign_link: http://doit. mymoby. tv/",
        ),
        ("open bit . ly/abc", "shortener: bit . ly/abc"),
        ("open bit[.]ly", "shortener: bit[.]ly"),
        ("open evil dot com", "foreign_link: evil dot com"),
        (
            "open marigold (dot) example",
            "disguised_link: marigold (dot) example",
        ),
        (
            "tap https://tinyurl.com/2x",
            "shortener: https://tinyurl.com/2x",
        ),
        (
            "https://marig0ld.example/a",
            "look_alike: https://marig0ld.example/a",
        ),
        (
            "https://marigolds.example",
            "look_alike: https://marigolds.example",
        ),
        (
            "https://marigold.example.secure.com/",
            "look_alike: https://marigold.example.secure.com/",
        ),
        (
            "https://secure-marigold.com",
            "look_alike: https://secure-marigold.com",
        ),
        (
            "https://mаrigold.example",
            "look_alike: https://mаrigold.example",
        ),
        (
            "https://xn--mrigold-2fg.example",
            "look_alike: https://xn--mrigold-2fg.example",
        ),
        ("see pаypal.com", "mixed_script: pаypal.com"),
        (
            "http://95.141.32.7:81/default.aspx",
            "ip_address: http://95.141.32.7:81/default.aspx",
        ),
        (
            "https://marigold.example@evil.com/",
            "foreign_link: https://marigold.example@evil.com/|credentials: https://marigold.example@evil.com/",
        ),
        ("@evil.example #123456", "foreign_link: @evil.example"),
        ("詳しくはevil.comをご覧", "foreign_link: evil.com"),
        ("see ｅｖｉｌ．ｃｏｍ", "foreign_link: ｅｖｉｌ．ｃｏｍ"),
        (
            "ev\u{200b}il.com",
            "hidden: \u{200b}|foreign_link: ev\u{200b}il.com",
        ),
    ] {
        let mut found = sms(text);
        found.sort_by_key(|f| !f.starts_with("hidden"));
        assert_eq!(found.join("|"), expected, "{text}");
    }
}

#[test]
fn what_is_ours_or_no_link_is_left_alone() {
    for honest in [
        "See https://marigold.example/orders/MG-1?a=b.c#d",
        "See www.marigold.example.",
        "See Marigold.example, please.",
        "Wir schreiben von marigold.example, immer.",
        "詳しくはmarigold.exampleをご覧ください。",
        "ご注文MG-48213に問題があります。Casa Auroraより：お届け先の番地が必要です。",
        "use {code} to sign in.\n@marigold.example #123456",
        "It is ready.It came today. e.g. this, i.e. that",
        "Costs 4.50 or 1.234,56. Version 2.0.1, No.5",
        "Thank you. To see it, open your account. Is it fine? .5 l",
        "ready . Thank you",
        "a polka dot dress",
    ] {
        assert!(sms(honest).is_empty(), "{honest}: {:?}", sms(honest));
    }
}

#[test]
fn numbers_to_call_are_ours_or_stopped() {
    for text in [
        "Call 08712402050 BEFORE the lines close",
        "call us on (0871) 240-2050",
        "Please call09050000327",
        "Text YES to 85023 now",
        "send STOP to 87239",
        "speak to a live operator 2 claim 0871277810710p/min",
        "Contact-997330199",
        "08718738034 call now",
        "My number: +44 7797 706009",
        "free on 0800 542 0826",
        "718-858-7036",
        "Rufen Sie 0301234567 an",
        "Llame al 912345678",
        "ligue para 1140041234",
        "お電話 0312345678 まで",
        "اتصل على ٠٥٠١٢٣٤٥٦٧",
        "call ０８７１２４０２０５０",
    ] {
        let found: Vec<Rule> = check(Form::Sms, text).iter().map(|f| f.rule).collect();
        assert_eq!(found, [Rule::ForeignNumber], "{text}");
    }
    for honest in [
        "Call us: +1 (202) 555-0123 or 202-555-0123.",
        "Text STOP to 62422 to end",
        "Call us about order 70337457091234",
        "We call you on 2026-03-10 at 14:00.",
        "Order 112-1234567-1234567, tracking number 00340434161094042557",
        "The carrier calls 30 minutes before. Parcel 1Z999AA10123456784",
        "Contact us about invoice 20260012345",
        "Total: 1.234.567,00 $ 12345678 call",
        "Your code is 482133. Nobody will call you for it.",
        "Book, ISBN 0306406152",
        "We call on 12/11/2026 between 10:00 and 12:00",
        "Text size 1200, in 2026",
    ] {
        assert!(sms(honest).is_empty(), "{honest}: {:?}", sms(honest));
    }
    assert_eq!(
        sms("Email claims@evil.com for claims"),
        ["foreign_address: claims@evil.com"]
    );
    assert!(sms("Your address is now ines@customers.example.").is_empty());
    assert!(sms("Write to help@marigold.example").is_empty());
}

#[test]
fn requests_are_told_from_promises() {
    for (text, rule) in [
        ("Please send us your password.", Rule::AsksSecret),
        ("Reply with the code we sent you", Rule::AsksSecret),
        ("Reply with the c0de", Rule::AsksSecret),
        (
            "send your p a s s w o r d: no, your раsswоrd",
            Rule::AsksSecret,
        ),
        ("verify your account details", Rule::AsksData),
        ("reply with your name and address", Rule::AsksData),
        ("Enter your card number here", Rule::AsksData),
        ("Pay by bank transfer", Rule::AsksPayment),
        ("Buy gift cards and come back", Rule::AsksGiftCard),
        ("please install AnyDesk", Rule::AsksApp),
        ("Text me on WhatsApp", Rule::AsksMessenger),
        ("You have won a car", Rule::Bait),
        ("Y0U HAVE W0N", Rule::Bait),
    ] {
        let found: Vec<Rule> = check(Form::Short, text).iter().map(|f| f.rule).collect();
        assert!(found.contains(&rule), "{text}: {found:?}");
    }
    for honest in [
        "Never share this code with anyone.",
        "We never ask you to send a password, a card number or a code.",
        "Do not send your password to anybody.",
        "The caller never asks for a code or a password.",
        "Nobody from us, not even support, will ask you to tell them your code.",
        "Your password was changed. Not you? Open your account and change your password.",
        "Never pay by bank transfer, and never buy gift cards for anyone.",
        "We do not ask you to install an app.",
        "Your card ending in 4242 was charged.",
        "Use {code} to confirm the step.",
        "You won't need your password.",
        "A seller who asks you to pay outside the platform breaks our rules.",
    ] {
        assert!(sms(honest).is_empty(), "{honest}: {:?}", sms(honest));
    }
}

#[test]
fn pressure_has_a_budget_and_none_beside_a_link() {
    assert!(sms("Urgent: the driver waits.").is_empty());
    assert_eq!(sms("Urgent: act now."), ["hurry: act now"]);
    assert_eq!(
        sms("Urgent: https://marigold.example/x"),
        ["hurry_link: Urgent"]
    );
    let mail = "Urgent. See https://marigold.example/x";
    assert!(shown(Form::MailText, mail).is_empty());
    assert!(sms("There is no need to hurry: https://marigold.example/x").is_empty());
}

#[test]
fn texts_have_one_link_and_no_attachment() {
    let two = "https://marigold.example/a https://marigold.example/b";
    assert_eq!(sms(two), ["many_links: https://marigold.example/b"]);
    assert!(shown(Form::MailText, two).is_empty());
    let bound = "Use {code}: https://marigold.example/a\n@marigold.example #{code}";
    assert!(sms(bound).is_empty(), "{:?}", sms(bound));
    let with_file = Content {
        attachments: 1,
        ..Content::new(Form::Sms, "Hello")
    };
    let found = guard().check(&with_file);
    assert_eq!(found[0].rule, Rule::Attachment);
}

#[test]
fn a_variable_is_filled_or_found() {
    assert_eq!(
        sms("Hello {{ customer.name }}"),
        ["gap: {{ customer.name }}"]
    );
    assert_eq!(sms("Hello [NAME], {name}"), ["gap: [NAME]", "gap: {name}"]);
    assert!(
        !guard()
            .check(&Content::new(Form::Short, "use {code}"))
            .is_empty()
    );
}

#[test]
fn addresses_in_html_are_read_from_attributes() {
    let bad = |html: &str| -> Vec<String> {
        let found = guard().check_html(html);
        found
            .iter()
            .map(|f| format!("{}: {}", f.rule, &html[f.span.clone()]))
            .collect()
    };
    for honest in [
        r#"<html xmlns="http://www.w3.org/1999/xhtml"><a href="https://marigold.example/x">x</a>"#,
        r##"<a href='#top'><img src="cid:logo"><img src="data:image/png;base64,AA=="></a>"##,
        r#"<a href="mailto:help@marigold.example">x</a> <a href="tel:+12025550123">y</a>"#,
        "<td background=https://www.marigold.example/a.png style=\"background:url(https://marigold.example/b)\">",
        "1 = 1, see evil.example",
    ] {
        assert!(bad(honest).is_empty(), "{honest}: {:?}", bad(honest));
    }
    for (html, expected) in [
        (
            r#"<a href="https://evil.example/x">x</a>"#,
            "foreign_link: https://evil.example/x",
        ),
        (r#"<a HREF = "x">"#, "disguised_link: x"),
        ("<a href=//evil.example>", "foreign_link: //evil.example"),
        (
            r#"<a href="javascript:alert(1)">"#,
            "disguised_link: javascript:alert(1)",
        ),
        (
            r#"<a href="https://marigold.example@evil.com">"#,
            "foreign_link: https://marigold.example@evil.com|credentials: https://marigold.example@evil.com",
        ),
        (
            r#"<a href="mailto:a@evil.example">"#,
            "foreign_address: mailto:a@evil.example",
        ),
        (
            r#"<a href="tel:+4912345678">"#,
            "foreign_number: tel:+4912345678",
        ),
        (
            "<p style='background:url(http://evil.example/p.gif)'>",
            "foreign_link: http://evil.example/p.gif",
        ),
        (
            r#"<img src="/relative.png">"#,
            "disguised_link: /relative.png",
        ),
    ] {
        assert_eq!(bad(html).join("|"), expected, "{html}");
    }
}

#[test]
fn an_exception_holds_for_one_rule_type_and_version() {
    let exception = Exception {
        rule: Rule::Bait,
        message_type: "promotion.raffle".into(),
        template_version: 3,
    };
    let own = Own::new(["marigold.example"], [])
        .unwrap()
        .with([exception].into_iter().collect());
    let tables = TABLES.map(|(_, text)| source(text));
    let promises = Promises::compile(source(PROMISES), &tables).unwrap();
    let guard = Guard::new(promises.into(), own);
    let found = |kind: &str, version| {
        let content = Content::new(Form::Short, "You have won. Send your PIN to us");
        guard
            .check_as(&content, (kind, version))
            .iter()
            .map(|f| f.rule)
            .collect::<Vec<_>>()
    };
    assert!(!found("promotion.raffle", 3).contains(&Rule::Bait));
    assert!(found("promotion.raffle", 3).contains(&Rule::AsksSecret));
    assert!(found("promotion.raffle", 4).contains(&Rule::Bait));
    assert!(found("promotion.other", 3).contains(&Rule::Bait));
    assert_eq!(Exceptions::default(), Exceptions::from_iter([]));
}

#[test]
fn every_rule_keeps_a_promise_in_every_language() {
    let promises = guard().promises();
    for rule in Rule::ALL {
        let keeps = promises
            .list()
            .iter()
            .any(|promise| promise.rules.contains(rule));
        assert!(keeps, "{rule} keeps no promise");
        assert_eq!(rule.as_str().parse(), Ok(*rule));
    }
    for promise in promises.list() {
        for (locale, _) in TABLES {
            assert!(
                promise.words.contains_key(locale),
                "{} in {locale}",
                promise.id
            );
        }
    }
}

#[test]
fn a_rule_that_no_promise_names_is_not_enforced() {
    let without = PROMISES.replace("\"asks_gift_card\", \"bait\"", "\"asks_gift_card\"");
    let tables = TABLES.map(|(_, text)| source(text));
    let promises = Promises::compile(source(&without), &tables).unwrap();
    let guard = Guard::new(promises.into(), Own::default());
    assert!(
        guard
            .check(&Content::new(Form::Short, "You have won a car"))
            .is_empty()
    );
}

#[test]
fn a_file_that_cannot_be_read_says_where_and_what() {
    let tables = TABLES.map(|(_, text)| source(text));
    let fault = |promises: &str, table: Option<&str>| -> String {
        let mut tables = tables.to_vec();
        tables.extend(table.map(source));
        let faults = Promises::compile(source(promises), &tables).unwrap_err();
        faults
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("|")
    };
    let line_of = |words: &str| 1 + PROMISES.lines().position(|l| l.contains(words)).unwrap();
    let bad = fault(&PROMISES.replace("\"bait\"]", "\"bite\"]"), None);
    let line = line_of("\"bait\"]");
    assert!(
        bad.starts_with(&format!("file.toml:{line}: `bite` is no rule; there are")),
        "{bad}"
    );
    let bad = fault(&PROMISES.replace("\"bit.ly\"", "\"Bit\""), None);
    assert!(
        bad.contains("\"Bit\" is not a domain in lower case"),
        "{bad}"
    );
    assert!(
        fault("x", None).starts_with("file.toml:1: "),
        "{}",
        fault("x", None)
    );
    assert!(fault(PROMISES, Some("never = 1")).starts_with("file.toml:1: "));
    let table = TABLES[0].1.replace("\"nobody\"", "\"!\"");
    let bad = fault(PROMISES, Some(&table));
    assert!(
        bad.contains("the phrase \"!\" has no letter or digit"),
        "{bad}"
    );
    let twice = PROMISES.replace("id = \"apps\"", "id = \"time\"");
    assert!(fault(&twice, None).contains("stands here twice"));
    let wordless = PROMISES.replace("en = \"Our texts", "xx = \"Our texts");
    assert!(fault(&wordless, None).contains("has no words in en"));
}
