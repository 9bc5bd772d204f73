//! Makes text from outside safe to stand in a line: data can bend no layout and no header.
//!
//! Nothing here escapes for HTML: that is the template's work, at the moment of printing.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

/// Whether `c` turns the direction of the text around it (UAX #9 §2.1, §2.2, §2.4).
const fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A space for every control character and line break, nothing for every character that
/// turns the direction of text, no space at either end.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (b' '..0x7f).contains(&b)) {
        return Cow::Borrowed(text.trim_matches(' '));
    }
    let harmless =
        |c: char| !(c.is_control() || is_bidi_control(c) || matches!(c, '\u{2028}' | '\u{2029}'));
    if text.chars().all(harmless) {
        return Cow::Borrowed(text.trim());
    }
    let cleaned: String = text
        .chars()
        .filter(|c| !is_bidi_control(*c))
        .map(|c| if harmless(c) { c } else { ' ' })
        .collect();
    Cow::Owned(cleaned.trim().to_owned())
}

/// `text` as it goes on after `before`: where that ends with the full stop of an
/// abbreviation (`p.m.`, `nov.`, a name), it ends the sentence too. Dots of an ellipsis stay.
pub(crate) fn going_on<'t>(before: &str, text: &'t str) -> &'t str {
    let rest = text.strip_prefix('.').filter(|rest| !rest.starts_with('.'));
    match rest {
        Some(rest) if before.ends_with('.') && !before.ends_with("..") => rest,
        _ => text,
    }
}

/// What stands between the line feeds of a text.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut start = 0;
    memchr::memchr_iter(b'\n', text.as_bytes())
        .chain([text.len()])
        .map(move |end| {
            let line = &text[start..end];
            start = end + 1;
            line
        })
}

/// One line: every run of white space becomes one space.
pub(crate) fn one_line(text: &str) -> String {
    if is_one_line(text.as_bytes()) {
        return text.to_owned();
    }
    let mut line = String::with_capacity(text.len());
    for word in text.split_ascii_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Whether the only white space is single spaces between words.
fn is_one_line(octets: &[u8]) -> bool {
    let mut before = b' ';
    for octet in octets {
        if octet.is_ascii_whitespace() && (*octet != b' ' || before == b' ') {
            return false;
        }
        before = *octet;
    }
    octets.is_empty() || before != b' '
}

/// One line of at most `limit` characters.
pub(crate) fn short_line(text: &str, limit: usize) -> String {
    let line = one_line(text);
    match shorten(&line, limit) {
        Cow::Owned(short) => short,
        Cow::Borrowed(_) => line,
    }
}

/// At most `limit` characters; what is cut is shown by an ellipsis. What people see as one
/// sign (a letter with its accents, a joined emoji, a flag) stays or goes as a whole
/// (Unicode Standard Annex #29).
pub(crate) fn shorten(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit || text.chars().count() <= limit {
        return Cow::Borrowed(text);
    }
    let room = limit.saturating_sub(1);
    let mut characters = 0;
    let kept: usize = text
        .graphemes(true)
        .take_while(|sign| {
            characters += sign.chars().count();
            characters <= room
        })
        .map(str::len)
        .sum();
    Cow::Owned(format!("{}…", text[..kept].trim_end()))
}

/// Typographic characters as their plain forms, so that one curly quote does not double
/// the price of a text message (3GPP TS 23.038: one character outside the alphabet turns
/// the whole message into UCS-2).
pub(crate) fn plain_punctuation(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '…' => plain.push_str("..."),
            '‘' | '’' | '‚' | '′' => plain.push('\''),
            '“' | '”' | '„' | '″' => plain.push('"'),
            '‐' | '‑' | '‒' | '–' | '—' | '−' => plain.push('-'),
            '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' => plain.push(' '),
            '\u{200b}' | '\u{feff}' => {}
            other => plain.push(other),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_become_spaces_and_direction_marks_vanish() {
        assert_eq!(
            clean(" a\r\nBcc: x\u{0}\u{2028}b\u{202e}c\u{2066}d "),
            "a  Bcc: x  bcd"
        );
        assert!(matches!(clean("plain, ação"), Cow::Borrowed("plain, ação")));
    }

    #[test]
    fn every_run_of_white_space_is_one_space() {
        for (text, line) in [
            ("", ""),
            (" ", ""),
            ("a b", "a b"),
            ("a  b", "a b"),
            (" a b", "a b"),
            ("a b ", "a b"),
            ("a\n\tb\r\n", "a b"),
            ("a\u{a0}\u{a0}b", "a\u{a0}\u{a0}b"),
        ] {
            assert_eq!(one_line(text), line, "{text:?}");
        }
        assert_eq!(short_line(" ab  cd ", 4), "ab…");
    }

    #[test]
    fn an_abbreviation_ends_the_sentence() {
        for (before, text, whole) in [
            ("at 1 p.m.", ". Be there.", "at 1 p.m. Be there."),
            ("at 1 p.m.", ".", "at 1 p.m."),
            ("at 13:00", ".", "at 13:00."),
            ("wait...", ".", "wait...."),
            ("wait…", ".", "wait…."),
            ("at 1 p.m.", "...", "at 1 p.m...."),
            ("", ".", "."),
            ("a.", "b", "a.b"),
        ] {
            assert_eq!(format!("{before}{}", going_on(before, text)), whole);
        }
    }

    #[test]
    fn shortening_counts_characters_not_bytes() {
        assert_eq!(shorten("ação", 4), "ação");
        assert_eq!(shorten("ações", 4), "açõ…");
        assert_eq!(shorten("ab cd", 4), "ab…");
        // A family is one sign of five characters, a flag one of two, é may be one of two.
        assert_eq!(shorten("ab👨‍👩‍👧cd", 6), "ab…");
        assert_eq!(shorten("ab👨‍👩‍👧cd", 8), "ab👨‍👩‍👧…");
        assert_eq!(shorten("a🇧🇷🇵🇹", 3), "a…");
        assert_eq!(shorten("abe\u{301}cd", 4), "ab…");
        assert_eq!(shorten("مرحبًا بكم", 5), "مرح…");
    }

    #[test]
    fn punctuation_of_a_text_message_is_plain() {
        assert_eq!(
            plain_punctuation("“2–4\u{202f}PM”… it’s"),
            "\"2-4 PM\"... it's"
        );
    }
}
