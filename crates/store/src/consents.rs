//! The ledger of consents: lines that are only ever added. Each is sealed by the hash of the
//! one before, so that none can be changed, left out or put in without showing.

use std::collections::BTreeMap;

use model::{
    Channel, ConsentLine, ConsentPurpose, ContactPoint, Customer, InboundId, Instant, RecipientId,
    Said, Wish,
};
use serde::{Deserialize, Serialize};

use crate::{Backend, DueAnswer, Error, NewSuppression, Result, Store};

/// What a customer wants of the channel of an address, and how they said it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wished {
    /// What.
    pub wish: Wish,
    /// How, where and when.
    pub said: Said,
}

impl Wished {
    /// The reason a number is suppressed for, if the wish is that no text goes there. An
    /// address for mail is not: what protects its owner still comes.
    pub fn suppresses(&self, channel: Channel) -> Option<String> {
        let everything = channel == Channel::Sms && self.wish == Wish::StopAll;
        everything.then(|| format!("{}_stop", self.said.how))
    }

    /// The entry of the list of suppressions that follows for an address, if one does.
    pub(crate) fn suppression(&self, contact: &ContactPoint) -> Option<NewSuppression> {
        let reason = self.suppresses(contact.channel)?;
        Some(NewSuppression {
            by: self.said.by.clone(),
            ..NewSuppression::of(contact.clone(), reason, self.said.at)
        })
    }
}

/// A profile that is to take the place of the one that was read with these facts.
#[derive(Clone, Debug)]
pub struct CustomerChange {
    /// Whose.
    pub recipient: RecipientId,
    /// The version of the facts it was made from.
    pub version: i64,
    /// The profile as it shall be.
    pub customer: Customer,
    /// What the customer gave and withdrew by it.
    pub lines: Vec<ConsentLine>,
    /// When.
    pub now: Instant,
}

/// One line as it is kept: the text that is sealed, and its seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentEntry {
    /// Counted from 1, without gaps.
    pub number: u32,
    /// JSON: the customer's id, the number, when it was recorded, and the line. Personal.
    pub text: String,
    /// SHA-256 of the seal of the line before (32 zero octets before the first) and the text;
    /// in hex.
    pub seal: String,
}

/// What the text of an entry says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentRecord {
    /// The marketplace's id of the customer.
    pub customer: String,
    /// Counted from 1.
    pub number: u32,
    /// When the line was added; a statement may be about an earlier moment.
    pub recorded_at: Instant,
    /// The line.
    #[serde(flatten)]
    pub line: ConsentLine,
}

/// Why a ledger is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenLedger {
    /// The seal does not fit the text and the line before.
    #[error(
        "line {0}: its seal does not fit; it, or a line before it, was changed, left out or put in"
    )]
    Seal(u32),
    /// The text is no line of this ledger.
    #[error("line {0}: {1}")]
    Text(u32, String),
}

const NO_SEAL: [u8; 32] = [0; 32];

impl ConsentEntry {
    /// The line that follows one.
    pub(crate) fn after(
        before: Option<&Self>,
        customer: &str,
        line: ConsentLine,
        recorded_at: Instant,
    ) -> Result<Self> {
        let number = before.map_or(1, |before| before.number + 1);
        let record = ConsentRecord {
            customer: customer.to_owned(),
            number,
            recorded_at,
            line,
        };
        let text = serde_json::to_string(&record)
            .map_err(|error| Error::Corrupt(format!("consent_lines: {error}")))?;
        let seal = seal_of(before, &text);
        Ok(Self { number, text, seal })
    }

    /// What it says.
    ///
    /// # Errors
    /// [`BrokenLedger::Text`].
    pub fn read(&self) -> std::result::Result<ConsentRecord, BrokenLedger> {
        serde_json::from_str(&self.text)
            .map_err(|error| BrokenLedger::Text(self.number, error.to_string()))
    }
}

fn seal_of(before: Option<&ConsentEntry>, text: &str) -> String {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    match before {
        Some(before) => context.update(before.seal.as_bytes()),
        None => context.update(hex(&NO_SEAL).as_bytes()),
    }
    context.update(text.as_bytes());
    hex(context.finish().as_ref())
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Reads a whole ledger and proves it: every seal fits, every number follows, all lines are
/// one customer's.
///
/// # Errors
/// [`BrokenLedger`] names the first line that is wrong.
pub fn prove(entries: &[ConsentEntry]) -> std::result::Result<Vec<ConsentRecord>, BrokenLedger> {
    let mut records: Vec<ConsentRecord> = Vec::with_capacity(entries.len());
    for (at, entry) in entries.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| &entries[before]);
        if seal_of(before, &entry.text) != entry.seal {
            return Err(BrokenLedger::Seal(entry.number));
        }
        let record = entry.read()?;
        let text = |reason: &str| Err(BrokenLedger::Text(entry.number, reason.to_owned()));
        if record.number != entry.number || usize::try_from(entry.number) != Ok(at + 1) {
            return text("its number does not follow the one before");
        }
        if records
            .first()
            .is_some_and(|first| first.customer != record.customer)
        {
            return text("it is about another customer");
        }
        records.push(record);
    }
    Ok(records)
}

/// The last word on every channel and purpose as of a moment: of lines that say when they
/// were said, the latest; of two of one moment, the one recorded last.
pub fn standing_at(records: &[ConsentRecord], at: Instant) -> Vec<&ConsentRecord> {
    let mut standing: BTreeMap<(Channel, ConsentPurpose), &ConsentRecord> = BTreeMap::new();
    for record in records.iter().filter(|record| record.line.said.at <= at) {
        let last = standing
            .entry((record.line.channel, record.line.purpose))
            .or_insert(record);
        if last.line.said.at <= record.line.said.at {
            *last = record;
        }
    }
    standing.into_values().collect()
}

