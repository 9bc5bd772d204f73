//! Slips of the thumb: a letter too many or too few, two the wrong way round, one held too
//! long.

/// Below this length other words are too near.
const SHORTEST: usize = 4;
/// From here on a letter may be missing or too many.
const SHORTEST_UNEQUAL: usize = 5;
/// From here on a letter may be another.
const SHORTEST_CHANGED: usize = 8;
const LONGEST: usize = 32;

/// Whether a word is another one with a slip in it. Both are folded.
pub(super) fn is_slip(word: &str, meant: &str) -> bool {
    // As nearly always: not even the beginnings are alike.
    let ahead = |word: &str| word.len().min(2);
    let begins = &word.as_bytes()[..ahead(word)];
    let mut meant_begins = meant.as_bytes()[..ahead(meant)].iter();
    if word.len() > LONGEST || !meant_begins.any(|octet| begins.contains(octet)) {
        return false;
    }
    let mut both = word.bytes().chain(meant.bytes());
    if !both.all(|octet| octet.is_ascii_alphabetic()) {
        return false;
    }
    let (word, meant): (Vec<char>, Vec<char>) = (word.chars().collect(), meant.chars().collect());
    is_held(&word, &meant) || is_near(&word, &meant) || is_near(&squeezed(&word), &squeezed(&meant))
}

/// A letter held too long: three times or more, or the last one twice.
fn is_held(word: &[char], meant: &[char]) -> bool {
    let longest_run = word.chunk_by(|one, other| one == other).map(<[char]>::len);
    let last_twice = word.len() >= SHORTEST && word.last() == word.iter().rev().nth(1);
    (longest_run.max().unwrap_or(0) >= 3 || last_twice) && squeezed(word) == squeezed(meant)
}

fn squeezed(word: &[char]) -> Vec<char> {
    let mut squeezed = word.to_vec();
    squeezed.dedup();
    squeezed
}

fn is_near(word: &[char], meant: &[char]) -> bool {
    if meant.len() < SHORTEST {
        return false;
    }
    let same = word.iter().zip(meant).take_while(|(a, b)| a == b).count();
    let (word, rest) = (&word[same..], &meant[same..]);
    match (word, rest) {
        ([a, b, behind @ ..], [c, d, rest @ ..]) if a == d && b == c && behind == rest => true,
        _ if meant.len() < SHORTEST_UNEQUAL => false,
        ([_, behind @ ..], _) if behind == rest => true,
        (_, [_, rest @ ..]) if word == rest => true,
        ([_, behind @ ..], [_, rest @ ..]) => meant.len() >= SHORTEST_CHANGED && behind == rest,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        for (word, meant) in [
            ("sotp", "stop"),
            ("stpo", "stop"),
            ("stoppp", "stop"),
            ("sstoooop", "stop"),
            ("unsubcribe", "unsubscribe"),
            ("unsubscirbe", "unsubscribe"),
            ("umsubscribe", "unsubscribe"),
            ("canclear", "cancelar"),
            ("bajaa", "baja"),
            ("prarar", "parar"),
            ("stotpp", "stopp"),
        ] {
            assert!(is_slip(word, meant), "{word}");
        }
        for (word, meant) in [
            ("shop", "stop"),
            ("step", "stop"),
            ("stops", "stop"),
            ("top", "stop"),
            ("alta", "alto"),
            ("caja", "baja"),
            ("send", "end"),
            ("quite", "quit"),
            ("", "stop"),
        ] {
            assert!(!is_slip(word, meant), "{word}");
        }
    }
}
