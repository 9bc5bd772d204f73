//! What customers answer with, as files of the catalogue: one a language.

use super::fault::CatalogueFault;
use super::flat::{line_at, toml_fault};
use super::tree::{Layers, SourceFile};
use crate::track::{Words, Written};

const FOLDER: &str = "replies/";

/// Compiles them; of each file the last layer counts, whole.
pub(crate) fn read(layers: &Layers, faults: &mut Vec<CatalogueFault>) -> Option<Words> {
    let before = faults.len();
    let mut sources: Vec<&SourceFile> = Vec::new();
    let mut written = Vec::new();
    for (path, files) in layers {
        let language = path.strip_prefix(FOLDER);
        let language = language.and_then(|rest| rest.strip_suffix(".toml"));
        let (Some(language), Some(file)) = (language, files.last()) else {
            continue;
        };
        match toml::from_str::<Written>(&file.text) {
            Ok(read) => {
                sources.push(file);
                written.push((language.to_owned(), read));
            }
            Err(error) => faults.push(toml_fault(file, &error)),
        }
    }
    let compiled = Words::compile(&written);
    for fault in compiled.as_ref().err().into_iter().flatten() {
        let file = sources[fault.file];
        let line = fault.at.map_or(0, |at| line_at(&file.text, at));
        let told = CatalogueFault::at(&file.shown, line, fault.reason.as_str());
        faults.push(told.key(&fault.key));
    }
    compiled.ok().filter(|_| faults.len() == before)
}
