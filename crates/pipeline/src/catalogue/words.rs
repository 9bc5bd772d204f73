//! Words by key and locale: labels, names of states, sentences that explain.
//!
//! A gap in a word is a name in braces, `{n}`; what fills it comes from the caller.

use std::collections::{BTreeMap, HashMap};

use super::fault::CatalogueFault;
use super::flat::{self, Text};
use super::tree::Layers;

/// The locale that every text exists in.
pub(crate) const FALLBACK: &str = "en";

/// The words of all locales.
#[derive(Debug, Default)]
pub(crate) struct Words(BTreeMap<String, HashMap<String, Text>>);

impl Words {
    /// Reads `explanations/<locale>.toml` and `layout/words.<locale>.toml`; a later layer
    /// replaces single words.
    pub(crate) fn read(layers: &Layers, faults: &mut Vec<CatalogueFault>) -> Self {
        let mut words = Self::default();
        for (path, files) in layers {
            let locale = path
                .strip_prefix("explanations/")
                .or_else(|| path.strip_prefix("layout/words."))
                .and_then(|rest| rest.strip_suffix(".toml"));
            let Some(locale) = locale else { continue };
            let known = words.0.entry(locale.to_owned()).or_default();
            for file in files {
                match flat::read(file) {
                    Ok(texts) => known.extend(texts),
                    Err(found) => faults.extend(found),
                }
            }
        }
        words
    }

    /// The locales there are words in.
    pub(crate) fn locales(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.keys().map(String::as_str)
    }

    /// A word with its place, in exactly this locale.
    pub(crate) fn text(&self, locale: &str, key: &str) -> Option<&Text> {
        self.0.get(locale)?.get(key)
    }

    /// A word in this locale, or in the fallback.
    pub(crate) fn get(&self, locale: &str, key: &str) -> Option<&str> {
        self.text(locale, key)
            .or_else(|| self.text(FALLBACK, key))
            .map(|text| text.text.as_str())
    }

    /// The words of a section by what follows `section.`, fallbacks filled in.
    fn section(&self, locale: &str, section: &str) -> BTreeMap<&str, &str> {
        let mut found = BTreeMap::new();
        for locale in [FALLBACK, locale] {
            for (key, text) in self.0.get(locale).into_iter().flatten() {
                let inside = key
                    .strip_prefix(section)
                    .and_then(|rest| rest.strip_prefix('.'));
                if let Some(name) = inside {
                    found.insert(name, text.text.as_str());
                }
            }
        }
        found
    }

    /// A section in every locale, fallbacks filled in.
    pub(crate) fn sections(&self, section: &str) -> BTreeMap<String, Vec<(String, String)>> {
        let owned = |(name, word): (&str, &str)| (name.to_owned(), word.to_owned());
        self.locales()
            .map(|locale| {
                let words = self.section(locale, section);
                (locale.to_owned(), words.into_iter().map(owned).collect())
            })
            .collect()
    }

    /// Every key of the fallback locale that another one lacks. The value of a fact may be
    /// left out where it holds no words of its own.
    pub(crate) fn missing(&self) -> Vec<(String, String)> {
        let mut missing = Vec::new();
        let all = self.0.get(FALLBACK).into_iter().flatten();
        let is_value = |key: &str| key.starts_with("facts.") && key.ends_with(".value");
        for key in all.map(|(key, _)| key).filter(|key| !is_value(key)) {
            for (locale, known) in &self.0 {
                if !known.contains_key(key) {
                    missing.push((locale.clone(), key.clone()));
                }
            }
        }
        missing.sort();
        missing
    }
}

/// Picks from `known` what is nearest to a BCP 47 tag: itself, its parents, another
/// locale of the language, then the fallback.
pub(crate) fn nearest<'a>(
    known: impl Iterator<Item = &'a str> + Clone,
    tag: &str,
) -> Option<&'a str> {
    let mut wanted = tag;
    loop {
        let exact = known.clone().find(|have| have.eq_ignore_ascii_case(wanted));
        if exact.is_some() {
            return exact;
        }
        match wanted.rsplit_once('-') {
            Some((parent, _)) => wanted = parent,
            None => break,
        }
    }
    known
        .clone()
        .find(|have| same_language(have, tag))
        .or_else(|| known.clone().find(|have| *have == FALLBACK))
}

/// Whether two tags are of one language.
pub(crate) fn same_language(one: &str, other: &str) -> bool {
    let language = |tag: &str| {
        tag.split('-')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    language(one) == language(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_locale() {
        let known = ["en", "es", "pt-BR"];
        for (tag, expected) in [
            ("en-GB", "en"),
            ("es-MX", "es"),
            ("ES-419-x-y", "es"),
            ("pt-BR", "pt-BR"),
            ("pt-PT", "pt-BR"),
            ("pt", "pt-BR"),
            ("de-DE", "en"),
            ("", "en"),
        ] {
            assert_eq!(nearest(known.into_iter(), tag), Some(expected), "{tag}");
        }
    }
}
