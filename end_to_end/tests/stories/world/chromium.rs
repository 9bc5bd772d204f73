//! A real browser: Chromium, driven by the steps of a story through npm `playwright-core`;
//! npm `axe-core` looks for what would shut somebody out.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::environment::{chromium, missing, node_modules};

const DRIVER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/stories/world/chromium.mjs"
);

/// Whether there is a browser to drive; says so if not.
pub(crate) fn chromium_runs_here() -> bool {
    let there =
        |name: &str| node_modules().is_some_and(|modules| Path::new(&modules).join(name).exists());
    if !there("playwright-core") || !there("axe-core") {
        missing("playwright-core and axe-core (TIDINGS_TEST_NODE_MODULES)");
        return false;
    }
    if !Path::new(&chromium()).exists() {
        missing("Chromium (TIDINGS_TEST_CHROMIUM names it)");
        return false;
    }
    true
}

/// Does the steps of a story at a server; gives what was seen, in order.
pub(crate) async fn drive(base: &str, steps: Value) -> Vec<Value> {
    let job = json!({"base": base, "chromium": chromium(), "steps": steps}).to_string();
    let done = tokio::task::spawn_blocking(move || {
        let mut node = Command::new("node")
            .arg(DRIVER)
            .env(
                "TIDINGS_TEST_NODE_MODULES",
                node_modules().unwrap_or_default(),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut to = node.stdin.take().unwrap();
        to.write_all(job.as_bytes()).unwrap();
        drop(to);
        node.wait_with_output().unwrap()
    });
    let done = done.await.unwrap();
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{errors}");
    serde_json::from_slice(&done.stdout).unwrap()
}
