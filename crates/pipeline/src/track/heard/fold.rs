//! A text as words, in one form for all the ways a word can be written.
//!
//! Compatibility forms (full and half width), case, accents, katakana for hiragana and
//! invisible characters are folded away. A Latin word is one token; of Japanese, which
//! writes no spaces, each character is. Phrases of the catalogue are folded by the same
//! code, so it need not be right, only the same.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Of longer texts only the beginning is read: bounded time, whatever is sent.
pub(super) const MAX_OCTETS: usize = 4096;
/// Single signs can decompose into many; no honest text of that length has so many words.
const MAX_TOKENS: usize = 2048;

/// What stands before a word, the strongest last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Break {
    /// A space, a quote, a picture, nothing.
    #[default]
    Space,
    /// A comma, a colon, a dash.
    Clause,
    /// The end of a line.
    Line,
    /// A full stop, an empty line; or the beginning of the text.
    Sentence,
}

/// A word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub text: String,
    pub before: Break,
}

impl Token {
    /// Whether it is a number and nothing else.
    pub(super) fn is_number(&self) -> bool {
        self.text.bytes().all(|octet| octet.is_ascii_digit())
    }

    fn is_letter(&self) -> bool {
        self.text.len() == 1 && self.text.as_bytes()[0].is_ascii_lowercase()
    }
}

/// The words of a text.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut folding = Folding {
        tokens: Vec::new(),
        word: String::new(),
        before: Break::Sentence,
        last: ' ',
    };
    let mut chars = head(text).chars().peekable();
    while let Some(c) = chars.next() {
        if is_invisible(c) {
            continue;
        }
        let next = chars.peek().copied().unwrap_or(' ');
        for part in std::iter::once(c).nfkd() {
            folding.part(part, next);
        }
        folding.last = c;
        if folding.tokens.len() >= MAX_TOKENS {
            break;
        }
    }
    folding.end_word();
    spelt_out(folding.tokens)
}

fn head(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_OCTETS)]
}

struct Folding {
    tokens: Vec<Token>,
    word: String,
    /// The strongest break since the last word.
    before: Break,
    /// The last character, as it was written.
    last: char,
}

impl Folding {
    fn part(&mut self, part: char, next: char) {
        if is_combining_mark(part) {
            return;
        }
        if !part.is_alphanumeric() {
            return self.mark(part, next);
        }
        if is_japanese(part) {
            self.end_word();
            self.word.push(hiragana(part));
            return self.end_word();
        }
        match part {
            'ß' | 'ẞ' => self.word.push_str("ss"),
            'œ' | 'Œ' => self.word.push_str("oe"),
            'æ' | 'Æ' => self.word.push_str("ae"),
            _ => self
                .word
                .extend(part.to_lowercase().filter(|c| !is_combining_mark(*c))),
        }
    }

    fn mark(&mut self, mark: char, next: char) {
        self.end_word();
        let found = match mark {
            '.' if next.is_alphanumeric() => Break::Space,
            '.' | '!' | '?' | '。' | '…' => Break::Sentence,
            '\n' if self.before >= Break::Line => Break::Sentence,
            '\n' => Break::Line,
            ',' | ';' | ':' | '、' | '—' => Break::Clause,
            '-' | '–' if self.last.is_whitespace() && next.is_whitespace() => Break::Clause,
            _ => Break::Space,
        };
        self.before = self.before.max(found);
    }

    fn end_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        let mut text = std::mem::take(&mut self.word);
        // The digit is an easy slip for the letter, and the other way round.
        if text.contains('0') && text.bytes().any(|octet| octet.is_ascii_lowercase()) {
            text = text.replace('0', "o");
        }
        let before = std::mem::take(&mut self.before);
        self.tokens.push(Token { text, before });
    }
}

/// Puts words together that are written letter by letter: "s t o p", "S.T.O.P".
fn spelt_out(tokens: Vec<Token>) -> Vec<Token> {
    let mut joined: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        if !token.is_letter() {
            joined.push(token);
            continue;
        }
        let mut run = vec![token];
        while let Some(next) = rest.next_if(Token::is_letter) {
            run.push(next);
        }
        if run.len() < 3 {
            joined.extend(run);
            continue;
        }
        joined.push(Token {
            text: run.iter().map(|letter| letter.text.as_str()).collect(),
            before: run[0].before,
        });
    }
    joined
}

/// Characters nobody sees; between letters they part nothing.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

const fn is_japanese(c: char) -> bool {
    matches!(c, '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Katakana as hiragana: people write "すとっぷ" too.
fn hiragana(c: char) -> char {
    match c {
        '\u{30a1}'..='\u{30f6}' => char::from_u32(c as u32 - 0x60).unwrap_or(c),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut shown = String::new();
        for token in tokens(text) {
            shown.push_str(match token.before {
                Break::Space => " ",
                Break::Clause => ", ",
                Break::Line => "/ ",
                Break::Sentence => ". ",
            });
            shown.push_str(&token.text);
        }
        shown
    }

    #[test]
    fn all_spellings_of_a_word_are_one() {
        for spelt in [
            "stop",
            "STOP",
            " Ｓｔｏｐ ",
            "st\u{200b}op",
            "s t o p",
            "S.T.O.P.",
            "s-t-o-p",
            "«stop»",
            "st0p",
            "stóp",
        ] {
            assert_eq!(shown(spelt), ". stop", "{spelt}");
        }
        for spelt in ["ストップ", "ｽﾄｯﾌﾟ", "すとっぷ"] {
            assert_eq!(tokens(spelt), tokens("ストップ"), "{spelt}");
        }
        assert_eq!(shown("Straße, ŒUVRE"), ". strasse, oeuvre");
    }

    #[test]
    fn breaks_are_told_apart() {
        assert_eq!(
            shown("Hi - no texts, e-mail me.\nn'arrêtez\n\nOk 4.50"),
            ". hi, no texts, e mail me. n arretez. ok 4 50"
        );
        assert_eq!(shown("SMSは不要"), ". sms は 不 要");
    }

    #[test]
    fn only_the_beginning_is_read() {
        let long = "é".repeat(MAX_OCTETS);
        assert_eq!(tokens(&long)[0].text.len(), MAX_OCTETS / 2);
        assert!(tokens(&"\u{fdfa} ".repeat(MAX_OCTETS)).len() <= MAX_TOKENS + 20);
    }
}
