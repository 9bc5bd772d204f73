//! Whether a word such as "never" turns a request into its opposite.
//!
//! It has to govern the request: in its clause, with no other request between. A "never"
//! that stands about anywhere must not open the door: "Never mind, send us the code".

use crate::fold::{Folded, Parted, is_mark};
use crate::phrases::{Hit, Joints, Language, Phrases, Role};

/// So far before a phrase, in octets, may stand what denies it, if somebody asks between.
const NEVER: usize = 160;
/// So many characters may be between, if nobody asks: for "never", and for "not".
const NEVER_AHEAD: usize = 44;
const NOT_AHEAD: usize = 14;
/// The same, where the verb stands at the end and for what denies behind it.
const FAR: usize = 32;

/// What is behind a phrase may be so far, in octets.
const BEHIND: usize = 96;

/// A text, and the phrases found in it.
#[derive(Clone, Copy)]
pub(crate) struct Said<'a> {
    pub folded: &'a Folded,
    pub hits: &'a [Hit],
    pub phrases: &'a Phrases,
}

impl<'a> Said<'a> {
    /// Whether a word near a phrase turns it into its opposite.
    pub(crate) fn denies(self, phrase: &Hit) -> bool {
        self.around(phrase, None).holds()
    }

    /// Whether a verb asks for a thing: nothing denies it, and where it asks only after
    /// words like "do not hesitate to", they stand there.
    pub(crate) fn asks(self, verb: &Hit, thing: &Hit) -> bool {
        let around = self.around(verb, Some(thing));
        match verb.role {
            Role::Urged(_) => around.is_urged() && !around.holds(),
            _ => !around.holds(),
        }
    }

    fn around<'b>(self, phrase: &'b Hit, thing: Option<&'b Hit>) -> Denied<'b>
    where
        'a: 'b,
    {
        let from = phrase.start.saturating_sub(NEVER * 2);
        let first = self.hits.partition_point(|hit| hit.start < from);
        let last = self
            .hits
            .partition_point(|hit| hit.start <= phrase.end + BEHIND);
        Denied {
            folded: self.folded,
            near: &self.hits[first..last],
            phrase,
            thing,
            language: self.phrases.language(phrase.table),
            joints: self.phrases.joints(phrase.table),
        }
    }
}

/// A phrase, and what stands around it.
struct Denied<'a> {
    folded: &'a Folded,
    /// The phrases of its neighbourhood.
    near: &'a [Hit],
    phrase: &'a Hit,
    /// What it asks for, if it is a verb.
    thing: Option<&'a Hit>,
    language: Language,
    joints: &'a Joints,
}

