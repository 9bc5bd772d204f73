//! News must be newest, and new: what a later state has overtaken is not sent any more,
//! and what was said before is not said twice. The Message Center keeps both.

use std::cmp::Ordering;

use model::{Channel, Instant, Span, Told};
use serde_json::{Map, Value};

use super::{Case, Word};

/// Where a message's own snapshot stands in its data; no part of the fact.
const SNAPSHOT: &str = "_";
/// Where the order stands, and the number of the news of it.
const ORDER: &str = "order";
const SEQUENCE: &str = "sequence";
/// So far apart at most are two tellings of one fact.
const SAME_WITHIN: Span = Span::hours(6);

/// Where a fact stands among what its recipient was told of the same order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Nothing newer was told, nor the same.
    #[default]
    Newest,
    /// A state that overtakes it was told already.
    Late,
    /// It was told already.
    Told,
}

/// A fact, as far as its place among others goes.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    /// The message type.
    pub message_type: &'a str,
    /// When it happened.
    pub time: Instant,
    /// Its declared data.
    pub data: &'a Map<String, Value>,
    /// Whether the same may be said again (a chat, a code).
    pub repeats: bool,
}

pub(super) fn ask(case: &Case<'_>, _: Channel) -> Word {
    match case.standing {
        Standing::Newest => Word::Silent,
        Standing::Late => Word::Stop("late", String::new()),
        Standing::Told => Word::Stop("same", String::new()),
    }
}

/// Where a fact stands. `overtakes` says of two message types whether news of the first
/// makes news of the second outdated.
pub fn standing(
    fact: &Fact<'_>,
    told: &[Told],
    overtakes: impl Fn(&str, &str) -> bool,
) -> Standing {
    if told
        .iter()
        .any(|told| overtakes(&told.message_type, fact.message_type) && is_newer(told, fact))
    {
        return Standing::Late;
    }
    let same = |told: &Told| {
        told.on_its_way
            && told.message_type == fact.message_type
            && apart(told.time, fact.time) <= SAME_WITHIN
            && data_of(told).is_some_and(|data| same_facts(&data, fact.data))
    };
    // "Delivered" once more is news to who was told since that it is on its way again.
    let still_holds = |same: &Told| {
        let related = |told: &&Told| {
            told.on_its_way
                && (overtakes(&told.message_type, fact.message_type)
                    || overtakes(fact.message_type, &told.message_type))
        };
        !told
            .iter()
            .filter(related)
            .any(|told| is_after(told, same) && is_older(told, fact))
    };
    let is_told = |told: &Told| same(told) && still_holds(told);
    if !fact.repeats && told.iter().any(is_told) {
        Standing::Told
    } else {
        Standing::Newest
    }
}

fn apart(one: Instant, other: Instant) -> Span {
    one.max(other).since(one.min(other))
}

/// By the order's own sequence where both have one, else by time.
pub(crate) fn is_newer(told: &Told, fact: &Fact<'_>) -> bool {
    compare(told, fact).is_gt()
}

fn is_older(told: &Told, fact: &Fact<'_>) -> bool {
    compare(told, fact).is_lt()
}

fn is_after(told: &Told, before: &Told) -> bool {
    data_of(before).is_some_and(|data| {
        let before = Fact {
            message_type: &before.message_type,
            time: before.time,
            data: &data,
            repeats: true,
        };
        is_newer(told, &before)
    })
}

fn compare(told: &Told, fact: &Fact<'_>) -> Ordering {
    let sequences = sequence(fact.data).and_then(|own| {
        let theirs = sequence(&data_of(told)?)?;
        Some((theirs, own))
    });
    match sequences {
        Some((theirs, own)) => theirs.cmp(&own),
        None => told.time.cmp(&fact.time),
    }
}

fn sequence(data: &Map<String, Value>) -> Option<u64> {
    data.get(ORDER)?.get(SEQUENCE)?.as_u64()
}

fn data_of(told: &Told) -> Option<Map<String, Value>> {
    serde_json::from_str(told.data.open()).ok()
}

/// Whether two facts say the same; where their members stand does not matter, and neither
/// does the number in the order's sequence: who sends a fact again gives it a new one.
fn same_facts(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    let (ours, theirs) = (members(one, SNAPSHOT), members(other, SNAPSHOT));
    ours.len() == theirs.len()
        && ours.iter().zip(&theirs).all(|((name, a), (known, b))| {
            let order = || match (a, b) {
                (Value::Object(a), Value::Object(b)) if *name == ORDER => {
                    members(a, SEQUENCE) == members(b, SEQUENCE)
                }
                _ => a == b,
            };
            name == known && order()
        })
}

/// The members but one, by name.
fn members<'a>(data: &'a Map<String, Value>, without: &str) -> Vec<(&'a str, &'a Value)> {
    let named = data.iter().map(|(name, value)| (name.as_str(), value));
    let mut members: Vec<_> = named.filter(|(name, _)| *name != without).collect();
    members.sort_unstable_by_key(|(name, _)| *name);
    members
}

#[cfg(test)]
mod tests {
    use model::{Id, MessageId, Sealed};
    use serde_json::json;

    use super::super::cases::noon;
    use super::*;

