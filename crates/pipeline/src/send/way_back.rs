//! Where what comes back of a mail goes: to addresses that name its delivery.

use std::fmt;
use std::sync::Arc;

use channels::WayBack;
use channels::mail_in::{Address, Addresses};
use model::{Category, Instant, PurposeClass, RecipientId};
use store::ClaimedDelivery;

use super::Sender;
use crate::choices::EVERY_TOPIC;

/// Where mail comes back to.
#[derive(Clone, Debug)]
pub struct ComesBack {
    /// Makes the addresses.
    pub addresses: Addresses,
    /// Answers come here too; else they go to the address that mail is from.
    pub replies: bool,
}

/// Makes the address under which a reader ends mails of a topic with one POST (RFC 8058): of
/// whose, of which topic, and from when on.
#[derive(Clone)]
pub struct UnsubscribeLinks(Arc<MakeLink>);

type MakeLink = dyn Fn(RecipientId, (Category, &str), Instant) -> String + Send + Sync;

impl UnsubscribeLinks {
    /// Links that are made like this.
    pub fn new(
        make: impl Fn(RecipientId, (Category, &str), Instant) -> String + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(make))
    }
}

impl fmt::Debug for UnsubscribeLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnsubscribeLinks")
    }
}

impl Sender {
    pub(super) fn way_back(&self, claimed: &ClaimedDelivery) -> WayBack {
        let stoppable = can_be_stopped(claimed.content.purpose);
        let link = stoppable.then(|| self.unsubscribe_link(claimed)).flatten();
        let Some(ComesBack { addresses, replies }) = &self.pipeline.limits().comes_back else {
            return WayBack {
                unsubscribe_link: link,
                ..WayBack::default()
            };
        };
        let id = claimed.id;
        WayBack {
            envelope_from: Some(addresses.sign(Address::Bounce(id))),
            reply_to: replies.then(|| addresses.sign(Address::Reply(id))),
            unsubscribe_link: link,
            unsubscribe_address: stoppable.then(|| addresses.sign(Address::Unsubscribe(id))),
        }
    }

    fn unsubscribe_link(&self, claimed: &ClaimedDelivery) -> Option<String> {
        let UnsubscribeLinks(make) = self.pipeline.limits().unsubscribe.as_ref()?;
        let catalogue = self.pipeline.catalogue();
        let entry = catalogue.get(&claimed.content.message_type);
        let topic = entry.map(|entry| match entry.digest {
            true => EVERY_TOPIC,
            false => entry.topic.as_str(),
        });
        let now = self.pipeline.clock().now();
        Some(make(
            claimed.recipient,
            (claimed.content.category, topic.unwrap_or_default()),
            now,
        ))
    }
}

/// Whether mail programs show a way to get no more of these. What protects, what the law
/// asks for and what the reader's own order causes is not offered like that.
fn can_be_stopped(purpose: PurposeClass) -> bool {
    matches!(purpose, PurposeClass::Service | PurposeClass::Marketing)
}
