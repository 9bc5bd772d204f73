//! What the machine offers, and words for whoever runs the tests.

use std::io::Write as _;
use std::path::{Path, PathBuf};

#[expect(
    clippy::disallowed_methods,
    reason = "only the environment knows what the machine offers"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A line straight to the terminal: the test runner hides what a passing test prints.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Says that a story is skipped; fails it when nothing may be missing.
pub(crate) fn missing(what: &str) {
    assert!(
        variable("TIDINGS_TEST_REQUIRE").as_deref() != Some("all"),
        "{what} is missing, and TIDINGS_TEST_REQUIRE=all wants it"
    );
    say(&format!("skipped: {what} is missing"));
}

/// What chance begins with in a story: always the same, or what someone wants to see again.
pub(crate) fn seed(usual: u64) -> u64 {
    let given = variable("TIDINGS_TEST_SEED");
    given.map_or(usual, |given| {
        given.parse().expect("TIDINGS_TEST_SEED is a number")
    })
}

/// The Python that has the peers written in it.
pub(crate) fn python() -> String {
    variable("TIDINGS_TEST_PYTHON").unwrap_or_else(|| "python3".to_owned())
}

/// Where the peers from npm lie, if anywhere.
pub(crate) fn node_modules() -> Option<String> {
    variable("TIDINGS_TEST_NODE_MODULES")
}

/// The browser.
pub(crate) fn chromium() -> String {
    variable("TIDINGS_TEST_CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".to_owned())
}

/// A file of the data that lies beside the repository and is no part of it.
pub(crate) fn shared(file: &str) -> Option<PathBuf> {
    let folder = match variable("TIDINGS_TEST_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
    };
    let path = folder.join(file);
    if path.exists() {
        return Some(path);
    }
    missing(&format!(
        "{} (TIDINGS_TEST_SHARED names its folder)",
        path.display()
    ));
    None
}
