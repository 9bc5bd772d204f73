//! A ring of the newest entries: numbered from 1, found by number, bounded.

use std::collections::VecDeque;

/// Keeps the newest `limit` entries; numbers never repeat, also after clearing.
#[derive(Debug)]
pub(crate) struct Ring<T> {
    limit: usize,
    /// The number of the front entry, or of the next one when empty.
    first: u64,
    entries: VecDeque<T>,
}

impl<T> Ring<T> {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            first: 1,
            entries: VecDeque::new(),
        }
    }

    /// Adds an entry made from its number; `None` when nothing is kept at all.
    pub(crate) fn push(&mut self, make: impl FnOnce(u64) -> T) -> Option<u64> {
        if self.limit == 0 {
            return None;
        }
        if self.is_full() {
            self.pop_oldest();
        }
        let number = self.first + self.entries.len() as u64;
        self.entries.push_back(make(number));
        Some(number)
    }

    /// Whether the next entry pushes the oldest out.
    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() >= self.limit
    }

    pub(crate) fn pop_oldest(&mut self) -> Option<T> {
        let oldest = self.entries.pop_front()?;
        self.first += 1;
        Some(oldest)
    }

    fn index(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }

    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        self.entries.get(self.index(number)?)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let index = self.index(number)?;
        self.entries.get_mut(index)
    }

    /// Oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.entries.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn clear(&mut self) -> usize {
        let gone = self.entries.len();
        self.first += gone as u64;
        self.entries.clear();
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first_and_numbers_never_repeat() {
        let mut ring = Ring::new(2);
        for word in ["one", "two", "three"] {
            ring.push(|number| (number, word));
        }
        assert_eq!(
            ring.iter().copied().collect::<Vec<_>>(),
            [(2, "two"), (3, "three")]
        );
        assert_eq!(ring.get(1), None);
        assert_eq!(ring.get(3), Some(&(3, "three")));
        assert_eq!(ring.clear(), 2);
        assert_eq!(ring.push(|number| (number, "four")), Some(4));
    }

    #[test]
    fn a_ring_of_none_keeps_none() {
        let mut ring = Ring::new(0);
        assert_eq!(ring.push(|number| number), None);
        assert_eq!(ring.len(), 0);
    }
}
