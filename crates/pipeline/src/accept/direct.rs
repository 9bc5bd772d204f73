//! Deliveries that are due at once, past the due queue: places before the commit, the
//! hand-over after it.

use std::collections::BTreeMap;

use model::{Channel, Instant, Lane, MessageContent};
use store::{AcceptedEvent, AcceptedResult, ClaimedDelivery, NewDelivery, NewMessage};
use tokio::sync::OwnedSemaphorePermit;

use crate::Pipeline;
use crate::in_flight::LEASE;

/// Channel, and the lane whose places are taken: security, or normal for all others.
type Outlet = (Channel, Lane);

/// Places taken for a batch that is about to be committed.
#[derive(Default)]
pub(super) struct Places(BTreeMap<Outlet, OwnedSemaphorePermit>);

fn outlet(delivery: &NewDelivery) -> Outlet {
    let lane = match delivery.planned.lane {
        Lane::Security => Lane::Security,
        _ => Lane::Normal,
    };
    (delivery.planned.contact.channel, lane)
}

fn deliveries(event: &mut AcceptedEvent) -> &mut [NewDelivery] {
    match &mut event.result {
        AcceptedResult::Message { message, .. } => &mut message.deliveries,
        AcceptedResult::Failed { .. } => &mut [],
    }
}

impl Pipeline {
    /// Takes places for what is due now, as far as there are any, and has the commit claim
    /// those deliveries. Always in the same order, so that two batches never wait for each
    /// other.
    pub(super) async fn take_places(&self, batch: &mut [AcceptedEvent], now: Instant) -> Places {
        let mut wanted: BTreeMap<Outlet, usize> = BTreeMap::new();
        let due = |delivery: &NewDelivery| delivery.planned.due_at <= now;
        for delivery in batch.iter_mut().flat_map(deliveries).filter(|d| due(d)) {
            *wanted.entry(outlet(delivery)).or_default() += 1;
        }
        let mut places = Places::default();
        let mut free: BTreeMap<Outlet, usize> = BTreeMap::new();
        for ((channel, lane), wanted) in wanted {
            let Some(outlet) = self.in_flight().outlet(channel, lane) else {
                continue;
            };
            if let Some(taken) = outlet.places(wanted).await {
                free.insert((channel, lane), taken.num_permits());
                places.0.insert((channel, lane), taken);
            }
        }
        for delivery in batch.iter_mut().flat_map(deliveries).filter(|d| due(d)) {
            if let Some(left) = free.get_mut(&outlet(delivery)).filter(|left| **left > 0) {
                *left -= 1;
                delivery.lease = Some(LEASE);
            }
        }
        places
    }

    /// Passes on what the commit claimed; places of what it did not take are free again.
    pub(super) fn hand_on(&self, accepted: Vec<AcceptedEvent>, mut places: Places) {
        if places.0.is_empty() {
            return;
        }
        let mut claimed: BTreeMap<Outlet, Vec<ClaimedDelivery>> = BTreeMap::new();
        for event in accepted {
            claim(event, &mut claimed);
        }
        for ((channel, lane), deliveries) in claimed {
            let taken = places
                .0
                .get_mut(&(channel, lane))
                .and_then(|all| all.split(deliveries.len()));
            let outlet = self.in_flight().outlet(channel, lane);
            if let (Some(taken), Some(outlet)) = (taken, outlet) {
                outlet.pass((deliveries, taken));
            }
        }
    }
}

/// The claimed deliveries of an event, as `send` takes them.
fn claim(event: AcceptedEvent, claimed: &mut BTreeMap<Outlet, Vec<ClaimedDelivery>>) {
    let (mode, accepted_at) = (event.event.mode, event.accepted_at);
    let AcceptedResult::Message { message, .. } = event.result else {
        return;
    };
    let NewMessage {
        id,
        recipient,
        at,
        content,
        deliveries,
        ..
    } = *message;
    let mut put = |delivery: NewDelivery, content: MessageContent| {
        claimed
            .entry(outlet(&delivery))
            .or_default()
            .push(ClaimedDelivery {
                id: delivery.id,
                message: id,
                recipient,
                contact: delivery.planned.contact,
                lane: delivery.planned.lane,
                mode,
                attempt: 1,
                was_in_doubt: false,
                due_at: delivery.planned.due_at,
                expires_at: delivery.planned.expires_at,
                facts_changed: false,
                secret: delivery.secret,
                at,
                accepted_at,
                content,
            });
    };
    let mut leased: Vec<NewDelivery> = deliveries
        .into_iter()
        .filter(|delivery| delivery.lease.is_some())
        .collect();
    // Most messages have one way out, which takes the content without a copy.
    if let Some(last) = leased.pop() {
        for delivery in leased {
            put(delivery, content.clone());
        }
        put(last, content);
    }
}
