//! Rate cards: data files that say what a carrier asks for, by country and from which day.
//!
//! A card is read with care: whoever writes it is told the file, the line and what to
//! write instead.

mod written;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use model::{Channel, ContactPoint, Currency};

use written::Source;

/// A file may be so large.
const MAX_BYTES: u64 = 1 << 20;
/// A folder may hold so many.
const MAX_FILES: usize = 1_000;

/// One thing wrong in a rate card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardFault {
    /// The file.
    pub file: String,
    /// The line in it, from 1; 0 where it is about the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub advice: &'static str,
}

impl fmt::Display for CardFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}. {}", self.reason, self.advice)
    }
}

/// Everything wrong in the rate cards.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct CardFaults(pub Vec<CardFault>);

/// All rate cards there are.
#[derive(Clone, Debug, Default)]
pub struct RateCards(HashMap<Channel, BTreeMap<Arc<str>, Vec<Card>>>);

/// What one carrier asks for on one channel, from a day on.
#[derive(Clone, Debug)]
pub(super) struct Card {
    pub(super) currency: Currency,
    from: i32,
    file: String,
    /// By the digits of a prefix; the empty one is for everywhere else.
    rates: HashMap<String, Rate>,
    longest: usize,
}

/// What one country costs.
#[derive(Clone, Debug)]
pub(super) struct Rate {
    pub(super) country: Arc<str>,
    /// For a segment of a text, or for a mail.
    pub(super) micros: i64,
}

impl Card {
    /// Every price on it.
    pub(super) fn rates(&self) -> impl Iterator<Item = &Rate> {
        self.rates.values()
    }

    pub(super) fn rate_of(&self, contact: &ContactPoint) -> Option<&Rate> {
        let digits = match contact.channel {
            Channel::Sms => contact.address.open().trim_start_matches('+'),
            Channel::Email => "",
        };
        let longest = self.longest.min(digits.len());
        (0..=longest)
            .rev()
            .filter_map(|length| digits.get(..length))
            .find_map(|prefix| self.rates.get(prefix))
    }
}

impl RateCards {
    /// Reads every `.toml` file of a folder.
    ///
    /// # Errors
    /// [`CardFaults`] names everything that is wrong.
    pub fn load(folder: &Path) -> Result<Self, CardFaults> {
        let unreadable = |path: &Path, error: &std::io::Error| {
            let fault = CardFault {
                file: path.display().to_string(),
                line: 0,
                reason: format!("cannot be read: {error}"),
                advice: "Check the folder in [costs] and its rights.",
            };
            CardFaults(vec![fault])
        };
        let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| unreadable(folder, &error))?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                files.push(path);
            }
        }
        files.sort();
        let (mut texts, mut faults) = (Vec::new(), Vec::new());
        if files.len() > MAX_FILES {
            faults.push(CardFault {
                file: folder.display().to_string(),
                line: 0,
                reason: format!("has more than {MAX_FILES} rate cards"),
                advice: "Move those that are no longer valid elsewhere.",
            });
            files.clear();
        }
        for path in files {
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
            let name = name.unwrap_or_default();
            let size = std::fs::metadata(&path).map_or(0, |data| data.len());
            if size > MAX_BYTES {
                faults.push(CardFault {
                    file: name,
                    line: 0,
                    reason: format!("has more than {MAX_BYTES} bytes"),
                    advice: "Split it by country.",
                });
                continue;
            }
            match std::fs::read_to_string(&path) {
                Ok(text) => texts.push((name, text)),
                Err(error) => faults.extend(unreadable(&path, &error).0),
            }
        }
        let named = texts
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()));
        match Self::read(named) {
            Ok(cards) if faults.is_empty() => Ok(cards),
            Ok(_) => Err(CardFaults(faults)),
            Err(CardFaults(more)) => {
                faults.extend(more);
                Err(CardFaults(faults))
            }
        }
    }

    /// Reads cards from their files' names and texts.
    ///
    /// # Errors
    /// [`CardFaults`] names everything that is wrong.
    pub fn read<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, CardFaults> {
        let (mut cards, mut faults) = (Self::default(), Vec::new());
        for (file, text) in files {
            let mut source = Source {
                file,
                text,
                faults: Vec::new(),
            };
            if let Some((carrier, channel, card)) = source.card() {
                let of = cards
                    .0
                    .entry(channel)
                    .or_default()
                    .entry(carrier)
                    .or_default();
                match of.iter().find(|other| other.from == card.from) {
                    Some(other) => source.fault(
                        0,
                        format!("is for the same carrier, channel and day as {}", other.file),
                        "Give one of them another `valid_from`, or put their rates together.",
                    ),
                    None => of.push(card),
                }
                of.sort_by_key(|card| card.from);
            }
            faults.append(&mut source.faults);
        }
        match faults.is_empty() {
            true => Ok(cards),
            false => Err(CardFaults(faults)),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        let carriers = self.0.values().flat_map(BTreeMap::values);
        carriers.map(Vec::len).sum()
    }

    /// The carriers there are cards for, with their channels.
    pub fn carriers(&self) -> impl Iterator<Item = (Channel, &str)> {
        let all = self.0.iter();
        all.flat_map(|(channel, of)| of.keys().map(move |carrier| (*channel, &**carrier)))
    }

    /// The newest card of a carrier that is valid on a day.
    pub(super) fn on(&self, carrier: &str, channel: Channel, day: i32) -> Option<&Card> {
        let cards = self.0.get(&channel)?.get(carrier)?;
        cards.iter().rev().find(|card| card.from <= day)
    }
}
