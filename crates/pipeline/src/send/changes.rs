//! Profiles that changed since this process started, for deliveries that were claimed before.
//!
//! The store knows them by the version of the facts, but a claim reads that once. What waits
//! between its claim and its hand-over, or inside its carrier, must hear of a change too.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use model::{Instant, RecipientId};

/// Changes of this node. The oldest are forgotten; whoever asks about those is told that
/// there may be one.
#[derive(Default)]
pub(crate) struct RecentChanges(RwLock<Noted>);

#[derive(Default)]
struct Noted {
    /// The newer and the older ones.
    changes: [HashMap<RecipientId, Change>; 2],
    /// Grows with every change.
    count: u64,
    /// The newest change that was forgotten.
    forgotten: Option<Change>,
}

#[derive(Clone, Copy)]
struct Change {
    at: Instant,
    count: u64,
}

impl RecentChanges {
    /// So many are remembered at least.
    const REMEMBERED: usize = 50_000;

    /// Notes that profiles changed.
    pub(crate) fn note(&self, recipients: &[RecipientId], at: Instant) {
        let mut noted = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for recipient in recipients {
            noted.count += 1;
            let count = noted.count;
            if noted.changes[0].len() >= Self::REMEMBERED {
                noted.changes.swap(0, 1);
                let old = noted.changes[0].drain().map(|(_, change)| change);
                let newest = old.max_by_key(|change| change.count);
                noted.forgotten = newest.or(noted.forgotten);
            }
            noted.changes[0].insert(*recipient, Change { at, count });
        }
    }

    /// How many were noted so far.
    pub(crate) fn count(&self) -> u64 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).count
    }

    /// Whether a profile may have changed at a moment or after it.
    pub(crate) fn since(&self, recipient: RecipientId, at: Instant) -> bool {
        self.any(recipient, |change| change.at >= at)
    }

    /// Whether a profile may have changed when so many changes were known.
    pub(crate) fn after(&self, recipient: RecipientId, known: u64) -> bool {
        self.any(recipient, |change| change.count > known)
    }

    fn any(&self, recipient: RecipientId, counts: impl Fn(&Change) -> bool) -> bool {
        let noted = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if noted.count == 0 {
            return false;
        }
        let of = noted.changes.iter().find_map(|of| of.get(&recipient));
        of.or(noted.forgotten.as_ref()).is_some_and(counts)
    }
}

#[cfg(test)]
mod tests {
    use model::Id;

    use super::*;

    #[test]
    fn a_change_is_known_until_it_may_only_be_guessed() {
        let at = |second: i64| Instant::from_micros(second * 1_000_000);
        let who = RecipientId::from_i64;
        let changes = RecentChanges::default();
        assert!(!changes.since(who(1), at(0)) && !changes.after(who(1), 0));
        changes.note(&[who(1)], at(10));
        assert!(changes.since(who(1), at(10)) && !changes.since(who(1), at(11)));
        assert!(changes.after(who(1), 0) && !changes.after(who(1), 1));
        assert!(!changes.since(who(2), at(0)) && !changes.after(who(2), 0));
        changes.note(&[who(1)], at(20));
        assert!(changes.since(who(1), at(20)) && changes.after(who(1), 1));

        let others: Vec<_> = (100..150_100).map(who).collect();
        changes.note(&others, at(30));
        assert!(changes.after(who(150_099), 2) && changes.after(who(100_100), 2));
        // Anybody's may be among those that are forgotten.
        assert!(changes.since(who(1), at(30)) && changes.since(who(3), at(30)));
        assert!(!changes.since(who(1), at(31)));
        assert!(changes.after(who(3), 2) && !changes.after(who(3), changes.count()));
    }
}
