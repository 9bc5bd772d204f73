//! Money held for events between their decision and their commit.

use std::collections::HashMap;
use std::sync::Arc;

use store::AcceptedEvent;

use super::Hold;
use crate::costs::Costs;

/// What is held for the events of a batch. What is not kept is given back.
pub(crate) struct Holds {
    costs: Arc<Costs>,
    by_place: HashMap<usize, Vec<Hold>>,
}

impl Holds {
    pub(crate) fn new(costs: &Arc<Costs>) -> Self {
        Self {
            costs: costs.clone(),
            by_place: HashMap::new(),
        }
    }

    /// Holds the money that an event will take.
    pub(crate) fn add(&mut self, place: usize, accepted: &AcceptedEvent) {
        if self.costs.budgets.is_empty() {
            return;
        }
        let holds = self.costs.holds(accepted);
        for hold in &holds {
            self.costs.budgets.change(*hold, |sums| {
                sums.held = sums.held.saturating_add(hold.micros)
            });
        }
        if !holds.is_empty() {
            self.by_place.insert(place, holds);
        }
    }

    /// The event was committed: its money is spent.
    pub(crate) fn keep(&mut self, place: usize) {
        for hold in self.by_place.remove(&place).into_iter().flatten() {
            self.costs.budgets.change(hold, |sums| {
                sums.held = sums.held.saturating_sub(hold.micros);
                sums.known = sums.known.saturating_add(hold.micros);
                sums.added = sums.added.saturating_add(hold.micros);
            });
        }
    }
}

impl Drop for Holds {
    /// What was not committed takes nothing.
    fn drop(&mut self) {
        for hold in std::mem::take(&mut self.by_place).into_values().flatten() {
            self.costs.budgets.change(hold, |sums| {
                sums.held = sums.held.saturating_sub(hold.micros)
            });
        }
    }
}
