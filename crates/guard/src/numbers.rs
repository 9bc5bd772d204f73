//! Numbers that people are to call or text.
//!
//! Order numbers, amounts, dates and codes are numbers too: what makes a phone number of
//! one is how it is written, or a word beside it that says to call.

use crate::Rule;
use crate::content::Findings;
use crate::fold::Folded;
use crate::links::Links;
use crate::own::Own;
use crate::phrases::{Hit, Phrases, Role};
use crate::plain::{LETTER, OTHER, Plain, WIDE};

/// So far, in bytes, may a word that says to call stand before its number, and after it.
const BEFORE: usize = 56;
const AFTER: usize = 20;
/// So far behind it may stand what says to call "that number".
const NEXT: usize = 48;
/// So far before a number stands what it is the number of.
const NUMBER_OF: usize = 14;
/// So long may a phrase be.
const PHRASE: usize = 40;
const MOST_DIGITS: usize = 15;
/// Makes a key of the digit before it.
const KEY: char = '\u{20e3}';

/// A text as numbers are looked for in it.
pub(crate) struct Written<'a> {
    pub plain: &'a Plain<'a>,
    pub folded: &'a Folded,
    pub hits: &'a [Hit],
    pub phrases: &'a Phrases,
}

/// A number's surroundings: its place in the text, and the phrases near it.
#[derive(Clone, Copy)]
pub(crate) struct Around<'a> {
    start: usize,
    end: usize,
    hits: &'a [Hit],
}

/// Groups of digits with separators between them.
pub(crate) struct Number {
    pub digits: String,
    groups: Vec<usize>,
    /// What stands between the groups.
    separators: Vec<u8>,
    pub plus: bool,
    /// In octets of the plain text.
    pub from: usize,
    pub to: usize,
}

