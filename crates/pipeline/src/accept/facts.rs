//! Who the events of a batch are about.

use model::{Event, Facts};

use super::AcceptError;
use crate::Pipeline;

impl Pipeline {
    /// The facts about the customers that are known, by the marketplace's id of them.
    pub(super) async fn load_facts(
        &self,
        waiting: &[(usize, Event)],
    ) -> Result<Vec<Facts>, AcceptError> {
        let mut names: Vec<String> = waiting
            .iter()
            .map(|(_, event)| event.subject.clone())
            .collect();
        names.sort_unstable();
        names.dedup();
        let found = self.store().facts(names).await?;
        Ok(found.into_iter().flatten().collect())
    }
}

/// The facts about the customer of an event, of facts in the order of customers.
pub(super) fn facts_about<'a>(facts: &'a [Facts], event: &Event) -> Option<&'a Facts> {
    let found = facts.binary_search_by(|facts| facts.customer.id.cmp(&event.subject));
    found.ok().map(|at| &facts[at])
}
