//! What a customer's words ask of us: to stop, to begin again, to explain.
//!
//! A message that is a word of command and nothing else is certain (47 CFR 64.1200(a)(10)
//! names seven that always count); whatever else "a reasonable person would understand" is
//! looked for by a grammar of parts of speech, one file a language in `catalogue/replies/`.
//! Pure: what follows from the answer is for others to do.

mod fold;
mod keywords;
mod own_words;
mod pattern;
mod phrases;
mod read;
mod slips;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use fold::{Break, Token, tokens};
use keywords::{Command, Keywords};
use model::{Answer, How, Instant, Said, Wish};
pub use own_words::own_words;
use pattern::{Pattern, Reaches, Text};
use phrases::{Part, Phrases};
pub(crate) use read::Written;
use store::Wished;

/// So many words around a stop are looked at for what is to stop: "stop texting me your ads".
const SCOPE: usize = 8;

/// What a customer asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asks {
    /// To be sent nothing more.
    StopAll,
    /// To be sent no more advertising; what is due may come.
    StopMarketing,
    /// To be sent messages again.
    Start,
    /// Who we are and how to stop.
    Help,
    /// Agrees to what was asked last.
    Yes,
    /// Perhaps to stop: whoever hears it stops advertising and asks once.
    Doubtful,
    /// None of these.
    Nothing,
}

/// How it was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// The message is a word of command and nothing else.
    Keyword,
    /// In the customer's own words.
    FreeWords,
}

/// What was heard in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// What it asks.
    pub asks: Asks,
    /// The language it asks in: the name of the file that knew its words.
    pub language: Option<String>,
    /// How that was understood.
    pub by: By,
}

impl Heard {
    /// What follows for the channel it came by; `place` says where it was said.
    pub fn wishes(&self, place: &str, at: Instant) -> Option<Wished> {
        let wish = match self.asks {
            Asks::StopAll => Wish::StopAll,
            // Who may have meant a stop is sent no offers while we ask.
            Asks::StopMarketing | Asks::Doubtful => Wish::StopMarketing,
            Asks::Start => Wish::Start,
            Asks::Help | Asks::Yes | Asks::Nothing => return None,
        };
        let said = Said {
            at,
            how: match self.by {
                By::Keyword => How::Keyword,
                By::FreeWords => How::FreeWords,
            },
            source: place.to_owned(),
            wording: String::new(),
            locale: self.language.clone().unwrap_or_default(),
            by: String::new(),
        };
        Some(Wished { wish, said })
    }

    /// What is answered to a text.
    pub const fn answer(&self) -> Option<Answer> {
        match self.asks {
            Asks::StopAll => Some(Answer::Stopped),
            Asks::StopMarketing | Asks::Doubtful => Some(Answer::Asked),
            Asks::Start => Some(Answer::Started),
            Asks::Help => Some(Answer::Help),
            Asks::Yes | Asks::Nothing => None,
        }
    }
}

/// The words of all languages, compiled. Clones share them.
#[derive(Clone, Debug)]
pub struct Words {
    shared: Arc<Shared>,
    /// What we are called, folded.
    names: Vec<Vec<Token>>,
}

#[derive(Debug)]
struct Shared {
    keywords: Keywords,
    tables: Vec<Table>,
}

/// The grammar of one language.
#[derive(Debug)]
struct Table {
    language: String,
    phrases: Phrases,
    parts: KnownParts,
    /// What is to stop may stand before the word of stop, a clause long.
    thing_first: bool,
    reaches: Reaches,
    says: Vec<(Says, Pattern)>,
    /// For each part, the places in `says` of the patterns that begin with it.
    begin: Vec<Vec<usize>>,
}

/// Parts that every language has.
#[derive(Clone, Copy, Debug)]
struct KnownParts {
    thing: Part,
    marketing: Part,
    other: Part,
    filler: Part,
    idle: Part,
}

/// What a pattern says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Stop,
    /// Where nothing in the sentence is bought, delivered or paid. Doubtful, where anything in
    /// the message is.
    StopBare,
    StopMarketing,
    Doubtful,
    /// Wants what is due: of a stop, the advertising is left.
    Keep,
    /// Only sounds like it: takes the force of what overlaps.
    Nothing,
}

