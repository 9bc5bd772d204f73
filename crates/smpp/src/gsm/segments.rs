//! Cuts a text into the fewest parts a handset will put together again.
//!
//! User data is 140 octets: 160 septets or 70 UTF-16 units alone, 153 or 67 with
//! the 8-bit concatenation header; naming national tables takes room too. An escape
//! pair and a surrogate pair are never cut. A cluster (letter and accents, joined
//! emoji) is cut only when keeping it whole would cost a part more or is impossible.

use super::alphabet::{ESCAPE, Septets, septets};
use super::udh::with_header;
use super::{National, Tables, concatenation_header, plain_punctuation};
use crate::pdu::esm_class;

/// The alphabet of a message, and with it its data_coding, SMPP 3.4 §5.2.19.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alphabet {
    /// The GSM 7-bit default alphabet with its extension, one septet an octet.
    Gsm7,
    /// The GSM 7-bit alphabet with national tables, which a header names.
    National(Tables),
    /// UCS-2, in fact UTF-16 big-endian.
    Ucs2,
}

impl Alphabet {
    /// The data_coding of this alphabet.
    #[must_use]
    pub fn data_coding(self) -> u8 {
        match self {
            Self::Gsm7 | Self::National(_) => 0,
            Self::Ucs2 => 8,
        }
    }

    /// Units in a message of one part: septets, or UTF-16 units.
    #[must_use]
    pub fn single(self) -> usize {
        match self {
            Self::Gsm7 => 160,
            Self::National(tables) => septets_behind(1 + 3 * tables.elements()),
            Self::Ucs2 => 70,
        }
    }

    /// Units in a part of a longer message.
    #[must_use]
    pub fn part(self) -> usize {
        match self {
            Self::Gsm7 => 153,
            Self::National(tables) => septets_behind(6 + 3 * tables.elements()),
            Self::Ucs2 => 67,
        }
    }

    fn tables(self) -> Tables {
        match self {
            Self::National(tables) => tables,
            Self::Gsm7 | Self::Ucs2 => Tables::DEFAULT,
        }
    }
}

/// The septets for which a header of so many octets leaves room: it is filled up to a
/// whole septet, 3GPP TS 23.040 §9.2.3.24.
fn septets_behind(header: usize) -> usize {
    160 - (header * 8).div_ceil(7)
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
    /// The characters that made it expensive, each once, in order: those that are not in
    /// the default alphabet, or when UCS-2 was needed, those that no allowed table has.
    pub expensive: Vec<char>,
    /// How many characters `smart` replaced.
    pub replaced: usize,
}

impl Segments {
    /// The parts with 8-bit concatenation headers, which a single part has not, and
    /// with national tables named in each.
    ///
    /// The header can count to 255, which is 39,015 septets: more parts than that
    /// are left out, and a caller who lets texts grow so long must look first.
    #[must_use]
    pub fn parts_with_udh(&self, reference: u8) -> Vec<PartWithUdh> {
        let data_coding = self.alphabet.data_coding();
        let tables = self.alphabet.tables();
        if let [single] = self.parts.as_slice() {
            let (esm_class, octets) = match self.alphabet {
                Alphabet::National(_) => {
                    (esm_class::UDHI, with_header(None, tables, &single.octets))
                }
                Alphabet::Gsm7 | Alphabet::Ucs2 => (0, single.octets.clone()),
            };
            return vec![PartWithUdh {
                esm_class,
                data_coding,
                octets,
            }];
        }
        let total = u8::try_from(self.parts.len()).unwrap_or(u8::MAX);
        let numbered = (1..=total).zip(&self.parts);
        let parts = numbered.map(|(number, part)| PartWithUdh {
            esm_class: esm_class::UDHI,
            data_coding,
            octets: with_header(
                Some(concatenation_header(reference, total, number)),
                tables,
                &part.octets,
            ),
        });
        parts.collect()
    }

    /// Units of all parts together.
    #[must_use]
    pub fn units(&self) -> usize {
        self.parts.iter().map(|part| part.units).sum()
    }
}

