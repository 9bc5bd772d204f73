//! Quiet hours, asked again: a delivery may have waited into them, here or in its carrier.
//!
//! Where the customer is and when they want quiet stands in the message, as far as it
//! concerns it; so nothing is read for it. Newer facts count where there are any.

use std::sync::Arc;

use model::{Instant, QuietHours, Spoke};
use store::ClaimedDelivery;

use super::Sender;
use super::gates::Since;
use crate::decide::quiet_hours::{may_concern, question, spoke};
use crate::regions::{Place, Regions, country_of};
use crate::render;

/// What the hours depend on.
#[derive(Clone)]
pub(super) struct Quiet {
    regions: Arc<Regions>,
    about: (model::PurposeClass, model::Lane, model::Channel),
    country: String,
    region: String,
    zone: String,
    own: Option<QuietHours>,
}

/// Why a delivery must not leave now.
pub(super) struct Barred {
    /// As traces keep it.
    pub(super) spoke: Spoke,
    /// When it may; none when it never may.
    pub(super) until: Option<Instant>,
}

impl Sender {
    /// What the hours of a delivery depend on; none when no hour can be wrong for it.
    pub(super) fn quiet(&self, claimed: &ClaimedDelivery, since: &Since) -> Option<Quiet> {
        let about = (
            claimed.content.purpose,
            claimed.lane,
            claimed.contact.channel,
        );
        let regions = &self.pipeline.limits().regions;
        let newer = since.facts(claimed.recipient).map(|facts| &facts.customer);
        let own = match newer {
            Some(customer) => customer.quiet_hours,
            None => render::quiet_hours_of(&claimed.content.data),
        };
        if !may_concern(regions, about, own) {
            return None;
        }
        let place = match newer {
            Some(customer) => Place::of(customer),
            None => render::place_of(&claimed.content.data),
        };
        let number = claimed.contact.address.open();
        Some(Quiet {
            regions: regions.clone(),
            about,
            country: country_of(place.country, place.region, Some(number)).to_owned(),
            region: place.region.to_owned(),
            zone: place.zone.to_owned(),
            own,
        })
    }
}

impl Quiet {
    /// Why the delivery must not leave at a moment, if so.
    pub(super) fn bars(&self, at: Instant) -> Option<Barred> {
        let place = Place {
            country: &self.country,
            region: &self.region,
            zone: &self.zone,
        };
        let question = question(place, self.about, self.own);
        let (spoke, until) = spoke(self.regions.answer(&question, at), self.about.2)?;
        Some(Barred { spoke, until })
    }
}

impl Barred {
    /// The word of the rule, as attempts keep it.
    pub(super) fn reason(&self) -> String {
        format!("{}.{}", self.spoke.rule, self.spoke.why)
    }
}
