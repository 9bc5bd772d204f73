//! Replaces typographic punctuation by what the GSM alphabet has.
//!
//! One curly quote turns 160 characters into 70. Only characters are replaced whose
//! plain form means the same; letters are never touched.

/// The plain form of a typographic character.
fn plain(character: char) -> Option<&'static str> {
    Some(match character {
        '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{201B}' | '\u{2032}' | '`' | '\u{B4}' => "'",
        '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{201F}' | '\u{2033}' | '\u{AB}' | '\u{BB}' => {
            "\""
        }
        '\u{2010}'..='\u{2015}' | '\u{2212}' => "-",
        '\u{2026}' => "...",
        '\u{2022}' | '\u{B7}' => "*",
        '\u{2039}' => "<",
        '\u{203A}' => ">",
        '\t' | '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' => " ",
        // Marks that show nothing in a text without joined letters.
        '\u{200B}' | '\u{2060}' | '\u{FEFF}' | '\u{AD}' => "",
        _ => return None,
    })
}

/// The text with plain punctuation, and how many characters were replaced.
#[must_use]
pub fn plain_punctuation(text: &str) -> (String, usize) {
    let mut replaced = 0;
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        if let Some(plain) = plain(character) {
            replaced += 1;
            result.push_str(plain);
        } else {
            result.push(character);
        }
    }
    (result, replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_becomes_plain_and_letters_stay() {
        let (text, replaced) = plain_punctuation("It’s “ready” – now…\u{A0}ç");
        assert_eq!((text.as_str(), replaced), ("It's \"ready\" - now... ç", 6));
    }
}