impl Denied<'_> {
    fn holds(&self) -> bool {
        let goes_with = |hit: &Hit| match hit.end <= self.phrase.start {
            true => self.governs(hit),
            false => hit.start >= self.phrase.end && self.closes(hit),
        };
        self.denials()
            .any(|hit| goes_with(hit) && !self.is_void(hit))
    }

    fn of_table(&self) -> impl Iterator<Item = &Hit> {
        let hits = self.near.iter();
        hits.filter(|hit| hit.table == self.phrase.table)
    }

    fn denials(&self) -> impl Iterator<Item = &Hit> {
        self.of_table()
            .filter(|hit| matches!(hit.role, Role::Never | Role::Not))
    }

    fn is_void(&self, denial: &Hit) -> bool {
        let mut others = self.of_table().filter(|hit| hit.role == Role::Void);
        others.any(|hit| hit.start < denial.end && denial.start < hit.end) || self.threatens(denial)
    }

    /// "If you do not send us the code": who says so wants it sent. All in one clause:
    /// "if you cannot send it back, give us the code" says nothing of the kind.
    fn threatens(&self, denial: &Hit) -> bool {
        let Some(thing) = self.thing.filter(|_| denial.role == Role::Not) else {
            return false;
        };
        let whole = |one: usize, other: usize| self.folded.parted(one, other) == Parted::Not;
        let mut conditions = self.of_table().filter(|hit| hit.role == Role::Condition);
        conditions.any(|hit| {
            hit.end <= denial.start
                && denial.start - hit.end <= NEVER_AHEAD
                && whole(hit.end, denial.start)
        }) && whole(
            self.phrase.end.min(thing.end),
            self.phrase.start.max(thing.start),
        )
    }

    /// Whether a denial that denies nothing goes with the phrase.
    fn is_urged(&self) -> bool {
        self.denials().any(|hit| {
            let (from, to, far) = match hit.end <= self.phrase.start {
                true => (hit.end, self.phrase.start, NEVER_AHEAD),
                false => (self.phrase.end, hit.start, NOT_AHEAD),
            };
            let goes_with = |parted: Parted| match parted {
                Parted::Not => true,
                // "Zögern Sie nicht, uns den Code zu senden."
                Parted::Clauses => self.language.verb_may_follow,
                Parted::Sentences => false,
            };
            from <= to
                && to - from <= far
                && goes_with(self.folded.parted(from, to))
                && self.is_void(hit)
        })
    }

    /// Whether what denies stands before the phrase and goes with it.
    fn governs(&self, denial: &Hit) -> bool {
        let (from, to) = (denial.end, self.phrase.start);
        if to - from > NEVER {
            return false;
        }
        match self.folded.parted(from, to) {
            Parted::Sentences => return false,
            Parted::Clauses => {
                return self.is_chained(from)
                    || self.is_infinitive(denial)
                    || self.is_after_an_aside(denial);
            }
            Parted::Not => {}
        }
        if self
            .words(from, to)
            .any(|word| self.joints.turn.contains(word))
        {
            return false;
        }
        if self.asks_since(denial.start) || self.is_chained(from) {
            return true;
        }
        let begins_anew = self
            .words(from, to)
            .last()
            .is_some_and(|word| self.joints.and.contains(word));
        let far = match denial.role {
            Role::Never => NEVER_AHEAD,
            _ if self.language.verb_may_follow => FAR,
            _ => NOT_AHEAD,
        };
        !begins_anew && !self.has_verb(from, to) && self.characters(from, to) <= far
    }

    /// Whether what denies stands behind the phrase and goes with it.
    fn closes(&self, denial: &Hit) -> bool {
        let (from, to) = (self.phrase.end, denial.start);
        let may = match denial.role {
            Role::Never => self.language.never_may_follow,
            _ => self.language.not_may_follow,
        };
        if !may
            || self.characters(from, to) > FAR
            || self.folded.parted(from, to) != Parted::Not
            || self
                .words(from, to)
                .any(|word| self.joints.turn.contains(word))
        {
            return false;
        }
        // "Send the code and never worry"; but "the password and the code never".
        let joined = self.place_of_last_and(from, to);
        joined.is_none_or(|joint| {
            self.of_table().any(|hit| {
                matches!(hit.role, Role::Thing(_)) && hit.start >= joint && hit.end <= to
            })
        })
    }

    fn words(&self, from: usize, to: usize) -> impl Iterator<Item = &[u8]> {
        let between = self.folded.octets.get(from..to).unwrap_or_default();
        between
            .split(|octet| is_mark(*octet))
            .filter(|word| !word.is_empty())
    }

    fn characters(&self, from: usize, to: usize) -> usize {
        let between = self.folded.octets.get(from..to).unwrap_or_default();
        between
            .iter()
            .filter(|octet| **octet & 0xc0 != 0x80)
            .count()
    }

    fn place_of_last_and(&self, from: usize, to: usize) -> Option<usize> {
        let mut at = from;
        let mut found = None;
        for word in self.folded.octets[from..to].split(|octet| is_mark(*octet)) {
            if self.joints.and.contains(word) {
                found = Some(at);
            }
            at += word.len() + 1;
        }
        found
    }

    /// Whether somebody asks between a place and the phrase, in the phrase's clause.
    fn asks_since(&self, from: usize) -> bool {
        self.of_table().any(|hit| {
            hit.role == Role::Asking && hit.start >= from && hit.end <= self.phrase.start
        })
    }

    fn has_verb(&self, from: usize, to: usize) -> bool {
        self.of_table().any(|hit| {
            matches!(hit.role, Role::Verb(_))
                && hit.start >= from
                && hit.end <= to
                && hit.end <= self.phrase.start
        })
    }

    /// "Never send, share or forward": verbs only, from what denies up to the phrase.
    fn is_chained(&self, from: usize) -> bool {
        let octets = &self.folded.octets;
        let word_at = |at: usize| {
            let rest = &octets[at..];
            let end = rest.iter().position(|octet| is_mark(*octet));
            &rest[..end.unwrap_or(rest.len())]
        };
        let skip = |mut at: usize| {
            while octets.get(at).is_some_and(|octet| is_mark(*octet)) {
                at += 1;
            }
            at
        };
        let is_or = |at: usize| at < octets.len() && self.joints.or.contains(word_at(at));
        let mut at = skip(from);
        let mut joined = false;
        while at < self.phrase.start {
            joined = is_or(at);
            if joined {
                at = skip(at + word_at(at).len());
                continue;
            }
            let verbs = self.of_table().filter(|hit| {
                matches!(hit.role, Role::Verb(_)) && hit.start == at && hit.end <= self.phrase.start
            });
            let Some(end) = verbs.map(|hit| hit.end).max() else {
                return false;
            };
            at = skip(end);
        }
        at == self.phrase.start && (joined || is_or(skip(self.phrase.end)))
    }

    /// "Wir bitten Sie nie, eine App zu installieren."
    fn is_infinitive(&self, denial: &Hit) -> bool {
        let last = self.words(denial.end, self.phrase.start).last();
        denial.role == Role::Never && last.is_some_and(|word| self.joints.infinitive.contains(word))
    }

    /// "Nobody, not even support, will ask you to send it": who asks opens the last clause.
    fn is_after_an_aside(&self, denial: &Hit) -> bool {
        let between = &self.folded.octets[denial.end..self.phrase.start];
        let marks = || memchr::memchr_iter(crate::fold::CLAUSE, between);
        let (Some(first), Some(last)) = (marks().next(), marks().next_back()) else {
            return false;
        };
        let opens = |at: usize, role: Role| {
            let place = denial.end + at + 2;
            self.of_table()
                .any(|hit| hit.role == role && hit.start == place)
        };
        denial.role == Role::Never
            && marks().count() == 2
            && opens(first, Role::Not)
            && opens(last, Role::Asking)
    }
}
