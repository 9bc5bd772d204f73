//! Rate cards as they are written, and what is said of the broken ones.

use super::*;

const GOOD: &str = "carrier = \"sms\"\nchannel = \"sms\"\ncurrency = \"USD\"\nvalid_from = \"2026-01-01\"\n\n[[rates]]\ncountry = \"US\"\nprefixes = [\"+1\"]\nprice = \"0.0079\"\n";

/// What is changed, to what, and what is said then.
const FAULTS: &[(&str, &str, &str)] = &[
    (
        "\"USD\"",
        "\"usd\"",
        "card.toml:3: a currency has three capital letters",
    ),
    (
        "\"0.0079\"",
        "0.0079",
        "card.toml:9: invalid type: floating point",
    ),
    (
        "\"0.0079\"",
        "\"0,0079\"",
        "card.toml:9: an amount is a number with a point",
    ),
    (
        "\"0.0079\"",
        "\"-1\"",
        "card.toml:9: a price is from 0 to 1000",
    ),
    (
        "\"0.0079\"",
        "\"1001\"",
        "card.toml:9: a price is from 0 to 1000",
    ),
    (
        "\"+1\"",
        "\"1\"",
        "card.toml:8: a prefix is `+` and 1 to 8 digits",
    ),
    (
        "\"+1\"",
        "\"+1\", \"+1\"",
        "card.toml:6: there are two rates for +1. Keep one",
    ),
    (
        "\"US\"",
        "\"USA\"",
        "card.toml:7: a country has two capital letters",
    ),
    (
        "\"2026-01-01\"",
        "\"2026-13-01\"",
        "card.toml:4: that is no day",
    ),
    ("\"2026-01-01\"", "\"soon\"", "card.toml:4: that is no day"),
    (
        "channel = \"sms\"",
        "channel = \"fax\"",
        "card.toml:2: `fax` is not a channel",
    ),
    (
        "channel = \"sms\"",
        "channel = \"email\"",
        "card.toml:6: mail addresses have no prefix",
    ),
    (
        "carrier = \"sms\"",
        "carrier = \"\"",
        "card.toml:1: a carrier's name",
    ),
    (
        "carrier = \"sms\"",
        "carier = \"sms\"",
        "card.toml:1: unknown field `carier`",
    ),
    ("[[rates]]", "[[rates", "card.toml:6: "),
    (
        "price = \"0.0079\"\n",
        "",
        "card.toml:6: missing field `price`",
    ),
];

fn faults(text: &str) -> Vec<String> {
    let read = RateCards::read([("card.toml", text)]);
    let CardFaults(faults) = read.err().unwrap_or(CardFaults(vec![]));
    faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_fault_names_its_line_and_what_to_write() {
    assert_eq!(faults(GOOD), Vec::<String>::new());
    for (from, to, expected) in FAULTS {
        assert!(GOOD.contains(from), "{from}");
        let found = faults(&GOOD.replace(from, to));
        let hit = found.iter().any(|fault| fault.starts_with(expected));
        assert!(hit, "{to}: {found:?}");
    }
    assert!(
        faults("")[0].starts_with("card.toml:1: missing field"),
        "{:?}",
        faults("")
    );
    let none = GOOD.split("[[rates]]").next().unwrap();
    assert!(faults(none)[0].contains("has 0 rates"));
}

#[test]
fn two_cards_for_one_day_are_a_fault() {
    let read = RateCards::read([("a.toml", GOOD), ("b.toml", GOOD)]);
    let told = read.unwrap_err().to_string();
    assert!(
        told.starts_with("b.toml: is for the same carrier, channel and day as a.toml"),
        "{told}"
    );
}

#[test]
fn a_folder_is_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("card.toml"), GOOD).unwrap();
    std::fs::write(folder.path().join("notes.txt"), "no card").unwrap();
    let cards = RateCards::load(folder.path()).unwrap();
    assert_eq!((cards.len(), cards.carriers().count()), (1, 1));
    std::fs::write(folder.path().join("bad.toml"), [0xff, 0xfe]).unwrap();
    assert!(RateCards::load(folder.path()).is_err());
    assert!(RateCards::load(&folder.path().join("nowhere")).is_err());
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[a-z= \"\\[\\]0-9.+\n#é-]{0,300}") {
        let _ = RateCards::read([("card.toml", &*text)]);
    }
}