/// Cuts a text into as few parts as possible. With `smart`, typographic
/// punctuation is first replaced, when that makes the GSM alphabet possible. The tables
/// of `national` are used only where they save a part.
#[must_use]
pub fn segment(text: &str, smart: bool, national: National) -> Segments {
    if smart {
        let (plain, replaced) = plain_punctuation(text);
        if plain.chars().all(|character| septets(character).is_some()) {
            return Segments {
                replaced,
                ..cut(&plain, national)
            };
        }
        if replaced > 0 && !national.is_empty() {
            let (plain, given) = (cut(&plain, national), cut(text, national));
            let helps = plain.alphabet != Alphabet::Ucs2 && plain.parts.len() < given.parts.len();
            return match helps {
                true => Segments { replaced, ..plain },
                false => given,
            };
        }
    }
    cut(text, national)
}

fn cut(text: &str, national: National) -> Segments {
    let mut expensive = Vec::new();
    for character in text.chars() {
        if septets(character).is_none() && !expensive.contains(&character) {
            expensive.push(character);
        }
    }
    let mut alphabet = if expensive.is_empty() {
        Alphabet::Gsm7
    } else {
        Alphabet::Ucs2
    };
    let mut texts = pieces(text, alphabet);
    if !national.is_empty() {
        if texts.len() > 1 {
            (alphabet, texts) = cheaper(text, national, (alphabet, texts));
        }
        let lost = |character: &char| {
            let mut tables = national.tables();
            !tables.any(|tables| tables.septets(*character).is_some())
        };
        if alphabet == Alphabet::Ucs2 && expensive.iter().any(lost) {
            expensive.retain(lost);
        }
    }
    let parts = texts.into_iter().map(|text| Part {
        octets: encode(alphabet, text),
        text: text.to_owned(),
        units: cost(alphabet, text),
    });
    Segments {
        alphabet,
        parts: parts.collect(),
        expensive,
        replaced: 0,
    }
}

/// The allowed tables with which a text has the fewest parts, if those are fewer than
/// without; of equals the simpler, and then the one with fewer septets.
fn cheaper<'a>(
    text: &'a str,
    national: National,
    mut best: (Alphabet, Vec<&'a str>),
) -> (Alphabet, Vec<&'a str>) {
    for tables in national.tables() {
        let has = |character| tables.septets(character).is_some();
        if !text.chars().all(has) {
            continue;
        }
        let alphabet = Alphabet::National(tables);
        let texts = pieces(text, alphabet);
        let as_simple = match best.0 {
            Alphabet::National(best) => {
                (best.elements(), best.locking.is_some())
                    == (tables.elements(), tables.locking.is_some())
            }
            Alphabet::Gsm7 | Alphabet::Ucs2 => false,
        };
        let is_shorter = || as_simple && cost(alphabet, text) < cost(best.0, text);
        if texts.len() < best.1.len() || texts.len() == best.1.len() && is_shorter() {
            best = (alphabet, texts);
        }
    }
    best
}

/// What a text costs in this alphabet, without headers.
fn cost(alphabet: Alphabet, text: &str) -> usize {
    text.chars()
        .map(|character| units(alphabet, character))
        .sum()
}

/// The texts of the parts, as few as possible.
fn pieces(text: &str, alphabet: Alphabet) -> Vec<&str> {
    if cost(alphabet, text) <= alphabet.single() {
        return vec![text];
    }
    let greedy = filled(text, alphabet, false);
    let whole = filled(text, alphabet, true);
    if whole.len() > greedy.len() {
        greedy
    } else {
        whole
    }
}

/// Fills part after part. With `keep_clusters` a part ends before a cluster that
/// does not fit; a cluster longer than a part is cut all the same.
fn filled(text: &str, alphabet: Alphabet, keep_clusters: bool) -> Vec<&str> {
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
    let septets = match alphabet {
        Alphabet::Ucs2 => return character.len_utf16(),
        Alphabet::Gsm7 => septets(character),
        Alphabet::National(tables) => tables.septets(character),
    };
    match septets {
        Some(Septets::Two(_)) => 2,
        Some(Septets::One(_)) | None => 1,
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
    let mut write = |character| match character {
        Some(Septets::One(septet)) => octets.push(septet),
        Some(Septets::Two(septet)) => octets.extend_from_slice(&[ESCAPE, septet]),
        None => {}
    };
    match alphabet {
        Alphabet::Gsm7 => text.chars().map(septets).for_each(&mut write),
        Alphabet::National(tables) => {
            let septets = text.chars().map(|character| tables.septets(character));
            septets.for_each(&mut write);
        }
        Alphabet::Ucs2 => octets.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
    }
    octets
}

#[cfg(test)]
mod tests;
