//! The GSM 7-bit default alphabet and its extension, 3GPP TS 23.038 §6.2.1.
//!
//! On SMPP the septets travel unpacked, one in each octet. The tables of some languages
//! are in [`super::national`].

use super::Tables;

/// The default alphabet by septet. 0x1B is the escape, shown as a space where it
/// stands alone (§6.2.1 note 1).
const DEFAULT: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', //
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', ' ', 'Æ', 'æ', 'ß', 'É', //
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', //
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?', //
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', //
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', //
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', //
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à', //
];

/// The extension table: characters that need the escape before their septet.
pub(super) const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{C}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// The escape to the extension table.
pub(super) const ESCAPE: u8 = 0x1B;

/// A character as septets: one, or the escape and one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Septets {
    One(u8),
    Two(u8),
}

/// Characters below this, that is all but the euro sign, are looked up by their number.
const LISTED: usize = 0x400;
/// Stands in [`BY_CHARACTER`] for what the alphabet lacks.
const ABSENT: u8 = 0xFF;
/// Marks a septet of the extension table in [`BY_CHARACTER`].
const EXTENDED: u8 = 0x80;

/// The septet of each character.
const BY_CHARACTER: [u8; LISTED] = {
    let mut table = [ABSENT; LISTED];
    let mut septet = 0;
    while septet < DEFAULT.len() {
        if septet != ESCAPE as usize {
            table[DEFAULT[septet] as usize] = septet as u8;
        }
        septet += 1;
    }
    let mut at = 0;
    while at < EXTENSION.len() {
        let (septet, character) = EXTENSION[at];
        if (character as usize) < LISTED {
            table[character as usize] = septet | EXTENDED;
        }
        at += 1;
    }
    table
};

/// The septets of a character; `None` when only UCS-2 can carry it.
pub(super) fn septets(character: char) -> Option<Septets> {
    match BY_CHARACTER.get(character as usize) {
        Some(&ABSENT) => None,
        Some(&septet) if septet & EXTENDED != 0 => Some(Septets::Two(septet & !EXTENDED)),
        Some(&septet) => Some(Septets::One(septet)),
        None => (character == '€').then_some(Septets::Two(0x65)),
    }
}

/// The octets of a text, one septet each; `None` when a character is not in the alphabet.
#[must_use]
pub fn encode_gsm7(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len());
    for character in text.chars() {
        match septets(character)? {
            Septets::One(septet) => octets.push(septet),
            Septets::Two(septet) => octets.extend_from_slice(&[ESCAPE, septet]),
        }
    }
    Some(octets)
}

/// The text of unpacked septets. An escape before an unknown septet is shown as
/// the standard says, by the default table's character; octets above 0x7F, which
/// some carriers send as Latin-1, are read as that.
#[must_use]
pub fn decode_gsm7(octets: &[u8]) -> String {
    decode_septets(Tables::DEFAULT, octets)
}

/// As [`decode_gsm7`], with the tables that a header named.
pub(super) fn decode_septets(tables: Tables, octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    let mut octets = octets.iter().copied();
    while let Some(octet) = octets.next() {
        if octet != ESCAPE {
            text.push(tables.character(octet));
        } else if let Some(next) = octets.next() {
            text.push(tables.escaped(next));
        }
    }
    text
}

/// The default alphabet's septet of a character, without the extension.
pub(super) fn default_septet(character: char) -> Option<u8> {
    match septets(character) {
        Some(Septets::One(septet)) => Some(septet),
        Some(Septets::Two(_)) | None => None,
    }
}

/// The default alphabet's character of a septet.
pub(super) fn default_character(octet: u8) -> char {
    DEFAULT
        .get(usize::from(octet))
        .copied()
        .unwrap_or(char::from(octet))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn septets_of_the_specification() {
        assert_eq!(encode_gsm7("@£$ Az"), Some(vec![0, 1, 2, 0x20, 0x41, 0x7A]));
        assert_eq!(
            encode_gsm7("€[~]"),
            Some(vec![0x1B, 0x65, 0x1B, 0x3C, 0x1B, 0x3D, 0x1B, 0x3E])
        );
        assert_eq!(encode_gsm7("Ç"), Some(vec![9]));
        assert_eq!(encode_gsm7("ç"), None);
        assert_eq!(encode_gsm7("`"), None);
    }

    #[test]
    fn every_character_comes_back() {
        let all = DEFAULT
            .into_iter()
            .enumerate()
            .filter(|(septet, _)| *septet != usize::from(ESCAPE));
        let text: String = all
            .map(|(_, known)| known)
            .chain(EXTENSION.map(|(_, known)| known))
            .collect();
        assert_eq!(decode_gsm7(&encode_gsm7(&text).unwrap()), text);
    }

    #[test]
    fn odd_octets_are_shown_somehow() {
        assert_eq!(decode_gsm7(&[0x41, 0x1B]), "A");
        assert_eq!(decode_gsm7(&[0x1B, 0x41]), "A");
        assert_eq!(decode_gsm7(&[0xE9]), "é");
    }
}
