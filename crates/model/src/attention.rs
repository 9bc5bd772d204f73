//! A person's attention: what of it was taken, how much may be taken, and when there is room.
//!
//! Used on both sides of a commit: a decision chooses the moment by it, and the commit asks it
//! once more under the customer's lock.

use crate::{Channel, DeliveryId, DeliveryState, Instant, PurposeClass, Span};

/// No limit looks further back.
pub const REMEMBERED: Span = Span::days(7);

/// A delivery that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Which.
    pub delivery: DeliveryId,
    /// Its channel.
    pub channel: Channel,
    /// Its ground.
    pub purpose: PurposeClass,
    /// Test traffic: it takes of a budget of its own.
    pub test: bool,
    /// When it left, or will.
    pub at: Instant,
    /// Whether it has left.
    pub left: bool,
}

/// At most so many in any stretch of so long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// On which channel.
    pub channel: Channel,
    /// Of which grounds; empty for all that count.
    pub purposes: Vec<PurposeClass>,
    /// How many.
    pub most: u32,
    /// In how long.
    pub within: Span,
    /// The word that explains it.
    pub why: &'static str,
    /// The rule it comes from, where that is one of a place.
    pub rule: String,
}

/// What a delivery counts as, and the limits it keeps to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Its ground.
    pub purpose: PurposeClass,
    /// Test traffic.
    pub test: bool,
    /// The limits.
    pub caps: Vec<Cap>,
}

impl Cap {
    /// Whether something that was taken counts against it.
    pub fn counts(&self, taken: &Taken) -> bool {
        taken.channel == self.channel
            && (self.purposes.is_empty() || self.purposes.contains(&taken.purpose))
    }

    /// Whether one more at a moment leaves every stretch within the limit. Two that lie a whole
    /// stretch apart are in no stretch together.
    fn has_room(&self, moments: &[Instant], at: Instant) -> bool {
        let Ok(most) = usize::try_from(self.most) else {
            return true;
        };
        // All that can share a stretch with it, in order; with it, no `most + 1` of them may.
        let mut near: Vec<Instant> = moments.to_vec();
        near.retain(|one| (*one).max(at).since((*one).min(at)) < self.within);
        near.push(at);
        near.sort_unstable();
        !near
            .windows(most + 1)
            .any(|run| run[most].since(run[0]) < self.within && run[0] <= at && at <= run[most])
    }
}

impl Counts {
    /// The moments of what was taken that count against a limit.
    fn moments(&self, cap: &Cap, taken: &[Taken]) -> Vec<Instant> {
        let counts = |one: &&Taken| one.test == self.test && cap.counts(one);
        taken.iter().filter(counts).map(|one| one.at).collect()
    }

    /// The first limit that one more at a moment would break.
    pub fn broken(&self, taken: &[Taken], at: Instant) -> Option<&Cap> {
        let mut caps = self.caps.iter();
        caps.find(|cap| !cap.has_room(&self.moments(cap, taken), at))
    }

    /// The first moment, from one on, at which one more breaks no limit; none where a limit
    /// allows nothing at all.
    pub fn room(&self, taken: &[Taken], from: Instant) -> Option<Instant> {
        // Room begins where something falls out of a stretch that ends there.
        let ends = self.caps.iter().flat_map(|cap| {
            let moments = self.moments(cap, taken).into_iter();
            moments.map(|one| one + cap.within)
        });
        let mut tries: Vec<Instant> = ends.filter(|end| *end > from).collect();
        tries.push(from);
        tries.sort_unstable();
        tries.dedup();
        let mut tries = tries.into_iter();
        tries.find(|at| self.broken(taken, *at).is_none())
    }

    /// How many more there may be at a moment, by the limits of one length.
    pub fn left(&self, taken: &[Taken], within: Span, at: Instant) -> Option<u32> {
        let caps = self.caps.iter().filter(|cap| cap.within == within);
        let left = caps.map(|cap| {
            let moments = self.moments(cap, taken).into_iter();
            let recent = moments.filter(|one| at.since(*one) < within).count();
            cap.most
                .saturating_sub(u32::try_from(recent).unwrap_or(u32::MAX))
        });
        left.min()
    }
}

