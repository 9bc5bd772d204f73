//! The file of a language, checked and compiled.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::fold::tokens;
use super::keywords::{Keywords, Kind};
use super::pattern::{Pattern, Reaches};
use super::phrases::{Part, Phrases, SHORTEST_STEM, Unfit};
use super::{KnownParts, Says, Shared, Table, Words};

/// These always stop, whatever a file says: 47 CFR 64.1200(a)(10).
const PER_SE: [(&str, Kind); 7] = [
    ("stop", Kind::Stop),
    ("quit", Kind::StopAlone),
    ("end", Kind::StopAlone),
    ("revoke", Kind::Stop),
    ("opt out", Kind::Stop),
    ("cancel", Kind::StopAlone),
    ("unsubscribe", Kind::Stop),
];

/// Parts that every language needs.
const THING: &str = "thing";
const MARKETING: &str = "marketing";
const OTHER: &str = "other";
const FILLER: &str = "filler";
const IDLE: &str = "idle";
const KNOWN: [&str; 5] = [THING, MARKETING, OTHER, FILLER, IDLE];

type Phrase = Spanned<String>;

/// A file, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    reach: Reaches,
    /// What is to stop may stand a clause's length before the word of stop.
    #[serde(default)]
    thing_first: bool,
    keywords: WrittenKeywords,
    parts: BTreeMap<String, Vec<Phrase>>,
    says: WrittenSays,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKeywords {
    stop: Vec<Phrase>,
    stop_alone: Vec<Phrase>,
    #[serde(default)]
    misspelt: Vec<Phrase>,
    start: Vec<Phrase>,
    yes: Vec<Phrase>,
    help: Vec<Phrase>,
    polite: Vec<Phrase>,
    #[serde(default)]
    wanting: Vec<Phrase>,
    #[serde(default)]
    signed: Vec<Phrase>,
}

impl WrittenKeywords {
    fn politeness(&self) -> impl Iterator<Item = &Phrase> {
        self.polite.iter().chain(&self.wanting)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSays {
    stop: Vec<Phrase>,
    #[serde(default)]
    stop_bare: Vec<Phrase>,
    marketing: Vec<Phrase>,
    doubtful: Vec<Phrase>,
    #[serde(default)]
    keep: Vec<Phrase>,
    nothing: Vec<Phrase>,
}

/// What is wrong with a file.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Which file, in the order they were given.
    pub file: usize,
    /// The octet it is at; none where something is missing.
    pub at: Option<usize>,
    /// The key.
    pub key: String,
    /// What is wrong, in a sentence.
    pub reason: String,
}

impl Words {
    /// Compiles the files of all languages, each with the language it is of.
    pub(crate) fn compile(files: &[(String, Written)]) -> Result<Self, Vec<Fault>> {
        let mut keywords = Keywords::default();
        for (word, kind) in PER_SE {
            keywords
                .add(word, kind, english(files))
                .expect("a word is no empty phrase");
        }
        let mut faults = Vec::new();
        let mut tables = Vec::new();
        for (place, (language, written)) in files.iter().enumerate() {
            let mut reader = Reader {
                file: place,
                faults: &mut faults,
            };
            reader.keywords(written, &mut keywords);
            tables.extend(reader.table(language, written));
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            shared: Arc::new(Shared { keywords, tables }),
            names: Vec::new(),
        })
    }
}

/// The place of the language that the law's words are in.
fn english(files: &[(String, Written)]) -> usize {
    let mut languages = files.iter().map(|(language, _)| language);
    languages.position(|language| language == "en").unwrap_or(0)
}

struct Reader<'a> {
    file: usize,
    faults: &'a mut Vec<Fault>,
}

