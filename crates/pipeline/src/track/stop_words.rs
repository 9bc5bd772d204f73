//! The exact stop words: a text that is one of them and nothing else.

/// Per-se words of 47 CFR 64.1200(a)(10) and carriers' usage, with their Portuguese and
/// Spanish family; folded, without spaces and punctuation.
const STOP_WORDS: &[&str] = &[
    "stop",
    "stopall",
    "quit",
    "end",
    "revoke",
    "optout",
    "cancel",
    "unsubscribe", // English
    "parar",
    "pare",
    "sair",
    "cancelar",
    "descadastrar", // Portuguese
    "alto",
    "baja",
    "detener", // Spanish
];

/// Whether a text says stop and only that: case, spaces, punctuation and quotes around or
/// inside it do not matter ("Stop.", "OPT-OUT", "« parar »").
pub fn is_stop_word(text: &str) -> bool {
    if text.len() > 64 {
        return false;
    }
    let folded: String = text
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    STOP_WORDS.contains(&folded.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        for yes in [
            "STOP",
            "stop",
            " Stop. ",
            "STOP!!",
            "opt-out",
            "OPT OUT",
            "Stop all",
            "«PARAR»",
            "sair",
            "Alto",
            "“END”",
        ] {
            assert!(is_stop_word(yes), "{yes}");
        }
        for no in [
            "",
            "Cancel my order",
            "don't stop",
            "stop it please",
            "YES",
            "1",
            "ende",
            "стоп",
        ] {
            assert!(!is_stop_word(no), "{no}");
        }
    }
}
