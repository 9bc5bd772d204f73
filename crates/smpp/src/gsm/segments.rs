//! Cuts a text into the fewest parts a handset will put together again.
//!
//! User data is 140 octets: 160 septets or 70 UTF-16 units alone, 153 or 67 with
//! the 8-bit concatenation header. An escape pair and a surrogate pair are never
//! cut. A cluster (letter and accents, joined emoji) is cut only when keeping it
//! whole would cost a part more or is impossible.

use super::alphabet::{ESCAPE, Septets, septets};
use super::{concatenation_header, plain_punctuation};
use crate::pdu::esm_class;

/// The alphabet of a message, and with it its data_coding, SMPP 3.4 §5.2.19.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alphabet {
    /// The GSM 7-bit default alphabet with its extension, one septet an octet.
    Gsm7,
    /// UCS-2, in fact UTF-16 big-endian.
    Ucs2,
}

impl Alphabet {
    /// The data_coding of this alphabet.
    #[must_use]
    pub fn data_coding(self) -> u8 {
        match self {
            Self::Gsm7 => 0,
            Self::Ucs2 => 8,
        }
    }

    /// Units in a message of one part: septets, or UTF-16 units.
    #[must_use]
    pub fn single(self) -> usize {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 70,
        }
    }

    /// Units in a part of a longer message.
    #[must_use]
    pub fn part(self) -> usize {
        match self {
            Self::Gsm7 => 153,
            Self::Ucs2 => 67,
        }
    }
}

/// One part of a message, without a header.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// The octets of the text: unpacked septets, or UTF-16 big-endian.
    pub octets: Vec<u8>,
    /// The text of this part.
    pub text: String,
    /// What it costs: septets or UTF-16 units.
    pub units: usize,
}

/// One part ready for a submit_sm.
#[derive(Clone, PartialEq, Eq)]
pub struct PartWithUdh {
    /// 0, or the UDHI bit when the octets begin with a header.
    pub esm_class: u8,
    /// 0 for GSM 7-bit, 8 for UCS-2.
    pub data_coding: u8,
    /// Header and text.
    pub octets: Vec<u8>,
}

/// A text cut into parts.
#[derive(Clone, PartialEq, Eq)]
pub struct Segments {
    /// Which alphabet all parts use.
    pub alphabet: Alphabet,
    /// The parts in order; an empty text has one empty part.
    pub parts: Vec<Part>,
    /// The characters that are not in the GSM alphabet, each once, in order.
    pub forced_ucs2: Vec<char>,
    /// How many characters `smart` replaced.
    pub replaced: usize,
}

impl Segments {
    /// The parts with 8-bit concatenation headers; a single part has none.
    ///
    /// The header can count to 255, which is 39,015 septets: more parts than that
    /// are left out, and a caller who lets texts grow so long must look first.
    #[must_use]
    pub fn parts_with_udh(&self, reference: u8) -> Vec<PartWithUdh> {
        let data_coding = self.alphabet.data_coding();
        if let [single] = self.parts.as_slice() {
            return vec![PartWithUdh {
                esm_class: 0,
                data_coding,
                octets: single.octets.clone(),
            }];
        }
        let total = u8::try_from(self.parts.len()).unwrap_or(u8::MAX);
        let numbered = (1..=total).zip(&self.parts);
        let with_header = numbered.map(|(number, part)| PartWithUdh {
            esm_class: esm_class::UDHI,
            data_coding,
            octets: [
                &concatenation_header(reference, total, number),
                part.octets.as_slice(),
            ]
            .concat(),
        });
        with_header.collect()
    }

    /// Units of all parts together.
    #[must_use]
    pub fn units(&self) -> usize {
        self.parts.iter().map(|part| part.units).sum()
    }
}

/// Cuts a text into as few parts as possible. With `smart`, typographic
/// punctuation is first replaced, when that makes the GSM alphabet possible.
#[must_use]
pub fn segment(text: &str, smart: bool) -> Segments {
    if smart {
        let (plain, replaced) = plain_punctuation(text);
        if plain.chars().all(|character| septets(character).is_some()) {
            return Segments {
                replaced,
                ..cut(&plain)
            };
        }
    }
    cut(text)
}

