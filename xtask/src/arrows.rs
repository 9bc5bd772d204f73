//! Which crate may depend on which: arrows point one way.

use std::path::Path;

use anyhow::{Context, Result};

use crate::tree;

/// A crate and those of ours it may use, in its tests too. The stories and the chores
/// stand outside and may use any.
const MAY_USE: [(&str, &[&str]); 10] = [
    ("model", &[]),
    ("smpp", &[]),
    ("guard", &[]),
    ("local_postgres", &[]),
    ("store", &["model", "local_postgres"]),
    ("channels", &["model", "smpp"]),
    ("sandbox", &["smpp"]),
    ("pipeline", &["model", "store", "channels", "guard"]),
    ("web", &["model", "store", "pipeline"]),
    (
        "server",
        &[
            "model",
            "smpp",
            "guard",
            "store",
            "channels",
            "sandbox",
            "pipeline",
            "web",
            "local_postgres",
        ],
    ),
];

const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// Arrows that point the wrong way, and crates without a row above.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for entry in std::fs::read_dir(root.join("crates"))? {
        let manifest = entry?.path().join("Cargo.toml");
        if manifest.exists() {
            let text = tree::read(&manifest)?;
            let place = tree::relative(root, &manifest);
            faults.extend(faults_of(&text, &place).context(place)?);
        }
    }
    faults.sort();
    Ok(faults)
}

fn faults_of(manifest: &str, place: &str) -> Result<Vec<String>> {
    let manifest: toml::Table = manifest.parse()?;
    let name = manifest
        .get("package")
        .and_then(|package| package.get("name"));
    let name = name
        .and_then(toml::Value::as_str)
        .context("it has no name")?;
    let Some((_, may_use)) = MAY_USE.iter().find(|(known, _)| *known == name) else {
        return Ok(vec![format!(
            "{place}: {name} has no row in xtask/src/arrows.rs"
        )]);
    };
    let used = TABLES
        .iter()
        .filter_map(|table| manifest.get(*table)?.as_table())
        .flat_map(toml::Table::keys);
    let wrong = used.filter(|used| {
        let ours = MAY_USE.iter().any(|(known, _)| known == used);
        ours && !may_use.contains(&used.as_str())
    });
    Ok(wrong
        .map(|used| format!("{place}: {name} may not use {used}; arrows point the other way"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::faults_of;

    fn faults(name: &str, rest: &str) -> Vec<String> {
        let manifest = format!("[package]\nname = \"{name}\"\n{rest}");
        faults_of(&manifest, "Cargo.toml").unwrap()
    }

    #[test]
    fn an_arrow_that_points_the_wrong_way_is_found_in_every_table() {
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let found = faults("store", &format!("[{table}]\npipeline.workspace = true\n"));
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].contains("store may not use pipeline"));
        }
        let fine = "[dependencies]\nmodel.workspace = true\nserde = \"1\"\n";
        assert!(faults("store", fine).is_empty());
    }

    #[test]
    fn a_crate_without_a_row_is_a_fault() {
        assert!(faults("surprise", "")[0].contains("has no row"));
    }

    #[test]
    fn the_table_has_no_circle() {
        // Each crate may use only crates of rows above its own.
        let rows = super::MAY_USE;
        for (place, (name, may_use)) in rows.iter().enumerate() {
            for used in *may_use {
                let above = rows[..place].iter().any(|(known, _)| known == used);
                assert!(above, "{name} → {used}");
            }
        }
    }
}
