//! The phrases of all languages in one automaton: a text is read once, whatever it may say.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::{Anchored, MatchKind};
use serde::Deserialize;

use crate::Rule;
use crate::fold::{Folded, SPACE, is_mark};

/// The phrases of one language, as its file has them. A phrase that ends in `*` matches
/// words that go on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    language: Language,
    /// Turn what follows in the clause into its opposite: "never".
    never: Vec<String>,
    /// Turn the words that follow into their opposite: "do not".
    not: Vec<String>,
    /// Verbs that do something with a thing and do not ask for it: "change your password".
    change: Vec<String>,
    /// Press for time.
    hurry: Vec<String>,
    /// Ask to call or text; a number follows.
    call: Vec<String>,
    /// Say to call the number before them: "ring that number".
    #[serde(default)]
    call_it: Vec<String>,
    /// Stand right before a short number that is to be texted: "to".
    to: Vec<String>,
    /// Ask to write; a mail address follows.
    write: Vec<String>,
    /// Stand before numbers that nobody calls: "order".
    number_of: Vec<String>,
    /// Prizes and windfalls.
    bait: Vec<String>,
    asks: Asks,
    #[serde(default)]
    denial: Denial,
}

/// What tells a word that turns a request into its opposite from one that only looks so.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Denial {
    /// Deny nothing, though a word in them would: "never mind".
    void: Vec<String>,
    /// Who asks, as honest sentences say it: "ask you to".
    asking: Vec<String>,
    /// Right before a verb, begin another request: "and".
    and: Vec<String>,
    /// Between verbs that are denied together: "or".
    or: Vec<String>,
    /// Begin another request, wherever they stand: "please".
    turn: Vec<String>,
    /// Right before a verb that is no request: "zu".
    infinitive: Vec<String>,
    /// Make a threat of what is denied behind them: "if you" do not send it.
    condition: Vec<String>,
}

/// How a language builds its sentences.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Language {
    /// Words are parted by spaces.
    pub spaces: bool,
    /// The verb may stand behind what it is about.
    pub verb_may_follow: bool,
    /// "Never" may stand behind its verb.
    pub never_may_follow: bool,
    /// "Not" may stand behind its verb.
    pub not_may_follow: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asks {
    secret: Ask,
    data: Ask,
    payment: Ask,
    gift_card: Ask,
    app: Ask,
    messenger: Ask,
}

/// What is asked, and for what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    verbs: Vec<String>,
    things: Vec<String>,
    /// Forms that ask behind a denial of nothing only: "no dude en" enviar, "do not forget
    /// to". Alone they ask for nothing.
    #[serde(default)]
    urged: Vec<String>,
    /// Stand right before where to pay: "into account" 12345678. Of payment only.
    #[serde(default)]
    pay_to: Vec<String>,
    /// Ask too where they stand behind the thing: "is needed, reply here".
    #[serde(default)]
    back: Vec<String>,
    /// Ask too where they stand in the sentence behind the thing: "write it here".
    #[serde(default)]
    answer: Vec<String>,
}

/// What a phrase is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Never,
    Not,
    /// Takes its force from a word that denies.
    Void,
    /// Makes a threat of a word that denies.
    Condition,
    /// Says that somebody asks.
    Asking,
    Change,
    Hurry,
    Call,
    CallIt,
    Write,
    NumberOf,
    Bait,
    /// Stands right before an account or a wallet.
    PayTo,
    Verb(Rule),
    /// A verb that asks only where a denial that denies nothing goes with it.
    Urged(Rule),
    /// A verb that stands behind its thing: in the same sentence, or in the next too.
    Back(Rule, bool),
    Thing(Rule),
    /// The beginning of an address, however it is spelt.
    Scheme,
    /// "dot" between the parts of a host.
    Dot,
}

/// A phrase found, in places of the folded text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    pub start: usize,
    pub end: usize,
    pub role: Role,
    /// Which table it is from.
    pub table: usize,
}

#[derive(Clone, Copy, Debug)]
struct Meaning {
    role: Role,
    table: usize,
    /// Nothing may follow in its word.
    ends: bool,
}

/// The automata, and what their patterns mean.
#[derive(Debug)]
pub(crate) struct Phrases {
    latin: Matcher,
    others: Matcher,
    languages: Vec<Language>,
    joints: Vec<Joints>,
    to: BTreeSet<Vec<u8>>,
}

/// Small words between what denies and what is denied, folded.
#[derive(Debug)]
pub(crate) struct Joints {
    pub and: BTreeSet<Vec<u8>>,
    pub or: BTreeSet<Vec<u8>>,
    pub turn: BTreeSet<Vec<u8>>,
    pub infinitive: BTreeSet<Vec<u8>>,
}

impl Joints {
    fn of(denial: &Denial) -> Self {
        let set = |words: &[String]| words.iter().map(|word| Folded::phrase(word)).collect();
        Self {
            and: set(&denial.and),
            or: set(&denial.or),
            turn: set(&denial.turn),
            infinitive: set(&denial.infinitive),
        }
    }
}

#[derive(Debug)]
struct Matcher {
    automaton: DFA,
    start: StateID,
    meanings: Vec<Vec<Meaning>>,
}

/// Schemes of addresses, after folding.
const SCHEMES: [&str; 5] = ["http", "https", "hxxp", "hxxps", "ftp"];

impl Table {
    /// A phrase that would match everything.
    pub(crate) fn first_empty(&self) -> Option<&str> {
        self.all()
            .into_iter()
            .flat_map(|(words, _)| words)
            .find(|words| Folded::phrase(words).is_empty())
            .map(String::as_str)
    }

