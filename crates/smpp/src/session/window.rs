//! Requests of ours that wait for their answer, by sequence number.
//!
//! Sequence numbers ascend and all requests wait equally long, so the lowest
//! number is the oldest. Only when the numbers wrap after two thousand million
//! requests may a time-out come late, once.

use std::collections::BTreeMap;

use tokio::time::Instant;

/// The highest sequence number, SMPP 3.4 §5.1.4.
const LAST_SEQUENCE: u32 = 0x7FFF_FFFF;

pub(super) struct Waiting<T> {
    pub(super) ticket: T,
    /// Where the request begins in the stream that we write.
    pub(super) position: u64,
    pub(super) deadline: Instant,
}

pub(super) struct Window<T> {
    waiting: BTreeMap<u32, Waiting<T>>,
    size: usize,
    last_sequence: u32,
}

impl<T> Window<T> {
    pub(super) fn new(size: usize, last_sequence: u32) -> Self {
        Self {
            waiting: BTreeMap::new(),
            size: size.max(1),
            last_sequence,
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.waiting.len() < self.size
    }

    /// The same for what is not urgent: a tenth is kept, so that a peer that stops
    /// answering bulk does not keep urgent requests from being sent.
    pub(super) fn has_room_for_bulk(&self) -> bool {
        self.waiting.len() < self.size - self.size / 10
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// A sequence number that no waiting request uses.
    pub(super) fn next_sequence(&mut self) -> u32 {
        loop {
            self.last_sequence = if self.last_sequence >= LAST_SEQUENCE {
                1
            } else {
                self.last_sequence + 1
            };
            if !self.waiting.contains_key(&self.last_sequence) {
                return self.last_sequence;
            }
        }
    }

    pub(super) fn insert(&mut self, sequence: u32, waiting: Waiting<T>) {
        self.waiting.insert(sequence, waiting);
    }

    pub(super) fn answered(&mut self, sequence: u32) -> Option<T> {
        self.waiting.remove(&sequence).map(|waiting| waiting.ticket)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.waiting
            .first_key_value()
            .map(|(_, oldest)| oldest.deadline)
    }

    /// Takes the oldest request out when its time is over.
    pub(super) fn expired(&mut self, now: Instant) -> Option<T> {
        let oldest = self.waiting.first_entry()?;
        (oldest.get().deadline <= now).then(|| oldest.remove().ticket)
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Waiting<T>> {
        std::mem::take(&mut self.waiting).into_values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_wrap_past_those_in_use() {
        let mut window = Window::new(10, LAST_SEQUENCE - 1);
        assert_eq!(window.next_sequence(), LAST_SEQUENCE);
        let waiting = Waiting {
            ticket: (),
            position: 0,
            deadline: Instant::now(),
        };
        window.insert(1, waiting);
        assert_eq!(window.next_sequence(), 2);
    }
}
