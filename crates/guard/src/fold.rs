//! Text as phrases are looked for in it: one form for all the ways a word can be spelt.
//!
//! Compatibility forms, case, accents, letters of other scripts that look alike, digits in
//! the place of letters and invisible characters are folded away; what stands between words
//! is a space, with a comma (a clause ends) or a full stop (a sentence ends) before it. Phrases are folded
//! by the same code, so it need not be right, only the same. Places lead back to the text.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Between words.
pub(crate) const SPACE: u8 = b' ';
/// Between clauses.
pub(crate) const CLAUSE: u8 = b',';
/// Between sentences.
pub(crate) const SENTENCE: u8 = b'.';

/// What becomes of an ASCII character: itself folded, or one of the marks above, or one
/// that depends on its neighbours.
const FOLDED: [u8; 128] = table();
const DROPPED: u8 = 0;
const STOP: u8 = 1;
const NEWLINE: u8 = 2;
const LETTER_INSIDE: u8 = 3;

const fn table() -> [u8; 128] {
    let mut table = [SPACE; 128];
    let mut at = 0;
    while at < 128 {
        let octet = at as u8;
        table[at] = match octet {
            b'l' | b'L' | b'1' => b'i',
            b'0' => b'o',
            b'3' => b'e',
            b'4' => b'a',
            b'5' => b's',
            b'7' => b't',
            b'8' => b'b',
            b'A'..=b'Z' => octet.to_ascii_lowercase(),
            b'a'..=b'z' | b'0'..=b'9' => octet,
            b',' | b':' | b';' => CLAUSE,
            b'!' | b'?' => SENTENCE,
            b'.' => STOP,
            b'\n' => NEWLINE,
            b'\'' | b'`' => DROPPED,
            b'@' | b'$' => LETTER_INSIDE,
            _ => SPACE,
        };
        at += 1;
    }
    table
}

const fn fold(octet: u8) -> u8 {
    FOLDED[(octet & 0x7f) as usize]
}

/// The Latin letters with accents that have a place in [`ACCENTED`].
const ACCENTS: std::ops::RangeInclusive<char> = '\u{c0}'..='\u{24f}';

/// What becomes of them, worked out once; nothing for those that leave a mark too.
static ACCENTED: LazyLock<Vec<Box<[u8]>>> = LazyLock::new(|| {
    let fold = |c: char| {
        let mut folding = Folding::with_capacity(0);
        folding.octets.extend_from_slice(b" x");
        folding.any(c, 0);
        let whole = folding.gap == 0 && !folding.octets[2..].iter().any(|b| is_mark(*b));
        let octets = if whole { &folding.octets[2..] } else { &[] };
        Box::from(octets)
    };
    ACCENTS.map(fold).collect()
});

/// A folded text.
pub(crate) struct Folded {
    /// UTF-8.
    pub octets: Vec<u8>,
    /// Where the distance between folded and original place changes: folded, original.
    jumps: Vec<(u32, u32)>,
    /// Whether it is ASCII after folding.
    pub is_ascii: bool,
}

impl Folded {
    pub(crate) fn of(text: &str) -> Self {
        let mut folding = Folding::with_capacity(text.len());
        // Every word has a space before it: phrases begin with one.
        folding.octets.push(SPACE);
        if text.is_ascii() {
            folding.ascii(text, (0, text.len()));
        } else {
            folding.mixed(text);
        }
        Self {
            is_ascii: folding.octets.is_ascii(),
            octets: folding.octets,
            jumps: folding.jumps,
        }
    }

    /// A phrase, without what would stand before its first or after its last word.
    pub(crate) fn phrase(words: &str) -> Vec<u8> {
        let mut octets = Self::of(words).octets.split_off(1);
        while octets.last().is_some_and(|octet| is_mark(*octet)) {
            octets.pop();
        }
        octets
    }

    /// The place in the text that a folded place came from.
    pub(crate) fn origin(&self, folded: usize) -> usize {
        let next = self.jumps.partition_point(|(at, _)| *at as usize <= folded);
        match next.checked_sub(1).and_then(|at| self.jumps.get(at)) {
            Some((at, origin)) => *origin as usize + (folded - *at as usize),
            None => folded,
        }
    }

    /// About where a place of the text is in the folded text.
    pub(crate) fn near(&self, origin: usize) -> usize {
        let next = self.jumps.partition_point(|(_, at)| *at as usize <= origin);
        let end = self
            .jumps
            .get(next)
            .map_or(self.octets.len(), |jump| jump.0 as usize);
        match next.checked_sub(1).map(|last| self.jumps[last]) {
            Some((folded, at)) => (folded as usize + (origin - at as usize)).min(end),
            None => origin.min(end),
        }
    }

    /// The strongest mark between two places.
    pub(crate) fn parted(&self, from: usize, to: usize) -> Parted {
        let between = self.octets.get(from..to).unwrap_or_default();
        if memchr::memchr(SENTENCE, between).is_some() {
            Parted::Sentences
        } else if memchr::memchr(CLAUSE, between).is_some() {
            Parted::Clauses
        } else {
            Parted::Not
        }
    }
}