impl Written<'_> {
    /// Finds every number to call or text that is not ours.
    pub(crate) fn check(&self, own: &Own, links: &Links, findings: &mut Findings<'_>) {
        let octets = &self.plain.octets;
        let mut at = 0;
        while at < octets.len() {
            if !octets[at].is_ascii_digit() {
                at += 1;
                continue;
            }
            let disguised = self.disguised(at);
            let is_disguised = disguised.is_some();
            let number = disguised.unwrap_or_else(|| self.number(at));
            at = number.to;
            if links.covers(number.from) || own.has_number(&number.digits, number.plus) {
                continue;
            }
            if is_disguised || self.is_called(&number) {
                let (start, end) = (self.plain.place(number.from), self.plain.end(number.to));
                findings.add(Rule::ForeignNumber, start, end);
            }
        }
    }

    /// The number whose first digit stands at `at`.
    fn number(&self, at: usize) -> Number {
        let octets = &self.plain.octets;
        let before = octets[..at]
            .iter()
            .rev()
            .take(2)
            .take_while(|b| matches!(**b, b'(' | b'+'));
        let opening = before.clone().count();
        let plus = before.clone().any(|b| *b == b'+');
        let mut number = Number {
            digits: String::new(),
            groups: Vec::new(),
            separators: Vec::new(),
            plus,
            from: at - opening,
            to: at,
        };
        let mut to = at;
        loop {
            let before = number.digits.len();
            let length = self.group(to, &mut number.digits);
            if !number.groups.is_empty() && number.digits.len() > MOST_DIGITS {
                number.digits.truncate(before);
                number.separators.pop();
                return number;
            }
            number.groups.push(number.digits.len() - before);
            to += length;
            number.to = to;
            let signs = octets[to..]
                .iter()
                .take(3)
                .take_while(|b| matches!(**b, b' ' | b'-' | b'.' | b'(' | b')' | b'/'))
                .count();
            if signs == 0 || !self.plain.get(to + signs).is_ascii_digit() {
                return number;
            }
            let signs = &octets[to..to + signs];
            let sign = signs.iter().copied().find(|b| *b != b' ').unwrap_or(b' ');
            number.separators.push(sign);
            to += signs.len();
        }
    }

    /// Adds the digits that stand together; gives how many octets they take with the keys
    /// around them.
    fn group(&self, at: usize, digits: &mut String) -> usize {
        let octets = &self.plain.octets;
        let mut to = at;
        while let Some(octet) = octets.get(to) {
            match octet {
                octet if octet.is_ascii_digit() => digits.push(char::from(*octet)),
                &OTHER if self.is_key(to) => {}
                _ => break,
            }
            to += 1;
        }
        to - at
    }

    /// Whether the sign that makes a key of the digit before it stands here.
    fn is_key(&self, at: usize) -> bool {
        let rest = self.plain.text.get(self.plain.place(at)..);
        rest.is_some_and(|rest| rest.starts_with(KEY))
    }

    fn is_called(&self, number: &Number) -> bool {
        let length = number.digits.len();
        if !(3..=MOST_DIGITS + 5).contains(&length)
            || number.is_date()
            || number.is_of_a_book()
            || self.is_amount(number)
        {
            return false;
        }
        let before = self.plain.before(number.from);
        let around = self.around(number);
        let grown = match before {
            b'-' => self
                .plain
                .before(number.from - 1)
                .is_ascii_alphanumeric()
                .then(|| number.from - 1),
            _ => before.is_ascii_alphabetic().then_some(number.from),
        };
        let says_call = grown.is_some_and(|at| self.grown_together(at));
        let inside_a_word =
            matches!(before, LETTER | WIDE | b'#' | b'_') || (grown.is_some() && !says_call);
        if number.plus && (9..=MOST_DIGITS).contains(&length) {
            return true;
        }
        if inside_a_word || self.is_of_something(around) {
            return false;
        }
        if number.looks_national() || (says_call && length >= 7) {
            return true;
        }
        let after = self.plain.get(number.to);
        // `0871277810710p/min` is one; `48213a` is not.
        if after.is_ascii_alphabetic() && length < 9 || after == b'%' {
            return false;
        }
        if (7..=MOST_DIGITS).contains(&length) {
            return self.is_near(Role::Call, around)
                || self.follows(Role::Call, around)
                || self.is_called_next(around);
        }
        number.groups.len() == 1
            && length >= 4
            && self.is_near(Role::Call, around)
            && (self.ends_at(Role::Call, around) || self.is_addressed(number.from))
    }

    /// `call0905…`: whether the letters right before a number say to call.
    fn grown_together(&self, at: usize) -> bool {
        let letters = self.plain.octets[..at]
            .iter()
            .rev()
            .take_while(|b| b.is_ascii_alphabetic())
            .count();
        let word = self.plain.words(at - letters, at);
        let hits = self.phrases.find(&Folded::of(&word));
        hits.iter()
            .any(|hit| hit.role == Role::Call && hit.start <= 1)
    }

    /// Whether a currency or a unit makes an amount of it.
    fn is_amount(&self, number: &Number) -> bool {
        let first = self.plain.place(number.from);
        let before = self.plain.text[..first].trim_end();
        let after = self.plain.text[self.plain.end(number.to)..].trim_start();
        let sign = |c: char| matches!(c, '$' | '£' | '¥' | '₹' | '€' | '₽' | '₩' | '%' | '￥');
        let decimals =
            self.plain.get(number.to) == b',' && self.plain.get(number.to + 1).is_ascii_digit();
        before.ends_with(sign) || after.starts_with(sign) || decimals || number.has_decimals()
    }

    pub(crate) fn around(&self, number: &Number) -> Around<'_> {
        let start = self.plain.place(number.from);
        let end = self.plain.end(number.to);
        let from = self.folded.near(start).saturating_sub(BEFORE + PHRASE);
        let to = self.folded.near(end) + NEXT + PHRASE;
        let first = self.hits.partition_point(|hit| hit.start < from);
        let last = self.hits.partition_point(|hit| hit.start < to);
        Around {
            start,
            end,
            hits: &self.hits[first..last],
        }
    }

    /// Where the phrases end that stand at most so far before a number.
    fn before(&self, role: Role, around: Around<'_>, reach: usize) -> impl Iterator<Item = usize> {
        let ending = |hit: &Hit| self.folded.origin(hit.end - 1) + 1;
        let hits = around.hits.iter().filter(move |hit| hit.role == role);
        hits.map(ending)
            .filter(move |end| *end <= around.start && around.start - *end <= reach)
    }

    fn between(&self, from: usize, to: usize) -> &str {
        self.plain.text.get(from..to).unwrap_or_default()
    }

    pub(crate) fn is_near(&self, role: Role, around: Around<'_>) -> bool {
        // An order between the two: it is the number of that.
        let of = self
            .before(Role::NumberOf, around, BEFORE)
            .max()
            .unwrap_or(0);
        self.before(role, around, BEFORE)
            .any(|end| of <= end && !self.between(end, around.start).contains("\n\n"))
    }

    /// Whether a phrase stands right before a number, signs and spaces apart.
    fn ends_at(&self, role: Role, around: Around<'_>) -> bool {
        self.before(role, around, 4).any(|end| {
            let between = self.between(end, around.start);
            !between.contains(char::is_alphanumeric)
        })
    }

    fn follows(&self, role: Role, around: Around<'_>) -> bool {
        around
            .hits
            .iter()
            .filter(|hit| hit.role == role)
            .any(|hit| {
                let start = self.folded.origin(hit.start);
                start >= around.end && start - around.end <= AFTER && {
                    let between = self.between(around.end, start);
                    !between.contains(['.', '!', '?', '\n', '。'])
                }
            })
    }

    /// "442079460958. Please ring that number": the next sentence says to call it.
    fn is_called_next(&self, around: Around<'_>) -> bool {
        let calls = around.hits.iter().filter(|hit| hit.role == Role::CallIt);
        let mut starts = calls.map(|hit| self.folded.origin(hit.start));
        starts.any(|start| start >= around.end && start - around.end <= NEXT)
    }

    /// Whether it is the number of an order, a code and the like; "voucher, call 0870…" is
    /// none of a voucher.
    pub(crate) fn is_of_something(&self, around: Around<'_>) -> bool {
        let called = self.before(Role::Call, around, BEFORE).max().unwrap_or(0);
        self.before(Role::NumberOf, around, NUMBER_OF).any(|end| {
            let between = self.between(end, around.start);
            end >= called && !between.contains(['\n', '!', '?'])
        })
    }

    /// Whether the word before a short number is one like "to": `text WIN to 81010`.
    fn is_addressed(&self, at: usize) -> bool {
        let before = &self.plain.octets[..at];
        let signs = before
            .iter()
            .rev()
            .take_while(|b| **b < WIDE && !b.is_ascii_alphanumeric());
        let to = at - signs.count();
        let word = before[..to]
            .iter()
            .rev()
            .take_while(|b| crate::plain::is_word(**b))
            .count();
        self.phrases
            .leads_to_number(&self.plain.words(to - word, to))
    }
}