    fn told(message_type: &str, minutes: i64, data: &Value) -> Told {
        Told {
            message: MessageId::from_i64(1),
            message_type: message_type.into(),
            time: noon() + Span::minutes(minutes),
            on_its_way: true,
            data: Sealed::new(data.to_string()),
        }
    }

    fn overtakes(newer: &str, older: &str) -> bool {
        newer == "delivered" && older == "out"
    }

    fn stands(message_type: &str, minutes: i64, data: &Value, before: &[Told]) -> Standing {
        let fact = Fact {
            message_type,
            time: noon() + Span::minutes(minutes),
            data: data.as_object().unwrap(),
            repeats: false,
        };
        standing(&fact, before, overtakes)
    }

    #[test]
    fn a_fact_sent_again_with_another_number_is_the_same() {
        let one = json!({"order": {"number": "1", "sequence": 5}, "place": "door"});
        let again = json!({"place": "door", "order": {"sequence": 6, "number": "1"}});
        let other = json!({"order": {"number": "1", "sequence": 6}, "place": "desk"});
        let before = [told("delivered", 0, &one)];
        assert_eq!(stands("delivered", 5, &again, &before), Standing::Told);
        assert_eq!(stands("delivered", 5, &other, &before), Standing::Newest);
    }

    #[test]
    fn what_was_overtaken_is_late() {
        let data = json!({"order": {"number": "1"}});
        let delivered = told("delivered", 60, &data);
        let before = std::slice::from_ref(&delivered);
        assert_eq!(stands("out", 0, &data, before), Standing::Late);
        assert_eq!(
            stands("out", 60, &data, before),
            Standing::Newest,
            "of one moment"
        );
        assert_eq!(
            stands("out", 90, &data, before),
            Standing::Newest,
            "a second parcel"
        );
        assert_eq!(
            stands("delayed", 0, &data, before),
            Standing::Newest,
            "not overtaken by it"
        );
        assert_eq!(stands("out", 0, &data, &[]), Standing::Newest);
    }

    #[test]
    fn the_sequence_of_the_order_beats_the_clock() {
        let at = |sequence: u64| json!({"order": {"number": "1", "sequence": sequence}});
        let delivered = told("delivered", 60, &at(7));
        let before = std::slice::from_ref(&delivered);
        assert_eq!(stands("out", 90, &at(6), before), Standing::Late);
        assert_eq!(stands("out", 0, &at(8), before), Standing::Newest);
        let unnumbered = json!({"order": {"number": "1"}});
        assert_eq!(stands("out", 0, &unnumbered, before), Standing::Late);
    }

    #[test]
    fn what_was_told_before_something_else_is_told_again() {
        let at = |sequence: u64| json!({"order": {"number": "1", "sequence": sequence}});
        let mut before = vec![told("delivered", 0, &at(1)), told("out", 5, &at(2))];
        assert_eq!(stands("delivered", 10, &at(3), &before), Standing::Newest);
        assert_eq!(
            stands("delivered", 10, &at(1), &before),
            Standing::Told,
            "the first one, sent again"
        );
        let plain = json!({"order": {"number": "1"}});
        let by_time = [told("delivered", 0, &plain), told("out", 5, &plain)];
        assert_eq!(stands("delivered", 10, &plain, &by_time), Standing::Newest);
        assert_eq!(stands("delivered", 4, &plain, &by_time), Standing::Told);
        before.push(told("delivered", 10, &at(3)));
        assert_eq!(stands("delivered", 15, &at(4), &before), Standing::Told);
        assert_eq!(stands("out", 15, &at(4), &before), Standing::Newest);
        before[1].on_its_way = false;
        before.truncate(2);
        assert_eq!(
            stands("delivered", 10, &at(3), &before),
            Standing::Told,
            "nobody was told of anything else"
        );
        let other = [told("delivered", 0, &at(1)), told("delayed", 5, &at(2))];
        assert_eq!(
            stands("delivered", 10, &at(3), &other),
            Standing::Told,
            "the two have nothing to do with each other"
        );
    }

    #[test]
    fn the_same_is_not_told_twice() {
        let data = json!({"order": {"number": "1"}, "reason": "rain"});
        let kept = json!({"reason": "rain", "_": {"name": "I"}, "order": {"number": "1"}});
        let once = told("delayed", 0, &kept);
        let before = std::slice::from_ref(&once);
        assert_eq!(stands("delayed", 1, &data, before), Standing::Told);
        assert_eq!(stands("delayed", -1, &data, before), Standing::Told);
        assert_eq!(
            stands("delayed", 7 * 60, &data, before),
            Standing::Newest,
            "a day later"
        );
        let other = json!({"order": {"number": "1"}, "reason": "snow"});
        assert_eq!(stands("delayed", 1, &other, before), Standing::Newest);
        let unheard = Told {
            on_its_way: false,
            ..once.clone()
        };
        assert_eq!(stands("delayed", 1, &data, &[unheard]), Standing::Newest);
        let chat = Fact {
            message_type: "delayed",
            time: noon(),
            data: data.as_object().unwrap(),
            repeats: true,
        };
        assert_eq!(standing(&chat, before, overtakes), Standing::Newest);
    }
}