impl Reader<'_> {
    fn fault(&mut self, phrase: Option<&Phrase>, key: &str, reason: String) {
        self.faults.push(Fault {
            file: self.file,
            at: phrase.map(|phrase| phrase.span().start),
            key: key.to_owned(),
            reason,
        });
    }

    fn check(&mut self, phrase: &Phrase, key: &str, added: Result<(), Unfit>) {
        let written = phrase.get_ref();
        let reason = match added {
            Ok(()) => return,
            Err(Unfit::Empty) => format!("\"{written}\" has no letters"),
            Err(Unfit::ShortStem) => {
                format!("\"{written}\" has a stem of less than {SHORTEST_STEM} letters")
            }
        };
        self.fault(Some(phrase), key, reason);
    }

    fn keywords(&mut self, written: &Written, keywords: &mut Keywords) {
        let words = &written.keywords;
        let parts = |name: &str| written.parts.get(name).map_or(&[][..], Vec::as_slice);
        let lists = [
            ("keywords.stop", words.stop.as_slice(), Kind::Stop),
            ("keywords.misspelt", &words.misspelt, Kind::Stop),
            ("keywords.stop_alone", &words.stop_alone, Kind::StopAlone),
            ("keywords.start", &words.start, Kind::Start),
            ("keywords.yes", &words.yes, Kind::Yes),
            ("keywords.help", &words.help, Kind::Help),
            ("keywords.polite", &words.polite, Kind::Polite),
            ("keywords.wanting", &words.wanting, Kind::Wanting),
            ("keywords.signed", &words.signed, Kind::Signed),
            ("parts.thing", parts(THING), Kind::Thing),
            ("parts.marketing", parts(MARKETING), Kind::Marketing),
            ("parts.other", parts(OTHER), Kind::Other),
        ];
        let mut commands: BTreeMap<String, Kind> = BTreeMap::new();
        for (key, phrases, kind) in lists {
            for phrase in phrases {
                let words = phrase.get_ref();
                let added = keywords.add(words, kind, self.file);
                // What is wrong with a part is said where the parts are read.
                if key.starts_with("keywords.") {
                    self.check(phrase, key, added);
                }
                if kind > Kind::Help {
                    continue;
                }
                let squashed = tokens(words).into_iter().map(|token| token.text).collect();
                let known = *commands.entry(squashed).or_insert(kind);
                if known != kind {
                    let reason = format!("\"{words}\" is a word of another command too");
                    self.fault(Some(phrase), key, reason);
                }
            }
        }
        for (phrases, kind) in [
            (&words.stop, Kind::Stop),
            (&words.stop_alone, Kind::StopAlone),
        ] {
            for phrase in phrases {
                keywords.forgive(phrase.get_ref(), kind, self.file);
            }
        }
    }

    fn table(&mut self, language: &str, written: &Written) -> Option<Table> {
        let names: Vec<&str> = written.parts.keys().map(String::as_str).collect();
        let part = |name: &str| names.iter().position(|known| *known == name);
        let mut known = Vec::new();
        for name in KNOWN {
            match part(name) {
                Some(part) => known.push(part),
                None => self.fault(None, &format!("parts.{name}"), "is missing".to_owned()),
            }
        }
        let phrases = self.phrases(written, part(FILLER));
        let mut used: BTreeSet<Part> = known.iter().copied().collect();
        let says = self.says(&written.says, |name| {
            let found = part(name);
            used.extend(found);
            found
        });
        for (place, (name, phrases)) in written.parts.iter().enumerate() {
            if !used.contains(&place) {
                let reason = "is a part that no pattern names".to_owned();
                self.fault(phrases.first(), &format!("parts.{name}"), reason);
            }
        }
        let [thing, marketing, other, filler, idle] = known.try_into().ok()?;
        let mut begin = vec![Vec::new(); names.len()];
        for (place, (_, pattern)) in says.iter().enumerate() {
            for part in pattern.first() {
                begin[*part].push(place);
            }
        }
        Some(Table {
            language: language.to_owned(),
            phrases,
            parts: KnownParts {
                thing,
                marketing,
                other,
                filler,
                idle,
            },
            thing_first: written.thing_first,
            reaches: written.reach,
            says,
            begin,
        })
    }

    fn phrases(&mut self, written: &Written, filler: Option<Part>) -> Phrases {
        let mut phrases = Phrases::default();
        for (part, (name, listed)) in written.parts.iter().enumerate() {
            for phrase in listed {
                let added = phrases.add(phrase.get_ref(), part);
                self.check(phrase, &format!("parts.{name}"), added);
            }
        }
        // Polite words carry nothing; what is wrong with one has been said already.
        for phrase in filler.iter().flat_map(|_| written.keywords.politeness()) {
            let _ = phrases.add(phrase.get_ref(), filler.unwrap_or_default());
        }
        phrases
    }

    fn says(
        &mut self,
        written: &WrittenSays,
        mut part: impl FnMut(&str) -> Option<Part>,
    ) -> Vec<(Says, Pattern)> {
        let mut says = Vec::new();
        for (key, listed, meaning) in [
            ("says.stop", &written.stop, Says::Stop),
            ("says.stop_bare", &written.stop_bare, Says::StopBare),
            ("says.marketing", &written.marketing, Says::StopMarketing),
            ("says.doubtful", &written.doubtful, Says::Doubtful),
            ("says.keep", &written.keep, Says::Keep),
            ("says.nothing", &written.nothing, Says::Nothing),
        ] {
            for phrase in listed {
                match Pattern::read(phrase.get_ref(), &mut part) {
                    Ok(pattern) => says.push((meaning, pattern)),
                    Err(reason) => {
                        let reason = format!("\"{}\" {reason}", phrase.get_ref());
                        self.fault(Some(phrase), key, reason);
                    }
                }
            }
        }
        says
    }
}
