//! What is said, as a row of parts of speech: "stop ... thing".
//!
//! | written | means |
//! |---|---|
//! | `send` | a phrase of the part `send`; fillers ("please", "the") may stand before it |
//! | `+send` | right behind what is before, without a comma |
//! | `.. send` | a few other words may stand before it, in the same clause |
//! | `... send` | more words, in the same sentence |
//! | `send\|text` | one or the other |
//! | `send?` | may be missing |
//! | `!when` | no such phrase follows |
//! | `^`, `$` | where a clause begins, or ends; fillers do not count |
//!
//! What is bought and delivered (the part `other`) never stands between two parts, unless
//! it only says which message is meant: "no more delivery texts".

use super::fold::{Break, Token};
use super::phrases::Part;

/// So many fillers in a row are passed over.
const MOST_FILLERS: usize = 8;
const MOST_ITEMS: usize = 8;

/// How far a part may be from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Next,
    Fillers,
    Near,
    Far,
}

#[derive(Debug)]
struct Item {
    parts: Vec<Part>,
    reach: Reach,
    may_lack: bool,
    must_lack: bool,
}

/// A row of parts of speech.
#[derive(Debug)]
pub(super) struct Pattern {
    begins: bool,
    items: Vec<Item>,
    ends: bool,
}

/// How many words `..` and `...` pass over.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reaches {
    pub near: usize,
    pub far: usize,
}

/// A text, and what of one language stands where in it.
pub(super) struct Text<'a> {
    pub tokens: &'a [Token],
    /// At each word, the phrases that begin there, with the places behind them.
    pub hits: Vec<Vec<(Part, usize)>>,
    /// Words that carry nothing.
    pub fillers: Vec<bool>,
    /// Words about things bought, delivered or paid.
    pub others: Vec<bool>,
    pub reaches: Reaches,
}

impl Text<'_> {
    pub(super) fn has(&self, at: usize, part: Part) -> bool {
        let hits = self.hits.get(at).into_iter().flatten();
        hits.into_iter().any(|(found, _)| *found == part)
    }

    /// How strong the break before a word is; behind the last one the text ends.
    pub(super) fn before(&self, at: usize) -> Break {
        self.tokens.get(at).map_or(Break::Sentence, |t| t.before)
    }

    /// Whether a clause begins at a word, or would after fillers.
    fn begins_clause(&self, at: usize) -> bool {
        let mut at = at;
        while self.before(at) < Break::Clause {
            at -= 1;
            if !self.fillers[at] {
                return false;
            }
        }
        true
    }

    fn ends_clause(&self, at: usize) -> bool {
        let mut at = at;
        while self.before(at) < Break::Clause {
            if !self.fillers[at] {
                return false;
            }
            at += 1;
        }
        true
    }

    /// The places a next part may begin at.
    fn reachable(&self, from: usize, reach: Reach) -> Vec<usize> {
        let (most, within) = match reach {
            Reach::Next => {
                return (self.before(from) < Break::Clause)
                    .then_some(from)
                    .into_iter()
                    .collect();
            }
            Reach::Fillers => (0, Break::Sentence),
            Reach::Near => (self.reaches.near, Break::Clause),
            Reach::Far => (self.reaches.far, Break::Sentence),
        };
        let (mut passed, mut fillers) = (0, 0);
        let mut places = Vec::new();
        let mut at = from;
        while self.before(at) < within {
            places.push(at);
            if self.fillers[at] && fillers < MOST_FILLERS {
                fillers += 1;
            } else {
                passed += 1;
                if passed > most || self.others[at] {
                    break;
                }
            }
            at += 1;
        }
        places
    }
}

impl Pattern {
    /// Reads a pattern; `part` knows the parts by name.
    pub(super) fn read(
        written: &str,
        mut part: impl FnMut(&str) -> Option<Part>,
    ) -> Result<Self, String> {
        let mut pattern = Self {
            begins: false,
            items: Vec::new(),
            ends: false,
        };
        let mut reach = None;
        for word in written.split_whitespace() {
            if pattern.ends {
                return Err("has something behind `$`".to_owned());
            }
            match word {
                "^" if pattern.items.is_empty() && !pattern.begins => pattern.begins = true,
                "$" if reach.is_none() => pattern.ends = true,
                ".." | "..." if reach.is_none() && !pattern.items.is_empty() => {
                    reach = Some(if word == ".." {
                        Reach::Near
                    } else {
                        Reach::Far
                    });
                }
                _ => {
                    let item = Item::read(word, reach.take(), &mut part)?;
                    pattern.items.push(item);
                }
            }
        }
        let first = pattern.items.first().ok_or("names no part")?;
        if first.may_lack || first.must_lack || first.reach == Reach::Next {
            return Err("begins with a part that may be missing".to_owned());
        }
        if reach.is_some() {
            return Err("ends in dots".to_owned());
        }
        if pattern.items.len() > MOST_ITEMS {
            return Err(format!("has more than {MOST_ITEMS} parts"));
        }
        Ok(pattern)
    }

    /// The parts it may begin with.
    pub(super) fn first(&self) -> &[Part] {
        self.items.first().map_or(&[], |item| &item.parts)
    }

    /// The place behind what is said from a word on, if it is said there.
    pub(super) fn at(&self, text: &Text<'_>, start: usize) -> Option<usize> {
        let (first, rest) = self.items.split_first()?;
        let mut ends = first.ends(text, start);
        if ends.is_empty() || (self.begins && !text.begins_clause(start)) {
            return None;
        }
        for item in rest {
            let mut next = if item.may_lack || item.must_lack {
                ends.clone()
            } else {
                Vec::new()
            };
            for end in ends {
                for place in text.reachable(end, item.reach) {
                    let found = item.ends(text, place);
                    if !item.must_lack {
                        next.extend(found);
                    } else if !found.is_empty() {
                        next.retain(|kept| *kept != end);
                    }
                }
            }
            next.sort_unstable();
            next.dedup();
            ends = next;
        }
        ends.retain(|end| !self.ends || text.ends_clause(*end));
        ends.pop()
    }
}

impl Item {
    fn read(
        word: &str,
        reach: Option<Reach>,
        part: &mut impl FnMut(&str) -> Option<Part>,
    ) -> Result<Self, String> {
        let (word, next) = word.strip_prefix('+').map_or((word, false), |w| (w, true));
        let (word, must_lack) = word.strip_prefix('!').map_or((word, false), |w| (w, true));
        let (word, may_lack) = word.strip_suffix('?').map_or((word, false), |w| (w, true));
        let mut parts = Vec::new();
        for name in word.split('|') {
            let found =
                part(name).ok_or_else(|| format!("names a part `{name}` that there is not"))?;
            parts.push(found);
        }
        let reach = match (reach, next) {
            (None, false) => Reach::Fillers,
            (None, true) => Reach::Next,
            (Some(reach), false) => reach,
            (Some(_), true) => return Err("has dots before a part that is next".to_owned()),
        };
        Ok(Self {
            parts,
            reach,
            may_lack,
            must_lack,
        })
    }

    fn ends(&self, text: &Text<'_>, at: usize) -> Vec<usize> {
        let hits = text.hits.get(at).into_iter().flatten();
        hits.filter(|(part, _)| self.parts.contains(part))
            .map(|(_, end)| *end)
            .collect()
    }
}
