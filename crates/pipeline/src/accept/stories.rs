//! What the recipients of a batch were told before of the orders in it.

use std::collections::{HashMap, HashSet};

use model::{
    Event, Facts, Instant, MessageContent, MessageId, Mode, RecipientId, Sealed, Span, Told,
};
use store::{NewMessage, StoryOf};

use super::attention::Attended;
use super::facts::facts_about;
use crate::Pipeline;
use crate::catalogue::Catalogue;
use crate::decide::sequence::{Fact, Standing, is_newer, standing};
use crate::render::Short;

/// News older than that overtakes nothing and is repeated by nothing.
const REMEMBERED: Span = Span::days(90);

/// Of whom, and of which order; none for what is about no order.
type Of = (RecipientId, Option<String>);

/// What was told before, and what this batch tells.
#[derive(Default)]
pub(super) struct Stories {
    told: HashMap<Of, Vec<Told>>,
    /// What the batch has more than one event about.
    goes_on: HashSet<Of>,
    /// Which messages each message of the batch overtakes.
    overtakes: HashMap<MessageId, Vec<MessageId>>,
    /// How much of their attention is taken.
    pub(super) attended: Attended,
}

impl Pipeline {
    /// The stories that a batch goes on with.
    pub(super) async fn load_stories(
        &self,
        waiting: &[(usize, Event)],
        facts: &[Facts],
        now: Instant,
    ) -> store::Result<Stories> {
        let attended = self.load_attention(waiting, facts, now).await?;
        let catalogue = self.catalogue();
        let with_story = |(_, event): &&(usize, Event)| catalogue.has_story(&event.event_type);
        let of = |(_, event): &(usize, Event)| {
            let recipient = facts_about(facts, event)?.recipient;
            Some((recipient, order_of(event)))
        };
        let mut asked: Vec<Of> = waiting.iter().filter(with_story).filter_map(of).collect();
        asked.sort_unstable();
        let pairs = asked.windows(2).filter(|pair| pair[0] == pair[1]);
        let goes_on = pairs.map(|pair| pair[0].clone()).collect();
        asked.dedup();
        if asked.is_empty() {
            return Ok(Stories {
                attended,
                ..Stories::default()
            });
        }
        // The events of a batch come by one key and have one mode.
        let mode = waiting.first().map_or(Mode::Live, |(_, event)| event.mode);
        let since = now - REMEMBERED;
        let question = |(recipient, order): &Of| StoryOf {
            recipient: *recipient,
            order: order.clone(),
            mode,
            since,
        };
        let told = self
            .store()
            .stories(asked.iter().map(question).collect())
            .await?;
        let known = asked
            .into_iter()
            .zip(told)
            .filter(|(_, told)| !told.is_empty());
        Ok(Stories {
            told: known.collect(),
            goes_on,
            overtakes: HashMap::new(),
            attended,
        })
    }
}

impl Pipeline {
    /// Whether what was told since has overtaken a message, which was decided as of a moment.
    pub(crate) fn is_overtaken(
        &self,
        (message, at): (MessageId, Instant),
        content: &MessageContent,
        told: &[Told],
    ) -> bool {
        let own = told.iter().find(|told| told.message == message);
        let fact = Fact {
            message_type: &content.message_type,
            time: own.map_or(at, |own| own.time),
            data: &content.data,
            repeats: true,
        };
        let catalogue = self.catalogue();
        let overtakes = |newer: &str, older: &str| catalogue.overtakes(newer, older);
        standing(&fact, told, overtakes) == Standing::Late
    }
}

/// The number of the order an event is about, as it came.
fn order_of(event: &Event) -> Option<String> {
    let number = event.data.get("order")?.get("number")?;
    number.as_str().map(str::to_owned)
}

impl Stories {
    /// Where the fact of an event stands among what its recipient was told.
    pub(super) fn standing(
        &self,
        catalogue: &Catalogue,
        (event, recipient): (&Event, RecipientId),
        short: &Short,
    ) -> Standing {
        let Some(entry) = catalogue.get(&event.event_type) else {
            return Standing::Newest;
        };
        if self.told.is_empty() {
            return Standing::Newest;
        }
        let told = self.told.get(&(recipient, short.content.order.clone()));
        let fact = Fact {
            message_type: &event.event_type,
            time: event.time,
            data: &short.content.data,
            repeats: entry.repeats,
        };
        let overtakes = |newer: &str, older: &str| catalogue.overtakes(newer, older);
        standing(&fact, told.map_or(&[], Vec::as_slice), overtakes)
    }

    /// What the message of an event overtakes of what was told before it.
    pub(super) fn overtaken_by(&self, message: MessageId) -> &[MessageId] {
        self.overtakes.get(&message).map_or(&[], Vec::as_slice)
    }

    /// Remembers what a message overtakes of what was told before it.
    pub(super) fn overtake(&mut self, catalogue: &Catalogue, time: Instant, message: &NewMessage) {
        if self.told.is_empty() {
            return;
        }
        let content = &message.content;
        let of = (message.recipient, content.order.clone());
        let Some(told) = self.told.get(&of) else {
            return;
        };
        let fact = Fact {
            message_type: &content.message_type,
            time,
            data: &content.data,
            repeats: true,
        };
        let overtaken = told.iter().filter(|told| {
            told.on_its_way
                && catalogue.overtakes(&content.message_type, &told.message_type)
                && !is_newer(told, &fact)
        });
        let overtaken: Vec<MessageId> = overtaken.map(|told| told.message).collect();
        if !overtaken.is_empty() {
            self.overtakes.insert(message.id, overtaken);
        }
    }

    /// What this batch tells, for those that follow in it.
    pub(super) fn note(&mut self, time: Instant, message: &NewMessage) {
        if self.goes_on.is_empty() {
            return;
        }
        let content = &message.content;
        let of = (message.recipient, content.order.clone());
        if !self.goes_on.contains(&of) {
            return;
        }
        let told = Told {
            message: message.id,
            message_type: content.message_type.clone(),
            time,
            on_its_way: !message.deliveries.is_empty(),
            data: Sealed::new(serde_json::Value::Object(content.data.clone()).to_string()),
        };
        self.told.entry(of).or_default().push(told);
    }
}
