//! Labelled answers: text, label, part and language, parted by tabs; `\n` in a text is the
//! end of a line. The first line names the columns.

use anyhow::{Result, bail};
use pipeline::track::Asks;

/// The labels, and what they mean.
const LABELS: [(&str, Asks); 7] = [
    ("stop_all", Asks::StopAll),
    ("stop_marketing", Asks::StopMarketing),
    ("start", Asks::Start),
    ("yes", Asks::Yes),
    ("help", Asks::Help),
    ("doubtful", Asks::Doubtful),
    ("none", Asks::Nothing),
];

/// Which part of the set a line is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A word of command and nothing else.
    Keyword,
    /// In the customer's own words.
    Free,
    /// Only sounds like a wish to stop.
    Negative,
}

/// A labelled answer.
#[derive(Clone, Debug)]
pub struct Line {
    pub text: String,
    pub asks: Asks,
    pub part: Part,
    pub language: String,
}

/// The name of a label.
pub fn label(asks: Asks) -> &'static str {
    let known = LABELS.iter().find(|(_, known)| *known == asks);
    known.map_or("none", |(label, _)| label)
}

/// Reads a set; `shown` names it in errors.
///
/// # Errors
/// With the line that is not of the form.
pub fn read(text: &str, shown: &str) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (number, row) in text.lines().enumerate() {
        let place = format!("{shown}:{}", number + 1);
        if row.is_empty() || (number == 0 && row.starts_with("text\t")) {
            continue;
        }
        let columns: Vec<&str> = row.split('\t').collect();
        let [text, given, part, language] = columns[..] else {
            bail!("{place}: has {} columns, not four", columns.len());
        };
        let Some((_, asks)) = LABELS.iter().find(|(name, _)| *name == given) else {
            bail!("{place}: `{given}` is no label");
        };
        let part = match part {
            "keyword" => Part::Keyword,
            "free" => Part::Free,
            "negative" => Part::Negative,
            _ => bail!("{place}: `{part}` is no part"),
        };
        if language.is_empty() {
            bail!("{place}: has no language");
        }
        lines.push(Line {
            text: text.replace("\\n", "\n"),
            asks: *asks,
            part,
            language: language.to_owned(),
        });
    }
    if lines.is_empty() {
        bail!("{shown}: has no lines");
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_name_their_line() {
        let read = |text: &str| read(text, "x.tsv").unwrap_err().to_string();
        assert_eq!(read("text\tlabel\tpart\tlanguage\n"), "x.tsv: has no lines");
        assert_eq!(read("stop"), "x.tsv:1: has 1 columns, not four");
        assert_eq!(
            read("\nstop\thalt\tfree\ten"),
            "x.tsv:2: `halt` is no label"
        );
        assert_eq!(read("stop\tnone\tall\ten"), "x.tsv:1: `all` is no part");
        assert_eq!(read("stop\tnone\tfree\t"), "x.tsv:1: has no language");
    }

    #[test]
    fn a_text_may_have_lines() {
        let lines = read("a\\nb\tyes\tkeyword\ten\n", "x.tsv").unwrap();
        assert_eq!(lines[0].text, "a\nb");
        assert_eq!(label(lines[0].asks), "yes");
    }
}
