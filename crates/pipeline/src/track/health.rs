//! What failures say of the address: counted beside the customer's state of it, and where a
//! carrier says again that nobody is there, the address gets nothing more.
//!
//! Receipts are answered before this: a count that is lost in a crash costs one more try.

use model::{Channel, ContactPoint, ContactState, DeliveryId, DeliveryState, Health};
use store::{ContactRow, DeliveryRecord, MailboxFilter};
use tokio::sync::mpsc;

use super::Track;

/// A carrier's word counts once it has said so twice: the numbers of errors are its own, and
/// some carriers use them loosely.
const TWICE: usize = 2;
/// So many messages are looked at for one that arrived.
const LOOK_BACK: usize = 20;
/// So often a count is made again where somebody else changed the state meanwhile.
const TRIES: usize = 4;

/// What a failed receipt says of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failing {
    /// It may pass: switched off, full, out of reach.
    Softly,
    /// Nobody is there.
    Unknown,
    /// Whoever has it, or the carrier, lets nothing through.
    Barred,
}

/// A failed delivery, and what its receipt says.
pub(super) type Failed = (DeliveryId, Failing);

/// What the code of a failed receipt says. By text the numbers are those of GSM, which most
/// carriers pass on (3GPP TS 29.002, 17.6.6 and 7.6.1.4): 1 unknown, 5 unidentified and 9
/// illegal subscriber; 13 call barred. By mail a hard bounce has been acted on already.
pub(super) fn failing(code: &str) -> Option<Failing> {
    if let Some(class) = code.strip_prefix("bounced ") {
        let hard = class.starts_with("hard");
        return (!hard).then_some(Failing::Softly);
    }
    let number = code
        .split_once("err:")
        .map(|(_, number)| number.trim_start_matches('0'));
    match number {
        Some("1" | "5" | "9") => Some(Failing::Unknown),
        Some("13") => Some(Failing::Barred),
        // Taken out by somebody on the way says nothing of the address.
        _ if code.starts_with("DELETED") || code.starts_with("SKIPPED") => None,
        _ => Some(Failing::Softly),
    }
}

impl Track {
    /// Counts failures until nobody can bring more.
    pub(super) async fn count_failures(&self, mut failed: mpsc::Receiver<Failed>) {
        while let Some((delivery, failing)) = failed.recv().await {
            if let Err(error) = self.count(delivery, failing).await {
                tracing::warn!(%error, delivery.id = %delivery, "a failure could not be counted");
            }
        }
    }

    async fn count(&self, id: DeliveryId, failing: Failing) -> store::Result<()> {
        let store = self.pipeline.store();
        let Some(found) = store.message_of(id).await? else {
            return Ok(());
        };
        let whose = found.message.recipient;
        let mut deliveries = found.deliveries.into_iter();
        let Some(DeliveryRecord { delivery, .. }) = deliveries.find(|of| of.delivery.id == id)
        else {
            return Ok(());
        };
        let contact = delivery.contact;
        let facts = store
            .facts_of(vec![whose])
            .await?
            .into_iter()
            .flatten()
            .next();
        let Some(facts) = facts.filter(|f| f.customer.contact(contact.channel) == Some(&contact))
        else {
            return Ok(());
        };
        let (now, digest) = (self.pipeline.clock().now(), store.digest(&contact));
        for _ in 0..TRIES {
            let known = store.contact_points(whose).await?;
            let row = known.into_iter().find(|row| row.digest == digest);
            let mut row = row.unwrap_or(ContactRow {
                recipient: whose,
                digest,
                version: 0,
                state: ContactState::default(),
            });
            let hard = match failing {
                Failing::Softly => {
                    row.state.fails_softly(now);
                    0
                }
                Failing::Unknown | Failing::Barred => row.state.fails_hard(now),
            };
            let proved = row.state.verified.is_some();
            if !store.keep_contact_point(row).await? {
                continue;
            }
            if hard >= TWICE && facts.suppression_at(contact.channel, now).is_none() {
                let worked = proved || self.has_arrived(whose, &contact).await?;
                self.give_up(contact, (failing, worked)).await?;
            }
            return Ok(());
        }
        Ok(())
    }

    async fn give_up(
        &self,
        contact: ContactPoint,
        (failing, worked): (Failing, bool),
    ) -> store::Result<()> {
        let health = match (failing, contact.channel) {
            (Failing::Barred, _) => Health::Blocked,
            (_, Channel::Sms) if worked => Health::Recycled,
            _ => Health::Bounced,
        };
        let reason = health.reason().unwrap_or_default();
        tracing::info!(reason, "an address is given up");
        self.pipeline.suppress(contact, reason.to_owned()).await
    }

    /// Whether something arrived at an address before.
    async fn has_arrived(
        &self,
        whose: model::RecipientId,
        contact: &ContactPoint,
    ) -> store::Result<bool> {
        let store = self.pipeline.store();
        let page = store
            .mailbox_page(whose, MailboxFilter::default(), None, LOOK_BACK)
            .await?;
        for message in page.messages {
            let Some(found) = store.message(message.id).await? else {
                continue;
            };
            let arrived = |of: &DeliveryRecord| {
                of.delivery.state == DeliveryState::Delivered && of.delivery.contact == *contact
            };
            if found.deliveries.iter().any(arrived) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_receipts() {
        for (code, expected) in [
            ("UNDELIV err:001", Some(Failing::Unknown)),
            ("UNDELIV err:1", Some(Failing::Unknown)),
            ("REJECTD err:009", Some(Failing::Unknown)),
            ("UNDELIV err:013", Some(Failing::Barred)),
            ("UNDELIV err:011", Some(Failing::Softly)),
            ("EXPIRED", Some(Failing::Softly)),
            ("UNDELIV", Some(Failing::Softly)),
            ("DELETED", None),
            ("bounced full 552 5.2.2", Some(Failing::Softly)),
            ("bounced soft", Some(Failing::Softly)),
            ("bounced hard 550 5.1.1", None),
        ] {
            assert_eq!(failing(code), expected, "{code}");
        }
    }
}