fn cut(text: &str) -> Segments {
    let mut forced_ucs2 = Vec::new();
    for character in text.chars() {
        if septets(character).is_none() && !forced_ucs2.contains(&character) {
            forced_ucs2.push(character);
        }
    }
    let alphabet = if forced_ucs2.is_empty() {
        Alphabet::Gsm7
    } else {
        Alphabet::Ucs2
    };
    let cost = |text: &str| {
        text.chars()
            .map(|character| units(alphabet, character))
            .sum::<usize>()
    };
    let texts = if cost(text) <= alphabet.single() {
        vec![text]
    } else {
        let greedy = pieces(text, alphabet, false);
        let whole = pieces(text, alphabet, true);
        if whole.len() > greedy.len() {
            greedy
        } else {
            whole
        }
    };
    let parts = texts.into_iter().map(|text| Part {
        octets: encode(alphabet, text),
        text: text.to_owned(),
        units: cost(text),
    });
    Segments {
        alphabet,
        parts: parts.collect(),
        forced_ucs2,
        replaced: 0,
    }
}

/// Fills part after part. With `keep_clusters` a part ends before a cluster that
/// does not fit; a cluster longer than a part is cut all the same.
fn pieces(text: &str, alphabet: Alphabet, keep_clusters: bool) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut used) = (0, 0);
    // Where the current cluster begins, and the units before it in this part.
    let mut cluster = (0, 0);
    let mut previous = None;
    for (index, character) in text.char_indices() {
        if !previous.is_some_and(|previous| joins(previous, character)) {
            cluster = (index, used);
        }
        previous = Some(character);
        let cost = units(alphabet, character);
        if used + cost > alphabet.part() {
            let (end, before) = if keep_clusters && cluster.0 > start {
                cluster
            } else {
                (index, used)
            };
            pieces.push(&text[start..end]);
            (start, used) = (end, used - before);
            cluster = (start, 0);
        }
        used += cost;
    }
    pieces.push(&text[start..]);
    pieces
}

/// What a character costs in this alphabet.
fn units(alphabet: Alphabet, character: char) -> usize {
    match alphabet {
        Alphabet::Ucs2 => character.len_utf16(),
        Alphabet::Gsm7 => match septets(character) {
            Some(Septets::Two(_)) => 2,
            Some(Septets::One(_)) | None => 1,
        },
    }
}

/// Whether the second character belongs to the cluster of the first: a simple form
/// of UAX #29 that needs no tables.
fn joins(previous: char, character: char) -> bool {
    const JOINER: char = '\u{200D}';
    if previous == JOINER {
        return true;
    }
    let regional = |character: char| ('\u{1F1E6}'..='\u{1F1FF}').contains(&character);
    if regional(previous) && regional(character) {
        return true;
    }
    matches!(character,
        JOINER
        | '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0489}' | '\u{0591}'..='\u{05BD}'
        | '\u{0610}'..='\u{061A}' | '\u{064B}'..='\u{065F}' | '\u{0670}'
        | '\u{0900}'..='\u{0903}' | '\u{093A}'..='\u{093C}' | '\u{093E}'..='\u{094F}'
        | '\u{0E31}' | '\u{0E34}'..='\u{0E3A}' | '\u{0E47}'..='\u{0E4E}'
        | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}'
        | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0020}'..='\u{E007F}' | '\u{E0100}'..='\u{E01EF}')
}

fn encode(alphabet: Alphabet, text: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len() + text.len() / 8);
    match alphabet {
        Alphabet::Ucs2 => octets.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
        Alphabet::Gsm7 => {
            for character in text.chars() {
                match septets(character) {
                    Some(Septets::One(septet)) => octets.push(septet),
                    Some(Septets::Two(septet)) => octets.extend_from_slice(&[ESCAPE, septet]),
                    None => {}
                }
            }
        }
    }
    octets
}

#[cfg(test)]
mod tests;
