//! Stops that come from anywhere: to the store, and to what is on its way already.

use model::{AuditLine, ContactPoint, How, Instant, Said, SuppressionId, Wish};
use store::{NewSuppression, Undone, Wished};

use crate::Pipeline;
use crate::send::{Reach, Whose};

/// What a customer wishes who told the carrier to stop, where the carrier says so.
pub(crate) fn opted_out_at(carrier: &str, at: Instant) -> Wished {
    Wished {
        wish: Wish::StopAll,
        said: Said {
            at,
            how: How::Provider,
            source: format!("carrier {carrier}"),
            wording: String::new(),
            locale: String::new(),
            by: String::new(),
        },
    }
}

impl Pipeline {
    /// Suppresses an address at once, also for what is on its way to a carrier.
    ///
    /// # Errors
    /// When the store could not keep it.
    pub async fn suppress(&self, contact: ContactPoint, reason: String) -> store::Result<()> {
        let new = NewSuppression::of(contact, reason, self.clock().now());
        self.add_suppression(new).await.map(|_| ())
    }

    /// The same with an end, with more words, and with who asked for it; the entry's id.
    ///
    /// # Errors
    /// When the store could not keep it.
    pub async fn add_suppression(&self, new: NewSuppression) -> store::Result<SuppressionId> {
        let whose = Whose::Address(self.store().digest(&new.contact));
        let until = new.until.filter(|_| !model::is_own_stop(&new.reason));
        let id = self.store().add_suppression(new).await?;
        let now = self.clock().now();
        self.stops()
            .note_until(whose, Reach::Everything, now, until);
        Ok(id)
    }

    /// Undoes an entry of the list of suppressions that others made; what else is said of its
    /// address holds.
    ///
    /// # Errors
    /// When the store could not.
    pub async fn undo_suppression(
        &self,
        id: SuppressionId,
        audit: Vec<AuditLine>,
    ) -> store::Result<Undone> {
        let now = self.clock().now();
        let undone = self.store().undo_suppression(id, now, audit).await?;
        if let Undone::Done(digest) = undone {
            self.stops().note(Whose::Address(digest), None, now);
        }
        Ok(undone)
    }

    /// Does what somebody wishes of the channel of an address, for all customers who have it:
    /// from then on nothing leaves against it, also nothing that is queued.
    ///
    /// # Errors
    /// When the store could not keep it.
    pub async fn wish(&self, contact: ContactPoint, wished: Wished) -> store::Result<()> {
        let wish = wished.wish;
        self.store().wish(contact.clone(), wished).await?;
        self.note_wish(&contact, wish).await;
        Ok(())
    }

    /// Notes a wish that the store has, for what is on its way already. A start takes back
    /// what the customer said, and not what others found of the address.
    pub(crate) async fn note_wish(&self, contact: &ContactPoint, wish: Wish) {
        let digest = self.store().digest(contact);
        let reach = Reach::of(contact.channel, wish);
        let now = self.clock().now();
        if reach.is_none() {
            let held = self.store().suppressed_among(vec![digest], now).await;
            if held.map_or(true, |held| !held.is_empty()) {
                return;
            }
        }
        self.stops().note(Whose::Address(digest), reach, now);
    }

    /// Notes a stop that is about to be kept.
    pub(crate) fn note_stop(&self, contact: &ContactPoint, wish: Wish) {
        let whose = Whose::Address(self.store().digest(contact));
        let reach = Reach::of(contact.channel, wish);
        if reach.is_some() {
            self.stops().note(whose, reach, self.clock().now());
        }
    }
}
