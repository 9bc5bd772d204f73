//! Sizes and names of source files, and code that was put off.

use std::path::Path;

use anyhow::Result;

use crate::tree;

/// Lines of a file, tests not counted.
const MOST_LINES: usize = 400;
/// Names that gather whatever has no home.
const GRAB_BAGS: [&str; 10] = [
    "common",
    "core",
    "helper",
    "helpers",
    "imp",
    "manager",
    "misc",
    "shared_code",
    "util",
    "utils",
];
/// Code that says "later". Written in halves, so that this file does not find itself.
const PUT_OFF: [&str; 4] = [
    concat!("to", "do!("),
    concat!("unimpl", "emented!("),
    concat!("#[ign", "ore"),
    concat!("db", "g!("),
];

/// Files that are too long, badly named, or hold code that was put off.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for folder in ["crates", "end_to_end", "xtask"] {
        for file in tree::files(&root.join(folder))? {
            let place = tree::relative(root, &file);
            faults.extend(name_fault(&place));
            if file.extension().is_some_and(|kind| kind == "rs") {
                faults.extend(text_faults(&place, &tree::read(&file)?));
            }
        }
    }
    Ok(faults)
}

fn name_fault(place: &str) -> Option<String> {
    let stems = place
        .split('/')
        .map(|part| part.split('.').next().unwrap_or(part));
    let bad = |stem: &&str| GRAB_BAGS.contains(stem) || stem.starts_with("new_");
    let stem = stems.into_iter().find(bad)?;
    Some(format!("{place}: `{stem}` is no name for a home"))
}

fn text_faults(place: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let lines = lines_that_count(text);
    if is_product(place) && lines > MOST_LINES {
        faults.push(format!(
            "{place}: {lines} lines without tests, at most {MOST_LINES}; it is two files"
        ));
    }
    for (number, line) in text.lines().enumerate() {
        if let Some(word) = PUT_OFF.iter().find(|word| line.contains(**word)) {
            faults.push(format!("{place}:{}: {word} puts work off", number + 1));
        }
    }
    faults
}

/// Product code: below a crate's `src`, and not its tests.
fn is_product(place: &str) -> bool {
    let mut parts = place.split('/').skip(2);
    let is_test = |part: &str| {
        matches!(part, "tests" | "tests.rs" | "conformance") || part.ends_with("_tests.rs")
    };
    place.starts_with("crates/") && parts.next() == Some("src") && !parts.any(is_test)
}

/// Lines up to the tests at the end of the file.
fn lines_that_count(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let begins_tests = |pair: &[&str]| {
        // `mod tests;` alone is a line of the file, not its tests.
        pair[0] == "#[cfg(test)]" && pair[1].contains("mod ") && pair[1].ends_with('{')
    };
    let tests = lines.windows(2).position(begins_tests);
    tests.unwrap_or(lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_product_code_is_measured_and_only_up_to_its_tests() {
        let long = "line\n".repeat(401);
        let faults = |place: &str, text: &str| text_faults(place, text).len();
        assert_eq!(faults("crates/web/src/page.rs", &long), 1);
        assert_eq!(faults("crates/web/src/page.rs", &long[5..]), 0);
        for place in [
            "crates/web/src/page/tests.rs",
            "crates/web/src/tests/pages.rs",
            "crates/web/src/page_tests.rs",
            "crates/web/tests/pages.rs",
            "end_to_end/tests/stories/main.rs",
        ] {
            assert_eq!(faults(place, &long), 0, "{place}");
        }
        let tested = format!("code\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert_eq!(lines_that_count(&tested), 1);
        let apart = format!("#[cfg(test)]\nmod tests;\n{long}");
        assert_eq!(lines_that_count(&apart), 403);
    }

    #[test]
    fn grab_bags_and_work_put_off_are_found() {
        for place in [
            "crates/web/src/utils.rs",
            "crates/core/src/lib.rs",
            "xtask/src/common/mod.rs",
            "crates/web/src/new_queue.rs",
        ] {
            assert!(name_fault(place).is_some(), "{place}");
        }
        assert_eq!(name_fault("crates/web/src/newest.rs"), None);
        let later = format!("fn later() {{\n    {}\"x\")\n}}\n", PUT_OFF[0]);
        let faults = text_faults("crates/web/src/page.rs", &later);
        assert!(
            faults[0].starts_with("crates/web/src/page.rs:2: "),
            "{faults:?}"
        );
    }
}
