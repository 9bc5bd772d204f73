//! What a customer chooses for themselves: which channels they allow, which topics they want
//! there and how often, their language and time zone.
//!
//! [`apply`] is pure: a profile and a choice in, the changed profile, the lines for the ledger
//! and what changed out. Which rows there are to choose from follows from the catalogue.
//! What holds already is no change and makes no line.

mod making;
mod rows;
#[cfg(test)]
mod tests;

use model::{
    Act, Category, Channel, ConsentLine, ConsentPurpose, Customer, CustomerFault, Facts, Frequency,
    Instant, Preference, QuietHours, RecipientId, Said, Wish,
};
use serde::{Deserialize, Deserializer, Serialize};
use store::CustomerChange;

use crate::Pipeline;
use crate::send::{Reach, Whose};
use making::Making;
pub use rows::{Row, offered};

/// In place of a topic: all of a category.
pub const EVERY_TOPIC: &str = "*";

/// So often a change is decided again where somebody else changed the profile meanwhile.
const TRIES: usize = 8;

/// A form, filled in. What is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choices {
    /// Whole channels.
    pub channels: Vec<ChannelChoice>,
    /// Topics.
    pub topics: Vec<TopicChoice>,
    /// The language, as a BCP 47 tag.
    pub locale: Option<String>,
    /// The time zone, by its IANA name.
    pub time_zone: Option<String>,
    /// Hours without texts; `Some(None)` is no such hours, in JSON `null`.
    #[serde(
        deserialize_with = "said_or_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub quiet_hours: Option<Option<QuietHours>>,
}

/// What is there was said, also where it is `null`.
fn said_or_null<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<QuietHours>>, D::Error> {
    Option::<QuietHours>::deserialize(deserializer).map(Some)
}

/// What is chosen of a whole channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelChoice {
    /// Which.
    pub channel: Channel,
    /// Whether it may be taken at all. `false` takes the consent to offers back too.
    #[serde(default)]
    pub allowed: Option<bool>,
    /// Whether offers and news may take it: the express consent that marketing needs.
    #[serde(default)]
    pub offers: Option<bool>,
}

/// What is chosen of a topic on a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicChoice {
    /// The category.
    pub category: Category,
    /// The topic in it; empty for the category as a whole.
    #[serde(default)]
    pub topic: String,
    /// The channel.
    pub channel: Channel,
    /// Whether its messages may take the channel.
    pub on: bool,
    /// How often, where they may.
    #[serde(default = "each")]
    pub frequency: Frequency,
}

const fn each() -> Frequency {
    Frequency::Each
}

/// What somebody chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// What a form says.
    Form(Choices),
    /// Important updates go on, offers end: on every channel, in one step.
    StopOffers,
    /// No more mails like this one, and no offers on the channel (RFC 8058).
    Unsubscribe {
        /// The category of the message.
        category: Category,
        /// Its topic.
        topic: String,
        /// The channel it came on.
        channel: Channel,
    },
}

/// One thing that is another than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Whether a channel may be taken.
    Channel(Channel, bool),
    /// Whether offers may take it.
    Offers(Channel, bool),
    /// What is wanted of a topic.
    Topic(TopicChoice),
    /// By which way a topic comes that cannot be switched off.
    Way(TopicChoice),
    /// The language.
    Locale(String),
    /// The time zone.
    TimeZone(String),
    /// The hours without texts.
    QuietHours(Option<QuietHours>),
}

/// What a choice comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The profile as it shall be.
    pub customer: Customer,
    /// What was given and taken back.
    pub lines: Vec<ConsentLine>,
    /// What is another than before.
    pub changed: Vec<Change>,
}

/// Why a choice cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ChooseError {
    /// There is no such customer any more.
    #[error("there is no such customer")]
    Unknown,
    /// What is wrong with it; nothing was changed.
    #[error("the choice has {} faults", .0.len())]
    Faulty(Vec<CustomerFault>),
    /// Others kept changing the profile.
    #[error("the profile was changed by others again and again")]
    Overtaken,
    /// The store would not.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// What a customer allows on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelState {
    /// Whether it may be taken at all. Mail may be until they take that back; all others need
    /// a consent first.
    pub allowed: bool,
    /// Whether offers may take it.
    pub offers: bool,
}

impl ChannelState {
    /// As of a moment.
    pub fn of(customer: &Customer, channel: Channel, at: Instant) -> Self {
        use ConsentPurpose::{Marketing, Transactional};
        Self {
            allowed: match channel {
                Channel::Email => customer.withdrawn(channel, Transactional, at).is_none(),
                Channel::Sms => customer.consent(channel, Transactional, at).is_some(),
            },
            offers: customer.consent(channel, Marketing, at).is_some(),
        }
    }
}

/// What a customer wants of a row: how often, or nothing.
pub fn wanted(customer: &Customer, row: &Row) -> Option<Frequency> {
    if row.always_on {
        let elsewhere = customer.wants_elsewhere(row.category, &row.topic, row.channel);
        return (!elsewhere).then_some(Frequency::Each);
    }
    wish_of(customer.preference(row.category, &row.topic, row.channel))
}

