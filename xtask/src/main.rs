//! Chores of the repository. `cargo run -p xtask -- check` looks whether the house is in
//! order: arrows between crates, sizes and names of files, paths that documents name.
//! The same check is a test, so `cargo test --workspace` covers it.

mod arrows;
mod documents;
mod sources;
mod tree;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments != ["check"] {
        eprintln!("usage: cargo run -p xtask -- check");
        return ExitCode::from(2);
    }
    match check(&root()) {
        Ok(faults) if faults.is_empty() => {
            println!("the house is in order");
            ExitCode::SUCCESS
        }
        Ok(faults) => {
            faults.iter().for_each(|fault| println!("{fault}"));
            println!("{} to mend", faults.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Everything that is not in order, each with its place.
fn check(root: &Path) -> Result<Vec<String>> {
    let mut faults = arrows::check(root)?;
    faults.extend(sources::check(root)?);
    faults.extend(documents::check(root)?);
    Ok(faults)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_house_is_in_order() {
        let faults = super::check(&super::root()).unwrap();
        assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    }
}
