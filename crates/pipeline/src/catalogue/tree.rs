//! The files of a catalogue: those in the binary, and those of a folder laid over them.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use include_dir::{Dir, include_dir};

use super::fault::{CatalogueFault, Mend};

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../catalogue");

/// No template needs more; what is longer is a mistake.
const MAX_FILE_BYTES: usize = 64 * 1024;
const MAX_FILES: usize = 10_000;
const MAX_DEPTH: usize = 4;

/// One file: where it is from, for errors, and what it says.
#[derive(Clone, Debug)]
pub(crate) struct SourceFile {
    /// As shown in errors.
    pub shown: String,
    /// Its text.
    pub text: String,
    /// Whether it is in the binary.
    pub embedded: bool,
}

/// Path from the catalogue's root to the files there: the embedded one first, then the
/// folder's. Which of them counts, or whether both do, is for each kind of file to say.
pub(crate) type Layers = BTreeMap<String, Vec<SourceFile>>;

/// The name of a sample's file: empty for `sample.json`, `x` for `sample.x.json`.
pub(super) fn sample_name(file: &str) -> Option<&str> {
    let inner = file.strip_prefix("sample")?.strip_suffix(".json")?;
    match inner.strip_prefix('.') {
        Some(name) => Some(name).filter(|name| !name.is_empty() && !name.contains('.')),
        None => Some(inner).filter(|inner| inner.is_empty()),
    }
}

/// Whether a catalogue has a file of this name.
pub(super) fn is_known_path(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["sample.toml" | "README.md" | "promises.toml"] => true,
        ["guard" | "replies", file] => file.ends_with(".toml"),
        ["types", _, "schema.json"] => true,
        ["types", _, file] if sample_name(file).is_some() => true,
        ["types", _, file] => file.ends_with(".toml"),
        ["explanations", file] => file.ends_with(".toml"),
        ["layout", "email.mjml" | "email.txt"] => true,
        ["layout", file] => file
            .strip_prefix("words.")
            .and_then(|rest| rest.strip_suffix(".toml"))
            .is_some_and(|locale| !locale.is_empty()),
        _ => false,
    }
}

/// What is rendered with its samples before the catalogue may serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rehearse {
    /// What a folder changes.
    Changed,
    /// Everything.
    All,
}

/// Which types a folder changes; all of them when it changes what they share.
pub(super) fn changed(layers: &Layers, rehearse: Rehearse) -> impl Fn(&str) -> bool + Copy + '_ {
    let is_own = |files: &Vec<SourceFile>| files.iter().any(|file| !file.embedded);
    let is_rendered = |path: &str| !path.starts_with("replies/");
    let shared = |(path, files): (&String, &Vec<SourceFile>)| {
        is_own(files) && !path.starts_with("types/") && is_rendered(path)
    };
    let all = rehearse == Rehearse::All || layers.iter().any(shared);
    move |name: &str| {
        let folder = format!("types/{name}/");
        let from = layers.range(folder.clone()..);
        let mut own = from.take_while(|(path, _)| path.starts_with(&folder));
        all || own.any(|(_, files)| is_own(files))
    }
}

/// All files, the embedded ones and those of `over`.
pub(crate) fn read(over: Option<&Path>, faults: &mut Vec<CatalogueFault>) -> Layers {
    let mut layers = Layers::new();
    collect_embedded(&EMBEDDED, &mut layers);
    if let Some(folder) = over {
        let mut reader = FolderReader {
            root: folder,
            count: 0,
            faults,
            layers: &mut layers,
        };
        reader.read(folder, 0);
    }
    layers
}

fn collect_embedded(dir: &Dir<'_>, layers: &mut Layers) {
    for file in dir.files() {
        let path = file.path().to_string_lossy().replace('\\', "/");
        // The crate's tests check that every embedded file is text.
        if let Some(text) = file.contents_utf8() {
            layers.entry(path.clone()).or_default().push(SourceFile {
                shown: format!("catalogue/{path}"),
                text: text.to_owned(),
                embedded: true,
            });
        }
    }
    for inner in dir.dirs() {
        collect_embedded(inner, layers);
    }
}

struct FolderReader<'a> {
    root: &'a Path,
    count: usize,
    faults: &'a mut Vec<CatalogueFault>,
    layers: &'a mut Layers,
}

