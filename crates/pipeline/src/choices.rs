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
    Instant, Preference, RecipientId, Said, Wish,
};
use serde::{Deserialize, Serialize};
use store::CustomerChange;

use crate::Pipeline;
use crate::send::{Reach, Whose};
use making::Making;
pub use rows::Row;

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
    /// The language.
    Locale(String),
    /// The time zone.
    TimeZone(String),
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
        return Some(Frequency::Each);
    }
    wish_of(customer.preference(row.category, &row.topic, row.channel))
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
            changed.push(Change::Topic(TopicChoice {
                category: row.category,
                topic: row.topic.clone(),
                channel: row.channel,
                on: is.is_some(),
                frequency: is.unwrap_or(Frequency::Each),
            }));
        }
    }
    if before.locale != after.locale {
        changed.push(Change::Locale(after.locale.clone()));
    }
    if before.time_zone != after.time_zone {
        changed.push(Change::TimeZone(after.time_zone.clone()));
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
            let chosen = apply(&facts, &rows, choice, said).map_err(ChooseError::Faulty)?;
            if chosen.lines.is_empty() && chosen.customer == facts.customer {
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
                return Ok(chosen);
            }
        }
        Err(ChooseError::Overtaken)
    }

    /// What was taken back must not leave either where it was claimed already.
    fn note_stops(&self, recipient: RecipientId, chosen: &Chosen) {
        for line in &chosen.lines {
            let wish = match (line.act, line.purpose) {
                (Act::Given, _) => Wish::Start,
                (Act::Withdrawn, ConsentPurpose::Transactional) => Wish::StopAll,
                (Act::Withdrawn, ConsentPurpose::Marketing) => Wish::StopMarketing,
            };
            let reach = Reach::of(line.channel, wish);
            let whose = Whose::Customer(recipient, line.channel);
            self.stops().note(whose, reach, self.clock().now());
        }
    }
}
