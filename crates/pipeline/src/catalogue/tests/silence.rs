//! Words that load, and then say nothing or too much.

use guard::{Exceptions, Own};

use super::faults;
use crate::catalogue::Stand;

const MAIL: &str = "types/order.confirmed/en.toml";
const BOTH: &str = "types/shipment.delayed/en.toml";

#[test]
fn a_needed_text_that_is_empty_is_a_fault() {
    for key in ["title", "summary", "body", "subject", "preheader", "sms"] {
        for blank in ["", "  ", "\\n\\t"] {
            let found = faults(&[(BOTH, &format!("\n{key} = \"{blank}\"\n"))]);
            assert_eq!(
                found,
                [format!(
                    "{BOTH}:2: `{key}`: is empty, and no message leaves without it"
                )]
            );
        }
    }
}

#[test]
fn a_text_that_says_nothing_with_the_sample_is_a_fault() {
    let nothing = "{% if not order.number %}We have it.{% endif %} ";
    for key in ["title", "summary", "subject", "sms", "body"] {
        let found = faults(&[(BOTH, &format!("{key} = \"{nothing}\"\n"))]);
        assert_eq!(
            found,
            [format!(
                "{BOTH}:1: `{key}`: says nothing, though the sample has every value it may need"
            )]
        );
    }
    let needs = "{% if order.estimated_delivery %}It comes.{% endif %}";
    assert!(super::load_with(&[(MAIL, &format!("preheader = \"{needs}\"\n"))]).is_ok());
}

#[test]
fn a_text_of_five_parts_is_a_fault() {
    let text = |characters: usize| {
        let words = "parcel ".repeat(characters / 7);
        format!("sms = \"{{{{ brand.name }}}}: {words}\"\n")
    };
    // Four parts hold 612 characters.
    assert!(super::load_with(&[(BOTH, &text(590))]).is_ok());
    let found = faults(&[(BOTH, &text(630))]);
    assert_eq!(
        found,
        [format!(
            "{BOTH}:1: `sms`: is a text of 5 parts with the sample, and a text has at most 4"
        )]
    );
    // One letter outside the small alphabet leaves room for 268.
    let found = faults(&[(BOTH, &text(590).replacen("parcel", "pârcel", 1))]);
    assert!(found[0].contains("of 9 parts"), "{found:?}");
}

#[test]
fn the_desk_keeps_the_same_measure() {
    let catalogue = super::shipped();
    let stand = Stand {
        brand: catalogue.sample_brand(),
        own: Own::default(),
        exceptions: Exceptions::default(),
    };
    let tried = |key: &str, text: String| -> Vec<String> {
        let mut texts = catalogue.wording("shipment.delayed", "en").unwrap();
        texts.insert(key.to_owned(), text);
        let trial = catalogue.trial(("shipment.delayed", 2), ("en", &texts), &stand);
        let trial = trial.unwrap();
        trial.faults().iter().map(|f| f.reason.clone()).collect()
    };
    let long = format!("{{{{ brand.name }}}}: {}", "parcel ".repeat(90));
    assert_eq!(
        tried("sms", long),
        ["is a text of 5 parts with the sample, and a text has at most 4"]
    );
    let nothing = "{% if not order.number %}We have it.{% endif %}".to_owned();
    assert_eq!(
        tried("title", nothing),
        ["says nothing, though the sample has every value it may need"]
    );
    assert_eq!(tried("title", " ".to_owned()), ["is empty"]);
}