impl Number {
    /// Digits that were told by other means than by groups and separators.
    pub(crate) const fn of(digits: String, from: usize, to: usize) -> Self {
        Self {
            digits,
            groups: Vec::new(),
            separators: Vec::new(),
            plus: false,
            from,
            to,
        }
    }

    fn is_date(&self) -> bool {
        let same = self.separators.windows(2).all(|pair| pair[0] == pair[1]);
        let dated = matches!(self.separators.first(), Some(b'-' | b'/' | b'.'));
        let in_order = matches!(
            self.groups.as_slice(),
            [4, 1..=2, 1..=2, ..] | [1..=2, 1..=2, 4, ..] | [1..=2, 1..=2, 2]
        );
        (dated && in_order && (same || self.groups.len() > 3)) || self.is_year()
    }

    /// The number of a book (ISO 2108): no country has the prefix, and the last digit is
    /// right.
    fn is_of_a_book(&self) -> bool {
        let digits = self.digits.as_bytes();
        let weighed = digits.iter().zip([1, 3].into_iter().cycle());
        let sum: u32 = weighed.map(|(digit, w)| u32::from(digit - b'0') * w).sum();
        digits.len() == 13
            && (digits.starts_with(b"978") || digits.starts_with(b"979"))
            && !self.plus
            && sum.is_multiple_of(10)
    }

    fn is_year(&self) -> bool {
        self.groups == [4] && (self.digits.starts_with("19") || self.digits.starts_with("20"))
    }

    fn has_decimals(&self) -> bool {
        let grouped = self.groups.len() > 1 && self.groups[1..].iter().all(|group| *group == 3);
        match self.separators.as_slice() {
            [b'.'] => self.groups[1] <= 2 || (grouped && self.digits.len() <= 7),
            separators => grouped && separators.iter().all(|sign| *sign == b'.'),
        }
    }

    /// Written as phones write numbers: groups that begin with 0, or 3-3-4.
    fn looks_national(&self) -> bool {
        let plain = self
            .separators
            .iter()
            .all(|sign| matches!(sign, b' ' | b'-' | b')' | b'.'));
        let trunk = self.digits.starts_with('0')
            && (3..=6).contains(&self.groups[0])
            && (2..=5).contains(&self.groups.len())
            && (10..=11).contains(&self.digits.len());
        let american = self.groups == [3, 3, 4] && !self.digits.starts_with(['0', '1']);
        let freephone = self.groups == [1, 3, 3, 4] && self.digits.starts_with("18");
        plain && (trunk || american || freephone)
    }
}