/// A pattern found, and in which language.
struct Match {
    says: Says,
    words: Range<usize>,
    table: usize,
}

impl Words {
    /// With a name of ours, which may follow the word of command: "STOP MARIGOLD".
    pub fn with_name(mut self, name: &str) -> Self {
        let name = tokens(name);
        if !name.is_empty() {
            self.names.push(name);
        }
        self
    }

    /// The languages there are words of.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.shared
            .tables
            .iter()
            .map(|table| table.language.as_str())
    }

    fn heard(&self, asks: Asks, table: usize, by: By) -> Heard {
        let table = self.shared.tables.get(table);
        Heard {
            asks,
            language: table.map(|table| table.language.clone()),
            by,
        }
    }
}

/// What a message asks of us. Of a mail, give [`own_words`]. Of very long messages the
/// beginning is read.
pub fn hear(words: &Words, text: &str) -> Heard {
    let mut tokens = tokens(text);
    let keywords = &words.shared.keywords;
    if let Some(signature) = keywords.signature(&tokens) {
        tokens.truncate(signature);
    }
    let whole = keywords.whole(&tokens, &words.names);
    if let Some((command, table)) = whole.filter(|(command, _)| *command != Command::Unclear) {
        return words.heard(asks(command), table, By::Keyword);
    }
    let found = matches(words, &tokens);
    if let Some((asks, table)) = stop(words, &tokens, &found) {
        return words.heard(asks, table, By::FreeWords);
    }
    let doubt = found.iter().find(|found| found.says == Says::Doubtful);
    let doubt = doubt.map(|found| found.table);
    let doubt = doubt
        .or(whole.map(|(_, table)| table))
        .or_else(|| lone_stop(words, &tokens));
    match doubt {
        Some(table) => words.heard(Asks::Doubtful, table, By::FreeWords),
        None => Heard {
            asks: Asks::Nothing,
            language: None,
            by: By::FreeWords,
        },
    }
}

fn asks(command: Command) -> Asks {
    match command {
        Command::StopAll => Asks::StopAll,
        Command::StopMarketing => Asks::StopMarketing,
        Command::Start => Asks::Start,
        Command::Yes => Asks::Yes,
        Command::Help => Asks::Help,
        Command::Unclear => Asks::Doubtful,
    }
}

/// Every pattern that is found in a text, but for those that lost their force.
fn matches(words: &Words, tokens: &[Token]) -> Vec<Match> {
    let mut found = Vec::new();
    for (place, table) in words.shared.tables.iter().enumerate() {
        let text = table.text(tokens);
        for start in 0..tokens.len() {
            let mut begun: Vec<usize> = text.hits[start]
                .iter()
                .flat_map(|(part, _)| &table.begin[*part])
                .copied()
                .collect();
            begun.sort_unstable();
            begun.dedup();
            for (says, pattern) in begun.into_iter().map(|at| &table.says[at]) {
                let Some(end) = pattern.at(&text, start) else {
                    continue;
                };
                let words = start..end;
                if let Some(says) = table.scoped(&text, *says, &words) {
                    let table = place;
                    found.push(Match { says, words, table });
                }
            }
        }
    }
    let void: Vec<Range<usize>> = found
        .iter()
        .filter(|found| found.says == Says::Nothing)
        .map(|found| found.words.clone())
        .collect();
    found.retain(|found| {
        let overlaps =
            |void: &Range<usize>| void.start < found.words.end && found.words.start < void.end;
        found.says == Says::Keep || !void.iter().any(overlaps)
    });
    found
}

/// Whether a message that is more than a command asks to stop, and in which language.
fn stop(words: &Words, tokens: &[Token], found: &[Match]) -> Option<(Asks, usize)> {
    let says = |says: Says| found.iter().find(move |found| found.says == says);
    let clause = clause_stop(words, tokens);
    let all = says(Says::Stop).map(|found| found.table);
    let all = all.or(clause
        .filter(|(asks, _)| *asks == Asks::StopAll)
        .map(|(_, table)| table));
    let marketing = says(Says::StopMarketing).map(|found| found.table);
    let marketing = marketing.or(clause.map(|(_, table)| table));
    match (all, marketing) {
        (Some(table), _) if says(Says::Keep).is_some() => Some((Asks::StopMarketing, table)),
        (Some(table), _) => Some((Asks::StopAll, table)),
        (None, Some(table)) => Some((Asks::StopMarketing, table)),
        (None, None) => None,
    }
}

