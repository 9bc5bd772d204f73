//! What sending costs: a ledger with two sides, and what its lines are about.
//!
//! The accounts of a delivery follow from its state alone, so that the ledger can always
//! be computed once more from the deliveries and compared.

use std::sync::Arc;

use crate::words::define_words;
use crate::{Category, Channel, Currency, DeliveryState, Instant, Mode, PurposeClass};

define_words!(
    /// An account of the cost ledger. What one loses another gains: over all of them every
    /// line adds up to nothing.
    Account, "account",
    /// Where quotes come from: stands below zero by all that was ever quoted.
    Quoted = 1, "quoted";
    /// Promised to a delivery that is still on its way.
    Reserved = 2, "reserved";
    /// Promised, and free again: nothing was taken.
    Released = 3, "released";
    /// Taken: a carrier has accepted the delivery.
    Charged = 4, "charged";
    /// What the carrier's own price was above (or below) what was charged.
    Reconciled = 5, "reconciled";
    /// The other side of that.
    Carrier = 6, "carrier";
);

define_words!(
    /// By what costs are told apart.
    CostBy, "grouping",
    /// The day the event was accepted on (UTC).
    Day = 1, "day";
    /// The category of the message.
    Category = 2, "category";
    /// The campaign it belongs to.
    Campaign = 3, "campaign";
    /// The seller it is about.
    Seller = 4, "seller";
    /// The channel it took.
    Channel = 5, "channel";
    /// The country it went to.
    Country = 6, "country";
    /// The carrier it was quoted for.
    Carrier = 7, "carrier";
    /// The purpose class of the message.
    Purpose = 8, "purpose";
);

impl DeliveryState {
    /// Where the quote of a delivery in this state stands.
    pub const fn account(self) -> Account {
        match self {
            Self::Scheduled | Self::Claimed | Self::InDoubt => Account::Reserved,
            // Carriers charge for what they took, also where it did not arrive.
            Self::Accepted | Self::Delivered | Self::Undelivered => Account::Charged,
            Self::Rejected | Self::Expired | Self::Cancelled | Self::GivenUp => Account::Released,
        }
    }
}

/// The quote of a delivery about to be committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Micros; zero where a carrier is known and its price is not.
    pub micros: i64,
    /// The money it is in.
    pub currency: Currency,
    /// The carrier it is expected to take.
    pub carrier: Arc<str>,
    /// The country it goes to, as its rate card calls it; empty where none is named.
    pub country: Arc<str>,
    /// The campaign it belongs to; empty for none.
    pub campaign: String,
    /// The seller it is about; empty for none.
    pub seller: String,
}

/// What the amounts of one line of the ledger have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CostLine {
    /// Days since 1970 (UTC) of the acceptance: what happens to a delivery later is
    /// booked on the day its event came.
    pub day: i32,
    /// Live, test or team.
    pub mode: Mode,
    /// The channel.
    pub channel: Channel,
    /// The category of the message.
    pub category: Category,
    /// The purpose class of the message.
    pub purpose: PurposeClass,
    /// The money.
    pub currency: Currency,
    /// As in [`Quote`].
    pub carrier: Arc<str>,
    /// As in [`Quote`].
    pub country: Arc<str>,
    /// As in [`Quote`].
    pub campaign: Arc<str>,
    /// As in [`Quote`].
    pub seller: Arc<str>,
}

/// The day of the ledger that a moment belongs to.
pub fn ledger_day(at: Instant) -> i32 {
    const DAY: i64 = 86_400_000_000;
    i32::try_from(at.as_micros().div_euclid(DAY)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_never_comes_back_from_charged() {
        for from in DeliveryState::ALL {
            for to in DeliveryState::ALL {
                if from.to(*to).is_ok() && from.account() == Account::Charged {
                    assert_eq!(to.account(), Account::Charged, "{from} to {to}");
                }
                if from.to(*to).is_ok() && from.is_settled() {
                    assert_ne!(to.account(), Account::Reserved, "{from} to {to}");
                }
            }
        }
    }

    #[test]
    fn only_what_is_not_settled_is_reserved() {
        for state in DeliveryState::ALL {
            assert_eq!(
                state.account() == Account::Reserved,
                !state.is_settled(),
                "{state}"
            );
        }
    }

    #[test]
    fn days_begin_at_midnight() {
        let day = |text: &str| ledger_day(Instant::parse(text).unwrap());
        assert_eq!(day("1970-01-01T23:59:59Z"), 0);
        assert_eq!(day("2026-11-22T00:00:00Z"), 20_779);
        assert_eq!(day("1969-12-31T23:59:59Z"), -1);
    }
}
