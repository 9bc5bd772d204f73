//! Our own name in the name of somebody else: who reads it takes them for us.
//!
//! Spellings are folded away as they are for phrases. Whose name a text is, its caller knows.

use std::ops::Range;

use memchr::memmem;

use crate::fold::{Folded, is_mark};

/// Shorter names stand in too many others.
const SHORTEST: usize = 3;

/// Where a name stands in a text, as words of its own: `Support Marigold`, `MarigoldTeam`,
/// `Marïgold`.
pub(crate) fn find(text: &str, name: &str) -> Option<Range<usize>> {
    let wanted = Folded::phrase(name);
    if wanted.len() < SHORTEST {
        return None;
    }
    let folded = Folded::of(text);
    let octets = &folded.octets;
    let is_capital = |at: usize| {
        let rest = text.get(folded.origin(at)..).unwrap_or_default();
        rest.starts_with(|c: char| c.is_uppercase() || !c.is_alphabetic())
    };
    memmem::find_iter(octets, &wanted).find_map(|start| {
        let end = start + wanted.len();
        let begins = is_mark(octets[start - 1]) || is_capital(start);
        let ends = octets.get(end).is_none_or(|next| is_mark(*next)) || is_capital(end);
        let last = folded.origin(end - 1);
        let length = text.get(last..).and_then(|rest| rest.chars().next());
        let span = folded.origin(start)..last + length.map_or(1, char::len_utf8);
        (begins && ends).then_some(span)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_name_is_found_however_it_is_spelt() {
        for (text, found) in [
            ("Marigold", "Marigold"),
            ("Marigold support · ", "Marigold"),
            ("the MARIGOLD team", "MARIGOLD"),
            ("Mar\u{456}gold", "Mar\u{456}gold"),
            ("Mar1g0ld", "Mar1g0ld"),
            ("M a r i g o l d", "M a r i g o l d"),
            ("MarigoldTeam", "Marigold"),
            ("myMarigold", "Marigold"),
            ("Marigold-Hilfe", "Marigold"),
        ] {
            let span = find(text, "Marigold");
            let span = span.unwrap_or_else(|| panic!("{text}"));
            assert_eq!(&text[span], found, "{text}");
        }
        for other in [
            "Ines & Sons",
            "Marigolden",
            "Marie Gold",
            "",
            "goldmarigolds",
        ] {
            assert_eq!(find(other, "Marigold"), None, "{other}");
        }
        assert_eq!(find("on and on", "On"), None, "too short to tell");
    }
}
