//! A changed catalogue without a restart.
//!
//! The folder is looked at every few seconds. When something in it has changed and then
//! stayed as it is for a moment, it is loaded; if it is whole it serves from then on. A
//! broken one is said once in the log, file by file, and what served goes on. What is
//! published at the desk of another node serves as soon.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use pipeline::Pipeline;
use pipeline::catalogue::Catalogue;
use tokio_util::sync::CancellationToken;

/// Looked at so often.
const EVERY: Duration = Duration::from_secs(1);
/// A catalogue has fewer files; more are not looked at.
const MOST: usize = 20_000;

/// What tells a changed folder from the same: each file with its size and time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen(Vec<(PathBuf, u64, Option<SystemTime>)>);

impl Seen {
    fn of(folder: &Path) -> Self {
        let mut files = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            // What cannot be read is said when it is loaded.
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            for entry in entries {
                let Ok(meta) = entry.metadata() else { continue };
                if meta.is_dir() {
                    folders.push(entry.path());
                } else {
                    files.push((entry.path(), meta.len(), meta.modified().ok()));
                }
            }
            if files.len() + folders.len() > MOST {
                break;
            }
        }
        files.sort();
        Self(files)
    }
}

/// Watches the folder, where there is one, and the desk, until it is told to stop.
pub async fn watch(folder: Option<PathBuf>, pipeline: Pipeline, stop: CancellationToken) {
    let mut loaded = look(folder.as_deref()).await;
    let mut before = loaded.clone();
    let mut reads = true;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let now = look(folder.as_deref()).await;
        // Whoever writes many files is not done with the first.
        if let (Some(folder), true) = (&folder, now != loaded && now == before) {
            loaded = now.clone();
            load(folder, &pipeline).await;
        }
        before = now;
        reads = desk(&pipeline, reads).await;
    }
}

/// Serves what was published at another node. Says whether the store could be read, which is
/// said once in the log.
async fn desk(pipeline: &Pipeline, read_before: bool) -> bool {
    match pipeline.refresh_desk().await {
        Ok(true) => tracing::info!("the words of the desk have changed and serve"),
        Ok(false) => {}
        Err(error) => {
            if read_before {
                tracing::warn!(%error, "the words of the desk cannot be read; those before go on");
            }
            return false;
        }
    }
    true
}

async fn look(folder: Option<&Path>) -> Seen {
    let Some(folder) = folder.map(Path::to_owned) else {
        return Seen::default();
    };
    let seen = tokio::task::spawn_blocking(move || Seen::of(&folder)).await;
    seen.unwrap_or_default()
}

async fn load(folder: &Path, pipeline: &Pipeline) {
    let from = folder.to_owned();
    let loaded = tokio::task::spawn_blocking(move || Catalogue::load(Some(&from))).await;
    match loaded {
        Ok(Ok(catalogue)) => {
            let types = catalogue.types().count();
            let (files, serving) = (Arc::new(catalogue), pipeline.clone());
            // Words of the desk are rehearsed over it.
            let serve = move || serving.replace_catalogue(files);
            if let Err(error) = tokio::task::spawn_blocking(serve).await {
                return tracing::warn!(%error, "the changed catalogue could not be served");
            }
            count("loaded");
            tracing::info!(types, "the catalogue has changed and serves");
        }
        Ok(Err(faults)) => {
            count("refused");
            tracing::warn!("the changed catalogue cannot serve; the one before goes on");
            for fault in &faults.0 {
                tracing::warn!(%fault, "in the catalogue");
            }
        }
        Err(error) => tracing::warn!(%error, "the changed catalogue could not be loaded"),
    }
}

fn count(result: &'static str) {
    metrics::counter!("tidings_catalogue_changes_total", "result" => result).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_any_file_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("types/order.confirmed/en.toml");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let empty = Seen::of(folder.path());
        std::fs::write(&file, "title = \"a\"").unwrap();
        let one = Seen::of(folder.path());
        assert_ne!(empty, one);
        assert_eq!(one, Seen::of(folder.path()));
        std::fs::write(&file, "title = \"ab\"").unwrap();
        assert_ne!(one, Seen::of(folder.path()));
        assert_eq!(Seen::of(&folder.path().join("gone")), Seen::default());
    }
}
