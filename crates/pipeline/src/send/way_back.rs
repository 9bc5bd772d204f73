//! Where what comes back of a mail goes: to addresses that name its delivery.

use std::fmt;
use std::sync::Arc;

use channels::WayBack;
use channels::mail_in::{Address, Addresses};
use model::{Category, Instant, RecipientId};
use store::ClaimedDelivery;

use super::Sender;
use crate::choices::EVERY_TOPIC;
use crate::render::foot::{FootLinks, can_be_stopped};

/// Where mail comes back to.
#[derive(Clone, Debug)]
pub struct ComesBack {
    /// Makes the addresses.
    pub addresses: Addresses,
    /// Answers come here too; else they go to the address that mail is from.
    pub replies: bool,
}

/// Makes the links of a customer: to end mails of a topic, and to choose what they get.
#[derive(Clone)]
pub struct ReaderLinks {
    unsubscribe: Arc<MakeUnsubscribe>,
    preferences: Arc<MakePreferences>,
    one_click: bool,
}

type MakeUnsubscribe = dyn Fn(RecipientId, (Category, &str), Instant) -> String + Send + Sync;
type MakePreferences = dyn Fn(RecipientId, Instant) -> String + Send + Sync;

impl ReaderLinks {
    /// Links that are made like this: of whose, of which topic, and from when on. With
    /// `one_click` mail programs are told of the first too, to end mails with one POST (RFC
    /// 8058).
    pub fn new(
        unsubscribe: impl Fn(RecipientId, (Category, &str), Instant) -> String + Send + Sync + 'static,
        preferences: impl Fn(RecipientId, Instant) -> String + Send + Sync + 'static,
        one_click: bool,
    ) -> Self {
        Self {
            unsubscribe: Arc::new(unsubscribe),
            preferences: Arc::new(preferences),
            one_click,
        }
    }
}

impl fmt::Debug for ReaderLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReaderLinks")
    }
}

impl Sender {
    pub(super) fn way_back(&self, claimed: &ClaimedDelivery, foot: Option<FootLinks>) -> WayBack {
        let stoppable = can_be_stopped(claimed.content.purpose);
        let one_click = self.pipeline.limits().links.as_ref();
        let one_click = one_click.is_some_and(|links| links.one_click);
        let link = foot.filter(|_| one_click).map(|foot| foot.unsubscribe);
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

    /// The links at the foot of a mail that can be ended.
    pub(super) fn foot_links(&self, claimed: &ClaimedDelivery) -> Option<FootLinks> {
        if !can_be_stopped(claimed.content.purpose) {
            return None;
        }
        let links = self.pipeline.limits().links.as_ref()?;
        let catalogue = self.pipeline.catalogue();
        let entry = catalogue.get(&claimed.content.message_type);
        let topic = entry.map(|entry| match entry.digest {
            true => EVERY_TOPIC,
            false => entry.topic.as_str(),
        });
        let now = self.pipeline.clock().now();
        let what = (claimed.content.category, topic.unwrap_or_default());
        Some(FootLinks {
            unsubscribe: (links.unsubscribe)(claimed.recipient, what, now),
            preferences: (links.preferences)(claimed.recipient, now),
        })
    }
}
