//! Messages that are a word of command and nothing else: STOP, START, HELP and their
//! families, however they are written, with a polite word, what is to stop or our name.

use std::collections::HashMap;

use super::fold::{Token, tokens};
use super::phrases::{Part, Phrases, Unfit};
use super::slips::is_slip;

/// What a phrase is in a message of command words. One that is several things is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Means us, whatever stands around it: "unsubscribe".
    Stop,
    /// Means us where nothing else is said: "cancel".
    StopAlone,
    Start,
    Yes,
    Help,
    Polite,
    /// A wish, before a word of stop: "I want to". Before one that counts alone it leaves open what is
    /// to end.
    Wanting,
    /// Messages, and ways they come: "texts".
    Thing,
    Marketing,
    /// The line that a telephone adds: "sent from my".
    Signed,
    /// What is bought, delivered or paid.
    Other,
}

const KINDS: [Kind; 11] = [
    Kind::Stop,
    Kind::StopAlone,
    Kind::Start,
    Kind::Yes,
    Kind::Help,
    Kind::Polite,
    Kind::Wanting,
    Kind::Thing,
    Kind::Marketing,
    Kind::Signed,
    Kind::Other,
];

impl Kind {
    /// Whether it is a command.
    fn commands(self) -> bool {
        self <= Self::Help
    }
}

/// No message of command words is longer.
const MOST_WORDS: usize = 24;
/// Words run together or torn apart are looked for up to this length.
const LONGEST_SQUASHED: usize = 40;

/// What a message of command words says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    StopAll,
    StopMarketing,
    Start,
    Yes,
    Help,
    /// Commands that contradict each other, or a stop of something we do not know.
    Unclear,
}

/// The command words of all languages: a message may mix them.
#[derive(Debug, Default)]
pub(super) struct Keywords {
    phrases: Phrases,
    /// Commands without spaces, and their languages.
    squashed: HashMap<String, (Kind, usize)>,
    /// Words of stop that may be misspelt.
    stops: Vec<(String, Kind, usize)>,
}

/// What was found in a row of words.
#[derive(Default)]
struct Found {
    kinds: Vec<(Kind, usize)>,
    numbers: usize,
    strangers: usize,
    /// Words we do not know stand behind those we do.
    strange_end: bool,
}

impl Found {
    fn language(&self, kind: Kind) -> Option<usize> {
        let mut of_kind = self.kinds.iter().filter(|(found, _)| *found == kind);
        of_kind.next().map(|(_, language)| *language)
    }

    fn has(&self, kind: Kind) -> bool {
        self.language(kind).is_some()
    }
}

impl Keywords {
    pub(super) fn add(&mut self, written: &str, kind: Kind, language: usize) -> Result<(), Unfit> {
        self.phrases.add(written, part(kind, language))?;
        let words = tokens(written);
        if kind.commands() {
            let squashed = self.squashed.entry(squash(&words));
            let known = squashed.or_insert((kind, language));
            if kind < known.0 {
                *known = (kind, language);
            }
        }
        Ok(())
    }

    /// Takes slips of the thumb for a word of stop too.
    pub(super) fn forgive(&mut self, written: &str, kind: Kind, language: usize) {
        if let [word] = tokens(written).as_slice() {
            self.stops.push((word.text.clone(), kind, language));
        }
    }

    /// What a whole message says, if it is commands and nothing else, and in which language.
    pub(super) fn whole(&self, tokens: &[Token], names: &[Vec<Token>]) -> Option<(Command, usize)> {
        if tokens.is_empty() || tokens.len() > MOST_WORDS {
            return None;
        }
        if let Some(known) = self.squashed(tokens) {
            return Some(known);
        }
        let found = self.parse(tokens, names)?;
        let (stop, alone) = (found.language(Kind::Stop), found.language(Kind::StopAlone));
        let reach = match found.has(Kind::Marketing) {
            true => Command::StopMarketing,
            false => Command::StopAll,
        };
        let starts = found.has(Kind::Start);
        match (stop, alone) {
            // The name of a programme of ours that we have not been told, or anything else.
            (Some(language), _) if found.strange_end && tokens.len() == 2 => {
                Some((Command::Unclear, language))
            }
            _ if found.strangers > 0 => None,
            (Some(language), _) if starts => Some((Command::Unclear, language)),
            (Some(language), _) => Some((reach, language)),
            // The number of an order.
            (None, Some(_)) if found.numbers > 0 => None,
            (None, Some(language)) => {
                let unclear = [Kind::Start, Kind::Yes, Kind::Help, Kind::Wanting];
                let unclear = unclear.into_iter().any(|kind| found.has(kind));
                Some((if unclear { Command::Unclear } else { reach }, language))
            }
            (None, None) => {
                let only =
                    found.numbers == 0 && !found.has(Kind::Thing) && !found.has(Kind::Marketing);
                let all = [
                    (Kind::Start, Command::Start),
                    (Kind::Yes, Command::Yes),
                    (Kind::Help, Command::Help),
                ];
                all.into_iter()
                    .filter(|_| only)
                    .find_map(|(kind, command)| Some((command, found.language(kind)?)))
            }
        }
    }

