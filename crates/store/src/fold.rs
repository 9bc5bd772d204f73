//! How search compares words: without case and accents.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The text in lower case without accents.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether every (folded) word begins some word of the (folded) text. A word that holds
/// letters of a script written without spaces may stand anywhere.
pub(crate) fn matches_all(words: &[String], text: &str) -> bool {
    words.iter().all(|word| {
        text.match_indices(word.as_str()).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let spaceless = word
                .chars()
                .next()
                .is_some_and(|c| ('\u{2e80}'..='\u{9fff}').contains(&c));
            spaceless || before.is_none_or(|c| !c.is_alphanumeric())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_match_by_their_start_without_case_and_accents() {
        let text = fold("Entrega amanhã: Óculos de SOL, pedido 112-0494. 配達済み");
        let finds = |query: &str| {
            matches_all(
                &fold(query)
                    .split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>(),
                &text,
            )
        };
        for query in [
            "amanha",
            "ócu sol",
            "112-04",
            "0494",
            "ENTREGA pedido",
            "済み",
        ] {
            assert!(finds(query), "{query}");
        }
        for query in ["manha", "lentes", "94"] {
            assert!(!finds(query), "{query}");
        }
    }
}
