//! How far a stop to one kind of text reaches: to its kind, or to all (47 CFR 64.1200(a)(10)).

use model::{ContactPoint, Instant};

use super::{Asks, Heard, Track};
use crate::regions::{Place, country_of};

impl Track {
    /// What was heard from an address, as it reaches where the number is from. Doubtful words
    /// are no stop of any kind yet.
    pub(super) fn reaching(&self, heard: Heard, from: &ContactPoint, at: Instant) -> Heard {
        if heard.asks != Asks::StopMarketing {
            return heard;
        }
        let place = Place {
            country: country_of("", "", Some(from.address.open())),
            ..Place::default()
        };
        let regions = &self.pipeline.limits().regions;
        match regions.revokes_all(&place, from.channel, at) {
            true => Heard {
                asks: Asks::StopAll,
                ..heard
            },
            false => heard,
        }
    }
}
