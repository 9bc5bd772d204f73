//! Where the program under test is.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

use super::say;

/// The `tidings` that was built beside this test. `cargo test --workspace` builds it,
/// because the server has an integration test of its own; `cargo test -p end_to_end`
/// takes what `cargo build -p server` left.
pub(super) fn path() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        // target/<profile>/deps/stories-<hash>
        let profile = test.parent().and_then(Path::parent).unwrap();
        let binary = profile.join("tidings");
        assert!(
            binary.exists(),
            "{} is missing: cargo build -p server",
            binary.display()
        );
        if let Some(source) = newer_source(&binary) {
            say(&format!(
                "warning: tidings is older than {source}: cargo build -p server"
            ));
        }
        binary
    })
}

/// A source of the program that changed after it was built, from the list that cargo
/// keeps beside it.
fn newer_source(binary: &Path) -> Option<String> {
    let changed = |path: &Path| -> Option<SystemTime> { path.metadata().ok()?.modified().ok() };
    let built = changed(binary)?;
    let list = std::fs::read_to_string(binary.with_extension("d")).ok()?;
    let sources = list.split_once(": ")?.1.split_whitespace();
    let newer = |source: &&str| changed(Path::new(source)).is_some_and(|at| at > built);
    sources.into_iter().find(newer).map(str::to_owned)
}