impl Taken {
    /// The moment at which a delivery counts, and whether it has left: what waits and is late
    /// leaves now at the earliest. None for what never left: it gives its place back.
    pub fn moment(
        state: DeliveryState,
        (due_at, changed_at): (Instant, Instant),
        now: Instant,
    ) -> Option<(Instant, bool)> {
        use DeliveryState as S;
        match state {
            S::Scheduled | S::Claimed | S::InDoubt => Some((due_at.max(now), false)),
            // A receipt that came later moves it on, to when the customer had it.
            S::Accepted | S::Delivered | S::Undelivered => Some((changed_at, true)),
            S::Rejected | S::Expired | S::Cancelled | S::GivenUp => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Id;

    fn at(hours: i64) -> Instant {
        Instant::from_micros(0) + Span::hours(hours)
    }

    fn cap(purposes: &[PurposeClass], most: u32, within: Span) -> Cap {
        Cap {
            channel: Channel::Sms,
            purposes: purposes.to_vec(),
            most,
            within,
            why: "offers_day",
            rule: String::new(),
        }
    }

    fn counts(caps: Vec<Cap>) -> Counts {
        Counts {
            purpose: PurposeClass::Marketing,
            test: false,
            caps,
        }
    }

    fn taken(at: Instant) -> Taken {
        Taken {
            delivery: DeliveryId::from_i64(1),
            channel: Channel::Sms,
            purpose: PurposeClass::Marketing,
            test: false,
            at,
            left: true,
        }
    }

    #[test]
    fn room_is_found_before_between_and_behind() {
        let day = counts(vec![cap(&[], 1, Span::days(1))]);
        for (moments, from, room) in [
            (vec![], 0, Some(0)),
            (vec![0], 0, Some(24)),
            (vec![0], 23, Some(24)),
            (vec![0], 24, Some(24)),
            // One that is planned ahead keeps its distance on both sides.
            (vec![30], 0, Some(0)),
            (vec![30], 7, Some(54)),
            (vec![0, 48], 1, Some(24)),
            (vec![0, 47], 1, Some(71)),
        ] {
            let all: Vec<Taken> = moments.iter().map(|hours| taken(at(*hours))).collect();
            assert_eq!(day.room(&all, at(from)), room.map(at), "{moments:?} {from}");
        }
        let nothing = counts(vec![cap(&[], 0, Span::days(1))]);
        assert_eq!(nothing.room(&[], at(0)), None);
    }

    #[test]
    fn a_limit_counts_its_own_channel_ground_and_kind_of_traffic() {
        let offers = counts(vec![cap(&[PurposeClass::Marketing], 1, Span::days(1))]);
        let one = taken(at(0));
        for other in [
            Taken {
                channel: Channel::Email,
                ..one
            },
            Taken {
                purpose: PurposeClass::Service,
                ..one
            },
            Taken { test: true, ..one },
        ] {
            assert_eq!(offers.broken(&[other], at(1)), None);
        }
        assert!(offers.broken(&[one], at(1)).is_some());
        assert_eq!(offers.left(&[one], Span::days(1), at(1)), Some(0));
        assert_eq!(offers.left(&[one], Span::days(1), at(25)), Some(1));
        assert_eq!(offers.left(&[one], Span::days(7), at(25)), None);
    }

    #[test]
    fn what_never_left_gives_its_place_back() {
        let times = (at(1), at(2));
        for (state, moment) in [
            (DeliveryState::Scheduled, Some((at(5), false))),
            (DeliveryState::InDoubt, Some((at(5), false))),
            (DeliveryState::Accepted, Some((at(2), true))),
            (DeliveryState::Undelivered, Some((at(2), true))),
            (DeliveryState::Cancelled, None),
            (DeliveryState::Expired, None),
            (DeliveryState::Rejected, None),
            (DeliveryState::GivenUp, None),
        ] {
            assert_eq!(Taken::moment(state, times, at(5)), moment, "{state}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn no_stretch_ever_holds_more(
            starts in proptest::collection::vec(0..400_i64, 1..10),
            day in 1..4_u32,
            week in 1..6_u32,
        ) {
            let counts = counts(vec![cap(&[], day, Span::days(1)), cap(&[], week, Span::days(7))]);
            let mut all: Vec<Taken> = Vec::new();
            for start in starts {
                let room = counts.room(&all, at(start)).expect("every limit allows some");
                prop_assert!(room >= at(start));
                // Nothing sooner was free.
                for earlier in [at(start), room - Span::hours(1)].into_iter().filter(|one| *one < room) {
                    prop_assert!(earlier < at(start) || counts.broken(&all, earlier).is_some());
                }
                all.push(taken(room));
            }
            for (most, within) in [(day, Span::days(1)), (week, Span::days(7))] {
                for first in &all {
                    let inside = all.iter().filter(|one| one.at >= first.at && one.at.since(first.at) < within);
                    prop_assert!(inside.count() <= most as usize);
                }
            }
        }
    }
}
