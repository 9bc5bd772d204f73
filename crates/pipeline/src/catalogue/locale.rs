//! Which locales a catalogue has: those that the shared words are written in. A file of any
//! other is misspelt, or comes before its time. Reads no words itself.

use super::fault::{CatalogueFault, Mend};
use super::tree::{Layers, SourceFile};

/// Whether the shared words exist in a locale.
pub(super) fn is_known(layers: &Layers, locale: &str) -> bool {
    layers.contains_key(&words_of(locale))
}

fn words_of(locale: &str) -> String {
    format!("layout/words.{locale}.toml")
}

/// A file of a locale that has no shared words.
pub(super) fn unknown(layers: &Layers, file: &SourceFile, locale: &str) -> CatalogueFault {
    let shown: String = locale.chars().take(40).collect();
    let meant = near(layers, locale);
    let meant = meant.map_or(String::new(), |near| format!("; `{near}` has"));
    let reason = format!("its locale, `{shown}`, has no {}{meant}", words_of(&shown));
    CatalogueFault::of_file(&file.shown, reason).mend(Mend::Locale)
}

/// The locale that was meant: one that begins like it.
fn near<'a>(layers: &'a Layers, locale: &str) -> Option<&'a str> {
    let plain = |locale: &str| locale.to_ascii_lowercase().replace('_', "-");
    let asked = plain(locale);
    let known = layers.keys().filter_map(|path| {
        let rest = path.strip_prefix("layout/words.")?;
        rest.strip_suffix(".toml")
    });
    known
        .filter(|known| {
            let known = plain(known);
            let both = !asked.is_empty() && !known.is_empty();
            both && (asked.starts_with(&known) || known.starts_with(&asked))
        })
        .max_by_key(|known| known.len())
}
