//! The promises and the phrases that break them, as files of the catalogue.

use guard::{Promises, Source};

use super::fault::CatalogueFault;
use super::tree::Layers;

const FILE: &str = "promises.toml";
const FOLDER: &str = "guard/";

/// Compiles them; of each file the last layer counts, whole.
pub(crate) fn read(layers: &Layers, faults: &mut Vec<CatalogueFault>) -> Option<Promises> {
    let sources = |path: &str| {
        let file = layers.get(path)?.last()?;
        Some(Source {
            shown: &file.shown,
            text: &file.text,
        })
    };
    let Some(promises) = sources(FILE) else {
        faults.push(CatalogueFault::of_file(FILE, "is missing"));
        return None;
    };
    let tables = layers.keys().filter(|path| path.starts_with(FOLDER));
    let tables: Vec<Source<'_>> = tables.filter_map(|path| sources(path)).collect();
    let compiled = Promises::compile(promises, &tables);
    let found = |found: Vec<guard::Fault>| {
        let found = found.into_iter();
        faults.extend(found.map(|f| CatalogueFault::at(&f.file, f.line, f.reason)));
    };
    compiled.map_err(found).ok()
}
