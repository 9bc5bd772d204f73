//! What is wrong with the promises or a table of phrases, and where.

/// One thing wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {reason}")]
pub struct Fault {
    /// The file, as shown.
    pub file: String,
    /// The line, from 1; 0 where it is about the file as a whole.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl Fault {
    pub(crate) fn of_file(file: &str, reason: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: 0,
            reason: reason.into(),
        }
    }

    /// At the line where `words` stand.
    pub(crate) fn at(file: &str, text: &str, words: &str, reason: impl Into<String>) -> Self {
        let line = text.lines().position(|line| line.contains(words));
        Self {
            line: line.map_or(0, |at| at + 1),
            ..Self::of_file(file, reason)
        }
    }

    pub(crate) fn of_toml(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().map_or(0, |span| {
            let before = text.as_bytes().get(..span.start).unwrap_or(text.as_bytes());
            1 + before.iter().filter(|byte| **byte == b'\n').count()
        });
        Self {
            line,
            ..Self::of_file(file, error.message())
        }
    }
}
