//! Cases per rule and language, and what holds for any text.

mod addresses;
mod cases;
mod denials;
mod hostile;
mod languages;
mod markup;
mod numbers;
mod properties;
mod requests;

use std::sync::{Arc, OnceLock};

use crate::{Content, Finding, Form, Guard, Own, Promises, Source};

pub(super) const PROMISES: &str = include_str!("../../../catalogue/promises.toml");
pub(super) const TABLES: [(&str, &str); 7] = [
    ("en", include_str!("../../../catalogue/guard/en.toml")),
    ("es", include_str!("../../../catalogue/guard/es.toml")),
    ("pt-BR", include_str!("../../../catalogue/guard/pt-BR.toml")),
    ("de", include_str!("../../../catalogue/guard/de.toml")),
    ("fr", include_str!("../../../catalogue/guard/fr.toml")),
    ("ja", include_str!("../../../catalogue/guard/ja.toml")),
    ("ar", include_str!("../../../catalogue/guard/ar.toml")),
];

pub(super) fn source(text: &str) -> Source<'_> {
    Source {
        shown: "file.toml",
        text,
    }
}

pub(super) fn guard() -> &'static Guard {
    static GUARD: OnceLock<Guard> = OnceLock::new();
    GUARD.get_or_init(|| {
        let tables = TABLES.map(|(_, text)| source(text));
        let promises = Promises::compile(source(PROMISES), &tables).unwrap();
        let own = Own::new(
            ["marigold.example", "mgld.example"],
            ["+1 202 555 0123", "62422"],
        );
        Guard::new(Arc::new(promises), own.unwrap())
    })
}

pub(super) fn check(form: Form, text: &str) -> Vec<Finding> {
    guard().check(&Content::new(form, text).placeholder("{code}"))
}

/// The rules a text breaks, with the words they break at.
pub(super) fn shown(form: Form, text: &str) -> Vec<String> {
    check(form, text)
        .iter()
        .map(|f| format!("{}: {}", f.rule, &text[f.span.clone()]))
        .collect()
}