/// The entries that lines make behind the last one there is. A ledger that has none opens
/// with what the profile held before.
pub(crate) fn entries(
    last: Option<&ConsentEntry>,
    customer: &str,
    before: Option<&Customer>,
    lines: Vec<ConsentLine>,
    now: Instant,
) -> Result<Vec<ConsentEntry>> {
    let held = match last {
        Some(_) => Vec::new(),
        None => before.map(Customer::opening_lines).unwrap_or_default(),
    };
    let mut made: Vec<ConsentEntry> = Vec::with_capacity(held.len() + lines.len());
    for line in held.into_iter().chain(lines) {
        let entry = ConsentEntry::after(made.last().or(last), customer, line, now)?;
        made.push(entry);
    }
    Ok(made)
}

impl Store {
    /// Replaces a profile that nobody changed since it was read, and adds lines to its ledger;
    /// one that is empty opens with what the profile held before. `false` when somebody did: read and decide again.
    ///
    /// # Errors
    /// [`Error`]; nothing was written.
    pub async fn change_customer(&self, change: CustomerChange) -> Result<bool> {
        on!(self, backend => backend.change_customer(change).await)
    }

    /// Does what was wished of the channel of an address, for all customers who have it. A
    /// stop of everything suppresses the address too; a start takes such a suppression back.
    ///
    /// # Errors
    /// [`Error`]; nothing was written.
    pub async fn wish(&self, contact: ContactPoint, wished: Wished) -> Result<()> {
        on!(self, backend => backend.wish(contact, wished).await)
    }

    /// Texts that wait for their answer, oldest first.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn due_answers(&self, limit: usize) -> Result<Vec<DueAnswer>> {
        on!(self, backend => backend.due_answers(limit).await)
    }

    /// Some texts have been answered.
    ///
    /// # Errors
    /// [`Error`]; then none counts as answered.
    pub async fn answered(&self, texts: Vec<InboundId>) -> Result<()> {
        on!(self, backend => backend.answered(texts).await)
    }

    /// The customers who have an address, by external id, in the order they came.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn customers_with(&self, contact: ContactPoint) -> Result<Vec<String>> {
        on!(self, backend => backend.customers_with(contact).await)
    }

    /// The whole ledger of a customer, oldest first.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn consent_ledger(&self, recipient: RecipientId) -> Result<Vec<ConsentEntry>> {
        on!(self, backend => backend.consent_ledger(recipient).await)
    }
}

#[cfg(test)]
mod tests {
    use model::{Act, Channel, ConsentPurpose, How, Sealed};

    use super::*;

    fn line(second: i64) -> ConsentLine {
        ConsentLine {
            act: Act::Given,
            channel: Channel::Sms,
            purpose: ConsentPurpose::Marketing,
            contact: Sealed::new("+12535550129"),
            said: Said {
                at: Instant::from_micros(second * 1_000_000),
                how: How::Page,
                source: "preference page".into(),
                wording: "sms.marketing/1".into(),
                locale: "en".into(),
                by: String::new(),
            },
        }
    }

    fn ledger() -> Vec<ConsentEntry> {
        let lines = vec![line(1), line(2), line(3)];
        entries(None, "c-42", None, lines, Instant::from_micros(9)).unwrap()
    }

    #[test]
    fn a_whole_ledger_is_proved() {
        let records = prove(&ledger()).unwrap();
        assert_eq!(records.len(), 3);
        assert_eq!(records[2].line, line(3));
        // It goes on from its last line.
        let whole = ledger();
        let more = entries(
            whole.last(),
            "c-42",
            None,
            vec![line(4)],
            Instant::from_micros(9),
        );
        let all = [whole, more.unwrap()].concat();
        assert_eq!(prove(&all).unwrap().len(), 4);
        assert_eq!(prove(&[]).unwrap(), []);
    }

    #[test]
    fn the_last_word_of_a_moment_counts() {
        let mut lines = vec![line(1), line(5), line(3)];
        lines[1].act = Act::Withdrawn;
        lines[2].channel = Channel::Email;
        let now = Instant::from_micros(9);
        let records = prove(&entries(None, "c-42", None, lines, now).unwrap()).unwrap();
        let at = |second: i64| {
            let standing = standing_at(&records, Instant::from_micros(second * 1_000_000));
            standing
                .iter()
                .map(|r| (r.line.channel, r.line.act))
                .collect::<Vec<_>>()
        };
        assert_eq!(at(0), []);
        assert_eq!(
            at(4),
            [(Channel::Sms, Act::Given), (Channel::Email, Act::Given)]
        );
        assert_eq!(
            at(5),
            [(Channel::Sms, Act::Withdrawn), (Channel::Email, Act::Given)]
        );
    }

    #[test]
    fn every_change_shows() {
        let whole = ledger();
        let mut changed = whole.clone();
        changed[1].text = changed[1].text.replace("marketing", "transactional");
        assert_eq!(prove(&changed), Err(BrokenLedger::Seal(2)));
        let mut without = whole.clone();
        without.remove(1);
        assert_eq!(prove(&without), Err(BrokenLedger::Seal(3)));
        assert_eq!(prove(&whole[1..]), Err(BrokenLedger::Seal(2)));
        let mut swapped = whole.clone();
        swapped.swap(1, 2);
        assert!(prove(&swapped).is_err());
        let other = entries(
            whole.last(),
            "c-43",
            None,
            vec![line(4)],
            Instant::from_micros(9),
        );
        let mixed = [whole, other.unwrap()].concat();
        assert!(matches!(prove(&mixed), Err(BrokenLedger::Text(4, _))));
    }
}