    fn all(&self) -> Vec<(&[String], Role)> {
        let asks = &self.asks;
        let mut all = vec![
            (self.never.as_slice(), Role::Never),
            (&self.not, Role::Not),
            (&self.denial.void, Role::Void),
            (&self.denial.asking, Role::Asking),
            (&self.denial.condition, Role::Condition),
            (&self.change, Role::Change),
            (&self.hurry, Role::Hurry),
            (&self.call, Role::Call),
            (&self.call_it, Role::CallIt),
            (&self.write, Role::Write),
            (&self.number_of, Role::NumberOf),
            (&self.bait, Role::Bait),
            (&asks.payment.pay_to, Role::PayTo),
        ];
        for (ask, rule) in [
            (&asks.secret, Rule::AsksSecret),
            (&asks.data, Rule::AsksData),
            (&asks.payment, Rule::AsksPayment),
            (&asks.gift_card, Rule::AsksGiftCard),
            (&asks.app, Rule::AsksApp),
            (&asks.messenger, Rule::AsksMessenger),
        ] {
            all.push((&ask.verbs, Role::Verb(rule)));
            all.push((&ask.urged, Role::Urged(rule)));
            all.push((&ask.things, Role::Thing(rule)));
            all.push((&ask.back, Role::Back(rule, false)));
            all.push((&ask.answer, Role::Back(rule, true)));
        }
        all
    }
}

impl Phrases {
    pub(crate) fn compile(tables: &[Table]) -> Result<Self, String> {
        let mut patterns: BTreeMap<Vec<u8>, Vec<Meaning>> = BTreeMap::new();
        for (place, table) in tables.iter().enumerate() {
            for (words, role) in table.all() {
                for words in words {
                    let spaces = table.language.spaces;
                    let pattern = pattern(words, spaces);
                    patterns.entry(pattern).or_default().push(Meaning {
                        role,
                        table: place,
                        ends: spaces && !words.ends_with('*'),
                    });
                }
            }
        }
        let own = SCHEMES.iter().map(|words| (*words, Role::Scheme, false));
        for (words, role, ends) in own.chain([("dot", Role::Dot, true)]) {
            patterns
                .entry(pattern(words, ends))
                .or_default()
                .push(Meaning {
                    role,
                    table: usize::MAX,
                    ends,
                });
        }
        let (latin, others) = patterns
            .into_iter()
            .partition(|(words, _)| words.is_ascii());
        Ok(Self {
            latin: Matcher::of(latin)?,
            others: Matcher::of(others)?,
            languages: tables.iter().map(|table| table.language).collect(),
            joints: tables
                .iter()
                .map(|table| Joints::of(&table.denial))
                .collect(),
            to: tables
                .iter()
                .flat_map(|table| &table.to)
                .map(|word| Folded::phrase(word))
                .collect(),
        })
    }

    pub(crate) fn language(&self, table: usize) -> Language {
        self.languages[table]
    }

    pub(crate) fn joints(&self, table: usize) -> &Joints {
        &self.joints[table]
    }

    /// Whether a word may stand between what is to be sent and a short number.
    pub(crate) fn leads_to_number(&self, word: &str) -> bool {
        self.to.contains(&Folded::phrase(word))
    }

    /// Every phrase in a text, by its start.
    pub(crate) fn find(&self, folded: &Folded) -> Vec<Hit> {
        let mut hits = Vec::new();
        self.latin.find(&folded.octets, &mut hits);
        if !folded.is_ascii {
            self.others.find(&folded.octets, &mut hits);
        }
        hits.sort_unstable_by_key(|hit| (hit.start, hit.end));
        hits
    }
}

/// A phrase folded; where words have spaces, with the one before it.
fn pattern(words: &str, spaces: bool) -> Vec<u8> {
    let mut pattern = Folded::phrase(words);
    if spaces {
        pattern.insert(0, SPACE);
    }
    pattern
}

impl Matcher {
    fn of(patterns: BTreeMap<Vec<u8>, Vec<Meaning>>) -> Result<Self, String> {
        let (words, meanings): (Vec<_>, Vec<_>) = patterns.into_iter().unzip();
        let many = |error: &dyn std::fmt::Display| format!("the phrases are too many: {error}");
        let automaton = DFA::builder()
            .match_kind(MatchKind::Standard)
            .prefilter(false)
            .build(&words)
            .map_err(|error| many(&error))?;
        let start = automaton.start_state(Anchored::No);
        let start = start.map_err(|error| many(&error))?;
        Ok(Self {
            automaton,
            start,
            meanings,
        })
    }

    fn find(&self, octets: &[u8], hits: &mut Vec<Hit>) {
        let automaton = &self.automaton;
        let mut state = self.start;
        // Its own loop: the library's keeps what only searches that may stop need.
        for (at, octet) in octets.iter().enumerate() {
            state = automaton.next_state(Anchored::No, state, *octet);
            if automaton.is_special(state) && automaton.is_match(state) {
                for index in 0..automaton.match_len(state) {
                    let pattern = automaton.match_pattern(state, index);
                    let length = automaton.pattern_len(pattern);
                    let meanings = &self.meanings[pattern.as_usize()];
                    put(meanings, (at + 1 - length, at + 1), octets, hits);
                }
            }
        }
    }
}

/// Adds what a phrase found means where it stands.
fn put(meanings: &[Meaning], (start, end): (usize, usize), octets: &[u8], hits: &mut Vec<Hit>) {
    let start = start + usize::from(octets[start] == SPACE);
    let ends = end == octets.len() || is_mark(octets[end]);
    for meaning in meanings {
        if ends || !meaning.ends {
            hits.push(Hit {
                start,
                end,
                role: meaning.role,
                table: meaning.table,
            });
        }
    }
}
