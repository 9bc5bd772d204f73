//! A change of contact tells the old address: if it was not its owner who changed it, this is
//! how they learn it.
//!
//! What is to be told was committed with the change. The old address is the customer's no
//! more, so it gets a mailbox of its own, without a name: it may have been somebody else's all
//! along. The customer's own mailbox, and what is left of their addresses, is told the same.

use model::{Channel, Customer, Facts, Sealed};
use serde_json::json;
use store::ContactChange;

use super::Answers;
use crate::accept::OWN_SOURCES;
use crate::contacts::ContactError;

/// So many are told together.
const BATCH: usize = 100;

impl Answers {
    pub(crate) async fn tell_old_addresses(&self) -> Result<(), ContactError> {
        loop {
            let due = self.pipeline.store().due_contact_changes(BATCH).await?;
            if due.is_empty() {
                return Ok(());
            }
            for change in &due {
                self.tell(change).await?;
            }
            let ids = due.iter().map(|change| change.id).collect();
            self.pipeline.store().contact_changes_told(ids).await?;
        }
    }

    async fn tell(&self, change: &ContactChange) -> Result<(), ContactError> {
        let store = self.pipeline.store();
        let found = store.facts_of(vec![change.recipient]).await?;
        let Some(facts) = found.into_iter().flatten().next() else {
            return Ok(());
        };
        let former = former(change, &facts, store.digest(&change.contact));
        let id = former.id.clone();
        store
            .put_customers(vec![former], self.pipeline.clock().now())
            .await?;
        for (whose, part) in [(&id, "old"), (&facts.customer.id, "own")] {
            let event = json!({
                "specversion": "1.0",
                "id": format!("{}:{part}", change.id),
                "source": format!("{OWN_SOURCES}contacts"),
                "type": type_of(change.contact.channel),
                "subject": whose,
                "time": change.changed_at,
                "data": {"at": change.changed_at},
            });
            match self.pipeline.say_own(event, change.mode).await {
                // A failed event is kept and shown; asking again makes no other of it.
                Err(ContactError::NotSent(reason)) => {
                    tracing::error!(change.id = %change.id, %reason, "an old address could not be told");
                }
                told => told?,
            }
        }
        Ok(())
    }
}

/// Somebody who is known by an address only, which a customer had. What that customer allowed
/// on the channel still holds for this.
fn former(change: &ContactChange, facts: &Facts, digest: i64) -> Customer {
    let customer = &facts.customer;
    let channel = change.contact.channel;
    let of = |wanted| (channel == wanted).then(|| change.contact.clone());
    let consents = customer.consents.iter();
    Customer {
        id: format!("former:{digest:016x}"),
        name: Sealed::new(""),
        locale: customer.locale.clone(),
        time_zone: customer.time_zone.clone(),
        country: customer.country.clone(),
        region: customer.region.clone(),
        quiet_hours: customer.quiet_hours,
        phone: of(Channel::Sms),
        email: of(Channel::Email),
        consents: consents
            .filter(|consent| consent.channel == channel)
            .cloned()
            .collect(),
        preferences: Vec::new(),
        chosen: model::Chosen::default(),
    }
}

const fn type_of(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => "security.phone_changed",
        Channel::Email => "security.email_changed",
    }
}
