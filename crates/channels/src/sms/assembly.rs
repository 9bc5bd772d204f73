//! Puts inbound long texts together again (3GPP TS 23.040 §9.2.3.24.1).
//!
//! The parts of a text are held, unacknowledged, until all are there. What is not complete
//! after ten seconds goes up as it is: an SMSC that sends the next part only after an
//! answer to the last one would otherwise never get on. Bounded in number and time.

use std::collections::HashMap;
use std::time::Duration;

use smpp::gsm::Concatenation;
use tokio::time::Instant;

/// Within the response timers that are usual at SMSCs.
const PATIENCE: Duration = Duration::from_secs(10);
/// Texts that may be incomplete at once.
const MOST_OPEN: usize = 256;

/// Whose text to whom, and which one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) from: String,
    pub(super) to: String,
    reference: u16,
    total: u8,
}

/// A text, with the right to acknowledge each of its parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Whole<A> {
    pub(super) key: Key,
    pub(super) text: String,
    pub(super) acks: Vec<A>,
}

struct Open<A> {
    since: Instant,
    parts: Vec<(u8, String)>,
    acks: Vec<A>,
}

pub(super) struct Assembly<A> {
    open: HashMap<Key, Open<A>>,
}

impl<A> Assembly<A> {
    pub(super) fn new() -> Self {
        Self {
            open: HashMap::new(),
        }
    }

    /// Adds a part. Gives the text it completes, or the oldest one when there is no room.
    pub(super) fn add(
        &mut self,
        (from, to): (String, String),
        place: Concatenation,
        text: String,
        ack: A,
        now: Instant,
    ) -> Option<Whole<A>> {
        let key = Key {
            from,
            to,
            reference: place.reference,
            total: place.total,
        };
        let open = self.open.entry(key.clone()).or_insert_with(|| Open {
            since: now,
            parts: Vec::new(),
            acks: Vec::new(),
        });
        // A part that comes twice is the same part: the SMSC sent it again.
        if !open.parts.iter().any(|(part, _)| *part == place.part) {
            open.parts.push((place.part, text));
        }
        open.acks.push(ack);
        let complete = open.parts.len() >= usize::from(place.total);
        let repeated = open.acks.len() >= 2 * usize::from(place.total).max(2);
        if complete || repeated {
            return self.close(&key);
        }
        if self.open.len() > MOST_OPEN {
            return self.oldest().and_then(|key| self.close(&key));
        }
        None
    }

    /// A text whose time is up, as far as it came.
    pub(super) fn overdue(&mut self, now: Instant) -> Option<Whole<A>> {
        let key = self.oldest()?;
        let late = now >= self.open.get(&key)?.since + PATIENCE;
        late.then(|| self.close(&key)).flatten()
    }

    /// When the next one's time is up.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let first = self.open.values().map(|open| open.since).min()?;
        Some(first + PATIENCE)
    }

    fn oldest(&self) -> Option<Key> {
        let (key, _) = self.open.iter().min_by_key(|(_, open)| open.since)?;
        Some(key.clone())
    }

    fn close(&mut self, key: &Key) -> Option<Whole<A>> {
        let (key, mut open) = self.open.remove_entry(key)?;
        open.parts.sort_by_key(|(part, _)| *part);
        Some(Whole {
            key,
            text: open.parts.into_iter().map(|(_, text)| text).collect(),
            acks: open.acks,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(reference: u16, part: u8) -> Concatenation {
        Concatenation {
            reference,
            total: 3,
            part,
        }
    }

    fn ends() -> (String, String) {
        ("+15550100".into(), "700".into())
    }

    #[test]
    fn parts_in_any_order_make_one_text() {
        let now = Instant::now();
        let mut assembly = Assembly::new();
        assert!(
            assembly
                .add(ends(), place(7, 3), "c".into(), 1, now)
                .is_none()
        );
        assert!(
            assembly
                .add(ends(), place(7, 1), "a".into(), 2, now)
                .is_none()
        );
        assert!(
            assembly
                .add(ends(), place(8, 2), "x".into(), 9, now)
                .is_none()
        );
        assert!(
            assembly
                .add(ends(), place(7, 1), "a".into(), 3, now)
                .is_none()
        );
        let whole = assembly
            .add(ends(), place(7, 2), "b".into(), 4, now)
            .unwrap();
        assert_eq!(whole.text, "abc");
        assert_eq!(whole.acks, [1, 2, 3, 4]);
        assert_eq!(whole.key.from, "+15550100");
    }

    #[test]
    fn what_stays_incomplete_goes_up_as_it_is() {
        let now = Instant::now();
        let mut assembly = Assembly::new();
        assembly.add(ends(), place(7, 2), "b".into(), 1, now);
        assert_eq!(assembly.deadline(), Some(now + PATIENCE));
        assert!(assembly.overdue(now + PATIENCE / 2).is_none());
        let part = assembly.overdue(now + PATIENCE).unwrap();
        assert_eq!((part.text.as_str(), part.acks), ("b", vec![1]));
        assert_eq!(assembly.deadline(), None);
    }

    #[test]
    fn strangers_cannot_fill_the_memory() {
        let now = Instant::now();
        let mut assembly = Assembly::new();
        let mut passed_up = 0;
        for reference in 0..2000 {
            let whole = assembly.add(ends(), place(reference, 1), "a".into(), reference, now);
            passed_up += usize::from(whole.is_some());
        }
        assert!(assembly.open.len() <= MOST_OPEN);
        assert_eq!(passed_up + assembly.open.len(), 2000);
        let again: Vec<_> = (0..100)
            .filter_map(|n| assembly.add(ends(), place(5000, 1), "a".into(), n, now))
            .collect();
        assert!(again.iter().all(|whole| whole.acks.len() <= 6));
    }
}
