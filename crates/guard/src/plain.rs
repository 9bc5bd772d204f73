//! Text with one octet for each character: links and numbers are looked for in it.
//!
//! Digits, letters and dots of other shapes are the ASCII ones, invisible characters are
//! left out, other letters are [`LETTER`] (or [`WIDE`] where words have no spaces), and
//! everything else is [`OTHER`]. ASCII text is its own plain text.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// A letter outside ASCII.
pub(crate) const LETTER: u8 = 0x80;
/// A letter of a script that is written without spaces or beside Latin words.
pub(crate) const WIDE: u8 = 0x81;
/// Anything else outside ASCII.
pub(crate) const OTHER: u8 = 0x82;

/// A text and its plain form.
pub(crate) struct Plain<'a> {
    pub text: &'a str,
    pub octets: Cow<'a, [u8]>,
    /// Where the distance between octet and place changes: octet, place; none for ASCII.
    jumps: Vec<(u32, u32)>,
}

impl<'a> Plain<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        if text.is_ascii() {
            return Self {
                text,
                octets: Cow::Borrowed(text.as_bytes()),
                jumps: Vec::new(),
            };
        }
        let mut octets = Vec::with_capacity(text.len());
        let mut jumps = Vec::new();
        let mut done = 0;
        for (at, c) in crate::hidden::others(text) {
            octets.extend_from_slice(&text.as_bytes()[done..at]);
            done = at + c.len_utf8();
            if !crate::hidden::is_invisible(c) {
                jumps.push((octets.len() as u32, at as u32));
                octets.push(match is_full_stop(c, octets.last(), &text[done..]) {
                    true => OTHER,
                    false => plain(c),
                });
            }
            jumps.push((octets.len() as u32, done as u32));
        }
        octets.extend_from_slice(&text.as_bytes()[done..]);
        Self {
            text,
            octets: Cow::Owned(octets),
            jumps,
        }
    }

    /// The place of an octet in the text; the end of the text for the end.
    pub(crate) fn place(&self, at: usize) -> usize {
        let next = self
            .jumps
            .partition_point(|(plain, _)| *plain as usize <= at);
        match next.checked_sub(1).map(|last| self.jumps[last]) {
            Some((plain, text)) => (text as usize + (at - plain as usize)).min(self.text.len()),
            None => at.min(self.text.len()),
        }
    }

    /// The end of the character before an octet.
    pub(crate) fn end(&self, at: usize) -> usize {
        let Some(last) = at.checked_sub(1) else {
            return 0;
        };
        let start = self.place(last);
        let rest = self.text.get(start..).unwrap_or_default();
        let length = rest.chars().next().map_or(0, char::len_utf8);
        start + length
    }

    /// The octet at or after a place of the text.
    pub(crate) fn at_place(&self, place: usize) -> usize {
        let next = self
            .jumps
            .partition_point(|(_, text)| *text as usize <= place);
        match next.checked_sub(1).map(|last| self.jumps[last]) {
            Some((plain, text)) => plain as usize + (place - text as usize).min(self.octets.len()),
            None => place,
        }
    }

    pub(crate) fn get(&self, at: usize) -> u8 {
        self.octets.get(at).copied().unwrap_or(b' ')
    }

    /// The octet before one; a space at the start.
    pub(crate) fn before(&self, at: usize) -> u8 {
        at.checked_sub(1).map_or(b' ', |before| self.get(before))
    }

    /// The text of a run of octets, invisible characters left out.
    pub(crate) fn words(&self, from: usize, to: usize) -> String {
        let text = self
            .text
            .get(self.place(from)..self.end(to))
            .unwrap_or_default();
        if text.is_ascii() {
            return text.to_owned();
        }
        text.chars()
            .filter(|c| !crate::hidden::is_invisible(*c))
            .collect()
    }
}

/// Ends of hosts that are taken for one behind a full stop of any script.
const ENDS: [&str; 8] = ["com", "net", "org", "info", "biz", "xyz", "top", "shop"];
/// No end of a host that people know is longer.
const LONGEST_END: usize = 24;

/// Whether a character that a browser takes for a dot in a host (UTS #46 §2.3) ends a
/// sentence here: behind letters of its own script it does, if the end of a host does not
/// follow it.
fn is_full_stop(c: char, before: Option<&u8>, after: &str) -> bool {
    matches!(c, '。' | '｡') && before.is_some_and(|octet| *octet == WIDE) && !begins_with_end(after)
}

fn begins_with_end(after: &str) -> bool {
    let mut octets = after
        .chars()
        .filter(|c| !crate::hidden::is_invisible(*c))
        .map(plain)
        .peekable();
    let mut label = String::new();
    while label.len() < LONGEST_END
        && let Some(octet) = octets.next_if(u8::is_ascii_alphanumeric)
    {
        label.push(char::from(octet));
    }
    let next = octets.next();
    let lower = label.to_ascii_lowercase();
    if ENDS.contains(&lower.as_str()) && (label == lower || next.is_none_or(|b| b != WIDE)) {
        return true;
    }
    // Words and names are ends of hosts too: `tv`, `visa`.
    let short = label == lower && label.len() == 2 && !next.is_some_and(is_word);
    let whole = psl::suffix(lower.as_bytes())
        .is_some_and(|suffix| suffix.is_known() && suffix.as_bytes().len() == lower.len());
    (short || next == Some(b'/')) && whole
}

/// Whether a character is taken for a dot in a host.
pub(crate) const fn is_dot(c: char) -> bool {
    matches!(c, '。' | '．' | '｡' | '․' | '﹒')
}

fn plain(c: char) -> u8 {
    // Latin letters with accents: as nearly always.
    if matches!(c, '\u{c0}'..='\u{17e}') && c.is_alphabetic() {
        return LETTER;
    }
    any(c)
}

fn any(c: char) -> u8 {
    match c {
        _ if is_dot(c) => return b'.',
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => return b' ',
        '‐' | '‑' | '–' | '—' | '−' => return b'-',
        '\u{660}'..='\u{669}' => return b'0' + (c as u32 - 0x660) as u8,
        '\u{6f0}'..='\u{6f9}' => return b'0' + (c as u32 - 0x6f0) as u8,
        '\u{e00}'..='\u{e7f}'
        | '\u{590}'..='\u{6ff}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{1100}'..='\u{11ff}'
        | '\u{ac00}'..='\u{d7ff}'
        | '\u{fb1d}'..='\u{fefc}'
        | '\u{ff66}'..='\u{ff9f}' => {
            return if c.is_alphanumeric() { WIDE } else { OTHER };
        }
        _ => {}
    }
    let mut forms = [c].into_iter().nfkc();
    match (forms.next(), forms.next()) {
        (Some(one), None) if one.is_ascii() => one as u8,
        _ if c.is_alphanumeric() => LETTER,
        _ => OTHER,
    }
}

/// Whether an octet can be part of the name of a host.
pub(crate) const fn is_word(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, LETTER | WIDE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_with_accents_are_letters_by_every_way() {
        for c in '\u{80}'..='\u{24f}' {
            assert_eq!(plain(c), any(c), "{c:?}");
        }
    }
}
