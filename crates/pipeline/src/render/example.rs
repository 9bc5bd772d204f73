//! A message made from a sample, as it would be made from an event: for the rehearsal and
//! for those who look at the catalogue.
//!
//! Its content goes through [`super::card`] and [`super::mail`] like any other; nothing here
//! renders by itself, so that what is shown is what would be sent.

use model::{Customer, Event, EventKey, Instant, Mode, Sealed};
use serde_json::{Map, Value};

use super::{Brand, RenderError, Short, fill_secret, short_forms};
use crate::catalogue::{Catalogue, MessageType, Sample};
use crate::costs::TextRoute;

pub use channels::{Alphabet, Language, SmsPart};

/// What a text takes on the air.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextCost {
    /// The alphabet it is sent in.
    pub alphabet: Alphabet,
    /// Its parts, each charged as one message.
    pub parts: Vec<SmsPart>,
    /// Characters as a person counts them in code points.
    pub characters: usize,
    /// Septets or UTF-16 units in all, without headers.
    pub units: usize,
    /// The characters that made it expensive, each once: those that are not in the default
    /// alphabet, or when UCS-2 was needed, those that no allowed table has.
    pub expensive: Vec<char>,
}

impl TextCost {
    /// What a text takes on a route.
    pub fn of(text: &str, route: TextRoute) -> Self {
        let cost = route.segments(text);
        Self {
            alphabet: cost.alphabet,
            parts: channels::sms_parts(text, route.smart_punctuation, route.national),
            characters: text.chars().count(),
            units: cost.units,
            expensive: cost.expensive,
        }
    }

    /// Units that fit into one part of a text with as many parts.
    pub fn room(&self) -> usize {
        match self.parts.len() {
            0 | 1 => self.alphabet.single(),
            _ => self.alphabet.part(),
        }
    }
}

impl Short {
    /// The text as the phone gets it; empty where the type has none.
    pub fn text(&self) -> String {
        match &self.secret {
            Some(secret) => fill_secret(&self.content.text, secret).open().to_owned(),
            None => self.content.text.clone(),
        }
    }

    /// Whether lock screens, texts and subjects do not say what it is about.
    pub fn is_discreet(&self) -> bool {
        super::snapshot::is_discreet(&self.content.data)
    }

    /// The message of a sample in a locale, with the brand that would send it.
    ///
    /// # Errors
    /// As [`short_forms`].
    pub fn of_sample(
        catalogue: &Catalogue,
        brand: &Brand,
        (entry, sample): (&MessageType, &Sample),
        locale: &str,
    ) -> Result<Self, RenderError> {
        let data = catalogue.sample_data(sample, &brand.domain);
        make(catalogue, brand, entry, &listener(catalogue, locale), data)
    }

    /// The same, about something that is nobody else's business. None where the type has no
    /// discreet form.
    ///
    /// # Errors
    /// As [`short_forms`].
    pub fn of_sensitive_sample(
        catalogue: &Catalogue,
        brand: &Brand,
        (entry, sample): (&MessageType, &Sample),
        locale: &str,
    ) -> Result<Option<Self>, RenderError> {
        let mut data = catalogue.sample_data(sample, &brand.domain);
        entry.schema.raise(&mut data, super::SENSITIVE);
        let customer = listener(catalogue, locale);
        let made = make(catalogue, brand, entry, &customer, data)?;
        Ok(made.is_discreet().then_some(made))
    }
}

/// Who reads samples.
pub(super) fn listener(catalogue: &Catalogue, locale: &str) -> Customer {
    let (name, time_zone) = catalogue.sample_customer();
    Customer {
        id: "rehearsal".into(),
        name: Sealed::new(name),
        locale: locale.to_owned(),
        time_zone: time_zone.to_owned(),
        country: String::new(),
        region: String::new(),
        quiet_hours: None,
        phone: None,
        email: None,
        consents: Vec::new(),
        preferences: Vec::new(),
        chosen: model::Chosen::default(),
    }
}

/// The message that an event with this data causes for a customer.
pub(super) fn make(
    catalogue: &Catalogue,
    brand: &Brand,
    entry: &MessageType,
    customer: &Customer,
    data: Map<String, Value>,
) -> Result<Short, RenderError> {
    let mut event = Event {
        key: EventKey {
            source: "/rehearsal".into(),
            id: entry.name.clone(),
        },
        event_type: entry.name.clone(),
        subject: customer.id.clone(),
        time: Instant::from_micros(0),
        data,
        mode: Mode::Test,
        as_of: None,
    };
    short_forms(catalogue, brand, &mut event, customer)
}