impl FolderReader<'_> {
    fn fault(&mut self, path: &Path, reason: String) {
        let shown = path.display().to_string();
        self.faults.push(CatalogueFault::of_file(&shown, reason));
    }

    fn read(&mut self, folder: &Path, depth: usize) {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.fault(folder, format!("cannot be read: {error}")),
        };
        for entry in entries {
            let path = match entry {
                Ok(entry) => entry.path(),
                Err(error) => {
                    self.fault(folder, format!("cannot be read: {error}"));
                    continue;
                }
            };
            let hidden = path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if hidden {
                continue;
            }
            if !path.is_dir() {
                self.read_file(&path);
            } else if is_known_path(&self.key(&path)) {
                self.fault(&path, "is a folder where a file belongs".to_owned());
            } else if depth < MAX_DEPTH {
                self.inside(&path, depth + 1);
            } else {
                self.fault(&path, "folders are nested too deep".to_owned());
            }
        }
    }

    /// A folder of a message type without a file would silently add nothing.
    fn inside(&mut self, folder: &Path, depth: usize) {
        let before = self.count;
        let found = self.faults.len();
        self.read(folder, depth);
        let key = self.key(folder);
        let is_type = key.strip_prefix("types/").is_some_and(|n| !n.contains('/'));
        if is_type && self.count == before && self.faults.len() == found {
            let shown = folder.display().to_string();
            let fault = CatalogueFault::of_file(&shown, "is empty");
            self.faults.push(fault.mend(Mend::Fill));
        }
    }

    /// A path as the catalogue knows it.
    fn key(&self, path: &Path) -> String {
        let relative = path.strip_prefix(self.root).unwrap_or(path);
        relative.to_string_lossy().replace('\\', "/")
    }

    fn read_file(&mut self, path: &Path) {
        self.count += 1;
        if self.count > MAX_FILES {
            if self.count == MAX_FILES + 1 {
                self.fault(path, format!("a catalogue has at most {MAX_FILES} files"));
            }
            return;
        }
        // Only of a file is it known that reading it comes to an end.
        match std::fs::metadata(path) {
            Ok(meta) if !meta.is_file() => {
                return self.fault(path, "is no file, and no folder".to_owned());
            }
            Ok(meta) if meta.len() > MAX_FILE_BYTES as u64 => {
                let reason = format!("is longer than {MAX_FILE_BYTES} bytes");
                let fault = CatalogueFault::of_file(&path.display().to_string(), reason);
                return self.faults.push(fault.mend(Mend::Shorten));
            }
            // Reading says why it cannot be.
            _ => {}
        }
        match read_text(path) {
            Ok(text) => {
                self.layers
                    .entry(self.key(path))
                    .or_default()
                    .push(SourceFile {
                        shown: path.display().to_string(),
                        text,
                        embedded: false,
                    });
            }
            Err(error) => self.fault(path, format!("cannot be read as text: {error}")),
        }
    }
}

/// The text of a file; no more of one that grows than a catalogue takes.
fn read_text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let most = MAX_FILE_BYTES as u64 + 1;
    std::fs::File::open(path)?
        .take(most)
        .read_to_string(&mut text)?;
    if text.len() > MAX_FILE_BYTES {
        let longer = format!("it is longer than {MAX_FILE_BYTES} bytes");
        return Err(std::io::Error::other(longer));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_file_is_short_text() {
        fn walk(dir: &Dir<'_>) {
            for file in dir.files() {
                assert!(file.contents_utf8().is_some(), "{:?}", file.path());
                assert!(file.contents().len() <= MAX_FILE_BYTES, "{:?}", file.path());
            }
            dir.dirs().for_each(walk);
        }
        walk(&EMBEDDED);
    }

    #[test]
    fn folders_without_what_they_are_for_are_named() {
        let folder = tempfile::tempdir().unwrap();
        for inner in ["types/shop.news", "types/order.placed/en.toml", "layout"] {
            std::fs::create_dir_all(folder.path().join(inner)).unwrap();
        }
        let mut faults = Vec::new();
        read(Some(folder.path()), &mut faults);
        faults.sort_by(|one, other| one.file.cmp(&other.file));
        let said = faults.iter().map(|fault| fault.reason.as_str());
        let said: Vec<_> = said.collect();
        assert_eq!(said, ["is a folder where a file belongs", "is empty"]);
        assert!(faults[0].file.ends_with("en.toml") && faults[1].file.ends_with("shop.news"));
    }

    #[cfg(unix)]
    #[test]
    fn what_never_ends_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("sample.toml")).unwrap();
        let mut faults = Vec::new();
        read(Some(folder.path()), &mut faults);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].reason, "is no file, and no folder");
    }
}
