//! Sentences that ask for what must not be asked for, that promise a prize, or that press.

use crate::content::Findings;
use crate::denial::Said;
use crate::fold::{Folded, Parted};
use crate::links::Links;
use crate::phrases::{Hit, Role};
use crate::{Form, Promises, Rule};

/// So far apart, in octets, may a verb and its thing be.
const REACH: usize = 48;

/// Looks at every phrase that was found.
pub(crate) fn check(
    form: Form,
    (folded, hits, links): (&Folded, &[Hit], &Links),
    promises: &Promises,
    findings: &mut Findings<'_>,
) {
    let reader = Reader {
        folded,
        hits,
        promises,
    };
    let mut pressing = Vec::new();
    for (at, hit) in hits.iter().enumerate() {
        match hit.role {
            Role::Thing(rule) => {
                if let Some(verb) = reader.verb(at, rule).or_else(|| reader.back(at, rule)) {
                    add(rule, folded, (verb, hit), findings);
                }
            }
            Role::Bait if !reader.is_denied(hit) => add(Rule::Bait, folded, (hit, hit), findings),
            Role::Hurry if !reader.is_denied(hit) => {
                let fresh = pressing
                    .last()
                    .is_none_or(|last: &&Hit| last.end <= hit.start);
                if fresh {
                    pressing.push(hit);
                }
            }
            _ => {}
        }
    }
    if links.any() && form.is_short() {
        if let Some(hit) = pressing.first() {
            add(Rule::HurryLink, folded, (hit, hit), findings);
        }
    } else if let Some(hit) = pressing.get(promises.hurry(form)) {
        add(Rule::Hurry, folded, (hit, hit), findings);
    }
}

fn add(rule: Rule, folded: &Folded, (one, other): (&Hit, &Hit), findings: &mut Findings<'_>) {
    let start = folded.origin(one.start.min(other.start));
    let last = one.end.max(other.end) - 1;
    findings.add(rule, start, folded.origin(last) + 1);
}

struct Reader<'a> {
    folded: &'a Folded,
    hits: &'a [Hit],
    promises: &'a Promises,
}

impl<'a> Reader<'a> {
    /// The verb that asks for the thing at `at`, if an honest sentence does not.
    fn verb(&self, at: usize, rule: Rule) -> Option<&'a Hit> {
        let thing = &self.hits[at];
        let fits = |hit: &&Hit| {
            matches!(hit.role, Role::Verb(of) | Role::Urged(of) if of == rule)
                && hit.table == thing.table
        };
        let near = |from: usize, to: usize| {
            from <= to && to - from <= REACH && self.folded.parted(from, to) < Parted::Sentences
        };
        let before = self.hits[..at]
            .iter()
            .rev()
            .take_while(|hit| thing.start.saturating_sub(hit.start) <= REACH * 2)
            .filter(fits)
            .find(|verb| near(verb.end, thing.start) && self.said().asks(verb, thing))
            .filter(|verb| !self.is_changed(verb, thing));
        if before.is_some()
            || !self
                .promises
                .phrases()
                .language(thing.table)
                .verb_may_follow
        {
            return before;
        }
        self.hits[at..]
            .iter()
            .take_while(|hit| hit.start.saturating_sub(thing.end) <= REACH)
            .filter(fits)
            .find(|verb| near(thing.end, verb.start) && self.said().asks(verb, thing))
    }

    /// The words behind the thing at `at` that ask for it.
    fn back(&self, at: usize, rule: Rule) -> Option<&'a Hit> {
        let thing = &self.hits[at];
        let behind = self.hits[at..]
            .iter()
            .take_while(|hit| hit.start.saturating_sub(thing.end) <= REACH);
        behind
            .filter(|hit| hit.table == thing.table && hit.start >= thing.end)
            .filter(|hit| match hit.role {
                Role::Back(of, crosses) if of == rule => {
                    crosses || self.folded.parted(thing.end, hit.start) < Parted::Sentences
                }
                _ => false,
            })
            .find(|hit| !self.is_denied(hit))
    }

    /// Whether another verb stands between one that asks and the thing, and takes the thing
    /// for itself: "type our address and change your password".
    fn is_changed(&self, verb: &Hit, thing: &Hit) -> bool {
        let behind = self.hits.partition_point(|hit| hit.start < verb.end);
        let between = self.hits[behind..]
            .iter()
            .take_while(|hit| hit.start < thing.start);
        between
            .filter(|hit| hit.role == Role::Change && hit.table == thing.table)
            .any(|hit| hit.end <= thing.start)
    }

    /// Whether a word near a phrase turns it into its opposite.
    fn is_denied(&self, phrase: &Hit) -> bool {
        self.said().denies(phrase)
    }

    fn said(&self) -> Said<'a> {
        Said {
            folded: self.folded,
            hits: self.hits,
            phrases: self.promises.phrases(),
        }
    }
}
