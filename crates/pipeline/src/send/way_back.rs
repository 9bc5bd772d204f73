//! Where what comes back of a mail goes: to addresses that name its delivery.

use channels::WayBack;
use channels::mail_in::{Address, Addresses};
use model::PurposeClass;
use store::ClaimedDelivery;

use super::Sender;

/// Where mail comes back to.
#[derive(Clone, Debug)]
pub struct ComesBack {
    /// Makes the addresses.
    pub addresses: Addresses,
    /// Answers come here too; else they go to the address that mail is from.
    pub replies: bool,
}

impl Sender {
    pub(super) fn way_back(&self, claimed: &ClaimedDelivery) -> WayBack {
        let Some(ComesBack { addresses, replies }) = &self.pipeline.limits().comes_back else {
            return WayBack::default();
        };
        let (id, stoppable) = (claimed.id, can_be_stopped(claimed.content.purpose));
        WayBack {
            envelope_from: Some(addresses.sign(Address::Bounce(id))),
            reply_to: replies.then(|| addresses.sign(Address::Reply(id))),
            unsubscribe_link: None,
            unsubscribe_address: stoppable.then(|| addresses.sign(Address::Unsubscribe(id))),
        }
    }
}

/// Whether mail programs show a way to get no more of these. What protects, what the law
/// asks for and what the reader's own order causes is not offered like that.
fn can_be_stopped(purpose: PurposeClass) -> bool {
    matches!(purpose, PurposeClass::Service | PurposeClass::Marketing)
}
