//! What the console calls the alphabet of a text.

use askama::Template;
use pipeline::costs::TextRoute;
use pipeline::render::TextCost;

#[derive(Template)]
#[template(
    source = "{% import \"words.html\" as words %}{{ words::alphabet(cost.alphabet) }}: {{ cost.units }} of {{ cost.room() * cost.parts.len() }}",
    ext = "html"
)]
struct Named {
    cost: TextCost,
}

#[test]
fn an_alphabet_is_named_with_its_tables_and_its_room() {
    let all = TextRoute {
        national: pipeline::render::Language::ALL.into_iter().collect(),
        ..TextRoute::default()
    };
    let none = TextRoute::default();
    for (text, route, said) in [
        ("a".repeat(161), all, "GSM: 161 of 306"),
        ("ã".repeat(71), none, "UCS-2: 71 of 134"),
        ("ã".repeat(70), all, "UCS-2: 70 of 70"),
        (
            "ã".repeat(71),
            all,
            "GSM, Portuguese single shift: 142 of 155",
        ),
        (
            "ş".repeat(150),
            all,
            "GSM, Turkish locking shift: 150 of 155",
        ),
        (
            "ş".repeat(150) + "á",
            all,
            "GSM, Turkish locking shift, Spanish single shift: 152 of 152",
        ),
        (
            "á".repeat(149),
            all,
            "GSM, Portuguese locking shift: 149 of 155",
        ),
    ] {
        let cost = TextCost::of(&text, route);
        assert_eq!(Named { cost }.render().unwrap(), said);
    }
}
