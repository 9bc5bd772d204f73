//! Documents that name paths: each exists. And what is generated into
//! `docs/reference` has a test that keeps it current.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::tree;

/// Documents whose code spans and maps name paths of the repository.
const MAPS: [&str; 3] = ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"];

/// Paths that documents name and that are not there.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let mut documents: Vec<PathBuf> = tree::files(&root.join("docs"))?;
    documents.retain(|path| path.extension().is_some_and(|kind| kind == "md"));
    documents.extend(MAPS.map(|name| root.join(name)));
    documents.push(root.join("CHANGELOG.md"));
    let top = top_names(root)?;
    let mut faults = Vec::new();
    for document in documents.iter().filter(|path| path.exists()) {
        let text = tree::read(document)?;
        let place = tree::relative(root, document);
        let folder = document.parent().unwrap_or(root);
        let links = links_in(&text).into_iter().map(|link| (folder, link));
        let mut named: Vec<(&Path, String)> = links.collect();
        if MAPS.contains(&place.as_str()) {
            named.extend(paths_in(&text, &top).into_iter().map(|path| (root, path)));
            named.extend(map_in(&text).into_iter().map(|path| (root, path)));
        }
        let missing = named
            .iter()
            .filter(|(from, path)| !from.join(path).exists());
        faults.extend(missing.map(|(_, path)| format!("{place}: {path} does not exist")));
    }
    faults.extend(reference_without_test(root)?);
    Ok(faults)
}

/// Files and folders at the top: what a path of the repository begins with.
fn top_names(root: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(root)? {
        names.insert(entry?.file_name().to_string_lossy().into_owned());
    }
    names.remove("target");
    Ok(names)
}

/// Targets of links within the repository.
fn links_in(text: &str) -> Vec<String> {
    let targets = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    targets
        .filter_map(|target| target.split('#').next())
        .filter(|target| !target.is_empty() && !target.contains("://") && !target.contains(' '))
        .filter(|target| !target.starts_with("mailto:"))
        .map(str::to_owned)
        .collect()
}

/// Paths in code spans, by their first part.
fn paths_in(text: &str, top: &BTreeSet<String>) -> Vec<String> {
    let spans = text
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    let words = spans.flat_map(str::split_whitespace);
    let plain = |word: &&str| {
        word.chars()
            .all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c))
    };
    let of_ours = |word: &&str| {
        let first = word.split('/').next().unwrap_or_default();
        // A file of the top level, or anything below one of its folders.
        top.contains(first) && (word.contains('/') || word.contains('.'))
    };
    words
        .filter(plain)
        .filter(of_ours)
        .map(str::to_owned)
        .collect()
}

/// The paths of an indented map: a folder a line, each below the less indented one.
fn map_in(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let mut above: Vec<(usize, String)> = Vec::new();
    for line in text.lines() {
        let name = line.split_whitespace().next().unwrap_or_default();
        let indent = line.len() - line.trim_start().len();
        let is_entry = indent >= 4 && name.ends_with('/') && !name.starts_with(['/', '$']);
        if !is_entry {
            above.clear();
            continue;
        }
        above.retain(|(other, _)| *other < indent);
        let parent = above.last().map_or("", |(_, path)| path.as_str());
        let path = format!("{parent}{name}");
        paths.push(path.clone());
        above.push((indent, path));
    }
    paths
}

/// A reference that no test names would go stale unseen.
fn reference_without_test(root: &Path) -> Result<Vec<String>> {
    let mut sources = String::new();
    for file in tree::files(&root.join("crates"))? {
        if file.extension().is_some_and(|kind| kind == "rs") {
            sources.push_str(&tree::read(&file)?);
        }
    }
    let references = tree::files(&root.join("docs/reference"))?;
    let places = references.iter().map(|path| tree::relative(root, path));
    let unseen = places.filter(|place| !sources.contains(&format!("/{place}\"")));
    Ok(unseen
        .map(|place| format!("{place}: no test keeps it current"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_in_spans_links_and_maps() {
        let top = ["crates", "docs", ".ci", "deny.toml"]
            .map(str::to_owned)
            .into();
        let text = "Open `crates/web/src`, run `.ci/run`, see `deny.toml` and `a/b`; `cargo test -p docs`\n\
                    writes `crates/<name>` [guide](docs/guides/api.md#keys), [x](https://a.example), [y](#z)\n";
        assert_eq!(
            paths_in(text, &top),
            ["crates/web/src", ".ci/run", "deny.toml"]
        );
        assert_eq!(links_in(text), ["docs/guides/api.md"]);
        let map =
            "Map:\n\n    crates/\n      web/   pages\n      smpp/\n    docs/\n\n    GET /v1/x\n";
        assert_eq!(
            map_in(map),
            ["crates/", "crates/web/", "crates/smpp/", "docs/"]
        );
    }

    #[test]
    fn a_path_that_is_gone_is_a_fault() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "crates/web/src/lib.rs",
            "include_str!(\"../../docs/reference/kept.json\")",
        );
        write("docs/reference/kept.json", "");
        write("docs/reference/stale.json", "");
        write(
            "docs/guide.md",
            "[gone](nowhere.md) [there](reference/kept.json)",
        );
        write(
            "ARCHITECTURE.md",
            "`crates/web/src/lib.rs` and `crates/web/src/gone.rs`",
        );
        assert_eq!(
            check(root.path()).unwrap(),
            [
                "docs/guide.md: nowhere.md does not exist",
                "ARCHITECTURE.md: crates/web/src/gone.rs does not exist",
                "docs/reference/stale.json: no test keeps it current",
            ]
        );
    }
}