    /// The language of a part of a message that is a clear stop by itself.
    pub(super) fn stops(&self, tokens: &[Token], names: &[Vec<Token>]) -> Option<(Command, usize)> {
        let (command, language) = self.whole(tokens, names)?;
        let clear = matches!(command, Command::StopAll | Command::StopMarketing)
            && self.parse(tokens, names)?.has(Kind::Stop);
        clear.then_some((command, language))
    }

    /// Whether a part of a message is a stop, if only of the words that count alone.
    pub(super) fn stops_alone(&self, tokens: &[Token], names: &[Vec<Token>]) -> Option<usize> {
        let (command, language) = self.whole(tokens, names)?;
        (command == Command::StopAll).then_some(language)
    }

    /// Where the telephone's own line begins.
    pub(super) fn signature(&self, tokens: &[Token]) -> Option<usize> {
        (1..tokens.len()).find(|at| {
            tokens[*at].before >= super::fold::Break::Line && self.has(tokens, *at, Kind::Signed)
        })
    }

    /// Whether there is talk of what is bought, delivered or paid.
    pub(super) fn names_other(&self, tokens: &[Token]) -> bool {
        (0..tokens.len()).any(|at| self.has(tokens, at, Kind::Other))
    }

    fn has(&self, tokens: &[Token], at: usize, kind: Kind) -> bool {
        let mut found = self.phrases.at(tokens, at);
        found.any(|(part, _)| kind_of(part) == kind)
    }

    fn squashed(&self, tokens: &[Token]) -> Option<(Command, usize)> {
        let length: usize = tokens.iter().map(|token| token.text.len()).sum();
        if length > LONGEST_SQUASHED {
            return None;
        }
        let (kind, language) = self.squashed.get(&squash(tokens))?;
        let command = match kind {
            Kind::Start => Command::Start,
            Kind::Yes => Command::Yes,
            Kind::Help => Command::Help,
            _ => Command::StopAll,
        };
        Some((command, *language))
    }

    /// Reads a row of words from left to right, the longest phrase first. None where
    /// more than one word is strange, or what is bought is named.
    fn parse(&self, tokens: &[Token], names: &[Vec<Token>]) -> Option<Found> {
        let mut found = Found::default();
        let mut at = 0;
        while at < tokens.len() {
            let named = names.iter().find(|name| starts_with(&tokens[at..], name));
            if let Some(name) = named {
                at += name.len();
                continue;
            }
            if let Some((kind, language, end)) = self.longest(tokens, at) {
                if matches!(kind, Kind::Other | Kind::Signed) {
                    return None;
                }
                found.kinds.push((kind, language));
                at = end;
                continue;
            }
            if tokens[at].is_number() {
                found.numbers += 1;
            } else if let Some((kind, language)) = self.slip(&tokens[at]) {
                found.kinds.push((kind, language));
            } else {
                found.strangers += 1;
                found.strange_end = !found.kinds.is_empty();
                if found.strangers > 1 {
                    return None;
                }
            }
            at += 1;
        }
        Some(found)
    }

    fn longest(&self, tokens: &[Token], at: usize) -> Option<(Kind, usize, usize)> {
        let found = self.phrases.at(tokens, at);
        let best = found.max_by_key(|(part, end)| (*end, std::cmp::Reverse(rank(*part))));
        best.map(|(part, end)| (kind_of(part), part / KINDS.len(), end))
    }

    fn slip(&self, token: &Token) -> Option<(Kind, usize)> {
        let mut stops = self.stops.iter();
        let meant = stops.find(|(word, ..)| is_slip(&token.text, word));
        meant.map(|(_, kind, language)| (*kind, *language))
    }
}

fn part(kind: Kind, language: usize) -> Part {
    language * KINDS.len() + kind as usize
}

fn kind_of(part: Part) -> Kind {
    KINDS[part % KINDS.len()]
}

/// Kind before language.
fn rank(part: Part) -> (Kind, usize) {
    (kind_of(part), part / KINDS.len())
}

fn squash(tokens: &[Token]) -> String {
    tokens.iter().map(|token| token.text.as_str()).collect()
}

fn starts_with(tokens: &[Token], name: &[Token]) -> bool {
    let same = |(one, other): (&Token, &Token)| one.text == other.text;
    !name.is_empty() && tokens.len() >= name.len() && tokens.iter().zip(name).all(same)
}