/// What stands between two places.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Parted {
    Not,
    Clauses,
    Sentences,
}

pub(crate) const fn is_mark(octet: u8) -> bool {
    matches!(octet, SPACE | CLAUSE | SENTENCE)
}

struct Folding {
    octets: Vec<u8>,
    jumps: Vec<(u32, u32)>,
    /// The mark that waits to be written, if one does: 0 for none.
    gap: u8,
    /// Original minus folded place of the last octet.
    drift: i64,
}

impl Folding {
    fn with_capacity(octets: usize) -> Self {
        Self {
            octets: Vec::with_capacity(octets + octets / 8 + 16),
            jumps: Vec::with_capacity(octets / 8 + 8),
            gap: 0,
            drift: 0,
        }
    }

    fn mark(&mut self, mark: u8) {
        let rank = |mark: u8| match mark {
            SENTENCE => 3,
            CLAUSE => 2,
            SPACE => 1,
            _ => 0,
        };
        if rank(mark) > rank(self.gap) {
            self.gap = mark;
        }
    }

    fn put(&mut self, octet: u8, origin: usize) {
        if self.gap != 0 {
            if self.gap != SPACE {
                self.octets.push(self.gap);
            }
            if self.octets.len() > 1 {
                self.octets.push(SPACE);
            }
            self.gap = 0;
        }
        let drift = origin as i64 - self.octets.len() as i64;
        if drift != self.drift {
            self.drift = drift;
            self.jumps.push((self.octets.len() as u32, origin as u32));
        }
        self.octets.push(octet);
    }

    /// Folds ASCII that stands between two places of the text.
    fn ascii(&mut self, text: &str, (start, end): (usize, usize)) {
        let run = &text.as_bytes()[start..end];
        let mut at = 0;
        while let Some(octet) = run.get(at) {
            let folded = fold(*octet);
            if folded > SENTENCE {
                // A word, whose letters keep their distance.
                self.put(folded, start + at);
                let more = &run[at + 1..];
                let length = more.iter().position(|b| fold(*b) <= SENTENCE);
                let length = length.unwrap_or(more.len());
                self.octets.extend(more[..length].iter().map(|b| fold(*b)));
                at += 1 + length;
                continue;
            }
            at += 1;
            let at = at - 1;
            let next = run.get(at + 1).copied().unwrap_or(b' ');
            if is_spelt_out(text, start + at, char::from(*octet)) {
                continue;
            }
            match folded {
                DROPPED => {}
                STOP if next.is_ascii_alphanumeric() => self.mark(SPACE),
                STOP => self.mark(SENTENCE),
                NEWLINE if next == b'\n' => self.mark(SENTENCE),
                NEWLINE => self.mark(CLAUSE),
                LETTER_INSIDE => {
                    let inside = self.gap == 0
                        && self.octets.last().is_some_and(u8::is_ascii_alphabetic)
                        && (next.is_ascii_alphabetic() || next == *octet);
                    match inside {
                        true if *octet == b'@' => self.put(b'a', start + at),
                        true => self.put(b's', start + at),
                        false => self.mark(SPACE),
                    }
                }
                // A dash between words ends a clause; a hyphen in a word does not.
                _ if *octet == b'-' && next == b' ' && self.gap != 0 => self.mark(CLAUSE),
                mark => self.mark(mark),
            }
        }
    }

    fn mixed(&mut self, text: &str) {
        let octets = text.as_bytes();
        let mut at = 0;
        while at < octets.len() {
            if octets[at].is_ascii() {
                let run = crate::hidden::ascii_run(&octets[at..]);
                self.ascii(text, (at, at + run));
                at += run;
                continue;
            }
            let Some(c) = text[at..].chars().next() else {
                break;
            };
            if !is_spelt_out(text, at, c) {
                self.character(c, at);
            }
            at += c.len_utf8();
        }
    }

    fn character(&mut self, c: char, origin: usize) {
        if ACCENTS.contains(&c) {
            let octets = &ACCENTED[(c as u32 - *ACCENTS.start() as u32) as usize];
            if !octets.is_empty() {
                octets.iter().for_each(|octet| self.put(*octet, origin));
                return;
            }
        }
        self.any(c, origin);
    }

    /// Any character outside ASCII.
    fn any(&mut self, c: char, origin: usize) {
        match c {
            '’' | '‘' | 'ʼ' | '´' | '′' | 'ـ' => return,
            '。' | '！' | '？' | '؟' | '।' | '｡' => return self.mark(SENTENCE),
            '、' | '，' | '،' | '：' | '；' | '؛' | '—' | '–' | '・' | '…' => {
                return self.mark(CLAUSE);
            }
            _ if crate::hidden::is_invisible(c) => return,
            _ => {}
        }
        if !looks_like_others(c) && (c.is_alphanumeric()) {
            for part in [c]
                .into_iter()
                .nfkd()
                .filter(|part| !is_combining_mark(*part))
            {
                self.folded(part, origin);
            }
            return;
        }
        if !c.is_alphanumeric() && [c].into_iter().nfkd().all(|part| !part.is_alphanumeric()) {
            if !is_combining_mark(c) {
                self.mark(SPACE);
            }
            return;
        }
        for part in [c]
            .into_iter()
            .nfkd()
            .filter(|part| !is_combining_mark(*part))
        {
            if part.is_ascii() {
                self.folded(part, origin);
                continue;
            }
            let mut buffer = [0; 4];
            let alike = unicode_security::skeleton(part.encode_utf8(&mut buffer));
            for part in alike.filter(|part| !is_combining_mark(*part)) {
                self.folded(part, origin);
            }
        }
    }

