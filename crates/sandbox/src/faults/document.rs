//! Faults from a JSON document: strict, and each mistake named with its place.
//!
//! The names that exist are read from the default faults themselves, so the
//! checks cannot fall behind the struct.

use serde_json::Value;

use super::{Faults, LONGEST_DELAY_MS, MOST_UNKNOWN_RECIPIENTS};

/// One thing wrong with a fault document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultProblem {
    /// The path of the field, such as `texts.throttle_every`; empty for the document itself.
    pub field: String,
    /// What is wrong with it, in a sentence.
    pub detail: String,
    /// The field that was probably meant.
    pub did_you_mean: Option<String>,
}

/// The longest address a fault may name, RFC 5321 §4.5.3.1.
const LONGEST_ADDRESS: usize = 320;

impl Faults {
    /// Reads faults from a JSON document; what it does not name is off.
    ///
    /// # Errors
    /// The first [`FaultProblem`] found: an unknown field, a wrong type, a number out of range.
    pub fn from_json(document: &str) -> Result<Self, FaultProblem> {
        let value: Value = serde_json::from_str(document)
            .map_err(|error| problem("", format!("this is not JSON: {error}")))?;
        Self::from_value(&value)
    }

    pub(crate) fn from_value(value: &Value) -> Result<Self, FaultProblem> {
        let known = serde_json::to_value(Self::default())
            .expect("faults are plain numbers, switches and lists");
        check(value, &known, "")?;
        let faults: Self = serde_json::from_value(value.clone())
            .map_err(|error| problem("", error.to_string()))?;
        faults.check_ranges()?;
        Ok(faults)
    }

    fn check_ranges(&self) -> Result<(), FaultProblem> {
        let delays = [
            ("texts.answer_delay_ms", self.texts.answer_delay_ms),
            ("texts.receipt_delay_ms", self.texts.receipt_delay_ms),
            ("mails.answer_delay_ms", self.mails.answer_delay_ms),
        ];
        for (field, delay) in delays {
            if delay > LONGEST_DELAY_MS {
                return Err(problem(
                    field,
                    format!("must be at most {LONGEST_DELAY_MS} (ten minutes)"),
                ));
            }
        }
        if self.texts.reject_status == 0 {
            return Err(problem(
                "texts.reject_status",
                "must not be 0, which would accept the text",
            ));
        }
        check_list("mails.unknown_recipients", &self.mails.unknown_recipients)?;
        check_list("texts.opted_out", &self.texts.opted_out)
    }
}

/// Walks the document beside the default one: same names, same kinds.
fn check(value: &Value, known: &Value, path: &str) -> Result<(), FaultProblem> {
    match known {
        Value::Object(known) => {
            let Value::Object(fields) = value else {
                return Err(problem(path, "must be an object"));
            };
            for (name, value) in fields {
                let place = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                match known.get(name) {
                    Some(known) => check(value, known, &place)?,
                    None => {
                        let near = near_miss(name, known.keys().map(String::as_str));
                        return Err(FaultProblem {
                            detail: "there is no such field".to_owned(),
                            did_you_mean: near.map(str::to_owned),
                            field: place,
                        });
                    }
                }
            }
            Ok(())
        }
        Value::Number(_) => match value.as_u64() {
            Some(number) if u32::try_from(number).is_ok() => Ok(()),
            _ => Err(problem(
                path,
                format!("must be a whole number from 0 to {}", u32::MAX),
            )),
        },
        Value::Bool(_) if value.is_boolean() => Ok(()),
        Value::Bool(_) => Err(problem(path, "must be true or false")),
        _ => match value.as_array() {
            Some(list) if list.iter().all(Value::is_string) => Ok(()),
            _ => Err(problem(path, "must be a list of addresses")),
        },
    }
}

fn check_list(field: &str, addresses: &[String]) -> Result<(), FaultProblem> {
    if addresses.len() > MOST_UNKNOWN_RECIPIENTS {
        let detail = format!("must hold at most {MOST_UNKNOWN_RECIPIENTS} addresses");
        return Err(problem(field, detail));
    }
    let fits = |address: &String| (1..=LONGEST_ADDRESS).contains(&address.len());
    match addresses.iter().position(|address| !fits(address)) {
        Some(index) => Err(problem(
            &format!("{field}[{index}]"),
            format!("must be an address of 1 to {LONGEST_ADDRESS} characters"),
        )),
        None => Ok(()),
    }
}

fn problem(field: &str, detail: impl Into<String>) -> FaultProblem {
    FaultProblem {
        field: field.to_owned(),
        detail: detail.into(),
        did_you_mean: None,
    }
}

/// The known word that is only a few keystrokes away, if there is one.
pub(crate) fn near_miss<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Longer words than any of ours are no typing mistake, and comparing them costs time.
    if word.len() > 64 {
        return None;
    }
    let allowed = 1 + word.chars().count() / 3;
    known
        .map(|known| (distance(word, known), known))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// How many letters must be added, taken away or changed.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, letter) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (index, other) in right.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[index + 1];
            row[index + 1] = changed.min(diagonal + 1).min(row[index] + 1);
        }
    }
    row[right.len()]
}
