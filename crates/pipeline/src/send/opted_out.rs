//! A carrier that refuses a text because the customer told it to stop.

use model::{Channel, ContactPoint, Instant, Outcome};
use store::{ClaimedDelivery, Wished};

use super::Sender;
use crate::stopping::opted_out_at;

impl Sender {
    /// The stop that a carrier's refusal is, where the carrier knows of one before us. It
    /// counts from now on for what is in hand, and is kept with the outcome.
    pub(super) fn opted_out(
        &self,
        claimed: &ClaimedDelivery,
        outcome: &Outcome,
        at: Instant,
    ) -> Option<Box<(ContactPoint, Wished)>> {
        let Outcome::Rejected { code, .. } = outcome else {
            return None;
        };
        let carrier = self.routes.carriers(claimed.mode).sms.as_ref();
        let carrier = carrier.filter(|carrier| {
            claimed.contact.channel == Channel::Sms && carrier.is_opt_out(code)
        })?;
        tracing::info!(delivery.id = %claimed.id, %code, "the carrier says that the customer stopped texts");
        let wished = opted_out_at(carrier.name(), at);
        self.pipeline.note_stop(&claimed.contact, wished.wish);
        Some(Box::new((claimed.contact.clone(), wished)))
    }
}
