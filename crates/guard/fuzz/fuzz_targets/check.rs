//! Any text, in any form: no panic, and every finding is at whole characters.
#![no_main]

use std::sync::OnceLock;

use guard::{Content, Form, Guard, Own, Promises, Source};
use libfuzzer_sys::fuzz_target;

fn guard() -> &'static Guard {
    static GUARD: OnceLock<Guard> = OnceLock::new();
    GUARD.get_or_init(|| {
        let source = |text| Source {
            shown: "catalogue",
            text,
        };
        let tables = [
            source(include_str!("../../../../catalogue/guard/en.toml")),
            source(include_str!("../../../../catalogue/guard/de.toml")),
            source(include_str!("../../../../catalogue/guard/ja.toml")),
            source(include_str!("../../../../catalogue/guard/ar.toml")),
        ];
        let promises = source(include_str!("../../../../catalogue/promises.toml"));
        let promises = Promises::compile(promises, &tables).expect("the shipped files compile");
        let own = Own::new(["marigold.example"], ["+12025550123"]).expect("both can be ours");
        Guard::new(promises.into(), own)
    })
}

fuzz_target!(|text: &str| {
    for form in [Form::Sms, Form::MailText] {
        for finding in guard().check(&Content::new(form, text)) {
            assert!(text.get(finding.span).is_some());
        }
    }
    for finding in guard().check_html(text) {
        assert!(text.get(finding.span).is_some());
    }
});
