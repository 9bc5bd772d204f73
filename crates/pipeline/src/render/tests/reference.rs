//! The list of everything that is said, for people who read the documentation.

use std::fmt::Write;

use model::Category;

use super::*;
use crate::catalogue::MessageType;

const KEPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/reference/messages.md"
);

/// `UPDATE=1 cargo test -p pipeline reference` writes the file anew.
#[test]
fn the_list_in_the_docs_is_current() {
    let current = list(shipped());
    if is_update() {
        std::fs::write(KEPT, &current).unwrap();
    }
    let kept = std::fs::read_to_string(KEPT).unwrap_or_default();
    assert!(
        kept == current,
        "docs/reference/messages.md is not current: UPDATE=1 cargo test -p pipeline reference"
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the test, not of the product"
)]
fn is_update() -> bool {
    std::env::var("UPDATE").is_ok_and(|value| value == "1")
}

fn list(catalogue: &Catalogue) -> String {
    let brand = catalogue.sample_brand();
    let all = catalogue.types().count();
    let locales = catalogue.all_locales().join(", ");
    let mut out = format!(
        "# Messages\n\nThe {all} message types of the catalogue, each with its title and its text in English as \
         its first sample reads. They are written in {locales}. `/console/catalogue` shows them on every channel \
         and in every language; [the guide](../guides/catalogue.md) says how to change them. Made by a test from \
         the catalogue; do not edit.\n"
    );
    for category in Category::ALL {
        write!(out, "\n## {category}\n").unwrap();
        for entry in catalogue
            .types()
            .filter(|entry| entry.category == *category)
        {
            one(catalogue, &brand, entry, &mut out);
        }
    }
    out
}

fn one(catalogue: &Catalogue, brand: &Brand, entry: &MessageType, out: &mut String) {
    let sample = catalogue.samples(&entry.name).first().unwrap();
    let made = Short::of_sample(catalogue, brand, (entry, sample), "en").unwrap();
    let mut channels: Vec<&str> = entry.channels.iter().map(|c| c.as_str()).collect();
    channels.push("Message Center");
    let news = match entry.news_for() {
        Some((number, unit)) => format!("{number}{unit}"),
        None => "today".to_owned(),
    };
    let mut rows = vec![
        ("purpose", entry.purpose.to_string()),
        ("urgency", entry.lane.to_string()),
        ("channels", channels.join(", ")),
        ("useful for", news),
    ];
    if !entry.supersedes.is_empty() {
        rows.push(("supersedes", format!("`{}`", entry.supersedes.join("`, `"))));
    }
    rows.push(("title", made.content.title.clone()));
    // What stands in cells has no line breaks and no bars of its own.
    let text = made.text().replace('\n', "<br>").replace('|', "\\|");
    rows.push(("text", if text.is_empty() { "none".into() } else { text }));
    write!(out, "\n### {}\n\n| | |\n|---|---|\n", entry.name).unwrap();
    for (name, value) in rows {
        writeln!(out, "| {name} | {value} |").unwrap();
    }
}

#[test]
fn links_of_samples_lead_to_the_marketplace_that_shows_them() {
    let catalogue = shipped();
    let moved = Brand {
        domain: "calendula.example".into(),
        ..marigold()
    };
    for entry in catalogue.types() {
        for sample in catalogue.samples(&entry.name) {
            let made = Short::of_sample(catalogue, &moved, (entry, sample), "de").unwrap();
            let data = serde_json::to_string(&catalogue.sample_data(sample, &moved.domain));
            assert!(
                !data.unwrap().contains("//marigold.example"),
                "{}",
                entry.name
            );
            assert_eq!(made.content.locale, "de");
            assert!(!made.text().contains("{code}"), "{}", entry.name);
        }
    }
}

#[test]
fn a_discreet_form_says_nothing_of_the_goods() {
    let catalogue = shipped();
    let (mut some, mut none) = (0, 0);
    for entry in catalogue.types() {
        let sample = catalogue.samples(&entry.name).first().unwrap();
        let both = (entry, sample);
        let discreet = Short::of_sensitive_sample(catalogue, &marigold(), both, "en").unwrap();
        assert_eq!(
            discreet.is_some(),
            entry.may_be_discreet(),
            "{}",
            entry.name
        );
        let Some(discreet) = discreet else {
            none += 1;
            continue;
        };
        some += 1;
        let plain = Short::of_sample(catalogue, &marigold(), both, "en").unwrap();
        let says_less =
            entry.has_secret() || discreet.text() != plain.text() || plain.is_discreet();
        assert!(says_less || plain.text().is_empty(), "{}", entry.name);
    }
    assert!(some > 10 && none > 10, "{some} have one, {none} have none");
}

#[test]
fn the_places_of_the_data_are_listed_with_what_they_need() {
    use crate::catalogue::{Need, PlaceKind};
    let places = shipped().get("shipment.out_for_delivery").unwrap().places();
    let place = |path: &str| places.iter().find(|place| place.path == path).unwrap();
    assert_eq!(place("order").kind, PlaceKind::Object);
    assert_eq!(place("order.number").need, Need::Always);
    assert_eq!(place("order.items").kind, PlaceKind::List);
    assert_eq!(place("order.items[].title").need, Need::Optional);
    assert_eq!(place("shipment.window_start").kind, PlaceKind::Moment);
    let code = shipped().get("security.code").unwrap().places();
    assert!(code.iter().any(|place| place.kind == PlaceKind::Code));
}
