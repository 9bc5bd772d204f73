//! How much of a person's attention may be taken: the house's own limits and those of places.
//!
//! Pure. Counted for each person and channel, whoever sends and whatever it is about. Not
//! counted, and so never limited: codes, what protects the customer, what the law wants told,
//! answers to texts, and what belongs to a conversation. Urgent news of an order counts only
//! where the law of a place limits it.

use model::{
    Cap, Category, Channel, Counts, Customer, Instant, Lane, Mode, PurposeClass, RecipientId, Span,
    Taken,
};

use crate::Pipeline;
use crate::decide::Terms;
use crate::regions::{Place, Regions};

/// A day, as limits count: the last 24 hours.
pub const DAY: Span = Span::days(1);
/// A week.
pub const WEEK: Span = Span::days(7);

/// The house's own limits. 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attention {
    /// Texts with offers, in 24 hours.
    pub offer_texts_a_day: u32,
    /// Texts with offers, in seven days.
    pub offer_texts_a_week: u32,
    /// Mails with offers, in 24 hours.
    pub offer_mails_a_day: u32,
    /// Mails with offers, in seven days.
    pub offer_mails_a_week: u32,
    /// Texts of any kind that is not urgent, in 24 hours; offers are among them.
    pub texts_a_day: u32,
}

impl Default for Attention {
    fn default() -> Self {
        Self {
            offer_texts_a_day: 1,
            offer_texts_a_week: 3,
            offer_mails_a_day: 1,
            offer_mails_a_week: 3,
            texts_a_day: 10,
        }
    }
}

/// How many more offers a customer may get on a channel now; none where there is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffersLeft {
    /// The channel.
    pub channel: Channel,
    /// In these 24 hours.
    pub today: Option<u32>,
    /// In these seven days.
    pub this_week: Option<u32>,
}

/// A message type, as far as attention goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) purpose: PurposeClass,
    pub(crate) lane: Lane,
    pub(crate) category: Category,
    pub(crate) answers: bool,
}

impl Kind {
    pub(crate) const fn of(terms: &Terms) -> Self {
        Self {
            purpose: terms.purpose,
            lane: terms.lane,
            category: terms.category,
            answers: terms.answers,
        }
    }

    /// Whether it comes however much came before.
    fn is_exempt(self) -> bool {
        let talks = matches!(self.category, Category::Sellers | Category::Support);
        let owed = matches!(self.purpose, PurposeClass::Security | PurposeClass::Legal);
        let offers = self.purpose == PurposeClass::Marketing;
        self.lane == Lane::Security || owed || self.answers || (talks && !offers)
    }
}

impl Attention {
    /// Whether any limit can concern a message on a channel: told without a look at places.
    pub(crate) fn may_concern(&self, regions: &Regions, kind: Kind, channel: Channel) -> bool {
        !kind.is_exempt()
            && (kind.purpose == PurposeClass::Marketing
                || is_calm_text(kind, channel)
                || regions.limits(kind.purpose, channel))
    }

    /// What a message counts as on a channel, and the limits it keeps to at a moment; none
    /// where nothing limits it.
    pub(crate) fn counts(
        &self,
        regions: &Regions,
        (kind, channel, mode): (Kind, Channel, Mode),
        place: &Place<'_>,
        at: Instant,
    ) -> Option<Counts> {
        if !self.may_concern(regions, kind, channel) {
            return None;
        }
        let mut caps = Vec::with_capacity(4);
        let mut house = |purposes: &[PurposeClass], most, within, why| {
            if most > 0 {
                caps.push(Cap {
                    channel,
                    purposes: purposes.to_vec(),
                    most,
                    within,
                    why,
                    rule: String::new(),
                });
            }
        };
        if kind.purpose == PurposeClass::Marketing {
            let (day, week) = self.offers(channel);
            house(&[PurposeClass::Marketing], day, DAY, "offers_day");
            house(&[PurposeClass::Marketing], week, WEEK, "offers_week");
        }
        if is_calm_text(kind, channel) {
            house(&[], self.texts_a_day, DAY, "texts_day");
        }
        if let Some((most, rule)) = regions.at_most(place, (kind.purpose, channel), at) {
            caps.push(Cap {
                channel,
                purposes: rule.purposes.clone(),
                most,
                within: DAY,
                why: "region",
                rule: rule.id.clone(),
            });
        }
        (!caps.is_empty()).then_some(Counts {
            purpose: kind.purpose,
            test: mode == Mode::Test,
            caps,
        })
    }

    const fn offers(&self, channel: Channel) -> (u32, u32) {
        match channel {
            Channel::Sms => (self.offer_texts_a_day, self.offer_texts_a_week),
            Channel::Email => (self.offer_mails_a_day, self.offer_mails_a_week),
        }
    }

    /// How many more offers a customer may get at a moment.
    pub fn offers_left(
        &self,
        regions: &Regions,
        (customer, mode): (&Customer, Mode),
        taken: &[Taken],
        at: Instant,
    ) -> Vec<OffersLeft> {
        let offer = Kind {
            purpose: PurposeClass::Marketing,
            lane: Lane::Bulk,
            category: Category::Promotions,
            answers: false,
        };
        let left = |channel: &Channel| {
            let about = (offer, *channel, mode);
            let counts = self.counts(regions, about, &Place::of(customer), at);
            let left = |within| counts.as_ref()?.left(taken, within, at);
            let this_week = left(WEEK);
            OffersLeft {
                channel: *channel,
                // What is spent of a week is spent of its days.
                today: left(DAY).into_iter().chain(this_week).min(),
                this_week,
            }
        };
        Channel::ALL.iter().map(left).collect()
    }
}

/// A text that is not urgent.
fn is_calm_text(kind: Kind, channel: Channel) -> bool {
    channel == Channel::Sms && matches!(kind.lane, Lane::Normal | Lane::Bulk)
}

impl Pipeline {
    /// How many more offers a customer may get now, on each channel. Test traffic has a budget
    /// of its own.
    ///
    /// # Errors
    /// When the store could not be read.
    pub async fn offers_left(
        &self,
        recipient: RecipientId,
        of: (&Customer, Mode),
    ) -> store::Result<Vec<OffersLeft>> {
        let now = self.clock().now();
        let taken = self.store().attention(vec![recipient], now).await?;
        let taken: Vec<Taken> = taken.into_iter().map(|(_, taken)| taken).collect();
        let limits = self.limits();
        let attention = &limits.attention;
        Ok(attention.offers_left(&limits.regions, of, &taken, now))
    }
}