/// Whether the topic of a row has another channel that is open to it: then what cannot be
/// switched off may leave this one. The profile may have changes that the facts have not.
pub fn has_other_way(
    (facts, customer): (&Facts, &Customer),
    rows: &[Row],
    row: &Row,
    at: Instant,
) -> bool {
    let mut others = rows.iter().filter(|other| {
        (other.category, &other.topic) == (row.category, &row.topic) && other.channel != row.channel
    });
    others.any(|other| {
        let channel = other.channel;
        let allowed = match channel {
            // Nothing stops what protects by mail.
            Channel::Email => true,
            Channel::Sms => ChannelState::of(customer, channel, at).allowed,
        };
        allowed
            && customer.contact(channel).is_some()
            && facts.suppression_at(channel, at).is_none()
            && wanted(customer, other).is_some()
    })
}

fn wish_of(preference: Option<&Preference>) -> Option<Frequency> {
    preference.map_or(Some(Frequency::Each), |said| {
        said.on.then_some(said.frequency)
    })
}

/// Does to a profile what was chosen.
///
/// # Errors
/// Every fault, with a JSON pointer into [`Choices`].
pub fn apply(
    facts: &Facts,
    rows: &[Row],
    choice: &Choice,
    said: &Said,
) -> Result<Chosen, Vec<CustomerFault>> {
    let mut making = Making::new(facts, rows, said);
    match choice {
        Choice::Form(form) => making.form(form),
        Choice::StopOffers => making.stop_offers(),
        Choice::Unsubscribe {
            category,
            topic,
            channel,
        } => making.unsubscribe(*category, topic, *channel),
    }
    let (customer, lines) = making.end()?;
    let changed = changes(&facts.customer, &customer, rows, said.at);
    Ok(Chosen {
        customer,
        lines,
        changed,
    })
}

/// What is another in a profile than it was in the one before.
fn changes(before: &Customer, after: &Customer, rows: &[Row], at: Instant) -> Vec<Change> {
    let mut changed = Vec::new();
    for channel in Channel::ALL {
        let was = ChannelState::of(before, *channel, at);
        let is = ChannelState::of(after, *channel, at);
        if was.allowed != is.allowed {
            changed.push(Change::Channel(*channel, is.allowed));
        }
        if was.offers != is.offers {
            changed.push(Change::Offers(*channel, is.offers));
        }
    }
    for row in rows {
        let is = wanted(after, row);
        if is != wanted(before, row) {
            let choice = TopicChoice {
                category: row.category,
                topic: row.topic.clone(),
                channel: row.channel,
                on: is.is_some(),
                frequency: is.unwrap_or(Frequency::Each),
            };
            changed.push(match row.always_on {
                true => Change::Way(choice),
                false => Change::Topic(choice),
            });
        }
    }
    if before.locale != after.locale {
        changed.push(Change::Locale(after.locale.clone()));
    }
    if before.time_zone != after.time_zone {
        changed.push(Change::TimeZone(after.time_zone.clone()));
    }
    if before.quiet_hours != after.quiet_hours {
        changed.push(Change::QuietHours(after.quiet_hours));
    }
    changed
}

impl Pipeline {
    /// The rows there are to choose from, as of now.
    pub fn choice_rows(&self) -> Vec<Row> {
        rows::rows(&self.catalogue())
    }

    /// Does what a customer chooses; from then on nothing leaves against it, also nothing that
    /// is queued.
    ///
    /// # Errors
    /// [`ChooseError`]; nothing was changed.
    pub async fn choose(
        &self,
        recipient: RecipientId,
        choice: &Choice,
        said: &Said,
    ) -> Result<Chosen, ChooseError> {
        let rows = self.choice_rows();
        for _ in 0..TRIES {
            let found = self.store().facts_of(vec![recipient]).await?;
            let found = found.into_iter().flatten().next();
            let facts = found.ok_or(ChooseError::Unknown)?;
            let mut chosen = apply(&facts, &rows, choice, said).map_err(ChooseError::Faulty)?;
            let ask = self.hold_back(&mut chosen, said);
            if chosen.lines.is_empty() && chosen.customer == facts.customer {
                self.ask(&facts, &ask, said).await;
                return Ok(chosen);
            }
            let change = CustomerChange {
                recipient,
                version: facts.version,
                customer: chosen.customer.clone(),
                lines: chosen.lines.clone(),
                now: self.clock().now(),
            };
            if self.store().change_customer(change).await? {
                self.note_stops(recipient, &chosen);
                self.changes().note(&[recipient], self.clock().now());
                self.ask(&facts, &ask, said).await;
                return Ok(chosen);
            }
        }
        Err(ChooseError::Overtaken)
    }

    /// Asks for what is to be confirmed from the address. What cannot be asked stays as it was:
    /// not allowed.
    async fn ask(&self, facts: &Facts, channels: &[Channel], said: &Said) {
        for channel in channels {
            if let Err(error) = self.ask_to_confirm(facts, *channel, said).await {
                tracing::warn!(recipient.id = %facts.recipient, %error, "a consent could not be asked for");
            }
        }
    }

    /// What was taken back must not leave either where it was claimed already.
    fn note_stops(&self, recipient: RecipientId, chosen: &Chosen) {
        let now = self.clock().now();
        for line in &chosen.lines {
            let wish = match (line.act, line.purpose) {
                (Act::Given, _) => Wish::Start,
                (Act::Withdrawn, ConsentPurpose::Transactional) => Wish::StopAll,
                (Act::Withdrawn, ConsentPurpose::Marketing) => Wish::StopMarketing,
            };
            let reach = Reach::of(line.channel, wish);
            let whose = Whose::Customer(recipient, line.channel);
            self.stops().note(whose, reach, now);
        }
    }
}
