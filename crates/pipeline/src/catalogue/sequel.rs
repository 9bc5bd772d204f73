//! Which message types make the news of others outdated.
//!
//! Circles are meant: a type may overtake itself, and two types each other, since only the
//! newer of two events overtakes. Which one is newer is not for the catalogue to say.

use std::collections::BTreeMap;

use super::Typed;
use super::entry::line_of;
use super::fault::CatalogueFault;
use super::tree::Layers;

/// Tells each type whether another one supersedes it.
pub(super) fn mark_overtaken(
    layers: &Layers,
    types: &mut BTreeMap<String, Typed>,
    faults: &mut Vec<CatalogueFault>,
) {
    let mut overtaken: Vec<String> = Vec::new();
    for Typed { entry, .. } in types.values() {
        for name in &entry.supersedes {
            if types.contains_key(name) {
                overtaken.push(name.clone());
                continue;
            }
            let path = format!("types/{}/type.toml", entry.name);
            let (shown, line) = layers
                .get(&path)
                .and_then(|files| files.last())
                .map_or((path.as_str(), 0), |file| {
                    (file.shown.as_str(), line_of(&file.text, "supersedes"))
                });
            let reason = format!("there is no message type `{name}`");
            faults.push(CatalogueFault::at(shown, line, reason).key("supersedes"));
        }
    }
    for name in overtaken {
        if let Some(typed) = types.get_mut(&name) {
            typed.entry.is_overtaken = true;
        }
    }
}
