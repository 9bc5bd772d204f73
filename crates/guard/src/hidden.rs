//! Characters nobody sees: they part words for a filter and not for a reader, or turn the
//! order of the text around.

use crate::Rule;
use crate::content::Findings;
use crate::plain::is_dot;

/// No word that may be broken is longer on either side.
const LONGEST_WORD: usize = 64;

/// Whether a character takes no room on a screen and does not belong to its neighbour.
pub const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Finds those that have no honest use where they stand.
pub(crate) fn check(text: &str, findings: &mut Findings<'_>) {
    if !others(text).any(|(_, c)| is_invisible(c)) {
        return;
    }
    let mut before = ' ';
    let mut open = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or(' ', |(_, next)| *next);
        if is_invisible(c) {
            let honest = match c {
                // Direction marks and variants of a sign change nothing that is written.
                '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{fe00}'..='\u{fe0f}' => true,
                // Joiners: in scripts that join, and between emoji.
                '\u{200c}' | '\u{200d}' => joins(before) && (joins(next) || next == ' '),
                // Isolates keep a number or a name in its order; each is closed again.
                '\u{2066}'..='\u{2068}' => {
                    open.push((at, c));
                    true
                }
                '\u{2069}' => open.pop().is_some(),
                // Where a long word may be broken.
                '\u{ad}' => breaks_a_word(text, at),
                // Flags of regions.
                '\u{e0020}'..='\u{e007f}' => before == '\u{1f3f4}' || is_tag(before),
                _ => false,
            };
            if !honest {
                findings.add(Rule::Hidden, at, at + c.len_utf8());
            }
        }
        if !matches!(c, '\u{fe00}'..='\u{fe0f}') {
            before = c;
        }
    }
    for (at, c) in open {
        findings.add(Rule::Hidden, at, at + c.len_utf8());
    }
}

/// Whether a soft hyphen stands where a line may end, and in no address: two letters on
/// either side, and nothing around them that a host or a path has.
fn breaks_a_word(text: &str, at: usize) -> bool {
    let is_plain = |around: &mut dyn Iterator<Item = char>| {
        let (mut letters, mut length) = (0, 0);
        for c in around.take_while(|c| !c.is_whitespace()) {
            letters += usize::from(length < 2 && c.is_alphabetic());
            length += 1;
            if length > LONGEST_WORD || is_of_address(c) {
                return false;
            }
        }
        letters == 2
    };
    let after = &text[at + '\u{ad}'.len_utf8()..];
    // A full stop may end the sentence.
    let mut ahead = after.chars().peekable();
    let mut last = std::iter::from_fn(|| {
        let c = ahead.next()?;
        let ends = matches!(c, '.' | ':') && ahead.peek().is_none_or(|c| c.is_whitespace());
        (!ends).then_some(c)
    });
    is_plain(&mut text[..at].chars().rev()) && is_plain(&mut last)
}

const fn is_of_address(c: char) -> bool {
    matches!(c, '.' | '/' | '\\' | ':' | '@' | '%') || is_dot(c)
}

/// The characters outside ASCII, with their places.
pub(crate) fn others(text: &str) -> impl Iterator<Item = (usize, char)> {
    let octets = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        at += ascii_run(&octets[at..]);
        let c = text[at..].chars().next()?;
        at += c.len_utf8();
        Some((at - c.len_utf8(), c))
    })
}

/// How much ASCII stands at the start, eight octets at a time.
pub(crate) fn ascii_run(octets: &[u8]) -> usize {
    let eights = octets
        .chunks_exact(8)
        .take_while(|eight| eight.is_ascii())
        .count()
        * 8;
    let rest = octets[eights..].iter().take_while(|octet| octet.is_ascii());
    eights + rest.count()
}

const fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0020}'..='\u{e007f}')
}

/// Scripts in which joiners belong to the spelling, and signs that join into one.
const fn joins(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{fb50}'..='\u{fefc}'
        | '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<usize> {
        let mut findings = Findings::new(text, u32::MAX);
        check(text, &mut findings);
        findings.done().iter().map(|f| f.span.start).collect()
    }

    #[test]
    fn only_what_hides_is_found() {
        for honest in [
            "ação",
            "👩\u{200d}🚀 up",
            "❤\u{fe0f}\u{200d}🔥",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "می\u{200c}خواهم",
            "\u{200f}مرحبا 12",
            "\u{2068}MG-1\u{2069} ثم",
        ] {
            assert!(places(honest).is_empty(), "{honest:?}");
        }
        assert_eq!(places("pass\u{200b}word"), [4]);
        assert_eq!(places("a\u{202e}b"), [1]);
        assert_eq!(places("a\u{2067}b"), [1]);
        assert_eq!(places("a\u{200d}b"), [1]);
        for honest in ["Donau\u{ad}dampf\u{ad}schiff.", "(soft\u{ad}ware)"] {
            assert!(places(honest).is_empty(), "{honest:?}");
        }
        assert_eq!(places("p\u{ad}assword"), [1]);
        assert_eq!(places("soft\u{ad}ware.example"), [4]);
        assert_eq!(places("a.b/soft\u{ad}ware"), [8]);
        assert_eq!(places("soft\u{ad} ware"), [4]);
    }
}