    fn folded(&mut self, part: char, origin: usize) {
        if part.is_ascii() {
            let folded = fold(part as u8);
            if folded > SENTENCE {
                self.put(folded, origin);
            } else {
                self.mark(SPACE);
            }
            return;
        }
        for lower in part.to_lowercase().filter(|part| !is_combining_mark(*part)) {
            let mut buffer = [0; 4];
            for octet in lower.encode_utf8(&mut buffer).bytes() {
                self.put(octet, origin);
            }
        }
    }
}

/// Whether a sign stands between single letters, three or more in a row: "c o d e".
#[inline]
fn is_spelt_out(text: &str, at: usize, sign: char) -> bool {
    let parts = matches!(
        sign,
        ' ' | '.' | '-' | '_' | '*' | '|' | '·' | '•' | '\u{a0}'
    );
    let is_in_word = |at: usize| {
        text.as_bytes()
            .get(at)
            .is_some_and(u8::is_ascii_alphanumeric)
    };
    // As nearly always: a longer word is before it or follows.
    let longer = is_in_word(at + sign.len_utf8() + 1) || (at > 1 && is_in_word(at - 2));
    parts && !longer && is_between_single(text, at, sign)
}

#[cold]
fn is_between_single(text: &str, at: usize, sign: char) -> bool {
    let within = |c: Option<char>| {
        c.is_some_and(|c| {
            c.is_alphanumeric() || is_combining_mark(c) || crate::hidden::is_invisible(c)
        })
    };
    let single = |one: Option<char>, next: Option<char>| {
        one.is_some_and(char::is_alphanumeric) && !within(next)
    };
    let mut back = text[..at].chars().rev();
    let mut ahead = text[at + sign.len_utf8()..].chars();
    let back = [(); 4].map(|()| back.next());
    let ahead = [(); 4].map(|()| ahead.next());
    let goes_on = |way: [Option<char>; 4]| way[1] == Some(sign) && single(way[2], way[3]);
    single(back[0], back[1]) && single(ahead[0], ahead[1]) && (goes_on(back) || goes_on(ahead))
}

/// Whether a letter is of a script whose letters pass for Latin ones.
const fn looks_like_others(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{58f}' | '\u{10a0}'..='\u{10ff}' | '\u{13a0}'..='\u{13ff}'
        | '\u{1d00}'..='\u{1dbf}' | '\u{1e00}'..='\u{1fff}' | '\u{2100}'..='\u{214f}'
        | '\u{2c00}'..='\u{2dff}' | '\u{a640}'..='\u{a7ff}' | '\u{ab30}'..='\u{abbf}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        String::from_utf8(Folded::of(text).octets.split_off(1)).unwrap()
    }

    #[test]
    fn all_spellings_of_a_word_are_one() {
        for spelt in [
            "password",
            "PASSWORD",
            "pa$$w0rd",
            "p@ssword",
            "ｐａｓｓｗｏｒｄ",
            "раssword",
            "pass\u{200b}word",
            "pässwörd",
            "𝐩𝐚𝐬𝐬𝐰𝐨𝐫𝐝",
            "pa\u{301}ssword",
        ] {
            assert_eq!(shown(spelt), "password", "{spelt}");
        }
        assert_eq!(
            shown("Don’t  wait, call: now!\nOk"),
            "dont wait, caii, now. ok"
        );
        assert_eq!(shown("costs 4.50. Then"), "costs a so. then");
        assert_eq!(Folded::phrase("gift card."), b"gift card");
    }

    #[test]
    fn letters_with_accents_are_what_they_would_be_one_by_one() {
        for c in ACCENTS {
            for before in ["", "x", "x "] {
                let (mut quick, mut slow) = (Folding::with_capacity(8), Folding::with_capacity(8));
                for folding in [&mut quick, &mut slow] {
                    folding.octets.push(SPACE);
                    folding.ascii(before, (0, before.len()));
                }
                quick.character(c, before.len());
                slow.any(c, before.len());
                assert_eq!(quick.octets, slow.octets, "{c:?}");
                assert_eq!((quick.jumps, quick.gap), (slow.jumps, slow.gap), "{c:?}");
            }
        }
    }

    #[test]
    fn places_lead_back() {
        let text = "Ünïcode… don’t — “pass\u{200b}word”, please";
        let folded = Folded::of(text);
        let at = folded
            .octets
            .windows(8)
            .position(|w| w == b"password")
            .unwrap();
        assert!(text[folded.origin(at)..].starts_with("pass"));
        assert!(text[folded.origin(at + 4)..].starts_with("word"));
        assert!(text[folded.origin(folded.octets.len() - 1)..].starts_with('e'));
    }
}