/// A clear word of stop that is a clause of its own, in a message about nothing that is
/// bought, delivered or paid: "Not interested, STOP".
fn clause_stop(words: &Words, tokens: &[Token]) -> Option<(Asks, usize)> {
    let keywords = &words.shared.keywords;
    let stopped = clauses(tokens, Break::Clause)
        .find_map(|clause| keywords.stops(&tokens[clause], &words.names));
    let stopped = stopped.filter(|_| !keywords.names_other(tokens));
    stopped.map(|(command, table)| (asks(command), table))
}

/// A word of stop that is a sentence of its own, whatever the others are about.
fn lone_stop(words: &Words, tokens: &[Token]) -> Option<usize> {
    clauses(tokens, Break::Line).find_map(|sentence| {
        words
            .shared
            .keywords
            .stops_alone(&tokens[sentence], &words.names)
    })
}

/// The parts of a text between breaks of some strength.
fn clauses(tokens: &[Token], breaks: Break) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = tokens.get(start + 1..)?;
        let length = rest.iter().position(|token| token.before >= breaks);
        let clause = start..length.map_or(tokens.len(), |length| start + 1 + length);
        start = clause.end;
        Some(clause)
    })
}

impl Table {
    fn text<'a>(&self, tokens: &'a [Token]) -> Text<'a> {
        let mut hits: Vec<Vec<(Part, usize)>> = (0..tokens.len())
            .map(|at| self.phrases.at(tokens, at).collect())
            .collect();
        for at in 0..tokens.len() {
            let idle = hits[at].iter().filter(|(part, _)| *part == self.parts.idle);
            if let Some(end) = idle.map(|(_, end)| *end).max() {
                hits[at..end].iter_mut().for_each(Vec::clear);
            }
        }
        let covered = |part: Part, counts: &dyn Fn(usize) -> bool| {
            let mut covered = vec![false; tokens.len()];
            for (at, here) in hits.iter().enumerate() {
                for (_, end) in here.iter().filter(|(found, _)| *found == part) {
                    if counts(*end) {
                        covered[at..*end].fill(true);
                    }
                }
            }
            covered
        };
        let (thing, marketing) = (self.parts.thing, self.parts.marketing);
        // "Delivery texts" are texts.
        let is_own = |end: usize| {
            let next = hits.get(end).into_iter().flatten();
            !next
                .into_iter()
                .any(|(part, _)| *part == thing || *part == marketing)
        };
        Text {
            tokens,
            fillers: covered(self.parts.filler, &|_| true),
            others: covered(self.parts.other, &is_own),
            hits,
            reaches: self.reaches,
        }
    }

    /// What a match says where it stands: of advertising only, or nothing.
    fn scoped(&self, text: &Text<'_>, says: Says, words: &Range<usize>) -> Option<Says> {
        match says {
            Says::StopBare => {
                let before = |at: &usize| text.before(*at) < Break::Sentence;
                let start = (1..=words.start).rev().take_while(before).last();
                let start = start.map_or(words.start, |at| at - 1);
                let end = (words.end..text.tokens.len()).take_while(before).last();
                let end = end.map_or(words.end, |at| at + 1);
                if text.others[start..end].contains(&true) {
                    return None;
                }
                if text.others.contains(&true) {
                    return Some(Says::Doubtful);
                }
            }
            Says::Stop => {}
            _ => return Some(says),
        }
        let in_clause = |at: &usize| text.before(*at) < Break::Clause;
        let behind = (words.end..text.tokens.len())
            .take(SCOPE)
            .take_while(in_clause);
        let mut around = words.clone().chain(behind);
        let ahead = (1..=words.start).rev().take(SCOPE).take_while(in_clause);
        let mut ahead = ahead.map(|at| at - 1).filter(|_| self.thing_first);
        let advertises = |at: usize| text.has(at, self.parts.marketing);
        let only = around.any(advertises) || ahead.any(advertises);
        Some(if only {
            Says::StopMarketing
        } else {
            Says::Stop
        })
    }
}
