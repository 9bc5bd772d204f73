//! Where the phrases of one language stand in a text, by the part of speech they are.

use std::collections::HashMap;

use super::fold::{Break, Token, tokens};

/// A part of speech of a language: its place in the list of parts.
pub(super) type Part = usize;

/// Of a stem, so many letters are needed: shorter ones would match anything.
pub(super) const SHORTEST_STEM: usize = 3;
/// No word of ours is longer.
const LONGEST_STEM: usize = 24;

#[derive(Debug)]
struct Word {
    text: String,
    /// The word may go on: "envi*".
    goes_on: bool,
}

#[derive(Debug)]
struct Phrase {
    /// Behind the first word.
    rest: Vec<Word>,
    part: Part,
}

/// The phrases of one language, found by their first word.
#[derive(Debug, Default)]
pub(super) struct Phrases {
    whole: HashMap<String, Vec<Phrase>>,
    stems: HashMap<String, Vec<Phrase>>,
}

/// What is wrong with a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    Empty,
    ShortStem,
}

impl Phrases {
    /// Adds a phrase as it is written in a file: words, each of which may end in `*`.
    pub(super) fn add(&mut self, written: &str, part: Part) -> Result<(), Unfit> {
        let mut words = Vec::new();
        for piece in written.split_whitespace() {
            let mut folded = tokens(piece);
            let goes_on = piece.ends_with('*');
            let last = folded.pop().ok_or(Unfit::Empty)?;
            if goes_on && last.text.chars().count() < SHORTEST_STEM {
                return Err(Unfit::ShortStem);
            }
            let exact = |token: Token| Word {
                text: token.text,
                goes_on: false,
            };
            words.extend(folded.into_iter().map(exact));
            words.push(Word {
                text: last.text,
                goes_on,
            });
        }
        if words.is_empty() {
            return Err(Unfit::Empty);
        }
        let first = words.remove(0);
        let home = if first.goes_on {
            &mut self.stems
        } else {
            &mut self.whole
        };
        let phrase = Phrase { rest: words, part };
        home.entry(first.text).or_default().push(phrase);
        Ok(())
    }

    /// The phrases that begin at a word: each with the place behind it.
    pub(super) fn at<'a>(
        &'a self,
        tokens: &'a [Token],
        start: usize,
    ) -> impl Iterator<Item = (Part, usize)> + 'a {
        let word = tokens[start].text.as_str();
        let ends = word.char_indices().map(|(at, c)| at + c.len_utf8());
        let stems = ends
            .take(LONGEST_STEM)
            .skip(SHORTEST_STEM - 1)
            .filter_map(move |end| self.stems.get(&word[..end]));
        let found = self.whole.get(word).into_iter().chain(stems).flatten();
        found.filter_map(move |phrase| {
            let behind = &tokens[start + 1..];
            let fits = behind.len() >= phrase.rest.len()
                && phrase.rest.iter().zip(behind).all(|(word, token)| {
                    token.before < Break::Sentence
                        && if word.goes_on {
                            token.text.starts_with(&word.text)
                        } else {
                            token.text == word.text
                        }
                });
            fits.then_some((phrase.part, start + 1 + phrase.rest.len()))
        })
    }
}
