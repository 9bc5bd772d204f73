//! `tidings bench stop-words`: what is understood of customers' answers, against a labelled
//! set that was written before the words were.

mod lines;

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};
use pipeline::catalogue::Catalogue;
use pipeline::track::{Asks, Words, hear};
use serde_json::{Value, json};

use super::cli::BenchStopWords;
use super::ground;
use lines::{Line, Part};

/// The set in the binary.
const OWN: &str = include_str!("lines.tsv");

/// Of what is taken as a stop, so much must be one.
const PRECISION: f64 = 0.98;
/// Of stops in free words, so many must be taken as one.
const FREE_TEXT_RECALL: f64 = 0.98;

/// Measures and prints; fails where a mark is missed.
///
/// # Errors
/// When the file or the catalogue cannot be read.
pub fn run(given: &BenchStopWords) -> Result<ExitCode> {
    let (text, shown) = match &given.data {
        Some(file) => {
            let text = fs::read_to_string(file);
            let text = text.with_context(|| format!("cannot read {}", file.display()))?;
            (text, file.display().to_string())
        }
        None => (OWN.to_owned(), "lines.tsv".to_owned()),
    };
    let lines = lines::read(&text, &shown)?;
    let catalogue = Catalogue::load(None).context("the catalogue cannot be used")?;
    let words = catalogue.replies().clone();
    let measured = measure(&words.with_name(&ground::brand().name), &lines);
    let figures = measured.figures();
    if given.json {
        println!("{figures}");
    } else {
        measured.print();
    }
    Ok(if figures["marks_held"] == true {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Counts of one language, or of all.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    lines: usize,
    negatives: usize,
    taken: usize,
    taken_rightly: usize,
    keywords: usize,
    keywords_taken: usize,
    free: usize,
    free_taken: usize,
    right: usize,
}

/// A line, and what it was taken for.
struct Miss {
    line: Line,
    asks: Asks,
}

#[derive(Default)]
struct Measured {
    all: Tally,
    languages: BTreeMap<String, Tally>,
    misses: Vec<Miss>,
}

fn measure(words: &Words, lines: &[Line]) -> Measured {
    let mut measured = Measured::default();
    for line in lines {
        let asks = hear(words, &line.text).asks;
        measured.all.count(line, asks);
        let language = measured.languages.entry(line.language.clone());
        language.or_default().count(line, asks);
        if asks != line.asks {
            let line = line.clone();
            measured.misses.push(Miss { line, asks });
        }
    }
    measured
}

fn stops(asks: Asks) -> bool {
    matches!(asks, Asks::StopAll | Asks::StopMarketing)
}

impl Tally {
    fn count(&mut self, line: &Line, asks: Asks) {
        let (is_stop, taken) = (stops(line.asks), stops(asks));
        self.lines += 1;
        self.negatives += usize::from(line.part == Part::Negative);
        self.taken += usize::from(taken);
        self.taken_rightly += usize::from(taken && is_stop);
        self.right += usize::from(asks == line.asks);
        if is_stop && line.part == Part::Keyword {
            self.keywords += 1;
            self.keywords_taken += usize::from(taken);
        }
        if is_stop && line.part == Part::Free {
            self.free += 1;
            self.free_taken += usize::from(taken);
        }
    }

    fn precision(self) -> f64 {
        share(self.taken_rightly, self.taken)
    }

    fn keyword_recall(self) -> f64 {
        share(self.keywords_taken, self.keywords)
    }

    fn free_text_recall(self) -> f64 {
        share(self.free_taken, self.free)
    }

    fn figures(self) -> Value {
        json!({
            "lines": self.lines,
            "precision": self.precision(),
            "keyword_recall": self.keyword_recall(),
            "free_text_recall": self.free_text_recall(),
            "negatives": self.negatives,
            "exactly_right": share(self.right, self.lines),
        })
    }
}

/// A share of a count, never rounded up; of nothing, all.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 1.0;
    }
    (part as f64 / whole as f64 * 10_000.0).floor() / 10_000.0
}

impl Measured {
    fn figures(&self) -> Value {
        let mut figures = self.all.figures();
        let languages = self.languages.iter();
        let languages: serde_json::Map<String, Value> = languages
            .map(|(language, tally)| (language.clone(), tally.figures()))
            .collect();
        let held = self.all.keywords_taken == self.all.keywords
            && self.all.free_text_recall() >= FREE_TEXT_RECALL
            && self.all.precision() >= PRECISION;
        figures["languages"] = Value::Object(languages);
        figures["marks_held"] = held.into();
        figures
    }

    fn print(&self) {
        println!("language   lines  precision  keyword recall  free-text recall  exactly right");
        let all = [("all", &self.all)];
        let languages = self.languages.iter();
        for (language, tally) in all
            .into_iter()
            .chain(languages.map(|(language, tally)| (language.as_str(), tally)))
        {
            println!(
                "{language:<9} {:>6}  {:>9.4}  {:>14.4}  {:>16.4}  {:>13.4}",
                tally.lines,
                tally.precision(),
                tally.keyword_recall(),
                tally.free_text_recall(),
                share(tally.right, tally.lines),
            );
        }
        for Miss { line, asks } in &self.misses {
            println!(
                "{}: {} taken as {}: {}",
                line.language,
                lines::label(line.asks),
                lines::label(*asks),
                line.text.escape_debug(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Measured {
        let catalogue = Catalogue::load(None).unwrap();
        let words = catalogue.replies().clone();
        let lines = lines::read(OWN, "lines.tsv").unwrap();
        measure(&words.with_name(&ground::brand().name), &lines)
    }

    #[test]
    fn the_marks_hold_in_every_language() {
        let measured = own();
        let figures = measured.figures();
        assert_eq!(figures["marks_held"], true, "{figures}");
        for (language, tally) in &measured.languages {
            assert_eq!(tally.keyword_recall(), 1.0, "{language}");
            assert!(tally.free_text_recall() >= FREE_TEXT_RECALL, "{language}");
            assert!(tally.precision() >= PRECISION, "{language}");
        }
    }

    #[test]
    fn the_set_is_large_and_hard() {
        let measured = own();
        assert!(measured.all.lines >= 720);
        assert!(measured.all.negatives * 3 >= measured.all.lines);
        let languages: Vec<&str> = measured.languages.keys().map(String::as_str).collect();
        assert_eq!(languages, ["de", "en", "es", "fr", "ja", "pt"]);
        for (language, tally) in &measured.languages {
            assert!(tally.lines >= 110, "{language}");
            assert!(tally.negatives * 3 >= tally.lines, "{language}");
        }
    }

    #[test]
    fn shares_are_never_rounded_up() {
        assert_eq!(share(99_999, 100_000), 0.9999);
        assert_eq!(share(0, 0), 1.0);
    }
}
