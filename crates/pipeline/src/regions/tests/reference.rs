//! The list of the rules, for people who read the documentation.

use std::fmt::Write;

use super::*;

const KEPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/reference/regions.md"
);

/// `UPDATE=1 cargo test -p pipeline regions` writes the file anew.
#[test]
fn the_list_of_rules_in_the_docs_is_current() {
    let current = list(&Regions::shipped());
    if is_update() {
        std::fs::write(KEPT, &current).unwrap();
    }
    let kept = std::fs::read_to_string(KEPT).unwrap_or_default();
    assert!(
        kept == current,
        "docs/reference/regions.md is not current: UPDATE=1 cargo test -p pipeline regions"
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the test, not of the product"
)]
fn is_update() -> bool {
    std::env::var("UPDATE").is_ok_and(|value| value == "1")
}

fn list(regions: &Regions) -> String {
    let mut out = String::from(
        "# Regional rules\n\nThe rules of `regions/`, as they are in the binary. Hours are those of the clock where \
         the recipient is. They are engineering input, not legal advice: a rule marked *uncertain* is disputed, about \
         to change, or rests on secondary sources. [The guide](../guides/quiet-hours.md) says how they are used. Made \
         by a test from the files; do not edit.\n",
    );
    type Wanted = fn(&Says) -> Option<String>;
    let sections: [(&str, &str, Wanted); 4] = [
        (
            "Hours",
            "`*` holds where no other rule does.",
            |says| match says {
                Says::Hours(week) => Some(week.in_words()),
                _ => None,
            },
        ),
        (
            "Express consent",
            "Asked before the first such message.",
            |says| match says {
                Says::ExpressConsent(true) => Some("needed".to_owned()),
                Says::ExpressConsent(false) => Some("not needed".to_owned()),
                _ => None,
            },
        ),
        (
            "At most",
            "In 24 hours, to one person.",
            |says| match says {
                Says::AtMost(count) => Some(count.to_string()),
                _ => None,
            },
        ),
        (
            "Revoke all",
            "One stop ends every kind of message on the channel.",
            |says| (*says == Says::RevokeAll).then(|| "every kind".to_owned()),
        ),
    ];
    for (title, about, wanted) in sections {
        write!(out, "\n## {title}\n\n{about}\n\n").unwrap();
        out.push_str("| rule | where | what | on | says | since | until | source |\n|---|---|---|---|---|---|---|---|\n");
        for rule in regions.rules() {
            if let Some(says) = wanted(&rule.says) {
                row(rule, &says, &mut out);
            }
        }
        let notes = regions
            .rules()
            .filter(|rule| !rule.note.is_empty() && wanted(&rule.says).is_some());
        for (n, rule) in notes.enumerate() {
            let gap = if n == 0 { "\n" } else { "" };
            let uncertain = if rule.uncertain { " *Uncertain.*" } else { "" };
            writeln!(out, "{gap}- `{}`:{uncertain} {}", rule.id, rule.note).unwrap();
        }
    }
    out
}

fn row(rule: &Rule, says: &str, out: &mut String) {
    let day = |day: Option<Date>| day.map_or(String::new(), |day| day.to_string());
    let words = |all: Vec<&str>| match all.is_empty() {
        true => "all".to_owned(),
        false => all.join(", "),
    };
    let purposes = words(
        rule.purposes
            .iter()
            .map(|purpose| purpose.as_str())
            .collect(),
    );
    let channels = words(
        rule.channels
            .iter()
            .map(|channel| channel.as_str())
            .collect(),
    );
    let uncertain = if rule.uncertain { " (*uncertain*)" } else { "" };
    let (since, until) = (day(rule.since), day(rule.until));
    writeln!(
        out,
        "| `{}` | {} | {purposes} | {channels} | {says} | {since} | {until} | {}{uncertain} |",
        rule.id, rule.jurisdiction, rule.source
    )
    .unwrap();
}
