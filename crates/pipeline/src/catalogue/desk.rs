//! What all editions of the desk together say: the words that lie over the catalogue's
//! files. A fold and nothing more; whether the words hold is for [`super::lay`] to find out.

use std::collections::BTreeMap;

use model::Edition;

/// Texts by key.
pub type Texts = BTreeMap<String, String>;
/// Texts by locale and key.
pub type Wordings = BTreeMap<String, Texts>;

/// The words of the desk, and how often each message type was published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desk {
    types: BTreeMap<String, Of>,
    last: u64,
}

/// The desk's part in one message type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Of {
    editions: u32,
    last: u64,
    texts: Wordings,
}

impl Desk {
    /// Adds an edition. Editions come in the order of their numbers; one that was added
    /// before changes nothing.
    pub fn apply(&mut self, edition: &Edition) {
        if edition.number <= self.last {
            return;
        }
        self.last = edition.number;
        let of = self.types.entry(edition.message_type.clone()).or_default();
        of.editions = of.editions.saturating_add(1);
        of.last = edition.number;
        change(&mut of.texts, edition);
    }

    /// The number of the last edition of all.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The number of the last edition of a message type; 0 for none.
    pub fn last_of(&self, message_type: &str) -> u64 {
        self.types.get(message_type).map_or(0, |of| of.last)
    }

    /// How many editions a message type has had.
    pub fn editions_of(&self, message_type: &str) -> u32 {
        self.types.get(message_type).map_or(0, |of| of.editions)
    }

    /// The words of a message type that are not its files'.
    pub fn texts_of(&self, message_type: &str) -> Option<&Wordings> {
        let of = self.types.get(message_type)?;
        Some(&of.texts).filter(|texts| !texts.is_empty())
    }

    /// The message types that were ever published, by name.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(String::as_str)
    }
}

/// Makes of the words before an edition those after it.
pub(crate) fn change(texts: &mut Wordings, edition: &Edition) {
    for wording in &edition.changes {
        match &wording.text {
            Some(text) => {
                let of = texts.entry(wording.locale.clone()).or_default();
                of.insert(wording.key.clone(), text.clone());
            }
            None => {
                if let Some(of) = texts.get_mut(&wording.locale) {
                    of.remove(&wording.key);
                }
            }
        }
    }
    texts.retain(|_, of| !of.is_empty());
}

#[cfg(test)]
mod tests {
    use model::{Instant, Wording};

    use super::*;

    fn edition(number: u64, message_type: &str, changes: &[(&str, &str, Option<&str>)]) -> Edition {
        let wording = |(locale, key, text): &(&str, &str, Option<&str>)| Wording {
            locale: (*locale).into(),
            key: (*key).into(),
            text: text.map(str::to_owned),
        };
        Edition {
            number,
            message_type: message_type.into(),
            template_version: 2,
            changes: changes.iter().map(wording).collect(),
            note: "why".into(),
            who: None,
            at: Instant::from_micros(0),
        }
    }

    #[test]
    fn editions_fold_text_by_text() {
        let mut desk = Desk::default();
        desk.apply(&edition(1, "a", &[("en", "title", Some("one"))]));
        desk.apply(&edition(
            2,
            "a",
            &[("en", "body", Some("two")), ("de", "title", Some("zwei"))],
        ));
        desk.apply(&edition(3, "b", &[("en", "title", Some("b"))]));
        desk.apply(&edition(4, "a", &[("en", "title", None)]));
        let texts = desk.texts_of("a").unwrap();
        assert_eq!(texts["en"].keys().collect::<Vec<_>>(), ["body"]);
        assert_eq!(texts["de"]["title"], "zwei");
        assert_eq!(
            (desk.last(), desk.last_of("a"), desk.last_of("b")),
            (4, 4, 3)
        );
        assert_eq!((desk.editions_of("a"), desk.editions_of("c")), (3, 0));
        // One that is known changes nothing.
        let before = desk.clone();
        desk.apply(&edition(3, "a", &[("en", "title", Some("again"))]));
        assert_eq!(desk, before);
        // Taken back altogether, a type counts its editions on.
        desk.apply(&edition(5, "b", &[("en", "title", None)]));
        assert_eq!((desk.texts_of("b"), desk.editions_of("b")), (None, 2));
    }
}
