//! What holds for any text.

use proptest::prelude::*;

use super::{PROMISES, TABLES, check, guard, source};
use crate::{Form, Promises, Rule};

const FORMS: [Form; 5] = [
    Form::Sms,
    Form::Push,
    Form::Short,
    Form::MailSubject,
    Form::MailText,
];

/// Texts made of what the rules look for, and of what it can be hidden in.
fn suspicious() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<char>().prop_map(String::from),
        "[ .:/@()+-]{1,3}",
        "[0-9]{1,12}",
        prop::sample::select(vec![
            "http",
            "hxxps://",
            "www.",
            "marigold.example",
            "evil.com",
            "call",
            "send",
            "your",
            "code",
            "never",
            "urgent",
            "{{",
            "}}",
            "[NAME]",
            "%s",
            "\u{200b}",
            "\u{202e}",
            "ｅｖｉｌ",
            "。",
            "口座番号",
            "お電話",
            "٠٥٠١٢٣",
            "dot",
            " the dot",
            " dot ",
            "xn--",
            "é",
            "ß",
            "👩\u{200d}🚀",
            "İ",
            "ﬃ",
            "\u{301}",
            "800",
            "1-800-FLOW",
            "8oo 555 l234",
            "800*555*1234",
            "8\u{20e3}",
            "\u{20e3}",
            "DE89370400440532013000",
            "bitcoin:",
            "pay",
            "c o d e",
            " or ",
            " and ",
            ", ",
            "nobody, not even us, ask you to",
        ])
        .prop_map(String::from),
    ];
    prop::collection::vec(part, 0..24).prop_map(|parts| parts.concat())
}

/// The same words, written so that a plain search misses them.
fn disguise(text: &str, seed: u64) -> String {
    let mut turn = seed;
    let mut out = String::new();
    for c in text.chars() {
        turn = turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let choice = (turn >> 60) % 6;
        match (choice, c) {
            (0, 'a'..='z') => out.push(c.to_ascii_uppercase()),
            (1, 'a'..='z') => {
                out.push(c);
                out.push('\u{200b}');
            }
            (2, 'a') => out.push('а'),
            (2, 'o') => out.push('0'),
            (2, 'e') => out.push('3'),
            (2, 'i') => out.push('1'),
            (3, 'a'..='z') => {
                let wide = u32::from(c) - u32::from('a') + 0xff41;
                out.push(char::from_u32(wide).unwrap_or(c));
            }
            (4, ' ') => out.push_str(" \u{a0} "),
            (5, 'a'..='z') => {
                out.push(c);
                out.push('\u{301}');
            }
            _ => out.push(c),
        }
    }
    out
}

proptest! {
    #[test]
    fn no_text_is_too_much_and_spans_are_whole_characters(text in suspicious()) {
        for form in FORMS {
            let mut last = 0;
            for finding in check(form, &text) {
                prop_assert!(text.get(finding.span.clone()).is_some(), "{finding:?}");
                prop_assert!(finding.span.start >= last);
                last = finding.span.start;
            }
        }
        let html = format!("<a href=\"{text}\" style='url({text}'>{text}");
        for finding in guard().check_html(&html) {
            prop_assert!(html.get(finding.span.clone()).is_some(), "{finding:?}");
        }
    }

    #[test]
    fn a_disguise_hides_nothing(
        (text, rule) in prop::sample::select(vec![
            ("please send your password to us", Rule::AsksSecret),
            ("reply with the code", Rule::AsksSecret),
            ("verify your account details", Rule::AsksData),
            ("you have won a car", Rule::Bait),
            ("buy gift cards", Rule::AsksGiftCard),
        ]),
        seed in any::<u64>(),
    ) {
        let disguised = disguise(text, seed);
        let found = check(Form::Short, &disguised);
        prop_assert!(found.iter().any(|f| f.rule == rule), "{disguised:?}: {found:?}");
    }

    #[test]
    fn a_broken_file_is_a_fault_and_never_a_panic(at in 0..PROMISES.len(), rubbish in ".{0,8}") {
        let at = (at..).find(|at| PROMISES.is_char_boundary(*at)).unwrap();
        let broken = format!("{}{rubbish}", &PROMISES[..at]);
        let tables = [source(TABLES[0].1)];
        let _ = Promises::compile(source(&broken), &tables);
        let table = TABLES[0].1;
        let cut = at.min(table.len());
        let cut = (0..=cut).rev().find(|at| table.is_char_boundary(*at)).unwrap();
        let _ = Promises::compile(source(PROMISES), &[source(&table[..cut])]);
    }
}
